"""The monthly report of backups: made, proven by a drill, and how long the recovery took."""

from datetime import datetime, timezone

import pytest
from golden.documents import check_document
from support.restoring import Stage

pytestmark = pytest.mark.parametrize("version", [15])


def test_a_backup_is_proven(fresh_server, runbook):
    stage = Stage(fresh_server)
    stage.server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i")
    stage.backup()
    stage.server.sql("SELECT pg_current_xact_id()")
    stage.archive()
    now = datetime.now(timezone.utc).strftime("%Y-%m")

    def backups():
        document = stage.runbook("report", "--month", now, "--json").expect(0).json
        return check_document(document, "report")

    (made,) = backups()["backups"]
    assert (made["made"], made["proven"], made["recovery_seconds"]) == (1, 0, None)
    assert made["stored_bytes"] > 0 and made["newest_at"]
    assert "no drill ran this month" in stage.runbook("report", "--month", now).out
    stage.runbook.start("backup", "drill", *stage.options, "--scratch", stage.folder / "scratch",
                        "--bindir", stage.bindir).wait(120).expect(0)
    document = backups()
    (drill,) = document["drills"]
    assert drill["proven"] and drill["recovery_seconds"] > 0 and drill["backup_id"]
    assert document["backups"][0]["proven"] == 1
    assert "recovery is proven" in stage.runbook("report", "--month", now).out

"""The monthly report of backups: made, proven by a drill, and how long the recovery took."""

from datetime import datetime, timezone

import pytest
from golden.documents import check_document
from support.months import Month, at
from support.restoring import Stage

pytestmark = pytest.mark.parametrize("version", [15])


def test_a_backup_is_proven(fresh_server, runbook):
    stage = Stage(fresh_server)
    stage.server.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS i")
    stage.back_up()
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
    assert sum(line["proven"] for line in document["backups"]) == 1
    assert "recovery is proven" in stage.runbook("report", "--month", now).out


def told(runbook, month):
    words = ("report", "--month", "2026-10", "--state", month.path)
    document = check_document(runbook(*words, "--json").expect(0).json, "report")
    return document, runbook(*words, "--markdown").expect(0).out


def test_only_what_failed_has_failed(runbook, version, tmp_path):
    """What was interrupted, refused, or is at work is named as that, and disproves nothing."""
    month = Month(tmp_path / "month.db")
    month.run("backup", "create", at(2026, 10, 1))
    for day, outcome in enumerate(("interrupted", "refused", "died"), 2):
        month.run("backup", "create", at(2026, 10, day), outcome=outcome)
        month.run("backup", "drill", at(2026, 10, day), outcome=outcome, error="it was stopped")
    month.run("backup", "dump", at(2026, 10, 5), outcome="interrupted")
    month.close()
    document, said = told(runbook, month)
    (shop,) = document["backups"]
    assert (shop["made"], shop["failed"], shop["dumps_failed"], shop["other"]) == (1, 0, 0, 4)
    assert (shop["proven"], shop["disproven"], shop["unjudged"]) == (0, 0, 3)
    assert "8 runs, none failed" in said and "backups failed" not in said
    assert ("shop: 4 of 5 backups were not made: 1 refused, 2 interrupted, 1 unfinished."
            in said)
    assert "did not succeed" not in said and "no drill came to a verdict this month" in said
    assert "| interrupted: it was stopped |" in said


def test_what_failed(runbook, version, tmp_path):
    month = Month(tmp_path / "month.db")
    month.run("backup", "create", at(2026, 10, 1))
    month.run("backup", "create", at(2026, 10, 2), outcome="failed")
    month.run("backup", "dump", at(2026, 10, 3), outcome="interrupted")
    month.run("backup", "drill", at(2026, 10, 4), outcome="failed",
              summary={"verdict": "failed", "backup": "1", "recovery_seconds": 9.0})
    month.run("backup", "drill", at(2026, 10, 5), outcome="failed", error="the disk is gone")
    month.run("backup", "drill", at(2026, 10, 6),
              summary={"verdict": "proven", "backup": "1", "recovery_seconds": 9.0})
    month.close()
    document, said = told(runbook, month)
    assert [(one["proven"], one["judged"]) for one in document["drills"]] == [
        (False, True), (False, False), (True, True)]
    assert "shop: 1 of 2 recovery drills did not succeed." in said
    assert "shop: 1 of 3 backups failed." in said
    assert "shop: 1 of 3 backups was not made: 1 interrupted." in said


def test_who_left_has_no_backups(runbook, version, tmp_path):
    """A cluster's backups are all its targets', but not those it had in another year."""
    month = Month(tmp_path / "month.db")
    month.run("vacuum", "run", at(2025, 10, 1), target="store")
    month.run("vacuum", "run", at(2026, 10, 1), target="crm", dbname="crmdb")
    month.run("backup", "create", at(2026, 10, 2), outcome="failed")
    month.run("connections", "relieve", at(2026, 10, 3), target=None, dbname=None)
    month.close()
    document, said = told(runbook, month)
    assert [one["target"] for one in document["backups"]] == ["crm", "shop"]
    assert "store" not in said
    config = tmp_path / "store.conf"
    config.write_text("[target store]\nconninfo = host=/nowhere dbname=shopdb\n")
    document = runbook("report", "--month", "2026-10", "--state", month.path, "--config", config,
                       "--json").expect(0).json
    assert [one["target"] for one in document["backups"]] == ["crm", "shop", "store"]
    document = runbook("report", "--month", "2026-10", "--state", month.path, "--target", "store",
                       "--json").expect(0).json
    assert [one["target"] for one in document["backups"]] == ["store"]

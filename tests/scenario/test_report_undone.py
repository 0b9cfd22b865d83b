"""The monthly report of what was taken back: no space is won by what is there again."""

import json
from datetime import datetime, timezone

import pytest
from golden.documents import check_document
from support.months import GB, Month, at

pytestmark = pytest.mark.parametrize("version", [15])


def told(runbook, month, number):
    words = ("report", "--month", f"2026-{number:02}", "--state", month.path)
    document = check_document(runbook(*words, "--json").expect(0).json, "report")
    return document, runbook(*words, "--markdown").expect(0).out


@pytest.fixture
def month(tmp_path):
    """Two indexes were dropped in September; what became of them is the test's."""
    month = Month(tmp_path / "undone.db")
    month.run("check", "run", at(2026, 8, 1))
    return month


def test_in_the_same_month(runbook, version, month):
    month.drop("stays", GB, at(2026, 9, 2))
    run, back = month.drop("again", 2 * GB, at(2026, 9, 3))
    undo = month.undo(run, back, at(2026, 9, 4))
    month.close()
    document, said = told(runbook, month, 9)
    undone = {line["name"]: (line["undone"], line["undo_run"]) for line in document["space"]}
    assert undone == {"public.stays": ("no", None), "public.again": ("yes", undo)}
    assert document["space_returned"] == []
    assert "Space won back: 1 GB, 1 object; 1 taken back" in said
    assert "1 GB of disk space won back from 1 object." in said
    assert "1 object, of 2 GB, was taken back" in said
    assert f"dropped, taken back on 2026-09-04 by run {undo} | 2 GB | back again | none |" in said


def test_all_of_it(runbook, version, month):
    run, back = month.drop("again", 2 * GB, at(2026, 9, 3))
    month.undo(run, back, at(2026, 9, 4))
    month.close()
    _, said = told(runbook, month, 9)
    assert "Space won back: 0 B, 1 taken back" in said
    assert "disk space won back" not in said and "GB won" not in said


def test_in_a_later_month(runbook, version, month):
    """The month of the drop counts it no longer, the month of the undo tells of it."""
    run, back = month.drop("again", 2 * GB, at(2026, 9, 30))
    undo = month.undo(run, back, at(2026, 10, 1))
    month.close()
    document, said = told(runbook, month, 9)
    assert document["space"][0]["undone"] == "yes" and document["space_returned"] == []
    assert "Space won back: 0 B, 1 taken back" in said
    document, said = told(runbook, month, 10)
    (line,) = document["space_returned"]
    assert (line["run"], line["undo_run"], line["before_bytes"]) == (run, undo, 2 * GB)
    assert line["at"].startswith("2026-09-30") and line["undone_at"].startswith("2026-10-01")
    assert document["space"] == [] and "Space won back: 0 B" in said
    assert "1 object that an earlier month won space from, 2 GB, was taken back" in said
    assert "### Taken back of earlier months" in said


def test_in_part(runbook, version, month):
    """Of two parts one is back: how much stayed won is not known. Then the other comes back."""
    run, back = month.drop("parts", 2 * GB, at(2026, 9, 3), builds=2)
    month.undo(run, back[:1], at(2026, 9, 4), "done")
    month.undo(run, back[1:], at(2026, 9, 5), "failed")
    document, said = told_of(runbook, month, 9)
    assert [line["undone"] for line in document["space"]] == ["partly"]
    assert "Space won back: not known" in said and "1 object taken back in part" in said
    assert "Of 1, taken back in part, it is not known how much stayed won." in said
    last = month.undo(run, back[1:], at(2026, 10, 5))
    document, _ = told_of(runbook, month, 9)
    assert [(line["undone"], line["undo_run"]) for line in document["space"]] == [("yes", last)]
    document, _ = told_of(runbook, month, 10)
    assert [line["undone"] for line in document["space_returned"]] == ["yes"]
    month.close()


def told_of(runbook, month, number):
    month.db.commit()
    return told(runbook, month, number)


def test_one_that_did_not_succeed(runbook, version, month):
    run, back = month.drop("gone", GB, at(2026, 9, 3))
    month.undo(run, back, at(2026, 9, 4), "failed")
    month.close()
    document, said = told(runbook, month, 9)
    assert document["space"][0]["undone"] == "no" and "1 GB of disk space won back" in said


def test_dropped_once_more(runbook, version, month):
    """What was taken back and dropped again is won once."""
    run, back = month.drop("again", GB, at(2026, 9, 3))
    month.undo(run, back, at(2026, 9, 4))
    month.drop("again", GB, at(2026, 9, 5))
    month.close()
    document, said = told(runbook, month, 9)
    assert [line["undone"] for line in document["space"]] == ["no", "yes"]
    assert "1 GB of disk space won back from 1 object." in said


def test_real_undo(runbook, server):
    server.make_dead_rows("orders", rows=20_000)
    server.sql("CREATE INDEX one ON orders (id); CREATE INDEX two ON orders (id, payload)")
    kept = runbook("indexes", "drop", "one", "--force", "--yes", "--json", server=server).expect(0)
    gone = runbook("indexes", "drop", "two", "--force", "--yes", "--json", server=server).expect(0)
    run = gone.json["run_id"]
    undo = runbook("history", "undo", run, "--yes", "--json", server=server).expect(0).json
    now = datetime.now(timezone.utc).strftime("%Y-%m")
    document = check_document(runbook("report", "--month", now, "--json").json, "report")
    undone = {line["run"]: (line["undone"], line["undo_run"]) for line in document["space"]}
    assert undone == {kept.json["run_id"]: ("no", None), run: ("yes", undo["run_id"])}, (
        json.dumps(document["space"]))
    assert any("1 object, of" in line["text"] and "taken back" in line["text"]
               for line in document["in_short"])

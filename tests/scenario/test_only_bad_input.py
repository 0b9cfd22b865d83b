"""A pid that is none and marks that are none are refused before anything is opened: here no server
is to be had, and whoever tried would end with 3."""

import pytest

NOWHERE = ["--yes", "-h", "/nonexistent"]
BIG = str(2 ** 31)

PIDS = ["", "x", "0", "-7", "1.5", " 7", "7 ", BIG, "9" * 30]
SESSIONS = ["", "x", "7", "7@x", "0@a@b", "-7@a@b", f"{BIG}@a@b", "1@a@b@c", "7@@b"]
OIDS = ["", "x", "0", "-7", "7@vacuum_full", "7,x", "7,,8", str(2 ** 32)]
MEANS = ["", "x", "7", "7@", "0@vacuum_full", "7@vacuum_full,8", "7@VACUUM FULL"]


def refused(result, *words):
    result.expect(2)
    first, *rest = result.err.splitlines()
    assert first.startswith("pgrunbook: error: ") and result.out == ""
    for word in words:
        assert word in result.err, result.err
    assert any("hint: " in line for line in rest), result.err


@pytest.mark.parametrize("verb", ["cancel", "terminate"])
@pytest.mark.parametrize("pid", PIDS)
def test_no_pid(runbook, verb, pid):
    refused(runbook("queries", verb, *NOWHERE, "--", pid), "is not the pid of a session",
            "queries report")


@pytest.mark.parametrize("words", [["queries", "cancel", "7"], ["queries", "terminate", "7"],
                                   ["queries", "cancel", "--rules"], ["connections", "relieve"]],
                         ids=" ".join)
def test_no_marks_of_sessions(runbook, words):
    for mark in SESSIONS:
        refused(runbook(*words, f"--only={mark}", *NOWHERE), "is not the mark of a session",
                "--dry-run")


@pytest.mark.parametrize("words", [["vacuum", "run"], ["indexes", "rebuild", "--bloated"],
                                   ["indexes", "drop", "orders_id"]], ids=" ".join)
def test_no_marks_of_relations(runbook, words):
    for mark in OIDS:
        refused(runbook(*words, f"--only={mark}", *NOWHERE), "is not a mark", "OID", "--dry-run")


def test_no_marks_of_means(runbook):
    for mark in MEANS:
        refused(runbook("bloat", "reclaim", f"--only={mark}", *NOWHERE),
                "is not a mark", "OID@MEANS")


RIGHT = [["queries", "cancel", "7", "--only=7@2026-01-01T00:00:00.000000Z@2026-01-01T00:00:00.1Z"],
         ["queries", "terminate", str(2 ** 31 - 1), "--only=none"],
         ["connections", "relieve", "--only=none"],
         ["vacuum", "run", "--only=7,8", f"--only={2 ** 32 - 1}"], ["vacuum", "run", "--only=none"],
         ["indexes", "drop", "orders_id", "--only=7"],
         ["bloat", "reclaim", "--only=7@vacuum_full,8@pg_repack"]]


@pytest.mark.parametrize("words", RIGHT, ids=" ".join)
def test_what_is_right_goes_on(runbook, words):
    assert "/nonexistent" in runbook(*words, *NOWHERE).expect(3).err

"""The daemon's part in backups: jobs of one section beside each other, and a receiver of WAL that
is kept running."""

import os
import signal

import pytest
from support.dumps import fill, sums_agree
from support.physical import backups
from support.repository import begun
from support.serve import Daemon, turn_before
from support.servers import wait_until

pytestmark = pytest.mark.parametrize("version", [15])
OTHERS_OFF = {"vacuum_schedule": "off", "indexes_schedule": "off", "bloat_schedule": "off"}


def test_jobs_of_one_section(fresh_server, runbook, tmp_path):
    """A backup and a dump at the same turn: each has its own record."""
    server = fresh_server()
    fill(server, rows=10)
    repo, folder = tmp_path / "repo", tmp_path / "dumps"
    turn = turn_before(5)
    daemon = Daemon(runbook, {"shop": server}, backup_repo=repo, backup_schedule=turn,
                    backup_expire_schedule="off", backup_dump_folder=folder,
                    backup_dump_schedule=turn, **OTHERS_OFF)
    daemon.now_due()
    daemon.start()
    for job in "backup", "backup dump":
        wait_until(lambda job=job: "done" in daemon.turns(section=job), timeout=60,
                   what=f"a turn of {job}\n{daemon.said}")
    assert daemon.turns(section="backup") == daemon.turns(section="backup dump") == ["done"]
    assert len(backups(repo)) == 1 and len(list(folder.glob("*.dump.zst"))) == 1
    sums_agree(folder)
    daemon.stop()
    listed = runbook("schedule", "--config", daemon.file, "--json").json["jobs"]
    assert [(job["verb"], len(job["last_turns"])) for job in listed
            if job["section"] == "backup"] == [("create", 1), ("expire", 0), ("dump", 1)]
    shown = runbook("schedule", "--config", daemon.file).out
    assert "backup create" in shown and "backup dump" in shown and "backup drill" not in shown


def test_receiver_is_kept_running(fresh_server, runbook, tmp_path):
    """Killed it comes back; turned off it goes; with the daemon it ends."""
    server = fresh_server()
    repo = begun(tmp_path / "repo")
    settings = {"backup_repo": repo, "backup_schedule": "off", "backup_expire_schedule": "off",
                **OTHERS_OFF}
    daemon = Daemon(runbook, {"shop": server}, backup_receive="on", **settings).start()

    def receivers():
        return daemon.children("receive")

    def streaming():
        return server.value("SELECT count(*) FROM pg_stat_replication") == 1

    wait_until(streaming, what=f"a receiver\n{daemon.said}")
    (first,) = receivers()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: receivers() not in ([], [first]) and streaming(), what="another one")
    daemon.hear("backup wal receive of shop ended: killed by signal 9")
    daemon.configure({"shop": server}, backup_receive="off", **settings)
    daemon.reload()
    wait_until(lambda: not receivers() and not streaming(), what="its end")
    daemon.configure({"shop": server}, backup_receive="on", **settings)
    daemon.reload()
    wait_until(streaming, what="its return")
    (last,) = receivers()
    daemon.stop()
    wait_until(lambda: not os.path.exists(f"/proc/{last}"), what="the end of all")


def test_receiver_that_cannot(fresh_server, runbook, tmp_path):
    """An event says that it is down, again and again."""
    server = fresh_server()
    repo = tmp_path / "repo"
    repo.write_text("no folder")
    daemon = Daemon(runbook, {"shop": server}, backup_repo=repo, backup_receive="on",
                    backup_schedule="off", backup_expire_schedule="off", **OTHERS_OFF).start()
    wait_until(lambda: daemon.events("backup wal receive"), timeout=40, what="an event")
    ((is_open, message, _),) = daemon.events("backup wal receive")
    assert is_open and "ended 4 times in a row" in message
    daemon.stop()

"""The tool that every other test stands on."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from support.servers import Server, wait_until

from pgcluster import Cluster, ClusterError

TOOL = Path(__file__).resolve().parents[2] / "tools" / "pgcluster"


def processes_of(folder):
    """Every process that has `folder` in its working directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd").startswith(str(folder)):
                found.append(process.name)
        except OSError:
            continue
    return found


def test_server_is_what_it_says(server):
    assert server.value("SHOW server_version_num").startswith(str(server.version))
    assert server.value("SHOW server_encoding") == "UTF8"
    assert server.value("SHOW listen_addresses") == ""
    assert server.value("SHOW fsync") == "off"
    assert server.value("SHOW timezone") == "UTC"


def test_settings_hba_and_port(fresh_server):
    server = fresh_server(tcp=True, hba=["host all all 127.0.0.1/32 trust"], max_connections=17)
    assert server.value("SHOW max_connections") == "17"
    with psycopg.connect(server.conninfo(host="127.0.0.1")) as connection:
        assert connection.execute("SELECT inet_server_port()").fetchone()[0] == server.cluster.port


def test_crash_recovers_and_restart_is_clean(fresh_server):
    server = fresh_server()
    server.sql("CREATE TABLE kept AS SELECT 1 AS one")
    server.cluster.crash()
    assert server.cluster.pid() is None
    server.cluster.start()
    assert "not properly shut down" in server.cluster.log.read_text()
    assert server.sql("SELECT one FROM kept") == [(1,)]
    crashes = server.cluster.log.read_text().count("not properly shut down")
    server.cluster.restart()
    assert server.cluster.log.read_text().count("not properly shut down") == crashes
    assert server.sql("SELECT one FROM kept") == [(1,)]


def test_standby_follows(fresh_server):
    primary = fresh_server()
    primary.sql("CREATE TABLE before AS SELECT 1 AS one")
    standby = fresh_server.standby(primary, hot_standby_feedback=True)
    primary.sql("CREATE TABLE after AS SELECT 2 AS two")
    assert standby.value("SELECT pg_is_in_recovery()")
    assert standby.value("SELECT one FROM before") == 1
    wait_until(lambda: standby.value("SELECT to_regclass('after')::text"), what="the new table")
    assert primary.value("SELECT state FROM pg_stat_replication") == "streaming"


def test_remove_leaves_nothing(version):
    cluster = Cluster(version).start()
    folder = cluster.folder
    maps = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in processes_of(folder))
    shared_memory = set(re.findall(r"/dev/shm/PostgreSQL\.\d+", maps))
    if Server(cluster).value("SHOW dynamic_shared_memory_type") == "posix":
        assert shared_memory
    cluster.crash()
    cluster.start()
    cluster.crash()
    cluster.remove()
    assert not folder.exists()
    assert not processes_of(folder)
    assert not any(os.path.exists(segment) for segment in shared_memory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_dead_parent_leaves_nothing(number):
    """Whatever ends the process that made a cluster, the cluster goes with it."""
    script = ("import sys, time; sys.path.insert(0, sys.argv[1]); import pgcluster\n"
              "print(pgcluster.Cluster(15).start().folder, flush=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", script, str(TOOL.parent)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              # a shell's background job ignores Ctrl-C, and its children too
                              preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    folder = Path(parent.stdout.readline().strip())
    assert processes_of(folder)
    parent.send_signal(number)
    parent.communicate(timeout=30)
    wait_until(lambda: not folder.exists() and not processes_of(folder), what="the janitor")


def test_command_line(version, tmp_path):
    folder = subprocess.check_output([TOOL, "start", str(version), "-c", "work_mem=5MB"],
                                     text=True).strip()
    try:
        server = Server(Cluster.attach(folder))
        assert server.value("SHOW work_mem") == "5MB"
        subprocess.run([TOOL, "kill", folder], check=True)
        subprocess.run([TOOL, "restart", folder], check=True)
        assert server.value("SHOW work_mem") == "5MB"
    finally:
        subprocess.run([TOOL, "stop", folder], check=True)
    assert not os.path.exists(folder)


def test_run_passes_the_exit_code_and_cleans_up():
    shown = subprocess.run([TOOL, "run", "15", "--", "sh", "-c", 'echo "$PGHOST"; exit 7'],
                           stdout=subprocess.PIPE, text=True)
    assert shown.returncode == 7
    assert shown.stdout.strip() and not os.path.exists(shown.stdout.strip())


def test_foreign_folders_are_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(ClusterError, match="was not made by pgcluster"):
        Cluster.attach(tmp_path)
    done = subprocess.run([TOOL, "stop", tmp_path], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "was not made by pgcluster" in done.stderr
    assert (tmp_path / "data").is_dir()


def test_refusals(tmp_path):
    with pytest.raises(ClusterError, match="12 is not one of 13, 14"):
        Cluster(12)
    with pytest.raises(ClusterError, match="too long a path"):
        Cluster(15, folder=tmp_path / ("x" * 100))
    with pytest.raises(ClusterError, match="unrecognized configuration parameter"):
        with Cluster(15, {"no_such_setting": 1}):
            pass
    assert list(tmp_path.iterdir()) == []

"""The life of the Debian package on a machine: installed, configured, started, upgraded, removed,
purged, under a real systemd. `./dev package --test` builds the package and comes here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.serve import turn_before
from support.servers import wait_until

from package.sandbox import NoSandbox, Sandbox

SERVICE = "pgrunbook.service"
UNIT = "/lib/systemd/system/pgrunbook.service"
LOG = "/var/log/app.log"
EXAMPLE = "/usr/share/doc/pgrunbook/examples/local-sendmail.conf"
COMPLETIONS = ("/usr/share/bash-completion/completions/pgrunbook",
               "/usr/share/zsh/vendor-completions/_pgrunbook",
               "/usr/share/fish/vendor_completions.d/pgrunbook.fish")
CONFIG = "/etc/pgrunbook/pgrunbook.conf"
HISTORY = "/var/lib/pgrunbook/history.db"
# systemd's own measure of what a service could do to the machine, 0 to 100; "OK" ends at 49.
MOST_EXPOSED = 16


@pytest.fixture(scope="module")
def package():
    assert "PACKAGE" in os.environ, "run me by ./dev package --test"
    return Path(os.environ["PACKAGE"])


@pytest.fixture(scope="module")
def newer(package, tmp_path_factory):
    """The same under a higher version number."""
    folder = tmp_path_factory.mktemp("newer")
    subprocess.run(["dpkg-deb", "-R", package, folder / "tree"], check=True)
    control = folder / "tree/DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 99:"))
    # With a line more in the configuration, which is the administrator's by now.
    with open(folder / f"tree{CONFIG}", "a") as sample:
        sample.write("\n# New in this version.\n#novelty =\n")
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", folder / "tree", folder / "newer.deb"],
                   check=True, stdout=subprocess.DEVNULL)
    return folder / "newer.deb"


@pytest.fixture
def sandbox(package, tmp_path):
    try:
        made = Sandbox()
    except NoSandbox as reason:
        unpacked(package, tmp_path / "root")
        pytest.skip(f"NOT DONE, no sandbox here ({reason}): installing, starting, "
                    "upgrading and purging the package; it was unpacked into a folder only")
    with made:
        # An index of all manual pages takes long.
        made.run("rm", "-f", "/var/lib/man-db/auto-update")
        yield made


def unpacked(package, root):
    """What can be done without a sandbox."""
    shutil.copytree("/var/lib/dpkg", root / "var/lib/dpkg")
    subprocess.run(["dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless",
                    "--unpack", package], check=True, stdout=subprocess.DEVNULL)
    for path in UNIT, "/usr/bin/pgrunbook", f"{CONFIG}.dpkg-new":
        assert (root / path.lstrip("/")).exists(), path


def test_it_depends_on_what_it_loads(package):
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    for library in "libpq5", "libcurl4", "libmicrohttpd12":
        assert f"{library} (>= " in depends, depends


def owner_and_mode(sandbox, path):
    return sandbox.run("stat", "-c", "%U:%G %a", path).strip()


def status(sandbox):
    return sandbox.run("dpkg-query", "-W", "-f", "${Status} ${Version}", "pgrunbook")


def unit(sandbox, *names):
    """Properties of the service by name."""
    shown = sandbox.run("systemctl", "show", "--property", ",".join(names), SERVICE)
    return dict(line.split("=", 1) for line in shown.splitlines())


def journal(sandbox):
    return sandbox.run("journalctl", "--no-pager", "--unit", SERVICE)


def install(sandbox, package):
    """As apt does it for somebody who keeps his configuration."""
    return sandbox.run("dpkg", "-i", "--force-confold", sandbox.bring(package))


def configure(sandbox, server):
    """A target behind what is there, with a job whose turn is just over and a log file of the kind
    that Debian's are."""
    sandbox.run("install", "-o", "root", "-g", "adm", "-m", "640", "/dev/null", LOG)
    text = sandbox.read(CONFIG)
    assert f"\nstate = {HISTORY}\n" in text
    target = f"host=localhost port={server.cluster.port} user=postgres dbname=postgres"
    sandbox.write(CONFIG, text.replace(
        f"\nstate = {HISTORY}\n", f"\nstate = {HISTORY}\nhttp.listen = 127.0.0.1:0\n"
        "notify.webhook = http://127.0.0.1:1/\n") + f"""
[target main]
conninfo = {target}
log_file = {LOG}
vacuum.schedule = {turn_before(minutes=5)}
""")


def make_due(sandbox):
    """As if the job had been in the configuration for an hour. While the service is down."""
    sandbox.run("runuser", "-u", "pgrunbook", "--", "/usr/bin/python3", "-c", f"""
import sqlite3
with sqlite3.connect("{HISTORY}") as history:
    history.execute("UPDATE job SET since_us = since_us - 3600000000")
""")


def watched(sandbox, server, count):
    """The service says that it is ready, and for the nth time there is a session of its watch."""
    state = unit(sandbox, "ActiveState", "NRestarts", "Result")
    assert state == {"ActiveState": "active", "NRestarts": "0", "Result": "success"}, \
        f"{state}\n{journal(sandbox)}"
    wait_until(lambda: server.backends("pgrunbook watch"), what="its session on the server")

    def times():
        return journal(sandbox).count("target main: watched on localhost")

    # The service is ready before its watch is: it need not have said so yet.
    wait_until(lambda: times() >= count, what=f"the watch, for the nth time: {count}")
    assert times() == count


@pytest.mark.parametrize("version", [15])
def test_life_of_a_package(sandbox, package, newer, fresh_server):
    said = install(sandbox, package)
    assert "warning" not in said.lower(), said
    installed_as_it_should_be(sandbox)
    # With nothing to watch it does not start, and that is no failure.
    assert unit(sandbox, "ActiveState", "Result") == {
        "ActiveState": "inactive", "Result": "exec-condition"}

    server = fresh_server(tcp=True, hba=["host all all 127.0.0.1/32 trust"])
    configure(sandbox, server)
    sandbox.run("systemctl", "start", SERVICE)
    watched(sandbox, server, 1)
    sandbox.run("systemctl", "stop", SERVICE)
    make_due(sandbox)
    sandbox.run("systemctl", "start", SERVICE)
    watched(sandbox, server, 2)
    works_in_its_cage(sandbox)
    sandbox.run("systemctl", "reload", SERVICE)
    wait_until(lambda: "the configuration was read again" in journal(sandbox), what="a reload")
    opens_its_cage_for_sendmail(sandbox)
    watched(sandbox, server, 3)
    closes_its_cage(sandbox)
    watched(sandbox, server, 4)
    configured = sandbox.read(CONFIG)

    install(sandbox, newer)
    assert status(sandbox).startswith("install ok installed 99:")
    assert sandbox.read(CONFIG) == configured
    assert owner_and_mode(sandbox, CONFIG) == "root:pgrunbook 640"
    watched(sandbox, server, 5)

    sandbox.run("dpkg", "-r", "pgrunbook")
    wait_until(lambda: not server.backends(), what="the end of its session")
    assert not sandbox.exists("/usr/bin/pgrunbook") and not sandbox.exists(UNIT)
    assert sandbox.read(CONFIG) == configured and sandbox.exists(HISTORY)
    # Somebody changed his mind: it goes on where it stopped.
    install(sandbox, package)
    watched(sandbox, server, 6)

    sandbox.run("dpkg", "-P", "pgrunbook")
    wait_until(lambda: not server.backends(), what="the end of its session")
    assert sandbox.changed("pgrunbook") == [], "left behind"


def installed_as_it_should_be(sandbox):
    assert status(sandbox).startswith("install ok installed ")
    assert owner_and_mode(sandbox, CONFIG) == "root:pgrunbook 640"
    assert owner_and_mode(sandbox, "/var/lib/pgrunbook") == "pgrunbook:pgrunbook 750"
    assert sandbox.run("systemctl", "is-enabled", SERVICE) == "enabled\n"
    assert "0 targets" in sandbox.run("pgrunbook", "config", "check")
    assert HISTORY in sandbox.run("pgrunbook", "config", "show")
    assert "pgrunbook" in sandbox.run("man", "--where", "pgrunbook")
    for script in COMPLETIONS:
        assert "vacuum" in sandbox.read(script)
    # Nothing to complain about, and not much harm it could do.
    assert sandbox.run("systemd-analyze", "verify", UNIT) == ""
    sandbox.run("systemd-analyze", "security", "--offline=true", "--no-pager",
                f"--threshold={MOST_EXPOSED}", UNIT)


def opens_its_cage_for_sendmail(sandbox):
    """With the example beside the documentation a setgid program gets its group, and may write."""
    sandbox.run("install", "-D", "-m", "644", EXAMPLE, f"/etc/systemd/system/{SERVICE}.d/mail.conf")
    sandbox.run("install", "-d", "-g", "mail", "-m", "770", "/var/spool/postfix")
    sandbox.run("install", "-g", "mail", "-m", "2755", "/usr/bin/touch", "/usr/local/bin/drop")
    sandbox.write("/usr/local/bin/drops", "#!/bin/sh\nexec /usr/local/bin/drop /var/spool/postfix/it\n")
    sandbox.run("chmod", "755", "/usr/local/bin/drops")
    sandbox.write(f"/etc/systemd/system/{SERVICE}.d/drop.conf",
                  "[Service]\nExecStartPre=/usr/local/bin/drops\n")
    sandbox.run("systemctl", "daemon-reload")
    sandbox.run("systemctl", "restart", SERVICE)
    assert owner_and_mode(sandbox, "/var/spool/postfix/it").startswith("pgrunbook:mail ")


def closes_its_cage(sandbox):
    sandbox.run("rm", "-r", f"/etc/systemd/system/{SERVICE}.d")
    sandbox.run("systemctl", "daemon-reload")
    sandbox.run("systemctl", "restart", SERVICE)


def works_in_its_cage(sandbox):
    """A job runs, its log file is read and its history written, with no privilege and a filter."""
    pid = unit(sandbox, "MainPID")["MainPID"]
    known = dict(line.split(":\t", 1) for line in
                 sandbox.read(f"/proc/{pid}/status").splitlines() if ":\t" in line)
    assert (known["NoNewPrivs"], known["Seccomp"], int(known["CapBnd"], 16)) == ("1", "2", 0)
    sandbox.run("sh", "-c", f"echo 'FATAL:  sorry, too many clients already' >>{LOG}")
    sandbox.run("sh", "-c", f"echo 'pq: too many connections' >>{LOG}")
    wait_until(lambda: "log: pq: too many connections" in journal(sandbox), what="the log file")
    wait_until(lambda: "job vacuum: the turn of" in journal(sandbox), what="a turn")
    # The library for that is loaded in there, when there is something to say.
    wait_until(lambda: "cannot connect to 127.0.0.1 port 1: " in journal(sandbox), what="a webhook")
    assert owner_and_mode(sandbox, HISTORY) == "pgrunbook:pgrunbook 600"
    # What the service knows, who may read its configuration knows, without being told where.
    for who in "root", "pgrunbook":
        told = sandbox.run("runuser", "-u", who, "--", "pgrunbook", "history", "list", "--json")
        assert '"section": "vacuum"' in told and "warning" not in told

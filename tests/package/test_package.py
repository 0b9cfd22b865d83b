"""The life of the Debian package on a machine: installed, configured, started, upgraded, removed,
purged. The machine is a sandbox; `./dev package --test` builds the package and comes here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.servers import wait_until

from package.sandbox import NoSandbox, Sandbox
from package.unit import Service

UNIT = "/lib/systemd/system/pgrunbook.service"
ENABLED = "/etc/systemd/system/multi-user.target.wants/pgrunbook.service"
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
        pytest.skip(f"NOT DONE, no mount namespace here ({reason}): installing, starting, upgrading "
                    "and purging the package; it was unpacked into a folder only")
    with made:
        made.run("rm", "-f", "/var/lib/man-db/auto-update")  # an index of all manual pages takes long
        yield made


def unpacked(package, root):
    """What can be done without a sandbox."""
    shutil.copytree("/var/lib/dpkg", root / "var/lib/dpkg")
    subprocess.run(["dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless",
                    "--unpack", package], check=True, stdout=subprocess.DEVNULL)
    for path in UNIT, "/usr/bin/pgrunbook", f"{CONFIG}.dpkg-new":
        assert (root / path.lstrip("/")).exists(), path


def owner_and_mode(sandbox, path):
    return sandbox.run("stat", "-c", "%U:%G %a", path).strip()


def status(sandbox):
    return sandbox.run("dpkg-query", "-W", "-f", "${Status} ${Version}", "pgrunbook")


def configure(sandbox, server):
    """As the first lines of the documentation say: a target behind what is there."""
    target = f"host=127.0.0.1 port={server.cluster.port} user=postgres dbname=postgres"
    sandbox.write(CONFIG, sandbox.read(CONFIG) + f"\n[target main]\nconninfo = {target}\n")


def watches(server):
    return server.backends()


@pytest.mark.parametrize("version", [15])
def test_life_of_a_package(sandbox, package, newer, fresh_server):
    said = sandbox.run("dpkg", "-i", sandbox.bring(package))
    assert "warning" not in said.lower(), said
    installed_as_it_should_be(sandbox)
    service = Service(sandbox, UNIT)
    assert not service.condition(), "it would start with nothing to watch"

    server = fresh_server(tcp=True, hba=["host all all 127.0.0.1/32 trust"])
    configure(sandbox, server)
    assert service.condition()
    runs(service, server)
    assert owner_and_mode(sandbox, HISTORY).startswith("pgrunbook:pgrunbook 6")

    configured = sandbox.read(CONFIG)
    sandbox.run("dpkg", "-i", "--force-confold", sandbox.bring(newer))
    assert status(sandbox).startswith("install ok installed 99:")
    assert sandbox.read(CONFIG) == configured
    assert owner_and_mode(sandbox, CONFIG) == "root:pgrunbook 640"
    runs(Service(sandbox, UNIT), server)

    sandbox.run("dpkg", "-r", "pgrunbook")
    assert not sandbox.exists("/usr/bin/pgrunbook") and not sandbox.exists(UNIT)
    assert sandbox.read(CONFIG) == configured and sandbox.exists(HISTORY)
    # Somebody changed his mind.
    sandbox.run("dpkg", "-i", "--force-confold", sandbox.bring(package))
    assert sandbox.read(CONFIG) == configured

    sandbox.run("dpkg", "-P", "pgrunbook")
    assert sandbox.changed("pgrunbook") == [], "left behind"


def installed_as_it_should_be(sandbox):
    assert status(sandbox).startswith("install ok installed ")
    assert owner_and_mode(sandbox, CONFIG) == "root:pgrunbook 640"
    assert owner_and_mode(sandbox, "/var/lib/pgrunbook") == "pgrunbook:pgrunbook 750"
    assert sandbox.exists(ENABLED)
    assert "0 targets" in sandbox.run("pgrunbook", "config", "check")
    assert HISTORY in sandbox.run("pgrunbook", "config", "show")
    assert "pgrunbook" in sandbox.run("man", "--where", "pgrunbook")
    for shell in ("bash", "zsh"):
        script = {"bash": "/usr/share/bash-completion/completions/pgrunbook",
                  "zsh": "/usr/share/zsh/vendor-completions/_pgrunbook"}[shell]
        assert "vacuum" in sandbox.read(script)
    # Nothing to complain about, and not much harm it could do.
    assert sandbox.run("systemd-analyze", "verify", UNIT) == ""
    sandbox.run("systemd-analyze", "security", "--offline=true", "--no-pager",
                f"--threshold={MOST_EXPOSED}", UNIT)


def runs(service, server):
    service.start()
    try:
        service.await_notice("READY=1")
        wait_until(lambda: watches(server), what="its session on the server")
        service.await_notice("WATCHDOG=1")
        # What the service knows, its user at a terminal knows, without being told where.
        told = service.run("pgrunbook", "history", "list")
        assert told.returncode == 0 and not told.stderr, told
    finally:
        code = service.stop()
    assert code in (0, 130), service
    wait_until(lambda: not watches(server), what="the end of its session")

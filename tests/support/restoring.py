"""Words for the stories about restores: a cluster whose WAL goes into a repository, a program that
runs as the account the servers run as, and servers on what was restored."""

import os
import subprocess
from contextlib import contextmanager

from golden.documents import check_document
from pgcluster import Cluster
from pgcluster_files import as_server_user, give_to_server_user
from support.program import Runbook, binary
from support.repository import begun
from support.servers import SETTINGS, Server, wait_until


class OwnersRunbook(Runbook):
    """As a DBA calls it who has become postgres."""

    def start(self, *arguments, preexec_fn=None, **more):
        account = as_server_user()

        def become():
            if account:
                os.setgroups([])
                os.setgid(account["group"])
                os.setuid(account["user"])
            if preexec_fn:
                preexec_fn()

        return super().start(*arguments, preexec_fn=become, **more)


@contextmanager
def owners_runbook(server):
    """Such a program, at home in the cluster's folder."""
    home = server.cluster.folder / "home"
    home.mkdir(mode=0o700)
    give_to_server_user(home)
    runbook = OwnersRunbook(home)
    try:
        yield runbook
    finally:
        runbook.close()


class Stage:
    """A cluster that pushes its WAL into .repo; .runbook is the program, .folder a place for what is
    restored, .bindir where this version's programs are."""

    def __init__(self, fresh_server, key=None, **settings):
        self.server = fresh_server(
            archive_mode="on", wal_level="replica",
            archive_command="false",  # until there is a place to push to
            **settings)
        self.cluster = self.server.cluster
        self.folder = self.cluster.folder / "restored"
        self.repo = self.cluster.folder / "repo"
        home = self.cluster.folder / "home"
        for folder in self.folder, self.repo, home:
            folder.mkdir(mode=0o700)
        if not key:
            begun(self.repo)
        self.options = ["--repo", self.repo]
        push = f"{binary()} backup wal push %p --repo {self.repo}"
        if key:
            (home / "key").write_text(key)
            (home / "key").chmod(0o600)
            (home / "conf").write_text(f"[pgrunbook]\nbackup.key_file = {home}/key\n")
            self.options += ["--config", home / "conf"]
            push += f" --config {home}/conf"
        for folder in self.folder, self.repo, home:
            give_to_server_user(folder)
        self.runbook = OwnersRunbook(home)
        # A sanitizer of the build has its options in the environment, the server has no such.
        self.server.sql(f"ALTER SYSTEM SET archive_command = '{push}'")
        self.server.sql("SELECT pg_reload_conf()")

    @property
    def bindir(self):
        return self.cluster.programs

    def back_up(self):
        """The id of a new backup."""
        result = self.runbook("backup", "create", "--json", *self.options, server=self.server)
        return result.expect(0).json["backup"]["id"]

    def archive(self):
        """Everything until now is in the repository."""
        name = self.server.value("SELECT pg_walfile_name(pg_switch_wal())")
        wait_until(lambda: list(self.repo.glob(f"*/wal/*/{name}.zst")), what=f"{name} in the archive")

    def restore(self, to, *options, code=0, env=None):
        """The document of a restore; the result where it is to fail."""
        result = self.runbook("backup", "restore", "--json", *self.options, "--to",
                              self.folder / to, "--bindir", self.bindir, *options,
                              env=env).expect(code)
        return check_document(result.json, "backup.restore") if code == 0 else result

    @contextmanager
    def started(self, to):
        """A server as a person would start it on what was restored."""
        cluster = Cluster(self.server.version, SETTINGS)
        try:
            os.rename(self.folder / to, cluster.data)
            configuration = cluster.data / "postgresql.conf"
            if "archive_mode" in configuration.read_text():
                cluster.settings["archive_mode"] = "off"
            cluster._configure()
            give_to_server_user(cluster.data)
            cluster.start()
            yield Server(cluster)
        finally:
            cluster.remove()


def verify(data, *options):
    """PostgreSQL's own judge of what is on disk; only Debian's 15 brings it."""
    done = subprocess.run(["/usr/lib/postgresql/15/bin/pg_verifybackup", "--no-parse-wal",
                           *options, data], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def servers_on(folder):
    """Processes that work in a folder."""
    found = []
    for process in os.listdir("/proc"):
        try:
            where = os.readlink(f"/proc/{process}/cwd")
        except OSError:
            continue
        if process.isdigit() and where == str(os.path.realpath(folder)):
            found.append(int(process))
    return found

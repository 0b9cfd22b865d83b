"""A PgBouncer of one's own in front of a test's server."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from support.servers import wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from pgcluster_files import as_server_user, server_environment  # noqa: E402

PORT = 6432


class Pooler:
    """.conninfo(dbname) of a database behind it, .console of its admin console. It refuses to be
    root, so it runs as the servers do; its socket is in a folder of its own."""

    def __init__(self, server, pool_size=1):
        self.folder = Path(tempfile.mkdtemp(prefix="pooler-"))
        self._write(server, pool_size)
        account = as_server_user()
        if account:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, account["user"], account["group"])
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/sbin:/bin")
        assert program, "pgbouncer is not installed (./dev test does it for you)"
        self._log = open(self.folder / "log", "w")
        self._process = subprocess.Popen([program, str(self.folder / "pgbouncer.ini")], cwd="/",
                                         env=server_environment(), stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=subprocess.STDOUT, **account)
        self.console = self.conninfo("pgbouncer")
        wait_until(self._answers, what="PgBouncer")

    def _write(self, server, pool_size):
        (self.folder / "users").write_text('"postgres" ""\n')
        (self.folder / "pgbouncer.ini").write_text(f"""[databases]
* = host={server.cluster.socket_dir} port={server.cluster.port}
[pgbouncer]
unix_socket_dir = {self.folder}
listen_port = {PORT}
auth_type = trust
auth_file = {self.folder}/users
admin_users = postgres
pool_mode = session
default_pool_size = {pool_size}
max_client_conn = 50
ignore_startup_parameters = extra_float_digits
""")

    def _answers(self):
        assert self._process.poll() is None, (self.folder / "log").read_text()
        return (self.folder / f".s.PGSQL.{PORT}").exists()

    def conninfo(self, dbname):
        return f"host={self.folder} port={PORT} user=postgres dbname={dbname}"

    def connect(self, dbname):
        return psycopg.connect(self.conninfo(dbname), autocommit=True)

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
        shutil.rmtree(self.folder)

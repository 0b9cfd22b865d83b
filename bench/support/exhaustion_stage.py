"""The server of the drills, who must never be touched there, the service, and the watch."""

import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

from support.machine import BenchError

WARNING = 0.85


class Service:
    """The readiness of the application: 200 or 503."""

    def __init__(self):
        self.ready = True
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if service.ready else 503)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/health/ready"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Stage:
    def __init__(self, cluster):
        self.cluster, self.service = cluster, Service()
        self.protected = []
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("""CREATE ROLE app LOGIN; CREATE ROLE keeper LOGIN;
                CREATE ROLE ops LOGIN IN ROLE pg_monitor, pg_signal_backend;
                CREATE TABLE stock AS SELECT 1 AS id, 1000000 AS left_over;
                GRANT ALL ON stock TO app""")
        # A superuser's slots are others than the application's.
        self.observer = psycopg.connect(cluster.conninfo(), autocommit=True)

    def conninfo(self, role, application):
        return self.cluster.conninfo(user=role, application_name=application)

    def server_version(self):
        return self.observer.info.parameter_status("server_version")

    def renew_protected(self, choose):
        """Sessions older and idler than all others, which must stay: a backup, a protected role, a
        superuser."""
        for session in self.protected:
            session.close()
        who = [("app", "pg_dump"), ("keeper", "cron"), ("postgres", "psql")]
        self.protected = [psycopg.connect(self.conninfo(*one), autocommit=True)
                          for one in choose.sample(who, choose.randint(1, 3))]
        for session in self.protected:
            session.execute(choose.choice(["SELECT 1", "BEGIN; SELECT 1"]))

    def alive(self, sessions):
        pids = [session.info.backend_pid for session in sessions]
        return self.observer.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s)", [pids]).fetchone()[0]

    def protected_lost(self):
        return len(self.protected) - self.alive(self.protected)

    def psql(self):
        done = subprocess.run(["psql", "-X", "-c", "SELECT 1", self.conninfo("app", "psql")],
                              text=True, capture_output=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stderr

    def settle(self, watch):
        """Until the server is empty again and the watch has seen it twice."""
        deadline = time.time() + 30
        while self.observer.execute("""SELECT count(*) FROM pg_stat_activity
                WHERE usename = 'app' AND application_name <> 'pg_dump'""").fetchone()[0]:
            if time.time() > deadline:
                raise BenchError("sessions of the application do not end")
            time.sleep(0.02)
        watch.calm(watch.mark(), deadline)

    def close(self):
        for session in [*self.protected, self.observer]:
            session.close()
        self.service.close()


def relief_of(program, config, run):
    """What the history has kept of a relief."""
    shown = subprocess.run([program, "history", "show", str(run), "--json", "--config", config],
                           text=True, capture_output=True, check=True)
    summary = json.loads(shown.stdout)["run"]["summary"]
    convoy = summary["diagnosis"] == "lock_convoy"
    return {"diagnosis": summary["diagnosis"],
            "need": 1 if convoy else summary["used_before"] - summary["slots"]}


class Watch:
    """`pgrunbook watch`, and what it says."""

    slack = 0.0  # seconds that its own account of the trigger may be off

    def __init__(self, program, config, home):
        self.lines, self._program, self._config = [], program, config
        self.process = subprocess.Popen(
            [program, "watch", "--json", "--target", "shop", "--config", config],
            stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home)})
        threading.Thread(target=self._read, daemon=True).start()
        self._await(lambda lines: [one for one in lines
                                   if one["line"] == "state" and one["acts"]],
                    0, time.time() + 30)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def mark(self):
        return len(self.lines)

    def _await(self, find, mark, deadline):
        while time.time() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"the watch has ended with {self.process.returncode}")
            found = find(self.lines[mark:])
            if found:
                return found
            time.sleep(0.01)
        return None

    def trigger(self, mark, deadline):
        """When it had every reason to act: the second look in a row at so many slots, or a sign."""
        def find(lines):
            looks = 0
            for one in lines:
                if one["line"] != "sample":
                    continue
                looks = looks + 1 if one["used"] >= WARNING * one["ordinary"] else 0
                if looks == 2 or one["triggers"]:
                    return one["at_us"] / 1e6
            return None
        return self._await(find, mark, deadline)

    def relief(self, mark, deadline):
        """The run behind the first note of a relief: its diagnosis, and how many had to go."""
        def find(lines):
            runs = [one["run"] for one in lines
                    if one["line"] == "note" and one["name"] == "relief" and one["run"]]
            return runs[:1]
        found = self._await(find, mark, deadline)
        return found and relief_of(self._program, self._config, found[0])

    def emergency(self, mark, deadline):
        def find(lines):
            return [one["detail"]["diagnosis"] for one in lines if one["line"] == "alarm"
                    and one["name"] == "emergency" and one["open"]]
        found = self._await(find, mark, deadline)
        return found and found[0]

    def calm(self, mark, deadline):
        """Alarms are closed and nothing points to an emergency any more."""
        def find(lines):
            state = {}
            for one in self.lines:
                if one["line"] == "alarm":
                    state[one["name"]] = one["open"]
            quiet = [one for one in lines if one["line"] == "sample" and not one["triggers"]
                     and one["used"] < WARNING * one["ordinary"] / 2]
            return len(quiet) >= 2 and not any(state.values())
        if not self._await(find, mark, deadline):
            raise BenchError("the watch does not come to rest")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

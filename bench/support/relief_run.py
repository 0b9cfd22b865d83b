"""One mix: what the program says and does to it, and what the page's own SQL does."""

import json
import os
import shutil
import subprocess
import time

import psycopg

from support.machine import BenchError
from support.relief_judge import gone, to_end
from support.relief_mixes import DDL, GONE, OLD_IDLE, OTHERS_LEAVE, OLD_IN, ROOT, ROOT_AT_WORK
from support.relief_peers import DATABASES, SECRET_ROLE

PAGE = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE state = 'idle' AND query_start < now() - interval '{seconds} seconds'")
# As the page has it run, and as somebody runs it whom the first has left in the lurch.
PAGE_ROLES = {"page, pg_signal_backend": "page", "page, superuser": "boss"}
LONG = ("idle_for", "transaction_for", "slow_for", "young")
TRIES = 5
# How long the young of a mix stay young, at least: for the program, and for each it ends.
GAP_SECONDS, GAP_SECONDS_EACH = 0.35, 0.025


class Program:
    """The commands as a DBA types them; the only place that knows their options."""

    def __init__(self, path, cluster, proxy):
        self._path, self._cluster, self._proxy = path, cluster, proxy
        self._own = cluster.folder / "own"
        shutil.rmtree(self._own, ignore_errors=True)
        self._own.mkdir()
        self._config = self._own / "pgrunbook.conf"

    def configure(self, seconds):
        """seconds: what counts as long, and as young, in this mix."""
        text = f"{seconds * 1000:.0f}ms"
        emergency = self._cluster.conninfo(DATABASES[0], "rescue")
        self._config.write_text(
            f"[pgrunbook]\nprotected_roles = {SECRET_ROLE}\nemergency_conninfo = {emergency}\n"
            "connections.convoy_for = 5ms\nconnections.per_minute = 100000\n" +
            "".join(f"connections.{name} = {text}\n" for name in LONG))

    def environment(self, role, host=None):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        more = {"PGHOST": str(host)} if host else {}
        return {**kept, **self._cluster.environment(DATABASES[0], role), **more,
                "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(self._own),
                "XDG_CONFIG_HOME": str(self._own)}

    def command(self, mix, *arguments):
        unready = ["--service-unready"] if mix.kind == "app_starvation" else []
        return [self._path, "connections", *arguments, "--json", "--config", str(self._config),
                "--until", f"{mix.until}%", *unready]

    def run(self, mix, *arguments, host=None, codes=(0,)):
        command = self.command(mix, *arguments)
        done = subprocess.run(command, env=self.environment(mix.run_as, host), text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
        if done.returncode not in codes:
            raise BenchError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return json.loads(done.stdout), done.returncode

    def diagnosis(self, mix):
        return self.run(mix, "report")[0]["diagnosis"]

    def relieve(self, mix):
        """Through the go-between."""
        return self.run(mix, "relieve", "--yes", host=self._proxy.folder, codes=(0, 5))


def page(cluster, role, seconds):
    """The page's statement on a connection of its own; what came of it, in words."""
    try:
        with psycopg.connect(cluster.conninfo(DATABASES[0], role, application_name="psql"),
                             autocommit=True) as connection:
            connection.execute(PAGE.format(seconds=round(seconds, 3)))
    except psycopg.OperationalError:
        return "cannot connect"
    except psycopg.Error as error:
        return f"stopped by {error.sqlstate}"
    return ""


class Arena:
    """Runs one mix for everybody, each time built anew."""

    def __init__(self, cluster, stage, peers, judge, program, proxy):
        self._cluster, self._stage, self._peers = cluster, stage, peers
        self._judge, self._program, self._proxy = judge, program, proxy
        self.again, self._slowness = 0, 1

    def build(self, mix):
        """(the pids of the peers, how long the old are old)."""
        mix.befallen, mix.least = [], 0
        known = self._peers.start()
        gap = self._slowness * (GAP_SECONDS + GAP_SECONDS_EACH * len(to_end(mix)))
        self._stage.build(mix, gap)
        return known, time.monotonic() - self._stage.old

    def ours(self, mix):
        """(diagnosis, what was done). A mix that has grown old meanwhile is built once more."""
        for _ in range(TRIES):
            known, seconds = self.build(mix)
            started = time.monotonic()
            self._program.configure(seconds)
            said = self._program.diagnosis(mix)
            acts = self._listen(mix)
            document, code = self._program.relieve(mix)
            self._proxy.on_act = None
            ended = time.monotonic()
            done, dead = self._judge.judge(mix, known)
            if ended - self._stage.young < seconds or done.protected:
                done.seconds = ended - started
                self._slowness = max(self._slowness * 0.8, 1)
                self._compare(mix, done, dead, document, code, acts)
                return said, done
            self.again += 1
            self._slowness *= 2
        raise BenchError(f"{mix.title()}: the machine is too slow for it")

    def _listen(self, mix):
        """From now on the program's acts are held, and something befalls one of them."""
        acts = []

        def on_act(verb, pid):
            acts.append((verb, pid))
            place = next((place for place in mix.places if place.session.pid == pid), None)
            what = mix.fate.get(len(acts) - 1)
            if place and what == OTHERS_LEAVE:
                mix.least = len(acts) - len(mix.befallen)
                for other in mix.who_may_leave():
                    mix.befallen.append((other, GONE))
                    self._stage.befall(other.session, GONE)
            elif place and what:
                mix.befallen.append((place, what))
                self._stage.befall(place.session, what)

        self._proxy.failure, self._proxy.on_act = None, on_act
        return acts

    def _compare(self, mix, done, dead, document, code, acts):
        """Does it say what it did?"""
        if self._proxy.failure:
            raise self._proxy.failure
        tell = {"terminate": (OLD_IDLE, OLD_IN, ROOT), "cancel": (ROOT, ROOT_AT_WORK, DDL)}
        does = {place.session.pid: place.does for place in mix.places}
        for verb, pid in acts:
            if does.get(pid) not in tell[verb]:
                done.wrong.append(f"told to {verb}: {does.get(pid, pid)}")
        said = {item["pid"] for item in document["ended"] if item["step"] == "terminated"}
        if not done.trouble and said != {place.session.pid for place in dead}:
            done.trouble = f"says that it ended {sorted(said)}, acted on {acts}"
        if not done.trouble and document["diagnosis"] != mix.kind and not mix.befallen:
            done.trouble = f"relieve says {document['diagnosis']}"
        reached = (mix.can_move if mix.kind == "lock_convoy" else
                   mix.used - len(gone(mix)) - len(dead) <= mix.allowed)
        if not done.trouble and (code == 0, document["goal"]["reached"]) != (reached, reached):
            done.trouble = f"ended with {code}, goal reached: {document['goal']['reached']}"

    def page(self, mix, role):
        for _ in range(TRIES):
            known, seconds = self.build(mix)
            started = time.monotonic()
            trouble = page(self._cluster, role, seconds)
            ended = time.monotonic()
            done, _ = self._judge.judge(mix, known)
            if ended - self._stage.young < seconds:
                done.seconds, done.trouble = ended - started, trouble or done.trouble
                return done
            self.again += 1
        raise BenchError(f"{mix.title()}: the machine is too slow for it")

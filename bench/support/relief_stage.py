"""Puts a mix on the server, session by session, and says who is still there afterwards."""

import time

from support.machine import BenchError
from support.relief_mixes import (ACTIVE_NOW, DDL, FINISHED, GONE, LONG, OLD_IDLE, OLD_IN, PREPARED, ROOT,
                                  ROOT_AT_WORK, SHORT, WAITER, YOUNG_IDLE, YOUNG_IN)
from support.relief_sessions import ACTIVE, IDLE, IN_TRANSACTION, WAITING

FOREVER = "SELECT pg_sleep(900)"
UPDATE = "UPDATE hot SET n = n WHERE id = 1"
# What holds the lock, and what waits for it.
HOLD = {"table": "LOCK TABLE hot IN ACCESS EXCLUSIVE MODE", "row": UPDATE, "prepared": UPDATE,
        "protected": UPDATE, "dump": "LOCK TABLE slow IN ACCESS EXCLUSIVE MODE"}
ASK = {**dict.fromkeys(HOLD, UPDATE),
       "dump": "BEGIN; LOCK TABLE slow IN ACCESS SHARE MODE; COMMIT"}
PATIENCE = 20
CLIENTS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
ALIVE = "SELECT pid FROM pg_stat_activity"
WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class Stage:
    """.old, .young: when the last of the old and the first of the young took their place."""

    def __init__(self, observer, pool, peers):
        self._observer, self._pool, self._peers = observer, pool, peers
        self.old = self.young = 0

    def alive(self):
        return {row.pid for row in self._observer.execute(ALIVE)}

    def waiting(self):
        return self._observer.execute(WAITERS).fetchone()[0]

    def _wait_for(self, query, number, what):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self._observer.execute(query).fetchone()[0]
            if found == number:
                return
            if time.monotonic() > deadline:
                raise BenchError(f"{found} {what}, not {number}")
            time.sleep(0.005)

    def clear(self, mix):
        """Nothing of the mix before runs, holds or waits; those still needed stay connected."""
        self._pool.drop_ended(self.alive())
        for row in self._observer.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
            self._observer.execute(f"ROLLBACK PREPARED '{row.gid}'")
        self._peers.let_go()
        self._pool.settle(self._observer)
        old = [place for place in mix.places if not place.new]
        kept = self._pool.keep([(place.role, place.database) for place in old])
        self._wait_for(CLIENTS, kept + mix.peers, "client sessions after clearing")
        for place, session in zip(old, self._pool.take([(place.role, place.database)
                                                        for place in old])):
            place.session = session

    def build(self, mix, gap):
        """gap: seconds between the old and the young."""
        self.clear(mix)
        for place in mix.places:
            if not place.new:
                place.session.name(place.application)
        self.old_ones(mix)
        self.old = time.monotonic()
        time.sleep(gap)
        self.young = time.monotonic()
        self.young_ones(mix)
        self._wait_for(WAITERS, len(mix.doing(WAITER, DDL)), "waiting sessions")
        self._wait_for(CLIENTS, mix.used, "client sessions")

    def old_ones(self, mix):
        """Those that wait come last, and behind whom they are to wait for."""
        late = {DDL: 1, WAITER: 2}
        if mix.lock == "protected":
            self._peers.hold(HOLD[mix.lock])
        for place in sorted(mix.places, key=lambda place: (late.get(place.does, 0), place.order)):
            if place.does == OLD_IDLE:
                place.session.touch()
            elif place.does == OLD_IN:
                place.session.begin()
            elif place.does == ROOT:
                place.session.begin(HOLD[mix.lock])
            elif place.does == ROOT_AT_WORK:
                place.session.begin(HOLD[mix.lock])
                place.session.start(FOREVER)
            elif place.does == WAITER:
                place.session.start(ASK[mix.lock], WAITING)
            elif place.does == DDL:
                place.session.start(f"BEGIN; {HOLD[mix.lock]}; COMMIT", WAITING)
                self._wait_for(WAITERS, 1, "waiting sessions")
            elif place.does == PREPARED:
                place.session.run(f"BEGIN; {HOLD[mix.lock]}; PREPARE TRANSACTION 'forgotten'")
            elif place.does in (LONG, FINISHED):
                place.session.start(FOREVER)

    def young_ones(self, mix):
        finished = mix.doing(FINISHED)
        while busy := [place.session.pid for place in finished if place.session.busy()]:
            self._observer.execute("SELECT pg_cancel_backend(pid) FROM unnest(%s) AS pid", [busy])
            time.sleep(0.002)
        new = [place for place in mix.places if place.new]
        for place, session in zip(new, self._pool.open((place.role, place.database)
                                                       for place in new)):
            place.session = session
            session.name(place.application)
        for place in mix.places:
            if place.does == YOUNG_IDLE:
                place.session.touch()
            elif place.does == YOUNG_IN:
                place.session.begin()
            elif place.does == SHORT:
                place.session.start(FOREVER)

    def befall(self, session, what):
        """The session is not any more what somebody has just seen it to be."""
        here = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {session.pid}"
        if session.state in (ACTIVE, WAITING):
            while session.busy():
                self._observer.execute("SELECT pg_cancel_backend(%s)", [session.pid])
                time.sleep(0.002)
        elif what == GONE:
            session.close()
            self._wait_for(here, 0, "sessions that are gone")
        elif what == ACTIVE_NOW:
            session.start(FOREVER)
            self._wait_for(f"{here} AND state = 'active'", 1, "sessions that became active")
        elif session.state == IN_TRANSACTION:
            session.run("COMMIT")
            session.state = IDLE
        else:
            session.touch()

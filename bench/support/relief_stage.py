"""Puts a mix on the server, session by session, and says who is still there afterwards."""

import time

from support.machine import BenchError
from support.relief_mixes import (FINISHED, LONG, OLD_IDLE, OLD_IN, ROOT, ROOT_AT_WORK, SHORT,
                                  WAITER, YOUNG_IDLE, YOUNG_IN)
from support.relief_sessions import ACTIVE, IN_TRANSACTION, WAITING, connect_all

FOREVER = "SELECT pg_sleep(900)"
LOCK = "LOCK TABLE hot IN ACCESS EXCLUSIVE MODE"
ASK = "UPDATE hot SET n = n WHERE id = 1"
PATIENCE = 20
CLIENTS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
ALIVE = "SELECT pid FROM pg_stat_activity"
WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class Stage:
    """.old, .young: when the last of the old and the first of the young took their place."""

    def __init__(self, cluster, observer, pool):
        self._cluster, self._observer, self._pool = cluster, observer, pool
        self.gap = 0.5
        self.old = self.young = 0

    def alive(self):
        return {row.pid for row in self._observer.execute(ALIVE)}

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
        self._pool.settle(self._observer)
        old = [place for place in mix.places if not place.new]
        kept = self._pool.keep([(place.role, place.database) for place in old])
        self._wait_for(CLIENTS, kept + mix.peers, "client sessions after clearing")
        for place, session in zip(old, self._pool.take([(place.role, place.database)
                                                        for place in old])):
            place.session = session

    def build(self, mix):
        self.clear(mix)
        for place in mix.places:
            if not place.new:
                place.session.name(place.application)
        self.old_ones(mix)
        self.old = time.monotonic()
        if any(place.does in (YOUNG_IDLE, FINISHED, YOUNG_IN, SHORT) or place.new
               for place in mix.places):
            time.sleep(self.gap)
        self.young = time.monotonic()
        self.young_ones(mix)
        self._wait_for(WAITERS, len(mix.doing(WAITER)), "waiting sessions")
        self._wait_for(CLIENTS, mix.used, "client sessions")

    @staticmethod
    def old_ones(mix):
        for place in sorted(mix.places, key=lambda place: (place.does == WAITER, place.order)):
            if place.does == OLD_IDLE:
                place.session.touch()
            elif place.does == OLD_IN:
                place.session.begin()
            elif place.does == ROOT:
                place.session.begin(LOCK)
            elif place.does == ROOT_AT_WORK:
                place.session.begin(LOCK)
                place.session.start(FOREVER)
            elif place.does == WAITER:
                place.session.start(ASK, WAITING)
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
        if what == "gone":
            pid = session.pid
            session.close()
            self._wait_for(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}", 0,
                           "sessions that are gone")
            return
        if what == "used again":
            session.run("COMMIT") if session.state == IN_TRANSACTION else session.touch()
            return
        session.start(FOREVER)
        self._wait_for("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid = "
                       f"{session.pid}", 1, "sessions that became active")

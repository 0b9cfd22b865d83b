"""One drill: what the application does, and what has to come of it."""

import threading
import time
from dataclasses import dataclass, field

import psycopg

from support.exhaustion_app import Application, Busy, is_refusal, send

RELIEVED = ("idle_pileup", "idle_in_transaction", "lock_convoy")
LEFT = ("slow_queries", "storm", "app_starvation")
KINDS = (*RELIEVED, *LEFT)

# So long until what the settings call long is long; see SETTINGS of bench/exhaustion.
LONG = 1.3
PATIENCE = 15


@dataclass
class Done:
    number: int
    kind: str
    said: str = None         # the diagnosis
    trigger: float = None    # wall clock, from the watch's own samples
    full: float = None       # when nobody else got in any more
    relief: float = None     # seconds from trigger to the first session's end
    again: float = None      # … to a new connection of the application
    back: float = None       # seconds from full to that connection
    ended: int = 0
    need: int = 0            # the fewest
    faults: list = field(default_factory=list)

    def line(self):
        figures = (("relief", self.relief), ("in again", self.again), ("since full", self.back))
        times = ", ".join(f"{name} {value:.2f} s" for name, value in figures if value is not None)
        return (f"{self.number:>3} {self.kind:<20} says {self.said or '?':<20} "
                f"ended {self.ended} of {self.need}  {times}"
                f"{''.join('  FAULT: ' + fault for fault in self.faults)}")


class Drill:
    def __init__(self, number, kind, choose, stage, watch):
        self.kind, self.choose, self.stage, self.watch = kind, choose, stage, watch
        self.done = Done(number, kind)
        self.app = Application(stage.conninfo("app", "shop"))
        self.busy, self.root = [], None

    # -- what the application does --

    def idle_pileup(self):
        """Idle sessions add up until there is no slot left."""
        self.app.open(self.choose.randint(18, 25), lambda one: one.execute("SELECT 1"))
        time.sleep(LONG)
        self.app.open(None, lambda one: one.execute("SELECT 1"))

    def idle_in_transaction(self):
        begin = self.choose.choice(["BEGIN; SELECT 1", "BEGIN; SELECT pg_current_xact_id()"])
        self.app.open(self.choose.randint(18, 25), lambda one: one.execute(begin))
        time.sleep(LONG)
        self.app.open(None, lambda one: one.execute("SELECT 1"))

    def lock_convoy(self):
        """One holds a row, and the others queue for it."""
        self.root, = self.app.open(1, listen=False)
        self.root.execute("BEGIN; UPDATE stock SET left_over = left_over - 1")
        if self.choose.random() < 0.5:
            send(self.root, "SELECT pg_sleep(600)")
        self.app.listen(self.root)
        queue = "UPDATE stock SET left_over = left_over - 1"
        self.waiting = self.app.open(self.choose.randint(8, 20), lambda one: send(one, queue),
                                     listen=False)
        time.sleep(LONG)
        self.waiting += self.app.open(None, lambda one: send(one, queue), listen=False)
        self.busy.append(Leaver(self.waiting))

    def slow_queries(self):
        self.app.open(self.choose.randint(18, 25),
                      lambda one: send(one, "SELECT pg_sleep(600)"), listen=False)
        time.sleep(LONG)
        self.app.open(None, lambda one: send(one, "SELECT pg_sleep(600)"), listen=False)

    def storm(self):
        sessions = self.app.open(None, listen=False)
        self.busy.append(Busy(sessions, "SELECT pg_sleep(0.1)"))

    def app_starvation(self):
        """The server has room; the service says that it gets no connection."""
        self.app.open(self.choose.randint(3, 12), lambda one: one.execute("SELECT 1"),
                      listen=False)
        self.stage.service.ready = False

    # -- what is seen of it --

    def run(self):
        done, mark = self.done, self.watch.mark()
        try:
            self.stage.renew_protected(self.choose)
            getattr(self, self.kind)()
            done.full = time.time()
            if self.kind != "app_starvation":
                self.psql_is_refused()
            if self.kind in RELIEVED:
                self.see_relief(mark)
            else:
                self.see_nothing(mark)
            if self.stage.protected_lost():
                done.faults.append(f"protected ended: {self.stage.protected_lost()}")
            if done.said != self.kind:
                done.faults.append("another diagnosis")
        finally:
            for busy in self.busy:
                busy.stop()
            self.stage.service.ready = True
            self.app.close()
            self.stage.settle(self.watch)
        return done

    def psql_is_refused(self):
        code, said = self.stage.psql()
        if code == 0 or not is_refusal(said):
            # It may be late for the very thing it is about: relief was faster.
            if not self.app.heard:
                self.done.faults.append(f"psql was not refused: {said}")

    def see_relief(self, mark):
        done = self.done
        done.trigger = self.watch.trigger(mark, time.time() + PATIENCE) or done.full
        back = self.app.come_back(time.time() + PATIENCE)
        note = self.watch.relief(mark, time.time() + PATIENCE)
        if None in (done.trigger, back, note):
            done.faults.append("no relief")
            return
        done.said, done.need = note["diagnosis"], note["need"]
        done.ended = len(self.app.heard)
        done.relief = min(self.app.heard.values()) - done.trigger if self.app.heard else None
        done.again, done.back = back - done.trigger, back - done.full
        self.judge()

    def judge(self):
        """Relief within a second, room within two, and the newcomer may cost one more."""
        done = self.done
        if done.relief is None or done.relief > 1 + self.watch.slack:
            done.faults.append("first relief too late")
        if done.again > 2 + self.watch.slack:
            done.faults.append("room too late")
        if not done.need <= done.ended <= done.need + (self.kind != "lock_convoy"):
            done.faults.append("not the fewest")

    def see_nothing(self, mark):
        done = self.done
        done.trigger = self.watch.trigger(mark, time.time() + PATIENCE)
        done.said = self.watch.emergency(mark, time.time() + PATIENCE)
        lost = len(self.app.sessions) - self.stage.alive(self.app.sessions)
        if lost or self.app.heard:
            done.ended = lost
            done.faults.append("sessions were ended that had to stay")


class Leaver:
    """The queue: who had its turn closes its session, as an application of short requests does."""

    def __init__(self, sessions):
        self.sessions = sessions
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._leave, daemon=True)
        self._thread.start()

    def _leave(self):
        left = list(self.sessions)
        while left and not self._stop.is_set():
            for session in list(left):
                try:
                    session.pgconn.consume_input()
                    over = not session.pgconn.is_busy()
                except psycopg.Error:
                    over = True
                if over:
                    session.close()
                    left.remove(session)
            time.sleep(0.01)

    def stop(self):
        self._stop.set()
        self._thread.join()

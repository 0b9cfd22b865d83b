"""Mixes of sessions nobody chose: what each session does, and so what is the matter, from a seed."""

from dataclasses import dataclass, field

from support.relief_peers import DATABASES

# What a session does. Old is beyond the threshold of the run, young is not.
OLD_IDLE, YOUNG_IDLE, FINISHED = "idle for long", "idle for a moment", "long query just finished"
OLD_IN, YOUNG_IN = "in a transaction for long", "in a transaction for a moment"
LONG, SHORT = "long query", "query of a moment"
ROOT, ROOT_AT_WORK, WAITER = "holds the lock", "holds the lock, at work", "waits"
PREPARED, DDL = "has prepared a transaction", "waits for a dump, and all wait for it"
STAYS = (YOUNG_IDLE, FINISHED, YOUNG_IN, SHORT)

KINDS = ("idle_pileup", "idle_in_transaction", "lock_convoy", "slow_queries", "storm",
         "app_starvation", "healthy")
# How often each: where something has to be ended there is more to get wrong.
WEIGHTS = (30, 16, 26, 7, 7, 7, 7)

ROLES = ("web", "web", "web", "worker", "worker", "billing", "O'Brien ☕")
APPLICATIONS = ("shop-api", "shop-api", "worker", "reports", "cron: \"nightly\" 'run'", "",
                "☕ kaffeekasse", "x" * 62 + "é", "pgbouncish", "my pg_dump", "psql")
ORDINARY = 97     # max_connections - superuser_reserved_connections
PRESSED = 90      # from here on every judge would call the server full
# What a queue stands for: a table or row that a session holds, which can be ended; a row that
# nobody can be made to let go of; a table that pg_dump reads, with an ALTER TABLE in between.
LOCKS = ("table", "table", "row", "row", "row", "dump", "prepared", "protected")
# What befalls a session between the decision and the act.
ACTIVE_NOW, USED_AGAIN, GONE = "becomes active", "is used and idle again", "is gone"
# … or others: they leave by themselves, and fewer have to be ended.
OTHERS_LEAVE, MOST_LEAVE = "others leave", 3


@dataclass
class Place:
    does: str
    role: str
    database: str
    application: str
    new: bool = False
    session: object = None
    order: int = 0          # among those of its kind: the older, the smaller


@dataclass
class Mix:
    number: int
    kind: str
    until: int              # percent
    places: list
    peers: int              # client sessions besides these that take a slot
    run_as: str
    fate: dict              # which act, what befalls its session right before
    lock: str = ""          # what a convoy waits for, see LOCKS
    befallen: list = field(default_factory=list)  # (place, what) between decision and act
    least: int = 0          # so many were ended, rightly, before others left

    @property
    def used(self):
        return len(self.places) + self.peers

    @property
    def allowed(self):
        return ORDINARY * self.until // 100

    def who_may_leave(self):
        """Some that are not to be ended, and idle, so that the server notices at once."""
        left = [place for place in self.doing(YOUNG_IDLE, FINISHED, YOUNG_IN)
                if all(place is not other for other, _ in self.befallen)]
        return left[:MOST_LEAVE]

    @property
    def can_move(self):
        """Of a convoy: somebody may be ended or cancelled for it."""
        return self.lock not in ("prepared", "protected")

    def doing(self, *what):
        return [place for place in self.places if place.does in what]

    def title(self):
        counts = {}
        for place in self.places:
            counts[place.does] = counts.get(place.does, 0) + 1
        what = f"for a {self.lock}: " if self.lock else ""
        what += ", ".join(f"{count} {does}" for does, count in sorted(counts.items()))
        return (f"mix {self.number}: {self.kind}, {self.used} of {ORDINARY} used, until "
                f"{self.until}% ({self.allowed}), as {self.run_as}: {what}")


class Maker:
    """One mix; `peers`: slots that are taken besides."""

    def __init__(self, choose, number, peers):
        self.choose, self.number, self.peers = choose, number, peers
        self.places, self.lock = [], ""

    def add(self, count, *what, new=False):
        for _ in range(count):
            self.places.append(Place(self.choose.choice(what), self.choose.choice(ROLES),
                                     self.choose.choice(DATABASES),
                                     self.choose.choice(APPLICATIONS), new))

    def fill(self, used, *what, new=False):
        self.add(max(used - self.peers - len(self.places), 0), *what, new=new)

    def pressed(self):
        return self.choose.randint(PRESSED, ORDINARY)

    # -- the matters --

    def idle_pileup(self):
        self.add(1, FINISHED)
        self.add(self.choose.randint(0, 9), *STAYS)
        self.fill(self.pressed(), OLD_IDLE)

    def idle_in_transaction(self):
        self.add(self.choose.randint(0, 6), *STAYS)
        self.add(self.choose.randint(0, 8), OLD_IDLE)
        self.fill(self.pressed(), OLD_IN)

    def lock_convoy(self):
        """Either there is room, or the queue has filled the slots and nobody is idle for long."""
        self.lock = self.choose.choice(LOCKS)
        if self.lock in ("table", "row"):
            self.add(1, self.choose.choice((ROOT, ROOT, ROOT, ROOT_AT_WORK)))
        elif self.lock in ("dump", "prepared"):
            self.add(1, DDL if self.lock == "dump" else PREPARED)
        self.add(self.choose.choice((6, 12, 30, 30, 50, 60)), WAITER)
        self.add(self.choose.randint(0, 6), *STAYS)
        if self.choose.random() < 0.5:
            self.fill(self.pressed(), WAITER)
        else:
            self.add(self.choose.randint(0, 6), OLD_IDLE)
        for place in self.places:
            if place.does in (ROOT, ROOT_AT_WORK, WAITER, PREPARED, DDL):
                place.database = DATABASES[0]

    def slow_queries(self):
        self.add(self.choose.randint(0, 8), OLD_IDLE, *STAYS)
        self.fill(self.pressed(), LONG)

    def storm(self):
        self.add(self.choose.randint(2, 6), SHORT, YOUNG_IDLE)
        self.add(self.choose.randint(0, 4), OLD_IDLE)
        self.fill(self.pressed(), SHORT, SHORT, YOUNG_IDLE, new=True)

    def app_starvation(self):
        self.healthy()

    def healthy(self):
        self.add(self.choose.randint(0, 6), SHORT)
        self.add(self.choose.randint(1, 12), OLD_IDLE)
        self.fill(self.choose.randint(18, 55), *STAYS)

    def mix(self, kind):
        self.add(1, SHORT)
        getattr(self, kind)()
        self.choose.shuffle(self.places)
        for order, place in enumerate(self.places):
            # By the start of its last query one that has just finished is the oldest of all.
            place.order = order if place.does != FINISHED else order - len(self.places)
        return Mix(self.number, kind, self.until(kind), self.places, self.peers,
                   self.choose.choice(("dba", "boss")), self.fate(kind), self.lock)

    def fate(self, kind):
        """One becomes active in every mix where several are ended, and something else may befall
        another. A root is one alone: every other time it is left to itself."""
        if kind == "lock_convoy":
            return self.choose.choice(({}, {}, {}, {0: ACTIVE_NOW}, {0: USED_AGAIN}, {0: GONE}))
        first, second = self.choose.sample(range(4), 2)
        more = {}
        if self.choose.random() < 0.6:
            more = {second: self.choose.choice((USED_AGAIN, GONE, OTHERS_LEAVE))}
        return {first: ACTIVE_NOW, **more}

    def until(self, kind):
        """Percent. A convoy's room is enough once its root is gone, or was not to be had."""
        if kind in ("idle_pileup", "idle_in_transaction"):
            return self.choose.choice((60, 70, 75, 80, 80, 80, 85, 90))
        if kind != "lock_convoy":
            return self.choose.choice((70, 75, 80, 85))
        least = 100 * (len(self.places) + self.peers) // ORDINARY + 1
        room = any(place.does == OLD_IDLE for place in self.places)
        return self.choose.choice([until for until in (70, 75, 80, 85, 90, 95)
                                   if not room or until >= least])


def make_mix(choose, number, peers, kind=None):
    return Maker(choose, number, peers).mix(kind or choose.choices(KINDS, WEIGHTS)[0])

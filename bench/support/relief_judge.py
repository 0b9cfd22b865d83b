"""What somebody has made of a mix, held against what was to be done. Who that is follows from how
the mix was made; nobody is asked."""

import time
from dataclasses import dataclass, field

from support.relief_mixes import GONE, OLD_IDLE, OLD_IN, ROOT, WAITER

QUIET_SECONDS = 0.03


@dataclass
class Done:
    ended: int = 0
    protected: list = field(default_factory=list)  # names of those nobody may end, that are gone
    wrong: list = field(default_factory=list)      # others that were not to be ended, in words
    too_many: int = 0                              # more than the fewest
    missed: int = 0                                # still there, though the goal needs their slots
    trouble: str = ""                              # whatever else is not right
    seconds: float = 0

    @property
    def right(self):
        return not (self.protected or self.wrong or self.too_many or self.missed or self.trouble)

    def words(self):
        parts = [f"ended {self.ended}"]
        parts += [f"ended protected: {', '.join(self.protected)}"] if self.protected else []
        parts += [f"ended wrongly: {', '.join(self.wrong[:6])}"] if self.wrong else []
        parts += [f"{self.too_many} too many"] if self.too_many else []
        parts += [f"{self.missed} too few"] if self.missed else []
        return "; ".join(parts + ([self.trouble] if self.trouble else []))


def candidates(mix):
    """Those that may be ended, first to go first. A root at work is to be cancelled instead."""
    does = {"idle_pileup": OLD_IDLE, "idle_in_transaction": OLD_IN, "lock_convoy": ROOT}
    befallen = [place for place, _ in mix.befallen]
    left = [place for place in mix.doing(does.get(mix.kind)) if place not in befallen]
    return sorted(left, key=lambda place: place.order)


def to_end(mix):
    """The fewest that reach the goal, once what befell some of them is known."""
    if mix.kind == "lock_convoy":
        return candidates(mix)
    return candidates(mix)[:max(mix.used - len(gone(mix)) - mix.allowed, mix.least)]


def gone(mix):
    """Those that went by themselves."""
    return [place for place, what in mix.befallen if what == GONE]


class Judge:
    def __init__(self, stage, peers):
        self._stage, self._peers = stage, peers

    def settled(self):
        """Who is alive, once those that were told to end have ended."""
        before = None
        while (alive := self._stage.alive()) != before:
            before = alive
            time.sleep(QUIET_SECONDS)
        return alive

    def judge(self, mix, known):
        """known: the pids of the peers before."""
        alive = self.settled()
        dead = [place for place in mix.places
                if place.session.pid not in alive and place not in gone(mix)]
        allowed, wanted = candidates(mix), to_end(mix)
        rightly = [place for place in dead if place in allowed]
        done = Done(ended=len(dead), protected=self._peers.lost_since(known, alive),
                    wrong=[f"{place.does} ({place.application})" for place in dead
                           if place not in allowed],
                    too_many=max(len(rightly) - len(wanted), 0),
                    missed=max(len(wanted) - len(rightly), 0))
        done.ended += len(done.protected)
        if len(rightly) == len(wanted) and any(place not in wanted for place in rightly):
            done.trouble = "not the oldest of them"
        if mix.kind == "lock_convoy" and mix.can_move and self._stage.waiting():
            done.trouble = "the queue still stands"
        return done, dead

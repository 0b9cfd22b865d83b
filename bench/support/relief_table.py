"""What became of all mixes, side by side, and the goals."""

from support.relief_mixes import KINDS
from support.report import Goal

OURS = "pgrunbook"


class Tally:
    """Of one who worked on mixes: by kind, what came of each."""

    def __init__(self, who):
        self.who, self.done = who, {kind: [] for kind in KINDS}

    def add(self, kind, done):
        self.done[kind].append(done)

    def all(self, *kinds):
        return [done for kind in kinds or KINDS for done in self.done[kind]]

    def cells(self, *kinds):
        every = self.all(*kinds)
        return (f"{len(every):>6} {sum(done.right for done in every):>6} "
                f"{sum(done.ended for done in every):>6} "
                f"{sum(len(done.protected) for done in every):>9} "
                f"{sum(len(done.wrong) for done in every):>9} "
                f"{sum(done.too_many for done in every):>8} "
                f"{sum(done.missed for done in every):>7}")

    def troubles(self):
        """How often it was stopped, and by what."""
        counts = {}
        for done in self.all():
            if done.trouble:
                counts[done.trouble] = counts.get(done.trouble, 0) + 1
        return counts


HEAD = (f"{'':<22} {'mixes':>6} {'right':>6} {'ended':>6} {'protected':>9} {'wrongly':>9} "
        f"{'too many':>8} {'missed':>7}")


def show(diagnosed, tallies):
    """diagnosed: kind -> list of what was said of its mixes."""
    if not any(diagnosed.values()):
        return
    print("\ndiagnosis             mixes  right  otherwise")
    for kind, said in diagnosed.items():
        wrong = sorted(set(said) - {kind})
        print(f"{kind:<21} {len(said):>5} {said.count(kind):>6}  {', '.join(wrong)}".rstrip())
    print("\nended: sessions that were ended, of them protected ones, others that had to stay, and\n"
          "more than the fewest; missed: sessions left, though the goal needs their slots")
    for tally in tallies:
        if not tally.all():
            continue
        print(f"\n{tally.who}\n{HEAD}")
        for kind in KINDS:
            if tally.done[kind]:
                print(f"{kind:<22} {tally.cells(kind)}")
        print(f"{'all':<22} {tally.cells()}")
        for trouble, count in sorted(tally.troubles().items()):
            print(f"  {trouble}: {count} mixes")


def goals_of(diagnosed, ours):
    said = [(kind, word) for kind, words in diagnosed.items() for word in words]
    every = ours.all()
    if not every:
        return
    yield Goal("diagnosis right, of all mixes",
               100 * sum(kind == word for kind, word in said) / len(said), 100, unit=" %",
               at_least=True)
    yield Goal("relieved as was to be, of all mixes",
               100 * sum(done.right for done in every) / len(every), 100, unit=" %",
               at_least=True)
    yield Goal("protected sessions ended", sum(len(done.protected) for done in every), 0)
    yield Goal("others ended that had to stay", sum(len(done.wrong) for done in every), 0)
    yield Goal("more than the fewest", sum(done.too_many for done in every), 0)
    yield Goal("missed", sum(done.missed for done in every), 0)

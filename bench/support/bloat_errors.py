"""Errors of all who said something, by kind of object."""

WHO = ("estimate", "sample", "queries", "check_postgres")
WORST_SHOWN = 12

KINDS = {
    "tables, analyzed": lambda item: item["kind"] == "table" and item["analyzed"],
    "tables": lambda item: item["kind"] == "table",
    "TOAST": lambda item: item["kind"] == "toast",
    "B-trees": lambda item: item["method"] == "btree",
    "hash indexes": lambda item: item["method"] == "hash",
    "GIN, GiST, BRIN": lambda item: item["method"] in ("gin", "gist", "brin"),
}


def error_of(item, who):
    truth = item["queries_truth"] if who == "queries" else item["truth"]
    return None if item[who] is None else abs(item[who] - truth)


class Errors:
    def __init__(self, objects):
        self.objects = objects
        self.by_kind = {kind: [item for item in objects if belongs(item)]
                        for kind, belongs in KINDS.items()}

    def _known(self, kind, who):
        return [item for item in self.by_kind[kind] if item[who] is not None]

    def mean(self, kind, who):
        """Points; an estimator that says nothing is wrong by 100, so that it cannot win."""
        errors = [error_of(item, who) for item in self._known(kind, who)]
        return sum(errors) / len(errors) if errors else 100

    def worst(self, kind, who):
        return max((error_of(item, who) for item in self._known(kind, who)), default=0)

    def without(self, kind, who):
        """Percent of the objects without a number."""
        count = len(self.by_kind[kind])
        return 100 * (count - len(self._known(kind, who))) / max(count, 1)

    def within(self, kind, who):
        """Percent of those with a number where the truth is within the margin."""
        known = self._known(kind, who)
        good = [item for item in known if error_of(item, who) <= item[f"{who}_margin"] + 0.01]
        return 100 * len(good) / max(len(known), 1)

    def margin(self, kind, who):
        known = self._known(kind, who)
        return sum(item[f"{who}_margin"] for item in known) / max(len(known), 1)

    def _cell(self, kind, who):
        if not self._known(kind, who):
            return f"{'no number':>22}"
        return (f"{self.mean(kind, who):>7.2f} {self.worst(kind, who):>7.1f} "
                f"{self.without(kind, who):>5.0f}%")

    def show(self):
        print(f"\n{'mean error, worst error (points), without a number':<}")
        print(f"{'':<18} {'objects':>7} " + " ".join(f"{who:>22}" for who in WHO))
        for kind, items in self.by_kind.items():
            if items:
                print(f"{kind:<18} {len(items):>7} " +
                      " ".join(f"{self._cell(kind, who):>22}" for who in WHO))
        print("\ntruth within the margin, mean margin (points)")
        for kind, items in self.by_kind.items():
            cells = [f"{self.within(kind, who):>14.0f}% {self.margin(kind, who):>6.2f}"
                     for who in ("estimate", "sample") if self._known(kind, who)]
            if cells:
                print(f"{kind:<18} {len(items):>7} " + " ".join(cells))

    def show_worst(self):
        for who in ("estimate", "sample"):
            known = [item for item in self.objects if item[who] is not None]
            known.sort(key=lambda item: -error_of(item, who))
            print(f"\nworst by {who}")
            for item in known[:WORST_SHOWN]:
                print(f"  {item['name']:<24} {item['kind']:<6} {item['method'] or '':<6} "
                      f"{item['bytes'] // 8192:>7} pages, truth {item['truth']:5.1f}, said "
                      f"{item[who]:5.1f} ± {item[f'{who}_margin']:.1f} "
                      f"({item[f'{who}_reason']})")

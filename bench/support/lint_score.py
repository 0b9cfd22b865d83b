"""Who saw what: misses and false alarms of each judge on each server version."""


class Score:
    def __init__(self, truth):
        self.truth = truth
        self.rows = []  # (judge, version, case, number, statement, blocking, said)

    def add(self, judge, version, case, said):
        for number, (true, verdict) in enumerate(zip(self.truth.of(case, version), said,
                                                     strict=True)):
            self.rows.append((judge, version, case.name, number, case.statements[number],
                              true["blocking"], verdict))

    def _of(self, judge, version):
        return [row for row in self.rows if row[:2] == (judge, version)]

    def counts(self, judge, version):
        """blocking, missed, harmless, false alarms, not analysed"""
        rows = self._of(judge, version)
        blocking = [row for row in rows if row[5]]
        harmless = [row for row in rows if not row[5]]
        return (len(blocking), sum(not row[6] for row in blocking), len(harmless),
                sum(bool(row[6]) for row in harmless), sum(row[6] is None for row in rows))

    def missed(self, judge, version):
        blocking, missed = self.counts(judge, version)[:2]
        return 100 * missed / max(blocking, 1)

    def alarms(self, judge, version):
        harmless, alarms = self.counts(judge, version)[2:4]
        return 100 * alarms / max(harmless, 1)

    def judges(self):
        return list(dict.fromkeys(row[0] for row in self.rows))

    def show(self, versions):
        print(f"\n{'':<24} {'server':>6} {'blocking':>9} {'missed':>7} {'%':>6} {'harmless':>9} "
              f"{'alarms':>7} {'%':>6} {'not analysed':>13}")
        for judge in self.judges():
            for version in versions:
                blocking, missed, harmless, alarms, unread = self.counts(judge, version)
                print(f"{judge:<24} {version:>6} {blocking:>9} {missed:>7} "
                      f"{self.missed(judge, version):>6.1f} {harmless:>9} {alarms:>7} "
                      f"{self.alarms(judge, version):>6.1f} {unread:>13}")

    def errors(self, judge):
        """{(case, number, statement, "missed" or "false alarm"): versions}"""
        found = {}
        for who, version, case, number, statement, blocking, said in self.rows:
            if who == judge and bool(said) != blocking:
                what = "missed" if blocking else "false alarm"
                found.setdefault((case, number, statement, what), []).append(version)
        return found

    def show_errors(self):
        for judge in self.judges():
            print(f"\n{judge}:" if self.errors(judge) else f"\n{judge}: nothing")
            for (case, _number, statement, what), versions in self.errors(judge).items():
                first = " ".join(statement.split())
                print(f"  {what:<11} {case} ({', '.join(map(str, versions))}): {first[:110]}")

    def data(self):
        names = ("judge", "version", "case", "number", "statement", "blocking", "said")
        return [dict(zip(names, row)) for row in self.rows]

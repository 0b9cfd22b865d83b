"""Results as a plain table for people and as JSON for machines."""

import json
import os
import platform
import statistics
import subprocess
import time


def seconds(value):
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def middle(values):
    return statistics.median(values)


def state_line(who, where, state):
    return (f"  {who:<10} {where:<12} {state.dead_rows:>11,} {state.changed_rows:>11,} "
            f"{state.never_analyzed:>9,} {state.hidden_pages:>12,} {state.max_age:>11,}")


STATE_HEAD = (f"  {'end state':<10} {'of':<12} {'dead rows':>11} {'changed':>11} "
              f"{'never an.':>9} {'not visible':>12} {'max age':>11}")


class Goal:
    """One figure and its limit."""

    def __init__(self, what, value, limit, unit="", at_least=False):
        self.what, self.value, self.limit, self.unit = what, value, limit, unit
        self.at_least = at_least
        self.met = value >= limit if at_least else value <= limit

    def line(self, judged):
        sign = ">=" if self.at_least else "<="
        verdict = "" if not judged else "met" if self.met else "MISSED"
        return (f"  {self.what:<44} {self.value:>10.2f}{self.unit}   goal {sign} {self.limit:g}"
                f"{self.unit}   {verdict}".rstrip())

    def data(self):
        return {"what": self.what, "value": self.value, "limit": self.limit,
                "unit": self.unit.strip(), "at_least": self.at_least, "met": self.met}


class Claim:
    """What one claim measured: runs by peer, end states by peer, goals."""

    def __init__(self, number, title):
        self.number, self.title = number, title
        self.runs, self.states, self.goals, self.notes = {}, {}, [], []
        self.start = None

    def add_run(self, peer, value):
        self.runs.setdefault(peer, []).append(value)

    def median(self, peer):
        return middle(self.runs[peer])

    def goal(self, *arguments, **more):
        self.goals.append(Goal(*arguments, **more))

    def met(self):
        return all(goal.met for goal in self.goals)

    def show(self, shown, judged):
        """shown: how a run's figure is written."""
        print(f"\nclaim {self.number}: {self.title}")
        for note in self.notes:
            print(f"  ({note})")
        for peer, values in self.runs.items():
            runs = ", ".join(shown(value) for value in values)
            print(f"  {peer:<24} median {shown(middle(values)):>12}   of {runs}")
        if self.start is not None:
            self.show_states()
        for goal in self.goals:
            print(goal.line(judged))

    def show_states(self):
        print(STATE_HEAD)
        states = {"at start": self.start, **self.states}
        for who, pair in states.items():
            for where, state in zip(("application", "catalogs"), pair):
                print(state_line(who, where, state))

    def data(self):
        return {"claim": self.number, "title": self.title, "notes": self.notes,
                "runs": self.runs, "start": [state._asdict() for state in self.start or ()],
                "end_states": {who: [state._asdict() for state in pair]
                               for who, pair in self.states.items()},
                "goals": [goal.data() for goal in self.goals], "met": self.met()}


def first_line_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().split("\n")[0]


def facts(box, peer_version, program, **more):
    """The machine, the server and the peers of a run. The server has to be running."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(),
            "memory_gib": round(memory, 1), "kernel": platform.release(),
            "server": box.server_version(), "peer": first_line_of(*peer_version),
            "program": first_line_of(program, "--version"), **more}


def write_json(path, facts, claims):
    with open(path, "w") as file:
        json.dump({**facts, "claims": [claim.data() for claim in claims]}, file, indent=2)
        file.write("\n")

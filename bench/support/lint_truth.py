"""The measured truth, as it is committed: bench/migrations/truth.json, one line for each case and
the versions on which the same was measured."""

import json

from support.lint_cases import FOLDER, VERSIONS

FILE = FOLDER / "truth.json"


class Truth:
    """{case: {version: [a result for each statement]}}"""

    def __init__(self):
        self.cases = {}

    @classmethod
    def read(cls):
        self = cls()
        for entry in json.loads(FILE.read_text()):
            for version in entry["versions"]:
                self.put(entry["case"], version, entry["statements"])
        return self

    def put(self, case, version, statements):
        self.cases.setdefault(case, {})[version] = statements

    def of(self, case, version):
        """None: was not measured, or failed."""
        found = self.cases.get(case.name, {}).get(version)
        return None if not found or any("error" in one for one in found) else found

    def failures(self):
        for case, versions in self.cases.items():
            for version, statements in versions.items():
                for one in statements:
                    if "error" in one:
                        yield f"{case} on {version}: {one['error']} {one['why']}"

    def write(self):
        lines = []
        for case, versions in sorted(self.cases.items()):
            same = {}
            for version in VERSIONS:
                if version in versions:
                    same.setdefault(json.dumps(versions[version]), []).append(version)
            lines += [json.dumps({"case": case, "versions": found})[:-1] +
                      f', "statements": {statements}}}' for statements, found in same.items()]
        FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n")

"""Words for the stories about `pgrunbook watch`: one that runs, and what it has said so far."""

import json
import threading

from support.program import Result
from support.servers import wait_until


class Watch:
    """A watch in the background: .lines are the objects it has printed."""

    def __init__(self, runbook, *arguments, server=None, **more):
        self.lines = []
        self.running = runbook.start("watch", "--json", *arguments, server=server, **more)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.running.process.stdout:
            self.lines.append(json.loads(line))

    @property
    def pid(self):
        return self.running.process.pid

    def said(self, line, **wanted):
        """Those of its lines that are of this kind and have these values."""
        return [one for one in self.lines if one["line"] == line
                and all(one[name] == value for name, value in wanted.items())]

    def wait_for(self, line, after=0, count=1, timeout=30, **wanted):
        """The last of so many such lines, those before position `after` left out."""
        def found():
            known = self.lines[after:]
            some = [one for one in known if one["line"] == line
                    and all(one[name] == value for name, value in wanted.items())]
            return some[count - 1] if len(some) >= count else None
        try:
            return wait_until(found, timeout, f"{line} {wanted}")
        except AssertionError as error:
            raise AssertionError(f"{error}; said: {self.lines[-20:]}") from None

    def up(self, after=0, **wanted):
        return self.wait_for("state", after, state="up", **wanted)

    def alarm(self, name, opened=True, after=0, **wanted):
        return self.wait_for("alarm", after, name=name, open=opened, **wanted)

    def samples(self, count, after=None):
        """Waits for so many more samples."""
        return self.wait_for("sample", len(self.lines) if after is None else after, count)

    def stop(self):
        """Ctrl-C; its Result, without what it printed."""
        self.running.interrupt()
        self.running.process.wait(30)
        self._reader.join(30)
        error = self.running.process.stderr.read()
        return Result(self.running.arguments, self.running.process.returncode, "", error, 0)


def configure(runbook, server, *sections, user="ops", **settings):
    """Options for the target "shop": that server, as a role that may do what a watch does."""
    file = runbook.home / "watch.conf"
    target = {"conninfo": server.conninfo(user=user), "watch.calm": "1s", "watch.probe": "1s",
              **settings}
    lines = [f"{name} = {value}\n" for name, value in target.items()]
    file.write_text("".join(["[target shop]\n", *lines, *sections]), encoding="utf-8")
    return ["--target", "shop", "--config", file]


def make_role(server, name="ops", memberships="pg_monitor, pg_signal_backend"):
    server.sql(f"CREATE ROLE {name} LOGIN" + (f" IN ROLE {memberships}" if memberships else ""))
    return name

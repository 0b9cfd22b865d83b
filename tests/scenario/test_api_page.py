"""docs/api.md: what it tells to type does what it says."""

import os
import re
import subprocess

from support.program import REPOSITORY, binary
from support.serve import QUIET, Daemon
from support.servers import wait_until

versions = (17,)
PAGE = REPOSITORY / "docs" / "api.md"


def script(daemon):
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) > 6
    text = "\n".join(blocks)
    assert "127.0.0.1:8432" in text
    return text.replace("127.0.0.1:8432", f"127.0.0.1:{daemon.address}")


def test_the_page(server, runbook):
    server.sql("CREATE TABLE orders (id int PRIMARY KEY)")
    server.sql("INSERT INTO orders SELECT generate_series(1, 20000)")
    server.sql("DELETE FROM orders WHERE id % 2 = 0")
    server.settle_stats()
    daemon = Daemon(runbook, {"shop": server}, http_actions="on", **QUIET).start()
    wait_until(lambda: daemon.ask("/api/v1/overview")[1]["targets"][0]["status"] != "unknown",
               timeout=60, what="the first verdicts")
    typed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script(daemon)], capture_output=True, text=True,
        check=False, timeout=120, cwd=runbook.home,
        env={**os.environ, "PATH": f"{binary().parent}:{os.environ['PATH']}",
             "PGRUNBOOK_CONFIG": str(daemon.file)})
    assert typed.returncode == 0, typed.stdout + typed.stderr
    said = typed.stdout
    assert '"error": "' not in said, said
    for words in ("shop up ", "dead rows", "event: live", "event: sample", '"exit_code": 0',
                  '"actor": "token:deploy"', '"reason": "after the import"', '"outcome": "done"',
                  '"name": "deploy"', "it has ended already"):
        assert words in said, (words, said)
    daemon.stop()

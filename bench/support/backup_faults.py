#!/usr/bin/python3
"""`backup create` killed, torn, out of room and failing at every call by which it changes the
repository, one after the other: nothing half is ever visible, and the next backup is whole.

  bench/support/backup_faults.py            all calls, four kinds of fault
  bench/support/backup_faults.py --quick    every tenth

tests/scenario/test_backup_create_faults.py tells the same of a part of them. Ends with 1 at the first
thing that is not as it must be."""

import argparse
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY / "tools")]

from support import faults, physical  # noqa: E402
from support.program import Runbook  # noqa: E402
from support.servers import Server, start_cluster  # noqa: E402

ACTS = ("kill", "torn", "ENOSPC", "EIO")


def tiny():
    server = Server(start_cluster(15, {"min_wal_size": "2MB"},
                                  initdb=["--data-checksums", "--wal-segsize=1"]))
    server.sql("UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'")
    server.sql("DROP DATABASE template0")
    return server


def tell(runbook, server, home, act, step):
    """In a repository that is there, then in one that is to be made each time."""
    repo, command = home / act, ["backup", "create", "--quiet", "--repo"]
    fresh = faults.count(runbook, *command, repo, under=repo, server=server)
    calls = faults.count(runbook, *command, repo, under=repo, server=server)
    numbers = range(1, len(calls) + 1, step)
    physical.survive_faults(runbook, server, repo, numbers, act, thorough=4)
    making = next(i for i, call in enumerate(fresh, 1) if "/.new-" in call)
    for number in range(1, making + 1, step):
        physical.survive_faults(runbook, server, home / f"{act}-{number}", [number], act, 1)
    print(f"{act:<8} {len(numbers) + making} faults in {len(calls)} calls: nothing lost",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pgrunbook-faults-") as folder:
        home, server = Path(folder), tiny()
        runbook = Runbook(home)
        try:
            for act in ACTS:
                tell(runbook, server, home, act, 10 if options.quick else 1)
        except AssertionError as error:
            sys.exit(f"bench/backup: a fault was not survived\n{error}")
        finally:
            runbook.close()
            server.cluster.remove()


if __name__ == "__main__":
    main()

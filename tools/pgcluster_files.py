"""The files of a throw-away server: its programs, its data directory, copies of both."""

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SUPERUSER = "postgres"
DEBIAN_VERSION = 15
NPM_VERSIONS = (13, 14, 16, 17, 18)
# initdb takes a second, copying its result a tenth; clusters made from one template therefore
# share a system identifier.
TEMPLATES = REPOSITORY / "build" / "cluster-templates"
INITDB = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
# Contents the manual says to leave out of a base backup; the folders have to be there.
NOT_BACKED_UP = {"pg_wal", "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots",
                 "pg_stat_tmp", "pg_subtrans"}


class ClusterError(Exception):
    """Something a person has to read; no traceback needed."""


# ---- whose processes, whose files ----------------------------------------------------------


def unprivileged_account():
    """The account servers run under when we are root (PostgreSQL refuses to be root), or None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ClusterError("no account `postgres` or `nobody` to run a server as")


def as_server_user():
    account = unprivileged_account()
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def server_environment():
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _run(arguments, cwd="/"):
    done = subprocess.run([str(a) for a in arguments], cwd=cwd, env=server_environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **as_server_user())
    if done.returncode != 0:
        raise ClusterError(f"{Path(arguments[0]).name} failed:\n{done.stdout}")
    return done.stdout


def _copy(source, target):
    """Owner, modes and times included; shares the blocks where the file system can."""
    done = subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(target)],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise ClusterError(done.stderr.strip())


# ---- the servers' programs -----------------------------------------------------------------


def installed_programs(version):
    """The bin folder of PostgreSQL `version` (major number) as it is installed."""
    if version == DEBIAN_VERSION:
        programs = Path(f"/usr/lib/postgresql/{version}/bin")
        remedy = f"install Debian's postgresql-{version}"
    elif version in NPM_VERSIONS:
        programs = REPOSITORY / f"tests/servers/node_modules/postgres-{version}/native/bin"
        remedy = "run `npm ci --ignore-scripts` in tests/servers"
    else:
        known = ", ".join(str(v) for v in sorted((DEBIAN_VERSION, *NPM_VERSIONS)))
        raise ClusterError(f"PostgreSQL {version} is not one of {known}")
    if not (programs / "postgres").exists():
        raise ClusterError(f"PostgreSQL {version} is not installed\n"
                           f"hint: {remedy} (./dev test does it for you)")
    return programs


def _make_symlinks(native):
    """npm packages cannot hold symbolic links: the package lists them, its install script makes
    them. We do it here, so that npm never has to run a script."""
    listed = native / "pg-symlinks.json"
    for link in json.loads(listed.read_text()) if listed.exists() else ():
        path = native.parent / link["target"]
        target = os.path.relpath(native.parent / link["source"], path.parent)
        try:
            path.symlink_to(target)
        except FileExistsError:
            pass


def _readable_by_server_user(native):
    check = "test -x bin/postgres && test -r lib/postgresql/plpgsql.so && test -x share"
    return subprocess.run(["sh", "-c", f'cd "$0" && {check}', str(native)], cwd="/",
                          stderr=subprocess.DEVNULL, **as_server_user()).returncode == 0


def usable_programs(version, folder):
    """Like installed_programs(), but in a place the server's account may read: a clone under
    /root is closed to it, so the folder of the cluster gets a copy."""
    programs = installed_programs(version)
    if version == DEBIAN_VERSION:
        return programs
    native = programs.parent
    _make_symlinks(native)
    if _readable_by_server_user(native):
        return programs
    copy = folder / "server"
    if not copy.exists():
        _copy(native, copy)
        subprocess.run(["chmod", "-R", "a+rX", str(copy)], check=True)
    return copy / "bin"


# ---- a data directory ----------------------------------------------------------------------


@contextmanager
def _locked(path):
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_data(programs, data, more=()):
    """initdb, with more options if need be, or a copy of what an earlier one of exactly this server
    made."""
    exact = _run([programs / "postgres", "--version"])
    options = [*INITDB, *more]
    account = unprivileged_account()
    uid = account.pw_uid if account else os.geteuid()
    key = hashlib.sha256(repr((exact, options)).encode()).hexdigest()[:16]
    template = TEMPLATES / f"{uid}-{key}"
    try:
        TEMPLATES.mkdir(parents=True, exist_ok=True)
        lock = _locked(TEMPLATES / f"{uid}.lock")
        with lock:
            if not (template / "PG_VERSION").exists():
                _run([programs / "initdb", *options, "-D", data])
                unfinished = template.with_suffix(".new")
                shutil.rmtree(unfinished, ignore_errors=True)
                _copy(data, unfinished)
                unfinished.rename(template)
                return
    except OSError:  # a read-only clone does without the cache
        _run([programs / "initdb", *options, "-D", data])
        return
    _copy(template, data)


# ---- base backup ----------------------------------------------------------------------------


def copy_running(data, target):
    """Copies a data directory in use; files that vanish meanwhile belong to dropped tables."""
    for folder, folders, files in os.walk(data):
        place = target / os.path.relpath(folder, data)
        place.mkdir(mode=0o700, exist_ok=True)
        for name in files:
            if name not in ("postmaster.pid", "postmaster.opts", "pg_internal.init"):
                try:
                    shutil.copyfile(os.path.join(folder, name), place / name)
                except FileNotFoundError:
                    pass
        if folder == str(data):
            for name in NOT_BACKED_UP.intersection(folders):
                (target / name).mkdir(mode=0o700)
            folders[:] = [name for name in folders if name not in NOT_BACKED_UP]
    (target / "pg_wal" / "archive_status").mkdir(mode=0o700)


def give_to_server_user(folder):
    account = unprivileged_account()
    if account:
        subprocess.run(["chown", "-R", f"{account.pw_uid}:{account.pw_gid}", str(folder)],
                       check=True)

"""A copy of this machine, with a systemd of its own, to install things on: what is changed in it is
in memory and goes with it; the machine itself stays as it is.

    with Sandbox() as sandbox:
        sandbox.run("dpkg", "-i", sandbox.bring("/…/thing.deb"))
        sandbox.run("systemctl", "start", "thing")
        sandbox.changed("thing")

An overlay over / in namespaces of its own for mounts, processes, cgroups, the host's name; only the
network is the machine's. systemd boots into a target that wants nothing. Whatever a service draws
in that would set up hardware, kernel, network or other services is masked. All of it is killed by
the kernel when this process ends, whatever way that was.
"""

import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

# $1: the folder; $2: what is masked. Only devices that harm nobody.
BUILD = """set -e
mount -t tmpfs -o mode=755 sandbox "$1"
cd "$1"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" overlay root
cd root
mount -t proc proc proc
for place in dev run sys; do mount -t tmpfs -o mode=755 "$place" "$place"; done
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p run/lock dev/pts dev/shm dev/mqueue sys/fs/cgroup etc/systemd/system
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs shm dev/shm
mount -t cgroup2 cgroup2 sys/fs/cgroup
printf '[Unit]\\nDefaultDependencies=no\\n' > etc/systemd/system/bare.target
for unit in $2; do ln -sfn /dev/null "etc/systemd/system/$unit"; done
rm -f etc/fstab usr/sbin/policy-rc.d
exec chroot . env -i container=sandbox PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
    /lib/systemd/systemd --system --unit=bare.target --show-status=no
"""
# Of these the basic system of a Debian consists; what is left is the journal.
MASKED = {
    "service": """apparmor console-setup dbus ifupdown-pre keyboard-setup kmod-static-nodes networking
        systemd-binfmt systemd-firstboot systemd-hwdb-update systemd-journal-flush systemd-logind
        systemd-machine-id-commit systemd-modules-load systemd-pstore systemd-random-seed
        systemd-remount-fs systemd-sysctl systemd-sysusers systemd-timesyncd
        systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-udev-trigger systemd-udevd
        systemd-update-utmp""",
    "target": "local-fs network-online swap timers",
    "mount": """dev-hugepages dev-mqueue sys-fs-fuse-connections sys-kernel-config sys-kernel-debug
        sys-kernel-tracing""",
    "automount": "proc-sys-fs-binfmt_misc",
    "path": "systemd-ask-password-console systemd-ask-password-wall",
    "socket": "systemd-udevd-control systemd-udevd-kernel dbus",
}
JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}


class NoSandbox(Exception):
    """The machine does not allow it."""


def _cgroup():
    """A cgroup of our own, for the namespace to begin at."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            try:
                return Path(tempfile.mkdtemp(prefix="sandbox-", dir=place))
            except OSError as error:
                raise NoSandbox(str(error)) from None
    raise NoSandbox("no cgroup2 is mounted")


class Sandbox:
    def __init__(self):
        self._cgroup = _cgroup()
        self.folder = Path(tempfile.mkdtemp(prefix="sandbox-"))
        self._log = open(self.folder.with_suffix(".log"), "w+")
        masked = [f"{name}.{kind}" for kind, names in MASKED.items() for name in names.split()]
        self._process = subprocess.Popen(
            ["sh", "-c", JOIN, str(self._cgroup), "setpriv", "--pdeathsig=KILL",
             "unshare", "--mount", "--propagation", "private", "--pid", "--fork",
             "--kill-child=KILL", "--uts", "--ipc", "--cgroup",
             "bash", "-c", BUILD, "sandbox", str(self.folder), " ".join(masked)],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        try:
            self._init = self._booted()
        except NoSandbox:
            self.__exit__()
            raise

    def _booted(self, seconds=30):
        """The number that its first process has out here."""
        deadline = time.monotonic() + seconds
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while time.monotonic() < deadline and self._process.poll() is None:
            found = children.read_text().split()
            # Before its time systemctl takes no notice of what it is asked, and succeeds.
            if found and subprocess.run(
                    self._enter(found[0], "systemctl", "is-active", "bare.target"), text=True,
                    env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL).stdout == "active\n":
                return found[0]
            time.sleep(0.1)
        raise NoSandbox(Path(self._log.name).read_text().strip() or "systemd does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + 10
        while "populated 1" in (self._cgroup / "cgroup.events").read_text() and \
                time.monotonic() < deadline:
            time.sleep(0.05)
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            os.rmdir(folder)
        self._log.close()
        os.unlink(self._log.name)
        shutil.rmtree(self.folder)

    def _enter(self, pid, *arguments):
        return ["nsenter", f"--target={pid}", "--mount", "--pid", "--uts", "--ipc", "--cgroup",
                "chroot", str(self.folder / "root"), *map(str, arguments)]

    def run(self, *arguments, code=0):
        """Its output, both streams."""
        done = subprocess.run(self._enter(self._init, *arguments), text=True, cwd="/",
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == code, \
            f"$ {' '.join(map(str, arguments))}\n{done.stdout}exit code {done.returncode}"
        return done.stdout

    def _inside(self, path):
        """The same file as seen from outside."""
        return Path(f"/proc/{self._init}/root") / str(path).lstrip("/")

    def bring(self, path):
        """Copies a file in; its path in there."""
        shutil.copy(path, self._inside("/tmp"))
        return f"/tmp/{Path(path).name}"

    def write(self, path, text):
        """Owner and mode of what is there stay as they are."""
        self._inside(path).write_text(text)

    def read(self, path):
        return self._inside(path).read_text()

    def exists(self, path):
        path = self._inside(path)
        return path.exists() or path.is_symlink()

    def changed(self, word):
        """Paths with this word in them that are in there and not, or not so, on the machine. What
        man keeps of pages that were read is no affair of the package's."""
        # unshare stands in the same mounts, outside of the chroot.
        upper = Path(f"/proc/{self._process.pid}/root{self.folder}/upper")
        return sorted("/" + str(path.relative_to(upper)) for path in upper.rglob("*")
                      if word in path.name and not stat.S_ISCHR(path.lstat().st_mode)
                      and "var/cache/man" not in str(path))

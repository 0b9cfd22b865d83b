"""A copy of this machine to install things on: what is changed in it is in memory and goes with
it, the machine itself stays as it is.

    with Sandbox() as sandbox:
        sandbox.run("dpkg", "-i", sandbox.bring("/…/thing.deb"))
        sandbox.changed("thing")

An overlay over / in a mount namespace of its own. Processes, users' numbers and the network are
the machine's. It is gone when this process is, whatever way that ended.
"""

import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

BUILD = """set -e
mount -t tmpfs -o mode=755 sandbox "$1"
cd "$1"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" overlay root
mount --rbind /proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs -o mode=755 run root/run
mkdir root/run/lock
mount -t tmpfs -o mode=1777 tmp root/tmp
echo built
read -r _ || true
"""


class NoSandbox(Exception):
    """The machine does not allow it."""


class Sandbox:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="sandbox-"))
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "bash", "-c", BUILD, "sandbox",
             str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != "built\n":
            said = self._process.communicate()[1]
            shutil.rmtree(self.folder)
            raise NoSandbox(said.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._process.communicate()
        shutil.rmtree(self.folder)

    def command(self, *arguments):
        """How to run something in there."""
        return ["nsenter", f"--mount=/proc/{self._process.pid}/ns/mnt", "--",
                "chroot", str(self.folder / "root"), *map(str, arguments)]

    def run(self, *arguments, code=0, stdin=""):
        """Its output, both streams."""
        done = subprocess.run(self.command(*arguments), text=True, input=stdin, cwd="/",
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == code, \
            f"$ {' '.join(map(str, arguments))}\n{done.stdout}exit code {done.returncode}"
        return done.stdout

    def _inside(self, path):
        """The same file as seen from outside, through a process that is in there."""
        return Path(f"/proc/{self._process.pid}/root{self.folder}/root") / str(path).lstrip("/")

    def bring(self, path):
        """Copies a file in; its path in there."""
        shutil.copy(path, self._inside("/tmp"))
        return f"/tmp/{Path(path).name}"

    def write(self, path, text):
        """Owner and mode stay as they are."""
        self._inside(path).write_text(text)

    def read(self, path):
        return self._inside(path).read_text()

    def exists(self, path):
        path = self._inside(path)
        return path.exists() or path.is_symlink()

    def changed(self, word):
        """Paths with this word in them that are in there and not, or not so, on the machine. What
        man keeps of pages that were read is no affair of the package's."""
        upper = Path(f"/proc/{self._process.pid}/root{self.folder}/upper")
        return sorted("/" + str(path.relative_to(upper)) for path in upper.rglob("*")
                      if word in path.name and not stat.S_ISCHR(path.lstat().st_mode)
                      and "var/cache/man" not in str(path))

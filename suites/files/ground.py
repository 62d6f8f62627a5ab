"""The common ground of the tests of the jail and of uploads: a directory that is served beside one
that is not, the kernel's view of it, single exchanges with a server, processes that end before
their time.

suites/lib/run.py runs them. TFTP_SEED=N replays what chance did. How long the long ones are:
TFTP_SWAPS, requests while directories are swapped, and no fewer swaps (6000); TFTP_KILLS, servers
killed (40); TFTP_ROUNDS, rounds of several clients on one name (60). TFTP_TEST_SECONDS is when a
class of tests has failed to end (300).
"""
import ctypes
import os
import random
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time

from client import ACK, OACK, Client
from client import RRQ as READ  # noqa: F401 (tests import it from here)
from client import WRQ as WRITE

HERE = os.path.dirname(os.path.abspath(__file__))
IS_ROOT = os.geteuid() == 0
NOBODY = 65534
INSIDE, SECRET = b"inside", b"outside"
LEFTOVER = re.compile(r"\.tftpserver-[0-9a-f]{16}\.part")
SECONDS = 20  # an answer is there at once; who waits that long would wait for ever

libc = ctypes.CDLL(None, use_errno=True)


def seed():
    """Returns the random seed: given, or new and printed if the test fails."""
    value = int(os.environ.get("TFTP_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"TFTP_SEED={value}", flush=True)
    return value


def times(name, default):
    """Returns the number of rounds of a long test."""
    return int(os.environ.get("TFTP_" + name) or default)


def places():
    """Directories on file systems of which one answers look-ups from its cache and one may not."""
    shared = "/dev/shm"
    return [None, shared] if os.access(shared, os.W_OK) else [None]


class Ground:
    """`base/root` is served. `base/outside`, `base/rooted` (which begins like it) and `base/secret`
    are not."""

    def __init__(self, place=None):
        self.base = tempfile.mkdtemp(dir=place)
        os.chmod(self.base, 0o755)
        self.root, self.outside = (os.path.join(self.base, name) for name in ("root", "outside"))
        for path in ("root/dir/sub", "outside/sub", "rooted"):
            os.makedirs(os.path.join(self.base, path))
        for path in ("root/file", "root/dir/file", "root/dir/sub/file"):
            self.put(path, INSIDE)
        for path in ("secret", "rooted/secret", "outside/secret", "outside/sub/secret", "outside/file"):
            self.put(path, SECRET)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.base, ignore_errors=True)

    def put(self, path, data):
        with open(os.path.join(self.base, path), "wb") as file:
            file.write(data)

    def link(self, target, name):
        os.symlink(target, os.path.join(self.root, name))

    def strangers(self):
        """Returns everything outside the served directory: its kind, its identity, and the times of
        its last access, write and change."""
        found = {}
        for path, directories, files in os.walk(self.base):
            if path == self.base:
                directories.remove("root")
            for name in [*directories, *files]:
                at = os.path.join(path, name)
                is_file = os.path.isfile(at) and not os.path.islink(at)
                now = os.lstat(at)
                found[at] = (now.st_mode, now.st_uid, now.st_ino, now.st_nlink, now.st_size, now.st_mtime_ns,
                             now.st_ctime_ns, now.st_atime_ns if is_file else None)
        return found


class Watch:
    """Watches by inotify what is opened, read, made, changed or removed in a ground's directories
    outside its root."""

    ALL = 0xFFF

    def __init__(self, ground, but=("root",)):
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.fd >= 0
        self.directories = {}
        for path, below, _ in os.walk(ground.base):
            if path == ground.base:
                below[:] = set(below) - set(but)
            number = libc.inotify_add_watch(self.fd, os.fsencode(path), self.ALL)
            assert number >= 0, path
            self.directories[number] = path
        self.events()

    def events(self, but=("root",)):
        """Returns (directory, name, kind of event), without some names of no interest."""
        found = []
        while select.select([self.fd], [], [], 0)[0]:
            data = os.read(self.fd, 1 << 16)
            while data:
                number, kind, _, length = struct.unpack("iIII", data[:16])
                name = data[16:16 + length].rstrip(b"\0").decode()
                data = data[16 + length:]
                if name not in but:
                    found.append((self.directories[number], name, hex(kind)))
        return found

    def close(self):
        os.close(self.fd)


class Asker:
    """Sends requests to a server and returns the first answer, whole. A transfer that begins is
    given up."""

    def __init__(self, address):
        self.address = address

    def ask(self, opcode, name, mode="octet"):
        with Client(self.address, seconds=SECONDS) as client:
            client.ask(name, opcode, mode)
            packet = client.packet()
            if packet[:2] != b"\0\5":
                client.error()
            return packet

    def code(self, opcode, name):
        """Returns the number of the ERROR, or None if there was none."""
        packet = self.ask(opcode, name)
        return struct.unpack("!H", packet[2:4])[0] if packet[:2] == b"\0\5" else None


class Upload:
    """A client that is driven block by block."""

    def __init__(self, address, name, data, mode, blksize):
        self.wire, self.blksize, self.block = data, blksize, 0
        self.file = data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r") if mode == "netascii" else data
        self.client = Client(address, seconds=SECONDS)
        self.client.ask(name, WRITE, mode, blksize=blksize)
        assert self.client.receive()[0] == OACK

    def step(self):
        """Sends a block and waits for its ACK. Returns true after the last one."""
        part = self.wire[self.block * self.blksize:(self.block + 1) * self.blksize]
        self.block += 1
        for _ in range(1 + (self.block % 7 == 0)):  # now and then once more, as over a network
            self.client.data(self.block, part)
        while True:
            opcode, number, _ = self.client.receive()
            # A client that waits gets the last packet again, first of all the OACK.
            assert opcode in (ACK, OACK), opcode
            if (opcode, number) == (ACK, self.block):
                return len(part) < self.blksize

    def abort(self):
        self.client.error("never mind")

    def close(self):
        self.client.close()


def is_presentable(packet):
    """Checks that a packet is an ERROR whose text is printable ASCII, ends with its NUL and
    contains no path."""
    text = packet[4:-1]
    return (packet[:2] == b"\0\5" and packet[-1:] == b"\0" and 0 < len(text) < 80
            and all(0x20 <= byte < 0x7F for byte in text) and b" /" not in b" " + text)


def is_file(path):
    """Returns whether it is a regular file that still exists."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def leftovers(directory):
    """Returns the paths of unfinished uploads below a directory."""
    return sorted(at for path, _, names in os.walk(directory) for name in names
                  if LEFTOVER.fullmatch(name) and is_file(at := os.path.join(path, name)))


def until(held, what, seconds=SECONDS):
    """Waits for something that happens on other threads."""
    end = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def drop_root():
    """Switches this process and its future threads to an unprivileged user."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


# A program of this name runs serving.py, under an emulator too; it need not be `sys.executable`,
# which is its interpreter.
PYTHON = os.environ.get("TFTPSERVER_TEST_PYTHON", sys.executable)


class Process:
    """A server in a separate process (serving.py), which can be killed or watched from outside."""

    def __init__(self, root, *settings, before=()):
        command = [*before, PYTHON, os.path.join(HERE, "serving.py"), root, *settings]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        assert line.strip().isdigit(), line
        self.address = ("127.0.0.1", int(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.wait()

    def stop(self):
        """Ends its standard input, upon which it closes its server and exits."""
        self.process.stdin.close()
        self.wait()

    def wait(self):
        code = self.process.wait(SECONDS)
        self.process.stdout.close()
        return code


def skip_without_strace(test):
    """Skips a test where no process can be traced."""
    if shutil.which("strace") is None:
        test.skipTest("what takes strace, which is not installed")
    if os.environ.get("TFTPSERVER_EMULATED"):
        test.skipTest("what takes strace, which would trace the emulator")
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, "trace")
        if subprocess.run(["strace", "-f", "-o", trace, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            test.skipTest("what takes strace, which may trace nothing here")

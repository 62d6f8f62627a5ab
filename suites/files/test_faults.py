"""The n-th call of each system call that a read and a write make fails: no wrong byte, no half
file, no leftover, no hang, no descriptor that stays open.

strace makes it fail, in a server that runs on from one fault to the next. TFTP_FAULTS is the
highest n (4), of each thread's calls; TFTP_FAULT_SECONDS ends the test early (40), so that a slow
machine sees fewer faults.
"""
import os
import random
import re
import select
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from client import ACK, DATA, Answer, Client, request
from ground import READ, WRITE, Process, leftovers, seed, skip_without_strace, times, until
from lib import PORTABLE, in_child, pattern
from net import own_mounts
from test_disks import MAY_MOUNT

HIGHEST = times("FAULTS", 4)
BUDGET = times("FAULT_SECONDS", 40)
PATIENCE = 40  # of 0.25 s each: who waits longer hangs

# Errors that each call can really give.
FAULTS = {
    "epoll_pwait2": ("EINTR", "ENOSYS"), "epoll_wait": ("EINTR", "ENOMEM"), "epoll_pwait": ("EINTR", "ENOMEM"),
    "epoll_ctl": ("ENOMEM", "ENOSPC"), "poll": ("EINTR", "ENOMEM"), "ppoll": ("EINTR", "ENOMEM"),
    "recvmmsg": ("EINTR", "ENOMEM"), "recvmsg": ("EINTR", "ENOMEM"), "recvfrom": ("EINTR", "ENOMEM"),
    "sendmmsg": ("ENOBUFS", "EPERM"), "sendmsg": ("ENOBUFS", "EPERM"), "sendto": ("ENOBUFS", "EPERM"),
    "socket": ("EMFILE", "ENOBUFS"), "bind": ("EADDRINUSE", "ENOMEM"), "connect": ("EAGAIN", "ENETUNREACH"),
    "setsockopt": ("ENOMEM", "ENOPROTOOPT"), "getsockopt": ("ENOBUFS", "ENOPROTOOPT"), "getsockname": ("ENOBUFS", "ENOMEM"),
    "open": ("EMFILE", "EIO"), "openat": ("ENFILE", "EIO"), "openat2": ("EMFILE", "EIO"), "fcntl": ("EMFILE", "ENOMEM"),
    "statx": ("EIO", "ENOMEM"), "fstat": ("EIO", "ENOMEM"), "newfstatat": ("EIO", "ENOMEM"), "lstat": ("EIO", "ENOMEM"),
    "fstatfs": ("EIO", "ENOSYS"), "statfs": ("EIO", "ENOSYS"), "readlink": ("EIO", "ENOMEM"), "readlinkat": ("EIO", "ENOMEM"),
    "faccessat": ("EIO", "EACCES"), "faccessat2": ("EIO", "ENOSYS"), "access": ("EIO", "EACCES"),
    "preadv2": ("EIO", "EOPNOTSUPP"), "pread64": ("EIO", "EINTR"), "read": ("EAGAIN", "EINTR"),
    "write": ("ENOSPC", "EIO"), "writev": ("ENOSPC", "EIO"), "pwrite64": ("ENOSPC", "EIO"), "ftruncate": ("EIO", "EINTR"), "fallocate": ("ENOSPC", "EOPNOTSUPP"),
    "flock": ("ENOLCK", "EINTR"), "fsync": ("EIO", "ENOSPC"), "fchmod": ("EPERM", "EIO"), "fchown": ("EPERM", "EIO"),
    "fgetxattr": ("EIO", "EOPNOTSUPP"), "fsetxattr": ("ENOSPC", "EOPNOTSUPP"), "fremovexattr": ("EIO", "EPERM"),
    "rename": ("EIO", "ENOSPC"), "renameat": ("EIO", "ENOSPC"), "renameat2": ("EIO", "ENOSYS"), "linkat": ("EIO", "EPERM"),
    "unlinkat": ("EIO", "EBUSY"), "unlink": ("EIO", "EBUSY"),
    "getrandom": ("EINTR", "ENOSYS"), "prlimit64": ("EPERM", "ENOSYS"),
    "clone3": ("EAGAIN", "ENOMEM"), "clone": ("EAGAIN", "ENOMEM"), "mmap": ("ENOMEM", "EAGAIN"), "mprotect": ("ENOMEM", "EACCES"),
}
# A failure that strace makes replaces the call. These cannot fail, or do what they do also where
# they fail (close), or would lose a wake-up that the kernel never loses (futex).
NEVER = {"close", "futex", "exit", "exit_group", "restart_syscall", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
         "set_robust_list", "rseq", "prctl", "geteuid", "getuid", "getpid", "gettid", "tgkill", "sched_yield",
         "sched_getaffinity", "madvise", "munmap", "brk", "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday",
         "timerfd_settime"}
# Injected failures that make the server use calls which only a cold file or an older kernel would
# bring.
GIVEN = {"pread64": ["preadv2:error=EAGAIN"], "epoll_wait": ["epoll_pwait2:error=ENOSYS"]}

FILE = pattern(150_000)
OLD, NEW = b"o" * 100_000, b"n" * 140_000


class Patient(Client):
    """A client that retransmits until it is answered."""

    def __init__(self, address, opcode, name, **options):
        super().__init__(address, source="127.0.0.1")
        self.last = request(name, opcode, **options)

    def __enter__(self):
        self.say()
        return self

    def say(self, packet=None):
        self.last = packet or self.last
        self.send(self.last)

    def awaited(self, wanted):
        """Returns the first answer that `wanted` accepts; other packets are repetitions."""
        for _ in range(PATIENCE):
            end = time.monotonic() + 0.25
            while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                former = self.peer
                packet = self.packet()
                if former not in (None, self.peer):
                    self.peer = former
                    continue
                if packet[:2] == b"\0\5":
                    raise Answer(packet[3], packet[4:-1].decode())
                if wanted(packet):
                    return packet
            self.say()
        raise AssertionError(f"no answer to {self.last[:40]}")

    def block(self, number):
        return self.awaited(lambda packet: packet[:4] == struct.pack("!HH", DATA, number))[4:]

    def arrived(self, number):
        self.awaited(lambda packet: packet[:4] == struct.pack("!HH", ACK, number))


def read(address, name, blksize=8192):
    with Patient(address, READ, name, blksize=blksize) as client:
        client.awaited(lambda packet: packet[:2] == b"\0\6")
        got, number = b"", 1
        client.say(struct.pack("!HH", ACK, 0))
        while True:
            part = client.block(number)
            got += part
            client.say(struct.pack("!HH", ACK, number))
            if len(part) < blksize:
                return got
            number += 1


def write(address, name, data, blksize=8192, blocks=None):
    """Uploads a file; with `blocks` it gives up after that many."""
    with Patient(address, WRITE, name, blksize=blksize, tsize=len(data)) as client:
        client.awaited(lambda packet: packet[:2] == b"\0\6")
        for number in range(1, len(data) // blksize + 2):
            client.say(struct.pack("!HH", DATA, number) + data[(number - 1) * blksize:number * blksize])
            client.arrived(number)
            if number == blocks:
                return client.error("never mind")


def refused(call, *arguments, **keywords):
    """Returns whether the server ended the transfer with an ERROR."""
    try:
        call(*arguments, **keywords)
    except Answer:
        return True
    return False


class Faults(unittest.TestCase):
    def setUp(self):
        skip_without_strace(self)

    def test_each_call_fails_once(self):
        in_child(self.run_all)

    def run_all(self):
        with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as elsewhere:
            self.root, self.trace = root, os.path.join(elsewhere, "trace")
            self.put("file", FILE)
            self.put("old", OLD)
            self.mounted = MAY_MOUNT
            if MAY_MOUNT:
                own_mounts()
                self.put("mounted", OLD)
                with open(os.path.join(elsewhere, "real"), "wb") as file:
                    file.write(OLD)
                subprocess.run(["mount", "--bind", os.path.join(elsewhere, "real"), self.at("mounted")], check=True)
            try:
                with Process(root, "SyncUploads=True") as self.server:
                    self.each_fault(self.calls())
                    self.at_rest("all", 4)
            finally:
                if MAY_MOUNT:
                    subprocess.run(["umount", self.at("mounted")], check=True)

    def put(self, name, data):
        with open(self.at(name), "wb") as file:
            file.write(data)

    def at(self, name):
        return os.path.join(self.root, name)

    def contents(self, name):
        with open(self.at(name), "rb") as file:
            return file.read()

    def strace(self, *words):
        """Starts strace, which is attached to every thread of the server when this returns."""
        command = ["strace", "-f", "-o", self.trace, *words, "-p", str(self.server.process.pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while "attached" not in (line := tracer.stderr.readline()):
            assert line, "strace could not attach"
        return tracer

    def end(self, tracer):
        tracer.send_signal(signal.SIGTERM)
        tracer.communicate(timeout=30)
        with open(self.trace, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def settled(self):
        """Returns the open descriptors once none is about to be closed."""
        before, now = None, self.descriptors()
        while before != now:
            time.sleep(0.1)
            before, now = now, self.descriptors()
        return now

    def calls(self):
        """Returns the system calls of undisturbed transfers, warm and cold, and checks that all are
        expected ones."""
        self.exchange()
        self.sockets, self.others = self.settled()
        found = set()
        for given in ((), ("-e", "inject=preadv2:error=EAGAIN")):
            tracer = self.strace(*given)
            self.exchange()
            found |= set(re.findall(r"^\d+ +(\w+)\(", self.end(tracer), re.M))
        self.assertFalse(found - NEVER - set(FAULTS), "calls without faults")
        fast = set() if PORTABLE else {"recvmmsg", "preadv2"}
        self.assertTrue(fast | {"pread64", "write", "fsync"} <= found, found)
        return sorted(found - NEVER | {"epoll_wait"})

    def each_fault(self, calls):
        start = seed()
        chance, end = random.Random(start), time.monotonic() + BUDGET
        rounds = [(call, number, error) for number in range(1, HIGHEST + 1) for error in (0, 1) for call in calls]
        # The first calls of all come first; what the time allows beyond them is left to chance.
        head = [(call, number, number % 2) for number in (1, 2) for call in calls]
        rest = [fault for fault in rounds if fault not in head]
        chance.shuffle(rest)
        done = failed = 0
        wrong = []
        for call, number, error in head + rest:
            # The child's failures are one: each is shown, and after a few the server is not worth
            # asking.
            if time.monotonic() > end or len(wrong) == 10:
                break
            try:
                failed += self.fails(call, number, FAULTS[call][error])
            except (AssertionError, OSError) as failure:
                wrong.append(f"{call} {number} {FAULTS[call][error]}: {type(failure).__name__} {failure}")
            done += 1
        print(f"figure: {done} of {len(rounds)} faults in {len(calls)} system calls, {failed} of which were met (TFTP_SEED={start})")
        print("calls: " + " ".join(calls))
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertGreater(failed, 0)

    def fails(self, call, number, error):
        """Returns true if the injected fault was reached."""
        what = f"{call} {number} {error}"
        words = [word for given in GIVEN.get(call, []) for word in ("-e", "inject=" + given)]
        tracer = self.strace(*words, "-e", f"inject={call}:error={error}:when={number}", "-e", f"trace={call}")
        try:
            self.exchange(what)
        finally:
            text = self.end(tracer)
        self.at_rest(what)
        self.exchange("after " + what, undisturbed=True)
        return "(INJECTED)" in text

    def exchange(self, what="", undisturbed=False):
        """Reads and writes, each of which may end in an ERROR if anything is made to fail, but in
        nothing else."""
        address = self.server.address
        try:
            self.assertEqual(read(address, "file"), FILE, what)
        except Answer as refusal:
            self.assertFalse(undisturbed, f"{what}: {refusal}")
        for name in ("new", "old", "mounted")[:3 if self.mounted else 2]:
            before = self.contents(name) if name != "new" else None
            data = OLD if before == NEW else NEW
            is_refused = refused(write, address, name, data)
            self.assertFalse(is_refused and undisturbed, what)
            after = self.contents(name) if os.path.exists(self.at(name)) else None
            # After a failure behind the rename (the directory's fsync) the file is whole, though
            # not acknowledged.
            allowed = [before, data] if is_refused else [data]
            self.assertTrue(after in allowed, f"{what}: {name} is {after and (len(after), after[:1])}, refused: {is_refused}")
            if name == "new" and after is not None:
                os.remove(self.at(name))
        is_refused = refused(write, address, "aborted", NEW, blocks=3)
        self.assertFalse(is_refused and undisturbed, what)
        until(lambda: not leftovers(self.root), f"{what}: leftovers {os.listdir(self.root)}")
        self.assertFalse(os.path.exists(self.at("aborted")), what)

    def descriptors(self):
        """Returns the number of the server's sockets, and of its other descriptors."""
        sockets, others = 0, []
        for fd in os.listdir(f"/proc/{self.server.process.pid}/fd"):
            try:
                name = os.readlink(f"/proc/{self.server.process.pid}/fd/{fd}")
            except FileNotFoundError:
                continue
            if name.startswith("socket:"):
                sockets += 1
            else:
                others.append(name)
        return sockets, sorted(others)

    def at_rest(self, what, more_sockets=None):
        """Checks that every file is closed. Sockets stay a while, and some are kept for later
        transfers."""
        until(lambda: self.descriptors()[1] == self.others, f"{what}: {self.descriptors()[1]} were {self.others}")
        if more_sockets is not None:
            until(lambda: self.descriptors()[0] <= self.sockets + more_sockets, f"{self.descriptors()[0]} sockets", 60)

"""Server, load and flood as processes of their own, in a network that the test makes, and what a
process holds.

ABUSE_BIN      where the programs of benches/ are
ABUSE_LONG=1   the long form: full numbers, and speeds are judged; otherwise they are only told
"""
import ctypes
import functools
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import net  # noqa: E402

BIN = os.environ.get("ABUSE_BIN", "")
LONG = os.environ.get("ABUSE_LONG") == "1"
SEED = int(os.environ.get("ABUSE_SEED", "0")) or int.from_bytes(os.urandom(3), "big")

# Descriptors of a server under test, so that thousands of uploads fit beside each other: as many as
# this test may have.
_, MOST_DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)
DESCRIPTORS = 65536 if MOST_DESCRIPTORS == resource.RLIM_INFINITY else min(65536, MOST_DESCRIPTORS)
SETUP_SECONDS, END_SECONDS = 20, 240

PERIOD = 131_071

# The hosts of the load, and unused addresses.
HOSTS, NOBODY = "10.80.0.0", "10.88.0.0"


def told(text):
    """Prints a figure to the log."""
    print("figure: " + text, file=sys.stderr, flush=True)


def dies_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def go_first():
    """Raises the priority of server, load and flood above everything else on this machine, where
    speeds are judged."""
    if LONG and net.IS_ROOT:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        if os.path.exists("/proc/self/autogroup"):
            os.setsid()
            with open("/proc/self/autogroup", "w") as group:
                group.write("-20")


class Process:
    """A program of benches/ with pipes, which is ended however the test ends."""

    def __init__(self, program, *words, before=None, **options):
        def prepare():
            dies_with_us()
            go_first()
            if before:
                before()

        command = [os.path.join(BIN, program), *(str(word) for word in words)]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, preexec_fn=prepare, bufsize=0)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def line(self, seconds=SETUP_SECONDS):
        """Returns the next line of its output."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        text = self.process.stdout.readline().decode() if ready else ""
        if not text:
            self.stop()
            raise AssertionError(f"no word: {self.process.stderr.read().decode()[-1000:]}")
        return text.strip()

    def say(self, text=""):
        self.process.stdin.write(text.encode() + b"\n")

    def result(self, seconds=END_SECONDS):
        """Waits for its end and returns the JSON object that it prints last."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError("no end") from None
        lines = out.decode().splitlines()
        if self.process.returncode != 0 or not lines:
            raise AssertionError(f"ended with {self.process.returncode}: {err.decode()[-1000:]}")
        return json.loads(lines[-1]) | {"said": err.decode()[-2000:]}

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Measured(Process):
    """A program whose memory is measured."""

    def status(self, name):
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.M)[1])

    @property
    def resident(self):
        """The resident memory in KiB."""
        return self.status("VmRSS")

    @property
    def anonymous(self):
        """The part of the resident memory that is no file, such as the program itself, in KiB."""
        return self.status("RssAnon")

    @property
    def peak(self):
        """The peak of the resident memory so far, in KiB."""
        return self.status("VmHWM")


class Feeder(Measured):
    """The Rust library with sources behind its names: benches/src/bin/feed.rs."""

    def __init__(self, root):
        super().__init__("feed", dir=root)
        self.port = int(self.line().rsplit(":", 1)[1])


class Server(Measured):
    """A program on the library without callbacks. Keywords are settings."""

    def __init__(self, root, host="127.0.0.1", descriptors=DESCRIPTORS, properties=(), **settings):
        words = ["--dir", root, "--host", host]
        for number, value in dict(properties).items():
            words += ["--property", f"{number}={value}"]
        for name, value in settings.items():
            words += ["--config", f"{name}={value}"]

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, MOST_DESCRIPTORS))

        super().__init__("serve", *words, before=limit)
        self.root = root
        self.port = int(self.line().rsplit(":", 1)[1])

    def set(self, number, value):
        """Sets a property, for transfers that begin from now on."""
        self.say(f"{number}={value}")
        self.line()

    def statistics(self):
        self.say("Statistics")
        return json.loads(self.line())

    @property
    def threads(self):
        return self.status("Threads")

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def lowest_free(self):
        """Returns the number of the next descriptor, once no descriptor is opened or closed any
        more."""
        def numbers():
            return {int(name) for name in os.listdir(f"/proc/{self.pid}/fd")}
        before = None
        while before != (now := numbers()):
            before = now
            time.sleep(0.1)
        return next(number for number in range(len(now) + 1) if number not in now)

    def held(self):
        return {"resident_kib": self.resident, "anonymous_kib": self.anonymous, "descriptors": self.descriptors, "threads": self.threads}

    def transfer_ports(self):
        """Returns the ports of its sockets other than the listening one."""
        own = set()
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                own.update(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{self.pid}/fd/{fd}")))
            except FileNotFoundError:
                pass
        with open(f"/proc/{self.pid}/net/udp") as file:
            rows = [line.split() for line in list(file)[1:]]
        ports = {int(row[1].split(":")[1], 16) for row in rows if row[9] in own}
        return sorted(ports - {self.port})

    def wait_until(self, is_so, what, seconds=60):
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(f"{what}: {self.held()}, {self.statistics()}")
            time.sleep(0.05)

    def is_unhurt(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.process.stderr.read().decode()[-1000:]}")


def load(server, /, **options):
    """Starts the load with many retries, so that no transfer fails because the machine is slow."""
    return Process("load", port=server.port, seed=SEED, **{"tries": 100, "seconds": END_SECONDS} | options)


def whole(result, count):
    """Checks that all transfers succeeded with the right content."""
    if (result["done"], result["failed"]) != (count, 0):
        raise AssertionError(f"{result}")


@functools.cache
def pattern(size):
    """The bytes that the load sends and expects (benches/src/content.rs)."""
    if size < PERIOD:
        return pattern(PERIOD)[:size]
    mask = (1 << 64) - 1
    state = 0x9E3779B97F4A7C15
    block = bytearray()
    for _ in range(PERIOD):
        state ^= state << 13 & mask
        state ^= state >> 7
        state ^= state << 17 & mask
        block.append(state & 0xFF)
    return (bytes(block) * (size // PERIOD + 1))[:size]


class Wire:
    """Two networks on one cable: the server's, which becomes this process's, and the clients',
    `there`. The clients' network has every address from HOSTS on, and none from NOBODY on; packets
    to those are lost."""

    address = "10.9.0.1"

    def __init__(self):
        self.there = net.pair()
        net.ip("route add 10.80.0.0/12 via 10.9.0.9")
        with self.there:
            net.ip("route add local 10.80.0.0/16 dev lo")
        link = subprocess.run(["ip", "-j", "link", "show", "here"], check=True, capture_output=True, text=True)
        self.mac = json.loads(link.stdout)[0]["address"]

    def load(self, server, /, **options):
        with self.there:
            return load(server, server=self.address, first_host=HOSTS, **options)

    def flood(self, kind, ports, **options):
        with self.there:
            return Process("flood", interface="there", mac=self.mac, target=self.address, kind=kind, seed=SEED,
                           ports=",".join(str(port) for port in ports), **{"from": NOBODY}, **options)

    def sent(self):
        """Returns the packets and bytes that the server's network has sent so far, Ethernet headers
        included."""
        with open("/proc/self/net/dev") as file:
            fields = next(line for line in file if line.strip().startswith("here:")).split(":")[1].split()
        return int(fields[9]), int(fields[8])


def end_flood(flood):
    flood.process.stdin.close()
    flood.process.stdin = None
    return flood.result()

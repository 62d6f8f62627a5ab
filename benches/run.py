#!/usr/bin/env python3
"""Measures TFTP servers side by side: each in turn, row by row, in one run, on 127.0.0.1.

    run.py [--peers] [--quick] [--publish] [--repeat N] [--peer-repeat N] [--rows WORD] [--out DIR]

Server and load have a processor each. Every figure is the median of the repeats. Writes table.md,
table.svg and raw.json into DIR (build/bench) and prints the table. With --quick it takes less than
ten minutes with all peers: three repeats, one of the peers, which are left out of the rows whose
load is special. With --publish docs/performance.md gets the tables and the picture. Ends only what
it has started; everything is bounded in time.
"""

import argparse
import contextlib
import ctypes
import itertools
import json
import os
import platform
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import picture
import table

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BIN = TARGET / "release"
PEERS = ROOT / "build" / "peers"
PORT = 7969
SERVER_CPU, LOAD_CPU = 0, 1
SECONDS_A_RUN = 20
# --publish writes the part of docs/performance.md between these lines.
MARKS = ("<!-- tables: begin -->", "<!-- tables: end -->")
RUNS = itertools.count()
KIB, MIB = 1 << 10, 1 << 20

# name, options of the load, and what else: the share of the limit that is the goal; `busy`: with
# BusyPollMicros and limits that spin too. A load that spins or has UDP_GRO shows more of the
# server, and is another row.
ROWS = [
    dict(name="read 8 MB, 512, lockstep, 1 client", load=dict(name="r8m", size=8 * MIB), goal=0.95, busy=True),
    dict(name="read 8 MB, 1428, lockstep, 1 client", load=dict(name="r8m", size=8 * MIB, blksize=1428), goal=0.95, busy=True),
    dict(name="read 64 MB, 1428, windowsize 16, 1 client",
         load=dict(name="r64m", size=64 * MIB, blksize=1428, window=16), goal=0.95),
    dict(name="read 64 MB, 8192, windowsize 64, 1 client",
         load=dict(name="r64m", size=64 * MIB, blksize=8192, window=64), goal=0.80),
    dict(name="read 8 MB, 512, lockstep, 1 client that spins", load=dict(name="r8m", size=8 * MIB, spin="yes"), goal=0.95, busy=True),
    dict(name="read 8 MB, 1428, lockstep, 1 client that spins",
         load=dict(name="r8m", size=8 * MIB, blksize=1428, spin="yes"), goal=0.95, busy=True),
    dict(name="read 64 MB, 1428, windowsize 16, 1 client with UDP_GRO",
         load=dict(name="r64m", size=64 * MIB, blksize=1428, window=16, gro="yes"), goal=None),
    dict(name="500 clients read 256 kB, 512, lockstep", load=dict(name="r256k", size=256 * KIB, clients=500), goal=0.90),
    dict(name="1000 clients read 256 kB, 1428, lockstep",
         load=dict(name="r256k", size=256 * KIB, blksize=1428, clients=1000), goal=0.90),
    dict(name="200 clients read 1 MB, 1428, windowsize 16",
         load=dict(name="r1m", size=MIB, blksize=1428, window=16, clients=200), goal=0.80),
    dict(name="200 clients with UDP_GRO read 1 MB, 1428, windowsize 16",
         load=dict(name="r1m", size=MIB, blksize=1428, window=16, clients=200, gro="yes"), goal=None),
    dict(name="20000 reads of 1 kB, 64 at once", load=dict(name="r1k", size=KIB, clients=64, total=20000), goal=0.95,
         unit="reads/s"),
    dict(name="write 8 MB, 1428, lockstep, 1 client", load=dict(op="write", size=8 * MIB, blksize=1428), goal=0.95, busy=True),
    dict(name="write 8 MB, 1428, lockstep, 1 client that spins",
         load=dict(op="write", size=8 * MIB, blksize=1428, spin="yes"), goal=0.95, busy=True),
    dict(name="write 64 MB, 1428, windowsize 16, 1 client",
         load=dict(op="write", size=64 * MIB, blksize=1428, window=16), goal=None),
    dict(name="200 clients write 256 kB, 1428, lockstep",
         load=dict(op="write", size=256 * KIB, blksize=1428, clients=200), goal=0.85),
    dict(name="4 clients read 1 MB, 1428, windowsize 16, 1 % loss",
         load=dict(name="r1m", size=MIB, blksize=1428, window=16, clients=4) | {"loss-ppm": 10000}, goal=None),
]


def library_path():
    found = sorted({str(path.parent) for path in PEERS.rglob("*.so*")})
    return ":".join(found)


class Server:
    """How a server is started. `{dir}` in `command` is the directory; `inside`: it serves the one
    it is started in."""

    def __init__(self, name, command, port=PORT, only_reads=False, rows=None, environment=None, inside=False,
                 processors=frozenset({SERVER_CPU})):
        self.name, self.command, self.port, self.inside, self.processors = name, command, port, inside, processors
        self.is_peer = False
        self.only_reads, self.rows, self.environment = only_reads, rows, environment or {}
        self.is_limit = name.startswith("limit")

    def words_for(self, row):
        """Command-line options that make a limit prepare the packets of a row before the load
        starts."""
        work = row["load"]
        return ["--prepare", f"{work['name']}:{work.get('blksize', 512)}"] if self.is_limit and "name" in work else []

    def takes(self, row):
        """Whether the row is measured with this server."""
        return not (self.only_reads and row["load"].get("op") == "write") and (self.rows is None or self.rows(row))


def ours_and_limit():
    plain = [BIN / "serve", "--port", str(PORT), "--dir", "{dir}"]
    limit = [BIN / "limit", "--port", str(PORT), "--dir", "{dir}"]
    each, spin, store = ["--sockets", "each"], ["--spin", "yes"], ["--store", "yes"]
    opening = [*each, "--open", "yes"]
    writes = (lambda row: row["load"].get("op") == "write")
    small = (lambda row: row["load"].get("size") == KIB)
    without_loss, busy = (lambda row: "loss" not in row["name"]), (lambda row: "busy" in row)
    return [
        Server("limit", limit, rows=without_loss),
        Server("limit, own sockets", limit + each, rows=without_loss),
        Server("limit that stores", limit + store, rows=writes),
        Server("limit that stores, own sockets", limit + each + store, rows=writes),
        Server("limit that opens, own sockets", limit + opening, rows=small),
        Server("limit spinning", limit + spin, rows=busy),
        Server("limit spinning, own sockets", limit + each + spin, rows=busy),
        Server("libtftpserver", plain),
        Server("PortPerTransfer=False", [*plain, "--config", "PortPerTransfer=False"]),
        Server("BusyPollMicros=50", [*plain, "--config", "BusyPollMicros=50"], rows=busy),
    ]


def peers():
    """Those that `peers.sh` has brought; dnsmasq listens on port 69 and nowhere else, which only
    root may have."""
    usr, libraries = PEERS / "root" / "usr", {"LD_LIBRARY_PATH": library_path()}
    at = ["127.0.0.1", str(PORT)]
    every = [
        Server("tftpd-hpa", [usr / "sbin/in.tftpd", "--foreground", "--address", ":".join(at), "--user", "root",
                             "--create", "--permissive", "--secure", "{dir}"]),
        Server("atftpd", [usr / "sbin/atftpd", "--daemon", "--no-fork", "--port", at[1], "--bind-address", at[0],
                          "--user", "root", "--group", "root", "--maxthread", "4000", "--verbose=0",
                          "--logfile", "/dev/null", "{dir}"]),
        Server("dnsmasq", [usr / "sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp",
                           "--tftp-root={dir}", "--tftp-max=4000", "--listen-address=127.0.0.1", "--bind-interfaces",
                           "--user=root", "--pid-file=", "--log-facility=/dev/null"],
               port=69, only_reads=True),
        Server("rs-tftpd", [PEERS / "bin/tftpd", "-i", at[0], "-p", at[1], "-d", "{dir}", "--overwrite"]),
        # This server accepts uploads but discards them.
        Server("r-tftpd", [PEERS / "bin/r-tftpd", "-l", at[0], "-p", at[1], "-m", "4000"], only_reads=True, inside=True),
        Server("async-tftp", [PEERS / "bin/async-tftp", ":".join(at), "{dir}"]),
        Server("pin", [PEERS / "bin/pin", ":".join(at), "{dir}"]),
    ]
    for server in every:
        server.environment, server.is_peer = libraries | {"RUST_LOG": "error"}, True
    there = [server for server in every if server.command[0].exists() and (server.port > 1023 or os.geteuid() == 0)]
    for server in every:
        if server not in there:
            print(f"not there: {server.name}", file=sys.stderr)
    return there


# ---- one process under test ----


class ProcessorTime:
    """The processor time, in seconds, of a process, its threads and everything it starts from now
    on, including children that are never waited for (perf_event_open(2): a task clock that is
    inherited)."""

    PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}
    SOFTWARE, TASK_CLOCK, INHERIT = 1, 1, 1 << 1

    def __init__(self, pid):
        # type, size, config, sample_period, sample_type, read_format, flags, and unused fields
        attributes = struct.pack("=IIQQQQQ", self.SOFTWARE, 64, self.TASK_CLOCK, 0, 0, 0, self.INHERIT).ljust(64, b"\0")
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.syscall(ctypes.c_long(self.PERF_EVENT_OPEN[platform.machine()]), attributes, pid, -1, -1, 8)
        if self.fd < 0:
            sys.exit(f"perf_event_open: {os.strerror(ctypes.get_errno())}; see /proc/sys/kernel/perf_event_paranoid")

    def read(self):
        return struct.unpack("=Q", os.read(self.fd, 8))[0] / 1e9

    def close(self):
        os.close(self.fd)


def go_first():
    """Raises the priority of server and load above everything else on this machine, where that is
    allowed. Where Linux groups processes by session (autogroup), a priority counts only within the
    group, and the group has its own."""
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        os.setsid()
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text("-20")


def before_start(processors):
    go_first()
    os.sched_setaffinity(0, processors)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlives this program
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))


def answers(port, seconds=5):
    """Whether a small read is answered; its transfer is then given up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                probe.sendto(b"\0\1r1k\0octet\0", ("127.0.0.1", port))
                _, peer = probe.recvfrom(2048)
                probe.sendto(b"\0\5\0\0no more\0", peer)
                return True
            except OSError:
                time.sleep(0.02)
    return False


def children(pid):
    try:
        kids = [int(kid) for task in Path(f"/proc/{pid}/task").iterdir() for kid in (task / "children").read_text().split()]
    except OSError:
        return []
    return kids + [grandchild for kid in kids for grandchild in children(kid)]


def own_memory(pid):
    """Bytes that a child has for itself."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def peak_of(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * KIB
    return 0


class ChildrensMemory(threading.Thread):
    """The most that all children have at a time, looked at four times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, threading.Event()

    def run(self):
        while not self.over.wait(0.25):
            self.most = max(self.most, sum(own_memory(kid) for kid in children(self.pid)))


def stop(process):
    kids = children(process.pid)
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for kid in kids:
        try:
            os.kill(kid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def load(row, port, directory, seed):
    command = [BIN / "load", "--port", port, "--cpu", LOAD_CPU, "--seconds", row.get("seconds", SECONDS_A_RUN), "--seed", seed]
    for name, value in row["load"].items():
        command += [f"--{name}", value]
    # New names for each run: the cost of replacing a file is the file system's, and differs from
    # server to server.
    command += ["--into", f"run{next(RUNS)}-", "--leave", "yes"]
    if directory:
        command += ["--dir", directory]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=2 * row.get("seconds", SECONDS_A_RUN) + 20, preexec_fn=go_first)
    if done.returncode != 0:
        return {"error": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout)


class Started:
    """`with` it: a server runs, `time` counts its processor time from its first instruction on."""

    def __init__(self, server, directory, more=()):
        self.server = server
        command = [str(word).replace("{dir}", str(directory)) for word in [*server.command, *more]]
        # The child waits until its counter is open before it becomes the server.
        self.process = subprocess.Popen(["/bin/sh", "-c", 'read -r _; exec "$@" </dev/null', "sh", *command],
                                        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: before_start(server.processors), env=os.environ | server.environment,
                                        cwd=directory if server.inside else None)
        self.pid = self.process.pid
        self.time = ProcessorTime(self.pid)
        self.process.stdin.write(b"\n")
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.time.close()


def measure(server, row, directory, seed):
    """One row on one server, once."""
    with Started(server, directory, server.words_for(row)) as started:
        if not answers(server.port):
            return {"error": "does not answer"}
        time.sleep(0.1)
        memory = ChildrensMemory(started.pid)
        memory.start()
        before = started.time.read()
        discards = server.is_limit and "--store" not in server.command
        result = load(row, server.port, None if discards else directory, seed)
        result["cpu"] = started.time.read() - before
        result["ns"] = result["cpu"] * 1e9 / max(1, result.get("packets", 0))
        memory.over.set()
        result["memory"] = peak_of(started.pid) + memory.most
        return result


def median_of(runs, row):
    good = [run for run in runs if "error" not in run]
    if not good:
        return {"error": runs[0]["error"]}
    amount = (lambda run: run["done"]) if row.get("unit") == "reads/s" else (lambda run: run["bytes"] / 1e6)
    keys = ("p50_ms", "p99_ms", "cpu", "ns", "memory")
    result = {key: statistics.median(run[key] for run in good) for key in keys}
    result["rate"] = statistics.median(amount(run) / run["seconds"] for run in good)
    result["failed"] = sum(run["failed"] for run in good) + len(runs) - len(good)
    negotiated = good[0]
    if negotiated["done"] and negotiated["window"] < row["load"].get("window", 1):
        result["note"] = f"windowsize {negotiated['window']}"
    return result


def machine():
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    release = ".".join(platform.release().split("-")[0].split(".")[:2])
    return f"Linux {release}, {os.cpu_count()} cores ({models[0] if models else platform.machine()}), loopback"


def run(options, busy):
    others = peers() if options.peers else []
    servers = ours_and_limit() + others
    if options.quick:
        for peer in others:
            peer.rows = lambda row: not {"spin", "gro"} & row["load"].keys()
    rows = [row for row in ROWS if options.rows in row["name"]]
    results = {}
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=options.out))
    try:
        directory.chmod(0o777)
        subprocess.run([BIN / "load", "--prepare", directory], check=True)
        for row in rows:
            runs = {server.name: [] for server in servers if server.takes(row)}
            for turn in range(options.repeat):
                for server in servers:
                    often = options.peer_repeat if server.is_peer else options.repeat
                    if server.takes(row) and turn < often:
                        runs[server.name].append(measure(server, row, directory, turn + 1))
            results[row["name"]] = {name: median_of(of_one, row) for name, of_one in runs.items()}
            print(table.line(row, results[row["name"]], servers), file=sys.stderr, flush=True)
    finally:
        shutil.rmtree(directory)
    figures = dict(machine=machine(), repeat=options.repeat, peer_repeat=options.peer_repeat, load_before=busy, results=results,
                   servers=[server.name for server in servers], peers=[peer.name for peer in others])
    return figures, rows


def publish(text, picture_of_it):
    """Puts the tables into docs/performance.md, between the two marks, and the picture beside
    it."""
    document = ROOT / "docs" / "performance.md"
    before, rest = document.read_text().split(MARKS[0])
    _, after = rest.split(MARKS[1])
    document.write_text(f"{before}{MARKS[0]}\n\n{text}\n{MARKS[1]}{after}")
    (ROOT / "docs" / "performance.svg").write_text(picture_of_it)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--quick", action="store_true", help="less than ten minutes with all peers")
    parser.add_argument("--publish", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--repeat", type=int, help="5, or 3 with --quick")
    parser.add_argument("--peer-repeat", type=int, help="the peers need most of the time: 5, or 1 with --quick")
    parser.add_argument("--rows", default="")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    options.repeat = options.repeat or (3 if options.quick else 5)
    options.peer_repeat = min(options.peer_repeat or (1 if options.quick else 5), options.repeat)
    if os.cpu_count() < 2:
        sys.exit("one processor: server and load need one each")
    options.out.mkdir(parents=True, exist_ok=True)
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"others use this machine (load {busy:.1f}): the figures are worth less", file=sys.stderr)
    figures, rows = run(options, busy)
    (options.out / "raw.json").write_text(json.dumps(figures, indent=1))
    text = table.whole(figures, rows)
    (options.out / "table.md").write_text(text)
    bars = picture.bars(figures, rows)
    (options.out / "table.svg").write_text(bars)
    if options.publish:
        publish(text, bars)
    print(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures how the server grows: memory with many transfers open, cost of a packet with few and
with many, one I/O thread and two, and the table and the timers by themselves.

    scale.py [--repeat N] [--instructions] [--out DIR]

Server and load have a processor each. Figures are medians of the repeats. Writes scale.md into DIR
(build/bench) and prints it. --instructions counts by callgrind too, which takes minutes. Ends only
what it has started.
"""

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import run
from run import BIN, KIB, MIB, PORT, ROOT, Server, Started

BLKSIZE = 1428
OURS = [BIN / "serve", "--port", str(PORT), "--dir", "{dir}"]

# Transfers that stay open: name, arguments of the load, the goal for resident memory in megabytes
# (10^6 bytes)
HELD = [
    ("nothing: the server alone", None, None),
    ("10,000 reads of 1 MB, 512, lockstep", dict(name="r1m", size=MIB, clients=10000, hold=1), 32),
    ("10,000 reads of 1 MB, 1428, lockstep", dict(name="r1m", size=MIB, clients=10000, blksize=BLKSIZE, hold=4), 32),
    ("10,000 reads of 1 MB, 1428, windowsize 16",
     dict(name="r1m", size=MIB, clients=10000, blksize=BLKSIZE, window=16, hold=16), 32),
    ("1000 clients of one 64 MB file, 1428, lockstep, side by side",
     dict(name="r64m", size=64 * MIB, clients=1000, blksize=BLKSIZE, hold=600), 16),
    ("1000 clients of one 64 MB file, 8192, lockstep, each a block behind the next",
     dict(name="r64m", size=64 * MIB, clients=1000, blksize=8192, hold=1, spread=1), 16),
    ("1000 clients of one 64 MB file, 1428, windowsize 16, side by side",
     dict(name="r64m", size=64 * MIB, clients=1000, blksize=BLKSIZE, window=16, hold=640), 16),
]

# The longest timeout option, so that the server does not retransmit meanwhile (RFC 2349).
UNHURRIED = {"timeout": 255}

# The number of simultaneous transfers; the file sizes of a short and of a long run
GROWTH = [(1, MIB, 8 * MIB), (100, 64 * KIB, MIB), (1000, 64 * KIB, 256 * KIB), (10000, 16 * KIB, 64 * KIB)]
# The same with smaller files for callgrind, under which everything is slower.
COUNTED = {1: (64 * KIB, MIB), 100: (16 * KIB, 256 * KIB), 1000: (16 * KIB, 64 * KIB), 10000: (KIB, 16 * KIB)}
NAMES = {KIB: "r1k", 16 * KIB: "r16k", 64 * KIB: "r64k", 256 * KIB: "r256k", MIB: "r1m", 8 * MIB: "r8m"}

WORK = [
    dict(name="r256k", size=256 * KIB, blksize=BLKSIZE, clients=1000),
    dict(name="r1m", size=MIB, blksize=BLKSIZE, window=16, clients=200),
]


def words(work):
    return [str(word) for name, value in work.items() for word in (f"--{name}", value)]


def resident(pid):
    """Bytes now, bytes at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"^{key}:\s+(\d+)", status, re.M)[1]) * KIB for key in ("VmRSS", "VmHWM"))


def held(work, directory):
    """Transfers that were open, bytes resident meanwhile, at most, and when they were over."""
    with Started(Server("ours", OURS), directory) as started:
        if not run.answers(PORT):
            sys.exit("the server does not answer")
        time.sleep(0.2)
        if work is None:
            return dict(open=0, now=resident(started.pid)[0], most=resident(started.pid)[1])
        command = [BIN / "load", "--port", str(PORT), "--cpu", str(run.LOAD_CPU), "--seconds", "60", *words(work | UNHURRIED)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              preexec_fn=run.go_first) as load:
            told = json.loads(load.stdout.readline())
            now, most = resident(started.pid)
            load.communicate("enough\n", timeout=60)
        return dict(open=told["open"], failed=told["failed"], now=now, most=most)


def memory(directory):
    text = "| open | transfers | resident, MB | at most, MB | goal |\n|---|---|---|---|---|\n"
    for name, work, goal in HELD:
        got = held(work, directory)
        failed = f", {got['failed']} failed" if got.get("failed") else ""
        text += f"| {name} | {got['open']}{failed} | {got['now'] / 1e6:.1f} | {got['most'] / 1e6:.1f} | {goal or ''} |\n"
    return text


def once(server, work, directory):
    """One load: processor time in seconds, bytes, throughput in bytes a second."""
    result = run.measure(server, dict(load=work, seconds=120), directory, 1)
    if "error" in result or result["failed"]:
        sys.exit(f"failed: {work}: {result}")
    return result


def work_of(clients, size, **more):
    return dict(name=NAMES[size], size=size, blksize=BLKSIZE, clients=clients) | {"patience-ms": 5000} | more


def packets(clients, size):
    """DATA and ACK alike."""
    return 2 * clients * (size // BLKSIZE + 1)


def cost(clients, short, long, directory, repeat):
    """Microseconds a packet: by the difference, so that opening and ending do not count."""
    server = Server("ours", OURS)
    more = packets(clients, long) - packets(clients, short)
    spent = [once(server, work_of(clients, size), directory)["cpu"] for size in [short, long] * repeat]
    return (statistics.median(spent[1::2]) - statistics.median(spent[::2])) / more * 1e6


def instructions_of(work, directory):
    out = directory / "callgrind.out"
    server = Server("ours", ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *OURS])
    with Started(server, directory) as started:
        if not run.answers(PORT, 60):
            sys.exit("the server does not answer under valgrind")
        command = [BIN / "load", "--port", str(PORT), "--seconds", "500", *words(work | UNHURRIED | {"patience-ms": 100000})]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if result["failed"]:
            sys.exit(f"failed: {work}: {result}")
        started.process.terminate()
        started.process.wait(60)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def instructions(clients, short, long, directory):
    more = packets(clients, long) - packets(clients, short)
    counts = [instructions_of(work_of(clients, size), directory) for size in (short, long)]
    return (counts[1] - counts[0]) / more


def growth(directory, options):
    text = "| transfers at once | processor time a packet, µs |" + (" instructions a packet |" if options.instructions else "")
    text += "\n|---|---|" + ("---|" if options.instructions else "") + "\n"
    for clients, short, long in GROWTH:
        text += f"| {clients} | {cost(clients, short, long, directory, options.repeat):.2f} |"
        if options.instructions:
            text += f" {instructions(clients, *COUNTED[clients], directory):.0f} |"
        text += "\n"
        print(text.splitlines()[-1], file=sys.stderr, flush=True)
    return text


def compared(settings, processors, directory, repeat):
    """The same work with each of these settings."""
    text = "| work | setting | processor time a MB, ms | throughput, MB/s |\n|---|---|---|---|\n"
    for work in WORK:
        what = f"{work['clients']} clients read {work['size'] // KIB} kB, {BLKSIZE}, windowsize {work.get('window', 1)}"
        for setting in settings:
            server = Server("ours", [*OURS, "--config", setting], processors=processors)
            runs = [once(server, work, directory) for _ in range(repeat)]
            spent = statistics.median(result["cpu"] / result["bytes"] for result in runs)
            rate = statistics.median(result["bytes"] / result["seconds"] for result in runs)
            text += f"| {what} | {setting} | {spent * 1e9:.2f} | {rate / 1e6:.0f} |\n"
    return text


def whole(options):
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=options.out))
    try:
        directory.chmod(0o777)
        subprocess.run([BIN / "load", "--prepare", directory], check=True)
        text = f"{run.machine()}; medians of {options.repeat} runs.\n\nMemory of the server\n\n{memory(directory)}"
        text += f"\nCost of a packet, {BLKSIZE} bytes, lockstep\n\n{growth(directory, options)}"
        text += "\nOne I/O thread and two, which share the two processors with the load\n\n"
        text += compared(("IoThreads=1", "IoThreads=2"), {run.SERVER_CPU, run.LOAD_CPU}, directory, options.repeat)
        text += "\nOne port for everything\n\n"
        text += compared(("SinglePort=False", "SinglePort=True"), {run.SERVER_CPU}, directory, options.repeat)
    finally:
        shutil.rmtree(directory)
    table = subprocess.run([BIN / "tables"], check=True, capture_output=True, text=True).stdout
    return text + f"\nThe server machine by itself, nanoseconds\n\n{table}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--instructions", action="store_true", help="count them by callgrind too")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    text = whole(options)
    (options.out / "scale.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

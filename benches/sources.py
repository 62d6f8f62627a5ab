#!/usr/bin/env python3
"""Measures downloads that the application feeds against the same bytes as a file: what an HTTP body
costs its clients, and what one source costs that hundreds of clients share.

    sources.py [--repeat N] [--rows WORD] [--out DIR]

The server (src/bin/feed.rs, on the Rust library) has one processor, load and HTTP server share the
other one. In each repeat the file and the source take turns, each with a new server. Figures are
medians, ratios are those of neighbours. Writes sources.md into DIR (build/bench) and prints it.
Ends only what it has started.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import run
from run import BIN, MIB, PORT, ROOT, Server

BLKSIZE = 1428
# name, name and length of what is read, name of the file beside it, the load, and the goals: how
# many times the time of the file, megabytes (10^6 bytes) resident at most, passes over the source
# for each run
ROWS = [
    dict(name="4 clients read 128 MB from an HTTP body each, windowsize 16", kind="body", size=128 * MIB,
         load=dict(clients=4, window=16), ratio=1.3, memory=40, passes=4),
    dict(name="4 clients read 128 MB from an HTTP body each, lockstep", kind="body", size=128 * MIB, load=dict(clients=4),
         ratio=1.3, memory=40, passes=4),
    # Without the HTTP connection, and without its server beside the load: the library's own part.
    dict(name="4 clients read 128 MB that a source makes, windowsize 16", kind="made", size=128 * MIB,
         load=dict(clients=4, window=16), ratio=1.3, memory=40, passes=0),
    dict(name="4 clients read 128 MB that a source makes, lockstep", kind="made", size=128 * MIB, load=dict(clients=4),
         ratio=1.3, memory=40, passes=0),
    dict(name="300 clients read one 64 MB object, windowsize 16", kind="one", size=64 * MIB,
         load=dict(clients=300, window=16), ratio=1.15, memory=None, passes=1),
    dict(name="300 clients read one 64 MB object, lockstep", kind="one", size=64 * MIB, load=dict(clients=300), ratio=1.15,
         memory=None, passes=1),
]
SECONDS_A_RUN = 300


class Origin:
    """The HTTP server."""

    def __enter__(self):
        self.process = subprocess.Popen([BIN / "origin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        preexec_fn=lambda: run.before_start({run.LOAD_CPU}))
        self.address = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def fetched(self):
        """Bodies so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def save(self, size, path):
        with urllib.request.urlopen(f"http://{self.address}/{size}") as body, open(path, "wb") as file:
            shutil.copyfileobj(body, file, MIB)


def measure(row, name, origin, directory, seed):
    """One load, the last client's end included: seconds, processor time, bytes resident at most,
    bodies that were fetched."""
    server = Server("feed", [BIN / "feed", "--port", PORT, "--dir", "{dir}", "--origin", origin.address])
    before = origin.fetched()
    work = dict(name=name, size=row["size"], blksize=BLKSIZE) | row["load"] | {"patience-ms": 5000}
    result = run.measure(server, dict(load=work, seconds=SECONDS_A_RUN), directory, seed)
    if "error" in result or result["failed"]:
        sys.exit(f"failed: {row['name']}: {name}: {result}")
    return result | {"passes": origin.fetched() - before}


def compare(row, origin, directory, repeat):
    """A line of the table."""
    file = f"r{row['size']}"
    if not (directory / file).exists():
        origin.save(row["size"], directory / file)
    ratios, files, sources = [], [], []
    for turn in range(repeat):
        # The order alternates: each run finds the machine as the other one left it.
        names = [file, f"{row['kind']}.{row['size']}"]
        order = names if turn % 2 == 0 else names[::-1]
        results = {name: measure(row, name, origin, directory, turn + 1) for name in order}
        files.append(results[names[0]])
        sources.append(results[names[1]])
        ratios.append(sources[-1]["seconds"] / files[-1]["seconds"])
    middle = {key: statistics.median(one[key] for one in sources) for key in ("seconds", "memory", "cpu")}
    passes = sorted({one["passes"] for one in sources})
    memory = f"{middle['memory'] / 1e6:.1f}" + (f" (goal {row['memory']})" if row["memory"] else "")
    return (f"| {row['name']} | {statistics.median(one['seconds'] for one in files):.2f} | {middle['seconds']:.2f} "
            f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}; goal {row['ratio']}) "
            f"| {statistics.median(one['cpu'] for one in files):.2f} | {middle['cpu']:.2f} "
            f"| {statistics.median(one['memory'] for one in files) / 1e6:.1f} | {memory} "
            f"| {', '.join(map(str, passes))} (goal {row['passes']}) |")


def whole(options):
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=options.out))
    text = (f"{run.machine()}; medians of {options.repeat} runs.\n\n"
            "| work | file, s | source, s | ratio | file, processor s | source, processor s | file, MB | source, MB | passes |\n"
            "|---|---|---|---|---|---|---|---|---|\n")
    try:
        directory.chmod(0o777)
        subprocess.run([BIN / "load", "--prepare", directory], check=True)
        with Origin() as origin:
            for row in ROWS:
                if options.rows in row["name"]:
                    line = compare(row, origin, directory, options.repeat)
                    print(line, file=sys.stderr, flush=True)
                    text += line + "\n"
    finally:
        shutil.rmtree(directory)
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--rows", default="", help="only rows with this word")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"others use this machine (load {busy:.1f}): the figures are worth less", file=sys.stderr)
    text = whole(options)
    (options.out / "sources.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

"""Counts the instructions that the server executes for one block, and compares the counts with
counts.json.

    run.py [--bless] LIBRARY        (LIBRARY: the release build's libtftpserver.so)

One client reads or writes a file of known length, or reads what the program supplies or has in
memory, in lockstep or in windows. A fed block may cost at most FED_LIMIT times the instructions of
one from memory. Callgrind counts every instruction of the server's process, the program included;
of two runs, a short and a long one, the difference divided by the blocks between them is what a
block costs, without start-up, opening and ending. Unlike time it hardly varies. --bless writes the
numbers anew.
"""
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "lib"))
from client import Client  # noqa: E402

COUNTS = HERE / "counts.json"
# Beyond it a number is another one. On a busy machine runs differed by 1.2 % at most.
TOLERANCE = 0.03
# A moment without the processor makes packets be sent again, which only adds: the least of so many
# tries counts.
TRIES = 3
BLKSIZE = 1428
SECONDS = 120
# How many times the instructions of a block from memory a fed one may cost. Both numbers of the ratio
# vary, so the test fails only beyond the tolerance.
FED_GOAL = 1.5
FED_LIMIT = FED_GOAL * (1 + TOLERANCE)

# Callgrind counts an instruction for each byte that `rep movsb` copies, so libc shall not use it.
PLAIN_COPIES = {"GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff"}

# name: (operation, windowsize, blocks of the short run, blocks of the long one)
PATHS = {
    "read, lockstep": ("read", 1, 200, 1400),
    "read, windowsize 16": ("read", 16, 1600, 11200),
    "fed, lockstep": ("fed", 1, 200, 1400),
    "fed, windowsize 16": ("fed", 16, 1600, 11200),
    "memory, lockstep": ("memory", 1, 200, 1400),
    "memory, windowsize 16": ("memory", 16, 1600, 11200),
    "write, lockstep": ("write", 1, 200, 1400),
    "write, windowsize 16": ("write", 16, 1600, 11200),
}


# ---- what is served ----


def content(blocks):
    """Returns the content of this many blocks, the last of them one byte short."""
    block = bytes((at * 31 + at // 251) & 0xFF for at in range(BLKSIZE))
    return (block * blocks)[:-1]


# ---- counting ----


def instructions(program, directory, operation, window, blocks):
    """Counts the instructions of the whole process."""
    out = directory / "callgrind.out"
    data = content(blocks)
    (directory / "served").mkdir()
    (directory / "served" / "file").write_bytes(data)
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", program, directory / "served"]
    if operation in ("fed", "memory"):
        command += [operation, str(len(data))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | PLAIN_COPIES) as server:
        try:
            options = {"blksize": BLKSIZE} | ({"windowsize": window} if window > 1 else {})
            with Client(("127.0.0.1", int(server.stdout.readline())), seconds=SECONDS) as client:
                if operation != "write":
                    assert client.read("file", **options) == data
                else:
                    client.write("new", data, **options)
            server.stdin.close()
            assert server.wait(SECONDS) == 0
        finally:
            server.kill()
    if operation == "write":
        assert (directory / "served" / "new").read_bytes() == data
    shutil.rmtree(directory / "served")
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])


def a_block(program, directory, path):
    operation, window, short, long = PATHS[path]
    few, many = (instructions(program, directory, operation, window, blocks) for blocks in (short, long))
    return (many - few) / (long - short)


def build(library, directory):
    program = directory / "serve"
    subprocess.run([os.environ.get("CC", "cc"), "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-I", HERE.parent.parent / "include",
                    "-o", program, HERE / "serve.c", library, f"-Wl,-rpath,{library.parent}"], check=True)
    return program


def conditions():
    """Returns the versions and the machine that the numbers depend on, beside the sources."""
    def version(command):
        return re.search(r"\d[\w.]*", subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]

    return {"rustc": version(["rustc", "--version"]), "valgrind": version(["valgrind", "--version"]),
            "libc": platform.libc_ver()[1], "machine": platform.machine()}


# ---- what comes of it ----


def judge(path, committed, program, directory):
    """Returns the count, and the path if it deviates from the committed count, otherwise None."""
    least = None
    for _ in range(TRIES):
        got = a_block(program, directory, path)
        least = got if least is None else min(least, got)
        if abs(least - committed) <= committed * TOLERANCE:
            break
    change = (least / committed - 1) * 100
    print(f"{path}: {least:.0f} instructions a block, {committed} committed ({change:+.1f} %)", flush=True)
    return least, None if abs(change) <= TOLERANCE * 100 else path


def too_dear(counts):
    """Returns the windows in which a fed block costs more than FED_LIMIT times a block from
    memory."""
    ratios = {how: counts[f"fed, {how}"] / counts[f"memory, {how}"] for how in ("lockstep", "windowsize 16")}
    for how, ratio in ratios.items():
        print(f"a fed block costs {ratio:.2f} times one from memory, {how} (at most {FED_GOAL})", flush=True)
    return [f"fed against memory, {how}" for how, ratio in ratios.items() if ratio > FED_LIMIT]


def compare(committed, program, directory):
    here = conditions()
    if here != committed["made with"]:
        different = ", ".join(f"{name} {here[name]}, not {value}" for name, value in committed["made with"].items()
                              if here[name] != value)
        print(f"NOT RUN: counts of instructions, which were made with other tools ({different})")
        return 0
    found = {path: judge(path, count, program, directory) for path, count in committed["instructions a block"].items()}
    wrong = [path for _, path in found.values() if path] + too_dear({path: count for path, (count, _) in found.items()})
    if wrong:
        print(f"FAILED: another number of instructions: {'; '.join(wrong)}.\nIf that is meant, or is less:  "
              f"python3 suites/instructions/run.py --bless LIBRARY")
    else:
        print(f"Ran {len(committed['instructions a block'])} tests")
    return 1 if wrong else 0


def bless(program, directory):
    counts = {path: round(min(a_block(program, directory, path) for _ in range(TRIES))) for path in PATHS}
    if too_dear(counts):
        return 1
    COUNTS.write_text(json.dumps({"made with": conditions(), "instructions a block": counts}, indent=2) + "\n")
    print(COUNTS.read_text())
    return 0


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--bless"]
    for tool in ("valgrind", "rustc", os.environ.get("CC", "cc")):
        if not shutil.which(tool):
            print(f"NOT RUN: counts of instructions, which need {tool}")
            return 0
    # Client and server take turns on one processor: what comes together then is always the same.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        program = build(Path(arguments[0]).resolve(), directory)
        if "--bless" in sys.argv:
            return bless(program, directory)
        return compare(json.loads(COUNTS.read_text()), program, directory)


if __name__ == "__main__":
    sys.exit(main())

"""Counts what the server's processor does for one block, and compares it with counts.json.

    run.py [--bless] LIBRARY        (LIBRARY: the release build's libtftpserver.so)

One client reads or writes a file of known length, in lockstep or in windows. Callgrind counts every instruction of the
server's process; of two runs, a short and a long one, the difference divided by the blocks between them is what a block
costs, without start-up, opening and ending. Unlike time it hardly varies. --bless writes the numbers anew.
"""
import json
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COUNTS = HERE / "counts.json"
# Beyond it a number is another one. On a busy machine runs differed by 1.2 % at most.
TOLERANCE = 0.03
# A moment without the processor makes packets be sent again, which only adds: the least of so many tries counts.
TRIES = 3
BLKSIZE = 1428
SECONDS = 120
SOL_UDP, UDP_SEGMENT = 17, 103

# name: (operation, windowsize, blocks of the short run, blocks of the long one)
PATHS = {
    "read, lockstep": ("read", 1, 200, 1400),
    "read, windowsize 16": ("read", 16, 1600, 11200),
    "write, lockstep": ("write", 1, 200, 1400),
    "write, windowsize 16": ("write", 16, 1600, 11200),
}


# ---- what is served ----


def content(blocks):
    """So many blocks, the last of them one byte short."""
    block = bytes((at * 31 + at // 251) & 0xFF for at in range(BLKSIZE))
    return (block * blocks)[:-1]


class Client:
    """Nothing is repeated here: on this machine's own network nothing is lost, and a repeated packet would be counted."""

    def __init__(self, port, window):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(SECONDS)
        self.server, self.window = ("127.0.0.1", port), window

    def ask(self, opcode, name):
        options = f"blksize\0{BLKSIZE}\0" + (f"windowsize\0{self.window}\0" if self.window > 1 else "")
        self.socket.sendto(struct.pack("!H", opcode) + f"{name}\0octet\0{options}".encode(), self.server)
        answer, self.peer = self.socket.recvfrom(2048)
        assert answer[:2] == b"\0\6", answer

    def read(self, name, blocks):
        self.ask(1, name)
        got, wanted = [], 1
        self.socket.sendto(struct.pack("!HH", 4, 0), self.peer)
        while wanted <= blocks:
            packet = self.socket.recv(2048)
            if struct.unpack("!HH", packet[:4]) != (3, wanted & 0xFFFF):
                continue
            got.append(packet[4:])
            if wanted % self.window == 0 or wanted == blocks:
                self.socket.sendto(struct.pack("!HH", 4, wanted & 0xFFFF), self.peer)
            wanted += 1
        return b"".join(got)

    def write(self, name, data, blocks):
        self.ask(2, name)
        for first in range(0, blocks, self.window):
            last = min(first + self.window, blocks)
            packets = [struct.pack("!HH", 3, (block + 1) & 0xFFFF) + data[block * BLKSIZE:(block + 1) * BLKSIZE]
                       for block in range(first, last)]
            # A whole window in one call, so that how much of it the server meets at once is not left to chance.
            self.socket.sendmsg([b"".join(packets)], [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", BLKSIZE + 4))], 0, self.peer)
            while self.socket.recv(2048) != struct.pack("!HH", 4, last & 0xFFFF):
                pass


# ---- counting ----


def instructions(program, directory, operation, window, blocks):
    """Of the whole process."""
    out = directory / "callgrind.out"
    data = content(blocks)
    (directory / "served").mkdir()
    (directory / "served" / "file").write_bytes(data)
    with subprocess.Popen(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", program,
                           directory / "served"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            client = Client(int(server.stdout.readline()), window)
            if operation == "read":
                assert client.read("file", blocks) == data
            else:
                client.write("new", data, blocks)
            client.socket.close()
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
    """What the numbers depend on, beside the sources."""
    def version(command):
        return re.search(r"\d[\w.]*", subprocess.run(command, check=True, capture_output=True, text=True).stdout)[0]

    return {"rustc": version(["rustc", "--version"]), "valgrind": version(["valgrind", "--version"]),
            "libc": platform.libc_ver()[1], "machine": platform.machine()}


# ---- what comes of it ----


def judge(path, committed, program, directory):
    """None, or what is wrong."""
    least = None
    for _ in range(TRIES):
        got = a_block(program, directory, path)
        least = got if least is None else min(least, got)
        if abs(least - committed) <= committed * TOLERANCE:
            break
    change = (least / committed - 1) * 100
    print(f"{path}: {least:.0f} instructions a block, {committed} committed ({change:+.1f} %)", flush=True)
    return None if abs(change) <= TOLERANCE * 100 else path


def compare(committed, program, directory):
    here = conditions()
    if here != committed["made with"]:
        different = ", ".join(f"{name} {here[name]}, not {value}" for name, value in committed["made with"].items()
                              if here[name] != value)
        print(f"NOT RUN: counts of instructions, which were made with other tools ({different})")
        return 0
    wrong = [judge(path, count, program, directory) for path, count in committed["instructions a block"].items()]
    wrong = [path for path in wrong if path]
    if wrong:
        print(f"FAILED: another number of instructions: {'; '.join(wrong)}.\nIf that is meant, or is less:  "
              f"python3 suites/instructions/run.py --bless LIBRARY")
    else:
        print(f"Ran {len(committed['instructions a block'])} tests")
    return 1 if wrong else 0


def bless(program, directory):
    counts = {path: round(min(a_block(program, directory, path) for _ in range(TRIES))) for path in PATHS}
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

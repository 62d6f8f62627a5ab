"""The programs of the reference's section "An application without LocalDir", with real clients.

usage: without_local_dir.py DIRECTORY     (where the programs are)
"""
import os
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = os.path.abspath(sys.argv[1])
CONTENT = b"".join(b"%d\n" % i for i in range(2000))
SECONDS = 30


class Program:
    """One of the programs, on a port that the system chose."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([os.path.join(PROGRAMS, name), "0", *arguments], stdout=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline()
        if not line.startswith("port "):
            raise SystemExit(f"FAILED: {name} said {line!r}")
        self.port = line.split()[1]

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def curl(port, get, remote, local):
    way = ["-o", local] if get else ["-T", local]
    return ["curl", "-sS", *way, f"tftp://127.0.0.1:{port}/{remote}"]


def atftp(port, get, remote, local):
    return ["atftp", "-g" if get else "-p", "-r", remote, "-l", local, "127.0.0.1", port]


def hpa(port, get, remote, local):
    return ["tftp", "-m", "binary", "127.0.0.1", port, "-c", *(["get", remote, local] if get else ["put", local, remote])]


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS)
    return done.returncode, done.stdout


def same(got, wanted, what):
    if got != wanted:
        raise SystemExit(f"FAILED: {what}: {got!r}, not {wanted!r}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def try_client(client, here):
    got, sent, target = (os.path.join(here, name) for name in ("got", "sent", "target"))
    with open(sent, "wb") as file:
        file.write(CONTENT)

    with Program("without_local_dir_data") as program:
        run(client(program.port, True, "some-name", got))
        same(read(got), b"You asked for some-name\n", "ConnFileData")

    with Program("without_local_dir_file", target) as program:
        run(client(program.port, False, "up", sent))
        same(program.line(), "OK", "an upload to ConnLocalFile")
        same(read(target), CONTENT, "what ConnLocalFile got")
        os.remove(got)
        run(client(program.port, True, "down", got))
        same(program.line(), "OK", "a download from ConnLocalFile")
        same(read(got), CONTENT, "what ConnLocalFile gave")

    with Program("without_local_dir_source", sent) as program:
        downloads = [subprocess.Popen(client(program.port, True, f"one-{number}", f"{got}-{number}"),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                     for number in range(4)]
        for number, download in enumerate(downloads):
            download.wait(SECONDS)
            same(program.line(), "OK", "a download from a source")
            same(read(f"{got}-{number}"), CONTENT, "what the source gave")
        run(client(program.port, False, "up", sent))
        run(client(program.port, True, "again", got))
        same(program.line(), "OK", "a download after a refused upload")
        same(read(got), CONTENT, "what the source gave again")

    with Program("without_local_dir_upload") as program:
        run(client(program.port, False, "up", sent))
        total = 0
        for byte in CONTENT:
            total = (total * 31 + byte) & 0xFFFFFFFF
        same(program.line(), f"{total:08x} OK", "an upload through Transfer")

    with Program("without_local_dir_refuse") as program:
        run(client(program.port, True, "nothing", got + "-none"))
        same(program.line().split(".")[0], "127 Can't open local file", "a download that nobody answers")
        # Some clients create the file before they send the request.
        same(read(got + "-none") if os.path.exists(got + "-none") else b"", b"", "what came of nothing")
        run(client(program.port, False, "nothing", sent))
        same(program.line().split(".")[0], "126 A valid LocalFile must be provided for PUT operations",
             "an upload that nobody answers")


def main():
    tried = []
    for client, program in ((curl, "curl"), (hpa, "tftp"), (atftp, "atftp")):
        if not shutil.which(program):
            print(f"NOT RUN: {program} is not installed")
            continue
        with tempfile.TemporaryDirectory() as here:
            try_client(client, here)
        tried.append(program)
    print(f"ok: {', '.join(tried)}")
    return 0 if tried else 1


if __name__ == "__main__":
    sys.exit(main())

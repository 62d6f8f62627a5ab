"""Real TFTP clients against examples/serve: curl, tftp-hpa, atftp and busybox, every result
compared byte by byte.

usage: run.py SERVE [-k WORD]     (-k: only the cases whose name has WORD in it)

A client that is not installed is named and left out; with TFTP_CLIENTS_REQUIRED=1 that is a
failure. What a client is known to get wrong stands in KNOWN below and is asserted: should it ever
change, the test says so.
"""
import concurrent.futures
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

KNOWN = """
curl up to 7.88   refuses an OACK with `tsize 0`: it reads an empty file only because the server leaves tsize out for it.
curl              does not translate netascii: it stores what was on the wire, and sends a file as it is.
tftp-hpa          negotiates no blksize and no windowsize.
busybox           has no netascii and no windowsize.
"""

SIZES = {"0": 0, "1": 1, "511": 511, "512": 512, "513": 513, "1M": 1 << 20}
LONG = 40 * (1 << 20) + 77  # more than 65535 blocks of 512 bytes: the block number rolls over
WORKERS = 3


def content(size):
    return random.Random(size).randbytes(size)


def to_wire(text):
    return text.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


TEXT = b"".join(b"line %d of a text\n" % i for i in range(400)) + b"a lone \r and no end"


class Failure(Exception):
    pass


class Server:
    """The example, serving a directory of its own on a port that the system chose."""

    def __init__(self, program, root):
        self.root = root
        self.log = open(os.path.join(root, "..", "serve.log"), "w+b")
        self.process = subprocess.Popen([program, "--port", "0", "--host", "127.0.0.1", root],
                                        stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if not match:
            raise SystemExit(f"serve said {line!r}")
        self.port = int(match.group(1))
        self.output = concurrent.futures.ThreadPoolExecutor(1).submit(self.process.stdout.read)

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def stop(self):
        """Ends it by SIGINT and returns its exit code and its output."""
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "none: it had to be killed"
        return code, self.output.result().decode(errors="replace")


def run(command, seconds, cwd):
    try:
        done = subprocess.run(command, cwd=cwd, timeout=seconds, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        raise Failure(f"no end after {seconds} s: {' '.join(command)}") from None
    return done.returncode, done.stdout.decode(errors="replace")


# ---- the clients: each makes a command out of what is wanted ----

class Curl:
    name, program = "curl", "curl"
    blksize, windowsize, netascii = True, False, True
    translates = False

    @staticmethod
    def command(server, get, remote, local, blksize=None, windowsize=None, mode="octet", plain=False):
        url = f"tftp://127.0.0.1:{server.port}/{remote};mode={mode}"
        options = ["--tftp-blksize", str(blksize)] if blksize else []
        options += ["--tftp-no-options"] if plain else []
        way = ["-o", local] if get else ["-T", local]
        return ["curl", "-sS", *options, *way, url]


class Hpa:
    name, program = "tftp-hpa", "tftp"
    blksize, windowsize, netascii = False, False, True
    translates = True

    @staticmethod
    def command(server, get, remote, local, blksize=None, windowsize=None, mode="octet", plain=False):
        return ["tftp", "-m", "ascii" if mode == "netascii" else "binary", "127.0.0.1", str(server.port), "-c",
                *(["get", remote, local] if get else ["put", local, remote])]


class Atftp:
    name, program = "atftp", "atftp"
    blksize, windowsize, netascii = True, True, True
    translates = True

    @staticmethod
    def command(server, get, remote, local, blksize=None, windowsize=None, mode="octet", plain=False):
        options = []
        for key, value in (("blksize", blksize), ("windowsize", windowsize)):
            options += ["--option", f"{key} {value}"] if value else []
        options += ["--option", "mode netascii"] if mode == "netascii" else []
        return ["atftp", *options, "-g" if get else "-p", "-r", remote, "-l", local, "127.0.0.1", str(server.port)]


class Busybox:
    name, program = "busybox", "busybox"
    blksize, windowsize, netascii = True, False, False
    translates = False

    @staticmethod
    def command(server, get, remote, local, blksize=None, windowsize=None, mode="octet", plain=False):
        options = ["-b", str(blksize)] if blksize else []
        return ["busybox", "tftp", *options, "-g" if get else "-p", "-r", remote, "-l", local, "127.0.0.1",
                str(server.port)]


CLIENTS = [Curl, Hpa, Atftp, Busybox]


def installed(client):
    """Returns whether the right program is installed: other packages have a `tftp` too."""
    if not shutil.which(client.program):
        return False
    question, answer = {Hpa: (["tftp", "-V"], "tftp-hpa"), Busybox: (["busybox", "--list"], "\ntftp\n")}.get(
        client, ([client.program, "--version"], ""))
    done = subprocess.run(question, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    return answer in done.stdout.decode(errors="replace")


def same(what, got, wanted):
    if got != wanted:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
        raise Failure(f"{what}: {len(got)} bytes instead of {len(wanted)}, different from byte {at} on")


# ---- the cases ----

def read(client, server, remote, wanted, seconds=60, **options):
    with tempfile.TemporaryDirectory() as here:
        local = os.path.join(here, "got")
        code, output = run(client.command(server, True, remote, local, **options), seconds, here)
        if code != 0:
            raise Failure(f"exit code {code}: {output.strip()}")
        if not os.path.exists(local) and not wanted:
            return  # curl makes no file where nothing came
        with open(local, "rb") as file:
            same("what was read", file.read(), wanted)


def write(client, server, remote, sent, wanted, seconds=60, **options):
    with tempfile.TemporaryDirectory() as here:
        local = os.path.join(here, "sent")
        with open(local, "wb") as file:
            file.write(sent)
        code, output = run(client.command(server, False, remote, local, **options), seconds, here)
        if code != 0:
            raise Failure(f"exit code {code}: {output.strip()}")
        same("what was written", server.read(remote), wanted)
        os.unlink(server.path(remote))


def read_missing(client, server):
    with tempfile.TemporaryDirectory() as here:
        local = os.path.join(here, "got")
        code, output = run(client.command(server, True, "no-such-file", local), 30, here)
        if os.path.exists(local) and os.path.getsize(local) > 0:
            raise Failure("it got something")
        if code == 0 and not re.search("not found|error", output, re.I):
            raise Failure(f"it noticed nothing: {output!r}")


def oack_of_an_empty_file(server, asked, answer):
    """KNOWN: curl must not get a tsize of 0; Erlang's client refuses an OACK without the tsize that
    it requested."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(30)
        one.sendto(b"\0\1size-0\0octet\0" + asked.replace(" ", "\0").encode() + b"\0", ("127.0.0.1", server.port))
        packet, peer = one.recvfrom(600)
        one.sendto(b"\0\5\0\0enough\0", peer)
    same("the OACK of an empty file", packet, b"\0\6" + answer.replace(" ", "\0").encode() + b"\0")


def cases(server):
    """Returns (name, function) of every case, the long ones first."""
    clients = [client for client in CLIENTS if installed(client)]
    for client in clients:
        yield f"{client.name} read 40M", lambda c=client: read(c, server, "long", content(LONG), 240)
        yield (f"{client.name} write 40M",
               lambda c=client: write(c, server, f"{c.name}-long", content(LONG), content(LONG), 240))
    for client in clients:
        for size in SIZES:
            data = content(SIZES[size])
            up = f"{client.name}-{size}"
            yield f"{client.name} read {size}", lambda c=client, s=size, d=data: read(c, server, f"size-{s}", d)
            yield f"{client.name} write {size}", lambda c=client, u=up, d=data: write(c, server, u, d, d)
        yield f"{client.name} read missing", lambda c=client: read_missing(c, server)
        yield from option_cases(client, server)
    if Curl in clients:
        yield "curl read 0, no options", lambda: read(Curl, server, "size-0", b"", plain=True)
    yield ("the OACK of an empty file, asked by curl", lambda: oack_of_an_empty_file(
        server, "tsize 0 blksize 512 timeout 6", "blksize 512 timeout 6"))
    yield ("the OACK of an empty file, asked by Erlang's client", lambda: oack_of_an_empty_file(
        server, "tsize 0 blksize 512", "tsize 0 blksize 512"))


def option_cases(client, server):
    data = content(SIZES["1M"])
    if client.blksize:
        for blksize in (1428, 65464):
            yield (f"{client.name} read blksize {blksize}",
                   lambda b=blksize: read(client, server, "size-1M", data, blksize=b))
            yield (f"{client.name} write blksize {blksize}",
                   lambda b=blksize: write(client, server, f"{client.name}-b{b}", data, data, blksize=b))
    if client.windowsize:
        for window in (8, 64):
            yield (f"{client.name} read windowsize {window}",
                   lambda w=window: read(client, server, "size-1M", data, windowsize=w))
            yield (f"{client.name} write windowsize {window}",
                   lambda w=window: write(client, server, f"{client.name}-w{w}", data, data, windowsize=w))
        yield (f"{client.name} read windowsize 64 blksize 1428",
               lambda: read(client, server, "long", content(LONG), 120, windowsize=64, blksize=1428))
    if client.netascii:
        got = TEXT if client.translates else to_wire(TEXT)
        sent = TEXT if client.translates else to_wire(TEXT)
        yield (f"{client.name} read netascii", lambda: read(client, server, "text", got, mode="netascii"))
        yield (f"{client.name} write netascii",
               lambda: write(client, server, f"{client.name}-text", sent, TEXT, mode="netascii"))


def fill(root):
    for size in SIZES:
        with open(os.path.join(root, f"size-{size}"), "wb") as file:
            file.write(content(SIZES[size]))
    with open(os.path.join(root, "long"), "wb") as file:
        file.write(content(LONG))
    with open(os.path.join(root, "text"), "wb") as file:
        file.write(TEXT)


def run_all(server, word):
    failed = passed = 0
    chosen = [(name, function) for name, function in cases(server) if word in name]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        running = {pool.submit(timed, function): name for name, function in chosen}
        for future in concurrent.futures.as_completed(running):
            error, seconds = future.result()
            if error:
                failed += 1
                print(f"FAILED {running[future]} ({seconds:.1f} s): {error}", flush=True)
            else:
                passed += 1
                print(f"ok     {running[future]} ({seconds:.1f} s)", flush=True)
    return passed, failed


def timed(function):
    begin = time.monotonic()
    try:
        function()
        error = None
    except (Failure, OSError) as caught:
        error = str(caught)
    return error, time.monotonic() - begin


def main():
    program = os.path.abspath(sys.argv[1])
    word = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "-k" else ""
    missing = [client.name for client in CLIENTS if not installed(client)]
    with tempfile.TemporaryDirectory(prefix="tftpserver-clients-") as work:
        root = os.path.join(work, "root")
        os.mkdir(root)
        fill(root)
        server = Server(program, root)
        before = set(os.listdir(root))
        passed, failed = run_all(server, word)
        code, output = server.stop()
        if code != 0:
            failed += 1
            print(f"FAILED serve ended with {code}:\n{output[-2000:]}")
        left = set(os.listdir(root)) - before
        if left and not failed:
            failed += 1
            print(f"FAILED left behind: {sorted(left)}")
    print("Known limits of clients, asserted above:" + KNOWN)
    for name in missing:
        print(f"NOT RUN: {name} is not installed")
    if missing and os.environ.get("TFTP_CLIENTS_REQUIRED") == "1":
        failed += len(missing)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

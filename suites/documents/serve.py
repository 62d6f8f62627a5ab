"""examples/serve as its user sees it: options, messages, exit codes, the end by signal.

usage: serve.py SERVE
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from client import DATA, ERROR, Client  # noqa: E402

SERVE = os.path.abspath(sys.argv[1])
SECONDS = 30
failures = []


def check(held, what):
    if not held:
        failures.append(what)
        print(f"FAILED: {what}", flush=True)


def once(*arguments):
    done = subprocess.run([SERVE, *arguments], capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout, done.stderr


class Serving:
    """A running serve; `text` is what it printed, once it has ended."""

    def __init__(self, directory, *arguments):
        self.process = subprocess.Popen([SERVE, "--port", "0", "--host", "127.0.0.1", *arguments, directory],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        match = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        check(match, f"the first line is {line!r}")
        self.port = int(match.group(1)) if match else 1

    def end(self, signal_number):
        self.process.send_signal(signal_number)
        try:
            self.text, self.errors = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.text, self.errors = self.process.communicate()
            check(False, "it did not end")
        return self.process.returncode


def connected(port):
    return Client(("127.0.0.1", port), seconds=SECONDS)


def command_line(directory):
    code, out, err = once("--help")
    check(code == 0 and out.startswith("usage: serve") and not err, "--help")
    for arguments in ([], ["a", "b"], ["--port", "x", directory], ["--port", "65536", directory],
                      ["--port", "-1", directory], ["--nonsense", directory], ["--port"]):
        code, out, err = once(*arguments)
        check(code == 2 and err.startswith(("serve: ", SERVE)) and not out, f"{arguments}: {code} {out!r} {err!r}")
    code, out, err = once("--port", "0", os.path.join(directory, "missing"))
    check(code == 1 and "missing" in err, f"a missing directory: {code} {err!r}")
    code, out, err = once("--port", "0", "--host", "192.0.2.1", directory)
    check(code == 1 and "10049" in err, f"an address of somebody else: {code} {err!r}")
    code, out, err = once("--port", "0", "--config", "Nonsense=1", directory)
    check(code == 1 and "906" in err and "Nonsense" in err, f"an unknown setting: {code} {err!r}")


def port_in_use(directory):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        code, _, err = once("--port", str(taken.getsockname()[1]), "--host", "127.0.0.1", directory)
    check(code == 1 and "10048" in err, f"a port in use: {code} {err!r}")


def ends_by_signal(directory):
    for number in (signal.SIGINT, signal.SIGTERM):
        serving = Serving(directory)
        check(serving.end(number) == 0, f"signal {number} gives {serving.process.returncode}")
        check(serving.text == "stopping\n" and not serving.errors, f"it said {serving.text!r} {serving.errors!r}")


def tells_what_happens(directory):
    serving = Serving(directory)
    client = connected(serving.port)
    check(client.read("hello") == b"hello", "a download")
    who = f"127.0.0.1:{client.socket.getsockname()[1]}"
    check(client.read("big") == open(os.path.join(directory, "big"), "rb").read(), "a longer download")
    client.ask(b"no\x1b[2Jsuch")
    check(client.answer()[:2] == (ERROR, 1), "a missing file")
    client.write("new", b"fresh")
    check(open(os.path.join(directory, "new"), "rb").read() == b"fresh", "what was uploaded")
    check(serving.end(signal.SIGINT) == 0, "it ends")
    for line in (f"{who}  hello  read, octet\n", f"{who}  hello  sent, 5 bytes\n", f"{who}  big  read, octet\n",
                 f"{who}  big  50 %\n", f"{who}  big  sent, 200000 bytes\n", f"{who}  new  write, octet\n",
                 f"{who}  new  received, 5 bytes\n", f"{who}  no?[2Jsuch  failed after 0 bytes: error 127"):
        check(line in serving.text, f"{line!r} is not in {serving.text!r}")
    check(len(serving.text.splitlines()) < 20, "too many lines")


def ends_during_a_transfer(directory):
    serving = Serving(directory)
    client = connected(serving.port)
    client.ask("big")
    check(client.receive()[:2] == (DATA, 1), "a download begins")
    check(serving.end(signal.SIGTERM) == 0, f"it ended with {serving.process.returncode}")
    check(client.answer()[0] == ERROR, "the client is told")
    check("failed after" in serving.text and "error 10053" in serving.text, f"it said {serving.text!r}")


def on_a_terminal(directory):
    """Progress is one line that changes, and what a client sends drives no terminal mad."""
    master, slave = os.openpty()
    process = subprocess.Popen([SERVE, "--port", "0", "--host", "127.0.0.1", directory], stdout=slave)
    os.close(slave)
    text, told = bytearray(), threading.Event()

    def collect():
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:  # the other side is closed
                part = b""
            text.extend(part)
            if b"\n" in text or not part:
                told.set()
            if not part:
                return

    reader = threading.Thread(target=collect)
    reader.start()
    check(told.wait(SECONDS), "it says where it listens")
    connected(int(re.search(rb":(\d+)", text).group(1))).read("big")
    process.send_signal(signal.SIGINT)
    check(process.wait(SECONDS) == 0, "it ends on a terminal")
    reader.join()
    os.close(master)
    check(re.search(rb"\r127\.0\.0\.1:\d+  big  50 %\x1b\[K", text), f"progress: {text[:400]!r}")
    check(b"sent, 200000 bytes" in text and text.count(b"\n") == 5, f"lines: {text[-400:]!r}")


def main():
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "hello"), "wb") as file:
            file.write(b"hello")
        with open(os.path.join(directory, "big"), "wb") as file:
            file.write(bytes(range(200)) * 1000)
        for test in (command_line, port_in_use, ends_by_signal, tells_what_happens, ends_during_a_transfer,
                     on_a_terminal):
            print(test.__name__, flush=True)
            test(directory)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

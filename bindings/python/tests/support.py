"""Real clients, small servers, and programs in their own interpreters. Nothing here waits for a
fixed time."""
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import tftpserver

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(HERE)
ROOT = os.path.dirname(os.path.dirname(PACKAGE))
# Only what hangs takes this long: other interpreters run at the same time, and tests for Windows run
# on an emulator.
SECONDS = 300
HOST = "127.0.0.1"
sys.path.append(os.path.join(ROOT, "suites", "lib"))
from client import Answer  # noqa: E402
from client import Client as TftpClient  # noqa: E402
from listening import await_bound, free_port  # noqa: E402, F401


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


HAS_IPV6 = has_ipv6()
#: curl for Windows is no package of any registry, so a thread of the tests is the client there.
ON_WINDOWS = os.name == "nt"
LARGE = random.Random(1).randbytes(1_000_000) if hasattr(random.Random, "randbytes") else os.urandom(1_000_000)


def need(program):
    """Skips a test if a client is not installed; with TFTP_CLIENTS_REQUIRED=1 the test fails
    instead."""
    if shutil.which(program) is None:
        if os.environ.get("TFTP_CLIENTS_REQUIRED") == "1":
            raise AssertionError(f"{program} is not installed")
        raise unittest.SkipTest(f"{program} is not installed")
    return program


def until(condition):
    """Waits for a condition on another thread."""
    waiting = threading.Event()
    for _ in range(SECONDS * 100):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("it did not come to pass")


class Case(unittest.TestCase):
    """Gives each test a directory, and closes its servers at the end."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.root = os.path.join(self.place.name, "root")
        os.mkdir(self.root)

    def path(self, *names):
        return os.path.join(self.place.name, *names)

    def write(self, name, data, inside=True):
        path = os.path.join(self.root if inside else self.place.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def read(self, name, inside=True):
        with open(os.path.join(self.root if inside else self.place.name, name), "rb") as file:
            return file.read()

    def server(self, root=None, listen=True, kind=tftpserver.TFTPServer):
        server = kind()
        self.addCleanup(server.close)
        server.local_host, server.local_port = HOST, 0
        server.retransmit_timeout = 1
        if root:
            server.local_dir = root
        if listen:
            server.start_listening()
        return server

    # ---- clients ----

    def client(self, command):
        return Client(command, self.place.name)

    def get(self, port, name, host=HOST):
        """Starts a download by curl."""
        if ON_WINDOWS:
            return ThreadClient(lambda: read_all(port, name, host))
        return self.client([need("curl"), "-gsS", "-m", str(SECONDS), f"tftp://{host}:{port}/{name}"])

    def put(self, port, name, data):
        """Starts an upload by curl."""
        if ON_WINDOWS:
            return ThreadClient(lambda: write_all(port, name, data))
        source = self.path(f"source-{name}")
        with open(source, "wb") as file:
            file.write(data)
        return self.client([need("curl"), "-sS", "-m", str(SECONDS), "-T", source, f"tftp://{HOST}:{port}/{name}"])

    def pump(self, server, *clients):
        """Delivers events until the clients are done and their connections have ended; returns the
        clients."""
        while any(client.runs() for client in clients):
            server.do_events()
        settle(server)
        return clients[0] if len(clients) == 1 else clients

    def program(self, text, *arguments, check=True, **environment):
        """Runs a Python program in its own interpreter."""
        process = start_program(text, *arguments, **environment)
        try:
            out, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children, too
            self.fail(f"it hangs; it said {process.communicate()}")
        if check:
            self.assertEqual(process.returncode, 0, errors)
        return process.returncode, out, errors

    def fails(self, code, function, *arguments, **named):
        """Checks that a call raises TFTPServerError with this number and a message."""
        with self.assertRaises(tftpserver.TFTPServerError) as caught:
            function(*arguments, **named)
        self.assertEqual(caught.exception.code, code)
        self.assertTrue(caught.exception.message)
        return caught.exception


def start_program(text, *arguments, **environment):
    others = os.environ["PYTHONPATH"].split(os.pathsep) if ON_WINDOWS else []  # the standard library is there, too
    path = os.pathsep.join([PACKAGE, os.path.join(PACKAGE, "compat"), *others])
    return subprocess.Popen([sys.executable, "-X", "dev", "-c", text, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True,
                            env={**os.environ, "PYTHONPATH": path, **environment})


def settle(server):
    """Delivers events until no connection is left."""
    server.do_events()
    while server.conn_count:
        server.do_events()


class Client:
    """A client process, whose output is read while it runs."""

    def __init__(self, command, cwd):
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        self.data, self.errors = self.process.communicate()

    def runs(self):
        return self._reader.is_alive()

    def wait(self):
        self._reader.join(SECONDS)
        if self._reader.is_alive():
            self.process.kill()
            raise AssertionError("the client hangs")
        return self

    @property
    def code(self):
        """curl's exit code: 0; 68 for ERROR 1, not found; 69 for ERROR 2, access."""
        return self.wait().process.returncode


class ThreadClient:
    """A client on a thread, with the interface and the exit codes of `Client` for curl."""

    def __init__(self, transfer):
        self.data, self.errors, self._code = b"", b"", 42
        self._thread = threading.Thread(target=self._run, args=(transfer,), daemon=True)
        self._thread.start()

    def _run(self, transfer):
        try:
            self.data, self._code = transfer(), 0
        except Answer as answer:
            self._code, self.errors = {0: 42}.get(answer.code, 67 + answer.code), str(answer).encode()
        except OSError as error:
            self._code, self.errors = 28, str(error).encode()

    def runs(self):
        return self._thread.is_alive()

    def wait(self):
        self._thread.join(SECONDS)
        if self._thread.is_alive():
            raise AssertionError("the client hangs")
        return self

    @property
    def code(self):
        return self.wait()._code


def read_all(port, name, host):
    with TftpClient((host, port), seconds=SECONDS) as client:
        return client.read(name, blksize=1428)


def write_all(port, name, data):
    with TftpClient((HOST, port), seconds=SECONDS) as client:
        client.write(name, data, blksize=1428)
    return b""


def raw(port):
    """A client that sends only packets that the test requests, for unfinished transfers."""
    return TftpClient((HOST, port), seconds=SECONDS)


def raw_put(port, name, data):
    """Uploads one block of data; returns None, or the text of the ERROR packet received."""
    with raw(port) as client:
        try:
            client.write(name, data)
        except Answer as answer:
            return answer.text
    return None


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
            return True
        except OSError:
            return False


def compile_library(test, path, version):
    """Builds a library that contains only a version."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise unittest.SkipTest("no C compiler is installed")
    source = test.path("library.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(f'const char *tftpserver_version(void) {{ return "{version}"; }}\n')
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, source], check=True)

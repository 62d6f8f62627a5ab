"""The library through ctypes: the basis of the tests of the settings, with the client of
client.py."""
import os
import tempfile
import threading
import time
import unittest

from client import Answer, Client, request  # noqa: F401
from interface import Callback, EventId, PropertyId, load
from net import in_child  # noqa: F401

LIBRARY = os.environ.get("TFTPSERVER_LIBRARY", "")
# True if the library was compiled with `--cfg portable`, with only the features of other systems
# than Linux.
PORTABLE = bool(os.environ.get("TFTPSERVER_PORTABLE"))
# True under an emulator of a processor (qemu-user), which has not all system calls.
EMULATED = bool(os.environ.get("TFTPSERVER_EMULATED"))


def not_emulated(what):
    """Decorates a test of `what`, which an emulator of a processor lacks."""
    return unittest.skipIf(EMULATED, f"{what}, which the emulator lacks")


def only_linux(what):
    """Decorates a test of `what`, which the library has only on Linux."""
    return unittest.skipIf(PORTABLE, f"{what}, which only Linux has")


VERSION, CONN_COUNT, CONN_ID = PropertyId.VERSION, PropertyId.CONN_COUNT, PropertyId.CONN_CONNECTION_ID
CONN_REMOTE_HOST, CONN_LOCAL_FILE = PropertyId.CONN_REMOTE_HOST, PropertyId.CONN_LOCAL_FILE
LISTENING, LOCAL_DIR, LOCAL_HOST, LOCAL_PORT = (
    PropertyId.LISTENING, PropertyId.LOCAL_DIR, PropertyId.LOCAL_HOST, PropertyId.LOCAL_PORT)
MAX_RETRANSMITS, RETRANSMIT_TIMEOUT, TIMEOUT = (
    PropertyId.MAX_RETRANSMITS, PropertyId.RETRANSMIT_TIMEOUT, PropertyId.TIMEOUT)
CONNECTED, REQUEST, DISCONNECTED, END = (
    EventId.CONNECTED, EventId.CONNECTION_REQUEST, EventId.DISCONNECTED, EventId.END_TRANSFER)
ERROR, LOG, START, TRANSFER = EventId.ERROR, EventId.LOG, EventId.START_TRANSFER, EventId.TRANSFER

lib = load(LIBRARY)


class Refused(Exception):
    """A call that failed, with its number."""

    def __init__(self, handle):
        self.code = lib.tftpserver_get_last_error_code(handle)
        super().__init__(f"{self.code}: {lib.tftpserver_get_last_error(handle).decode()}")


class Server:
    """A server object with a directory of its own, on 127.0.0.1 and a port of the system's choice.
    Keywords are settings."""

    def __init__(self, host="127.0.0.1", start=True, **settings):
        self.handle = lib.tftpserver_open()
        self.callbacks = []
        self.directory = tempfile.TemporaryDirectory()
        self.root = self.directory.name
        self.set(LOCAL_DIR, self.root)
        self.set(LOCAL_HOST, host)
        self.set(LOCAL_PORT, 0)
        self.host = host
        try:
            for name, value in settings.items():
                self.config(name, value)
            if start:
                self.start()
        except Refused:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.handle:
            lib.tftpserver_close(self.handle)
            self.handle = None
            self.directory.cleanup()

    def check(self, code):
        if code != 0:
            raise Refused(self.handle)

    def set(self, prop, value):
        self.check(lib.tftpserver_set(self.handle, prop, 0, str(value).encode()))

    def get(self, prop, index=0):
        value = lib.tftpserver_get(self.handle, prop, index)
        if value is None:
            raise Refused(self.handle)
        return value.decode()

    def config(self, name, value=None):
        text = name if value is None else f"{name}={value}"
        result = lib.tftpserver_do_config(self.handle, text.encode())
        if result is None:
            raise Refused(self.handle)
        return result.decode()

    def start(self):
        self.check(lib.tftpserver_do_startlistening(self.handle))

    def stop(self):
        self.check(lib.tftpserver_do_stoplistening(self.handle))

    def reset(self):
        self.check(lib.tftpserver_do_reset(self.handle))

    def shutdown(self):
        self.check(lib.tftpserver_do_shutdown(self.handle))

    def events(self):
        self.check(lib.tftpserver_do_doevents(self.handle))

    def on(self, event, function):
        def call(_server, event, _context):
            return function(event.contents.data) or 0

        self.callbacks.append(Callback(call))
        self.check(lib.tftpserver_register_callback(self.handle, event, self.callbacks[-1], None))

    @property
    def port(self):
        return int(self.get(LOCAL_PORT))

    @property
    def address(self):
        return (self.host or "127.0.0.1", self.port)

    def file(self, name, data):
        with open(os.path.join(self.root, name), "wb") as file:
            file.write(data)
        return data

    def pump(self, until, seconds=30):
        """Calls DoEvents until a condition holds."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise AssertionError("nothing came of it in time")
            self.events()


def read(server, name, **options):
    with Client(server.address) as client:
        return client.read(name, **options)


def write(server, name, data, **options):
    with Client(server.address) as client:
        client.write(name, data, **options)


def pattern(length):
    return bytes((at * 31 + at // 251) & 0xFF for at in range(length))


def refused(test, code, call, *arguments, **keywords):
    """Checks that the call fails with that number."""
    try:
        made = call(*arguments, **keywords)
    except Refused as refusal:
        test.assertEqual(refusal.code, code, str(refusal))
        return str(refusal)
    if isinstance(made, Server):
        made.close()
    return test.fail(f"{code} was expected")


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def own_udp_rows():
    """Returns the rows of /proc/net/udp of this process's IPv4 sockets as words: [1] local, [2]
    remote address, [9] inode."""
    ours = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            ours.add(os.readlink(f"/proc/self/fd/{name}").removeprefix("socket:[").removesuffix("]"))
        except OSError:
            pass
    with open("/proc/self/net/udp", encoding="ascii") as file:
        rows = [line.split() for line in list(file)[1:]]
    return [row for row in rows if row[9] in ours]

"""The library through ctypes, and a TFTP client of sockets: what the tests of the settings are made of."""
import os
import socket
import struct
import tempfile
import threading
import time

from interface import Callback, EventId, PropertyId, load
from net import in_child  # noqa: F401

LIBRARY = os.environ.get("TFTPSERVER_LIBRARY", "")

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
    """A server object with a directory of its own, on 127.0.0.1 and a port of the system's choice. Keywords are settings."""

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

    def pump(self, until, seconds=10):
        """Calls DoEvents until something is so."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise AssertionError("nothing came of it in time")
            self.events()


class Answer(Exception):
    """The server sent an ERROR."""

    def __init__(self, code, text):
        super().__init__(f"ERROR {code}: {text}")
        self.code, self.text = code, text


def request(name, opcode=1, mode="octet", **options):
    fields = [name, mode] + [str(part) for option in options.items() for part in option]
    return struct.pack("!H", opcode) + b"".join(field.encode() + b"\0" for field in fields)


class Client:
    """One TID. `peer` is where the answers come from, None before the first."""

    def __init__(self, server, family=None, source="", port=0):
        family = family or (socket.AF_INET6 if ":" in server[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(5)
        self.socket.bind((source, port))
        self.server, self.peer = server, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, name, opcode=1, mode="octet", **options):
        self.socket.sendto(request(name, opcode, mode, **options), self.server)

    def receive(self):
        """(opcode, block number, the rest)"""
        packet, self.peer = self.socket.recvfrom(65536)
        opcode, number = struct.unpack("!HH", packet[:4].ljust(4, b"\0"))
        if opcode == 5:
            raise Answer(number, packet[4:-1].decode())
        return (6, 0, packet[2:]) if opcode == 6 else (opcode, number, packet[4:])

    def ack(self, block):
        self.socket.sendto(struct.pack("!HH", 4, block & 0xFFFF), self.peer)

    def data(self, block, data):
        self.socket.sendto(struct.pack("!HH", 3, block & 0xFFFF) + data, self.peer)

    def oack(self, name, opcode=1, **options):
        """The options that the server agreed to."""
        self.ask(name, opcode, **options)
        opcode, _, rest = self.receive()
        assert opcode == 6, opcode
        fields = rest.decode().split("\0")[:-1]
        return dict(zip(fields[::2], fields[1::2]))

    def finish(self, blksize=512, first=None):
        """Reads on to the end; `first` is a packet that was received already."""
        got, wanted = [], 1
        while True:
            opcode, number, rest = first or self.receive()
            first = None
            if opcode == 6:
                self.ack(0)
            elif number == wanted & 0xFFFF:
                got.append(rest)
                self.ack(wanted)
                wanted += 1
                if len(rest) < blksize:
                    return b"".join(got)

    def read(self, name, **options):
        self.ask(name, **options)
        return self.finish(int(options.get("blksize", 512)))

    def write(self, name, data, **options):
        self.ask(name, 2, **options)
        # The last block of a read before may come once more, from another port, where its ACK was late.
        while self.receive()[:2] not in ((4, 0), (6, 0)):
            pass
        size = int(options.get("blksize", 512))
        for number in range(len(data) // size + 1):
            self.data(number + 1, data[number * size:(number + 1) * size])
            while self.receive()[:2] != (4, (number + 1) & 0xFFFF):
                pass

    def is_silent(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            self.socket.recvfrom(65536)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)


def read(server, name, **options):
    with Client(server.address) as client:
        return client.read(name, **options)


def write(server, name, data, **options):
    with Client(server.address) as client:
        client.write(name, data, **options)


def pattern(length):
    return bytes((at * 31 + at // 251) & 0xFF for at in range(length))


def refused(test, code, call, *arguments, **keywords):
    """The call fails with that number."""
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
    """The rows of /proc/net/udp, as words, of this process's IPv4 sockets: [1] local, [2] remote address, [9] inode."""
    ours = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            ours.add(os.readlink(f"/proc/self/fd/{name}").removeprefix("socket:[").removesuffix("]"))
        except OSError:
            pass
    with open("/proc/self/net/udp", encoding="ascii") as file:
        rows = [line.split() for line in list(file)[1:]]
    return [row for row in rows if row[9] in ours]

"""The TFTP client of every test in Python: packet by packet, or whole files. It needs no library,
and Python 3.9.

It repeats nothing by itself: on a machine's own network nothing is lost, and what a server repeats
is seen.
"""
import socket
import struct

RRQ, WRQ, DATA, ACK, ERROR, OACK = 1, 2, 3, 4, 5, 6
SOL_UDP, UDP_SEGMENT = 17, 103


class Answer(Exception):
    """Raised when the server sent an ERROR."""

    def __init__(self, code, text):
        super().__init__(f"ERROR {code}: {text}")
        self.code, self.text = code, text


def request(name, opcode=RRQ, mode="octet", **options):
    fields = [name, mode] + [part for option in options.items() for part in option]
    return struct.pack("!H", opcode) + b"".join(
        (field if isinstance(field, bytes) else str(field).encode()) + b"\0" for field in fields)


def taken_apart(packet):
    """(opcode, number of block or error, the rest)"""
    opcode, number = struct.unpack("!HH", packet[:4].ljust(4, b"\0"))
    return (OACK, 0, packet[2:]) if opcode == OACK else (opcode, number, packet[4:])


class Client:
    """A client with one TID. `peer` is the sender of the answers, None before the first."""

    def __init__(self, server, family=None, source="", port=0, seconds=30):
        family = family or (socket.AF_INET6 if ":" in server[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.seconds = seconds
        self.socket.settimeout(seconds)
        self.socket.bind((source, port))
        self.server, self.peer = server, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # ---- packets ----

    def send(self, packet):
        self.socket.sendto(packet, self.peer or self.server)

    def ask(self, name, opcode=RRQ, mode="octet", **options):
        self.socket.sendto(request(name, opcode, mode, **options), self.server)

    def ack(self, block):
        self.send(struct.pack("!HH", ACK, block & 0xFFFF))

    def data(self, block, data):
        self.send(struct.pack("!HH", DATA, block & 0xFFFF) + data)

    def error(self, text="enough", code=0):
        self.send(struct.pack("!HH", ERROR, code) + text.encode() + b"\0")

    def packet(self):
        """Returns the next packet unparsed."""
        packet, self.peer = self.socket.recvfrom(65536)
        return packet

    def answer(self):
        """Returns (opcode, number, the rest) of the next packet, even of an ERROR."""
        return taken_apart(self.packet())

    def receive(self):
        """Returns (opcode, number, the rest) of the next packet; raises an ERROR."""
        opcode, number, rest = self.answer()
        if opcode == ERROR:
            raise Answer(number, rest[:-1].decode())
        return opcode, number, rest

    def is_silent(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            self.socket.recvfrom(65536)
            return False
        except socket.timeout:
            return True
        finally:
            self.socket.settimeout(self.seconds)

    # ---- whole files ----

    def begin_window(self, name, **options):
        """Requests a file and receives the first packet of a window. The small receive buffer drops
        most others."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.oack(name, **options)
        self.ack(0)
        self.receive()

    def oack(self, name, opcode=RRQ, **options):
        """Sends a request and returns the negotiated options."""
        self.ask(name, opcode, **options)
        opcode, _, rest = self.receive()
        assert opcode == OACK, opcode
        fields = rest.decode().split("\0")[:-1]
        return dict(zip(fields[::2], fields[1::2]))

    def finish(self, blksize=512, first=None, windowsize=1):
        """Reads to the end of the file; `first` is a packet that was received already."""
        got, wanted, gap = [], 1, 0
        while True:
            opcode, number, rest = first or self.receive()
            first = None
            if opcode == OACK:
                self.ack(0)
            elif number == wanted & 0xFFFF:
                got.append(rest)
                is_last = len(rest) < blksize
                if is_last or wanted % windowsize == 0:
                    self.ack(wanted)
                wanted += 1
                if is_last:
                    return b"".join(got)
            elif 0 < (number - wanted) & 0xFFFF < windowsize and gap != wanted:
                self.ack(wanted - 1)
                gap = wanted

    def read(self, name, **options):
        self.ask(name, **options)
        return self.finish(int(options.get("blksize", 512)), windowsize=int(options.get("windowsize", 1)))

    def write(self, name, data, **options):
        self.ask(name, WRQ, **options)
        # The last block of a read before may come once more, from another port, where its ACK was
        # late.
        while self.receive()[:2] not in ((ACK, 0), (OACK, 0)):
            pass
        size, window = int(options.get("blksize", 512)), int(options.get("windowsize", 1))
        acked, count = 0, len(data) // size + 1
        while acked < count:
            last = min(acked + window, count)
            self.window(acked + 1, [data[number * size:(number + 1) * size] for number in range(acked, last)], size)
            acked = self.acknowledged(acked, last)

    def window(self, first, parts, size):
        """Sends several blocks in one call, so that they reach the server together."""
        packets = [struct.pack("!HH", DATA, (first + at) & 0xFFFF) + part for at, part in enumerate(parts)]
        if not hasattr(self.socket, "sendmsg"):  # Windows
            for packet in packets:
                self.socket.sendto(packet, self.peer)
            return
        segment = [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", size + 4))] if len(packets) > 1 else []
        self.socket.sendmsg([b"".join(packets)], segment, 0, self.peer)

    def acknowledged(self, acked, last):
        """Waits for an ACK of the window to `last` and returns the block that it acknowledges."""
        while True:
            opcode, number, _ = self.receive()
            ahead = (number - acked) & 0xFFFF
            # The first block of a window may be missing; in lockstep the ACK of the block before is
            # only a repetition.
            if opcode == ACK and (0 < ahead <= last - acked or ahead == 0 and last > acked + 1):
                return acked + ahead

"""Networks that are made for a test and vanish with the process that made them: nothing has a name
on the machine."""
import ctypes
import os
import socket
import struct
import subprocess
import traceback
import unittest

CLONE_NEWNS, CLONE_NEWNET, MS_PRIVATE_TREE = 0x20000, 0x40000000, 0x44000
SKIPPED = "skipped: "
libc = ctypes.CDLL(None, use_errno=True)
IS_ROOT = os.geteuid() == 0


def unshare():
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    ip("link set lo up")


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True, stdout=subprocess.DEVNULL)


def own_mounts():
    """Gives this process its own mounts: later ones are visible only to it and vanish with it."""
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, MS_PRIVATE_TREE, None) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def child_can(attempt):
    """Returns whether `attempt` succeeds in a child of this process, which runs as root."""
    if not IS_ROOT:
        return False
    child = os.fork()
    if child == 0:
        code = 1
        try:
            attempt()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def may_isolate():
    """Returns whether this machine lets a child make a network."""
    return child_can(unshare)


def needs_network(test):
    """Skips a test, or a class of them, where no network can be made."""
    return unittest.skipUnless(may_isolate(), "tests with a network of their own, which needs root")(test)


def in_child(function):
    """Runs a function in a forked process, before any thread starts; an exception there is raised
    here."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            function()
            text = ""
        except unittest.SkipTest as reason:
            text = SKIPPED + str(reason)
        except BaseException:  # a child must not return into the test runner
            text = traceback.format_exc()[-3900:]
        os.write(write_end, text.encode()[:4000])
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as result:
        text = result.read().decode()
    _, status = os.waitpid(child, 0)
    if text.startswith(SKIPPED):
        raise unittest.SkipTest(text.removeprefix(SKIPPED))
    if text or status:
        raise AssertionError(text or f"the child ended with {status}")


class Namespace:
    """A network. Within `with`, sockets and commands belong to it."""

    def __init__(self):
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        unshare()
        self.fd = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.path = f"/proc/{os.getpid()}/fd/{self.fd}"
        libc.setns(home, CLONE_NEWNET)
        os.close(home)

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        libc.setns(self.fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        libc.setns(self.home, CLONE_NEWNET)
        os.close(self.home)


def pair(mtu=1500):
    """Moves this process to a network with `here` (10.9.0.1, 10.9.0.2 and fd00::1), and returns a
    second network with `there` (10.9.0.9 and fd00::9)."""
    unshare()
    other = Namespace()
    ip("link add here type veth peer name there")
    ip(f"link set there netns {other.path}")
    # nodad: without duplicate address detection there is nothing to wait for.
    for address in ("10.9.0.1/24", "10.9.0.2/24", "fd00::1/64"):
        ip(f"addr add {address} dev here" + (" nodad" if ":" in address else ""))
    ip(f"link set here mtu {mtu} up")
    with other:
        for address in ("10.9.0.9/24", "fd00::9/64"):
            ip(f"addr add {address} dev there" + (" nodad" if ":" in address else ""))
        ip(f"link set there mtu {mtu} up")
    return other


class Sniffer:
    """Receives the frames that arrive at one interface."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 0))
        self.socket.settimeout(3)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def udp(self, wanted=lambda packet: True):
        """Returns the next packet that carries UDP, or a fragment of it."""
        while True:
            packet = Packet(*self.socket.recvfrom(65536))
            if packet.protocol == 17 and wanted(packet):
                return packet

    def waiting(self, wanted=lambda packet: True):
        """Returns all packets until none comes any more."""
        self.socket.settimeout(0.2)
        packets = []
        try:
            while True:
                packets.append(self.udp(wanted))
        except TimeoutError:
            return packets
        finally:
            self.socket.settimeout(3)


class Packet:
    """One frame with its IP header parsed."""

    def __init__(self, frame, address):
        self.is_outgoing = address[2] == 4
        self.to_mac, self.from_mac = frame[:6].hex("-"), frame[6:12].hex("-")
        kind, ip = struct.unpack("!H", frame[12:14])[0], frame[14:]
        self.protocol = self.offset = None
        self.dont_fragment = self.more_fragments = False
        if kind == 0x0800:
            length = (ip[0] & 15) * 4
            place = struct.unpack("!H", ip[6:8])[0]
            self.dont_fragment, self.more_fragments = bool(place & 0x4000), bool(place & 0x2000)
            self.offset = (place & 0x1FFF) * 8
            self.traffic_class, self.protocol = ip[1], ip[9]
            self.ident = struct.unpack("!H", ip[4:6])[0]
            self.size = struct.unpack("!H", ip[2:4])[0]
            self.source, self.target = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
            self.payload = ip[length:self.size]
        elif kind == 0x86DD:
            self.traffic_class = (ip[0] & 15) << 4 | ip[1] >> 4
            self.protocol, self.size = ip[6], struct.unpack("!H", ip[4:6])[0] + 40
            self.source, self.target = (socket.inet_ntop(socket.AF_INET6, ip[at:at + 16]) for at in (8, 24))
            self.payload, self.offset = ip[40:self.size], 0
        if self.protocol == 17 and not self.offset:
            self.from_port, self.to_port = struct.unpack("!HH", self.payload[:4])

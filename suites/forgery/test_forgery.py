"""The effects of packets with forged addresses, from a sender that sees no answers and has one
address of its own.

The bounds are those of SECURITY.md: bytes that reach a victim for each forged byte, IP and UDP
headers included.
"""
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
import unittest

import net
from lib import RETRANSMIT_TIMEOUT, Client, Server, own_udp_rows, pattern, request
from net import needs_network

SENDER, VICTIM, BYSTANDER = "127.0.0.5", "127.0.0.9", "127.0.0.11"
HEADERS = 28

# Bytes to a victim for each forged byte; SECURITY.md has them. A request alone, a guessed port, and
# by mode a known port.
REQUEST, GUESS = 58, 12
ONE_SHARED, ALL_SHARED, SINGLE = 105_000, 4_500, 13_000

# The largest answer with the default limits: a window of 64 blocks of 16 kB, the largest that is
# not cut.
LARGEST = {"blksize": 16384, "windowsize": 64}


class Forger:
    """Writes the IP header itself, and so any source address (root only)."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.bytes = 0

    def send(self, source, target, payload):
        forged = packet(source, target, payload)
        self.socket.sendto(forged, (target[0], 0))
        self.bytes += len(forged)

    def close(self):
        self.socket.close()


def packet(source, target, payload=b""):
    """An IP packet with a UDP datagram from `source` to `target`, without checksums."""
    size = HEADERS + len(payload)
    udp = struct.pack("!HHHH", source[1], target[1], size - 20, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, random.getrandbits(16), 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(source[0]), socket.inet_aton(target[0]))
    return ip + udp + payload


def ack(number):
    return struct.pack("!HH", 4, number & 0xFFFF)


def data(number, content):
    return struct.pack("!HH", 3, number) + content


def error(text=b"forged"):
    return b"\0\5\0\0" + text + b"\0"


def checksum(content):
    total = sum(struct.unpack(f"!{len(content) // 2}H", content))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def port_unreachable(source, target):
    """An ICMP message: a packet from `source` to `target` found the port closed."""
    icmp = struct.pack("!BBHI", 3, 3, 0, 0) + packet(source, target)
    return icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]


# Sends an ICMP message again and again, as fast as it can: a process of its own.
FLOOD = """
import socket, sys
flood = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
print(flush=True)
while True:
    flood.sendto(bytes.fromhex(sys.argv[2]), (sys.argv[1], 0))
"""


class Victim:
    """A host that never answers and counts the packets that it gets."""

    def __init__(self, host):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((host, 0))
        self.address = self.socket.getsockname()
        self.bytes = 0
        self.packets = []

    def take(self, seconds):
        """Counts packets until none has come for this long."""
        self.socket.settimeout(seconds)
        try:
            while True:
                packet = self.socket.recv(65536)
                self.packets.append(packet[:4])
                self.bytes += HEADERS + len(packet)
        except TimeoutError:
            return self.bytes

    def close(self):
        self.socket.close()


def active(server):
    return int(re.search(r'"active":(\d+)', server.config("Statistics"))[1])


def await_the_end(server, victim):
    """Waits until the server has given up every transfer and the victim has counted the packets."""
    end = time.monotonic() + 90
    while not victim.packets:
        assert time.monotonic() < end, "nothing came"
        victim.take(0.1)
    while active(server) > 0:
        assert time.monotonic() < end, server.config("Statistics")
        victim.take(0.2)
    victim.take(0.1)


def learn(server, count=20):
    """Returns the ports of the sender's own transfers."""
    ports = set()
    for _ in range(count):
        with Client(server.address, source=SENDER) as client:
            client.read("f")
            ports.add(client.peer[1])
    return sorted(ports)


def start(**settings):
    server = Server(start=False, **settings)
    server.set(RETRANSMIT_TIMEOUT, 1)
    server.file("f", pattern(700))
    server.file("big", b"\x5a" * (32 << 20))
    server.start()
    return server


def system_range():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first, last = file.read().split()
    return range(int(first), int(last) + 1)


def shared_ports(server, victim):
    """Returns the ports that a sender finds by probing every port from its own address: those that
    answer ERROR 5."""
    own = {int(row[1].split(":")[1], 16) for row in own_udp_rows() if row[2].endswith(":0000")}
    # The victim is in this process, too.
    return own - {server.port, victim.address[1]}


@needs_network
class Forged(unittest.TestCase):
    def in_network(self, test):
        def inside():
            net.unshare()
            test()
        net.in_child(inside)

    def ratio(self, name, forger, victim, most):
        ratio = victim.bytes / forger.bytes
        print(f"figure: {name}: {victim.bytes} bytes for {forger.bytes} forged ones, {ratio:.1f} times", flush=True)
        assert ratio <= most, (name, ratio, most)
        return ratio

    def test_a_request_alone(self):
        """A forged request brings one packet and at most three retransmissions, in every mode."""
        def test():
            for settings in ({}, {"UseConnection": "True"}, {"PortPerTransfer": "False"}, {"SinglePort": "True"}):
                with start(**settings) as server:
                    forger, victim = Forger(), Victim(VICTIM)
                    forger.send(victim.address, server.address, request("f"))
                    await_the_end(server, victim)
                    self.ratio(f"a forged request {settings}", forger, victim, REQUEST)
                    assert 1 <= len(victim.packets) <= 4, victim.packets
                    forger.close()
                    victim.close()
        self.in_network(test)

    def test_acknowledged_in_the_victims_name(self):
        """Ports learnt from the sender's own requests do not help it if each transfer has its own
        port."""
        def test():
            for settings in ({}, {"UseConnection": "True"}, {"IoThreads": 2}):
                with start(**settings) as server:
                    known = learn(server)
                    forger, victim = Forger(), Victim(VICTIM)
                    forger.send(victim.address, server.address, request("big", **LARGEST))
                    victim.take(0.2)
                    for block in range(0, 64 * 16, 64):
                        for port in known:
                            forger.send(victim.address, (server.host, port), ack(block))
                    await_the_end(server, victim)
                    self.ratio(f"known ports {settings}", forger, victim, REQUEST)
                    assert len(victim.packets) <= 4, victim.packets
                    forger.close()
                    victim.close()
        self.in_network(test)

    def test_a_guessed_port(self):
        """An ACK to every port there is: one of them is the transfer's. It brings one window and
        its repetitions."""
        def test():
            with start() as server:
                forger, victim = Forger(), Victim(VICTIM)
                forger.send(victim.address, server.address, request("big", **LARGEST))
                ports = list(system_range())
                random.shuffle(ports)
                for port in ports:
                    forger.send(victim.address, (server.host, port), ack(0))
                await_the_end(server, victim)
                assert any(packet[:2] == b"\0\3" for packet in victim.packets), "the guess was right once"
                self.ratio("every port", forger, victim, GUESS)
                forger.close()
                victim.close()
        self.in_network(test)

    def test_one_shared_port(self):
        """The sender knows the port of a victim that shares its own, which is one in thirty-two."""
        def test():
            with start(PortPerTransfer="False") as server:
                known = learn(server)
                assert len(known) == 1, known
                exposed = 0
                for number in range(100):
                    forger, victim = Forger(), Victim(f"127.0.7.{number + 1}")
                    forger.send(victim.address, server.address, request("big", **LARGEST))
                    victim.take(0.02)
                    forger.send(victim.address, (server.host, known[0]), ack(0))
                    victim.take(0.02)
                    if any(packet[:2] == b"\0\3" for packet in victim.packets):
                        exposed += 1
                        await_the_end(server, victim)
                    self.ratio("one shared port", forger, victim, ONE_SHARED)
                    forger.close()
                    victim.close()
                    if exposed == 2:
                        break
                # About three of a hundred are expected; ten or more would mean a predictable hash.
                assert exposed <= 10, exposed
        self.in_network(test)

    def test_all_shared_ports(self):
        """The sender has found the shared ports, by ERROR 5 to its own address, and tries all of
        them."""
        def test():
            with start(PortPerTransfer="False") as server:
                for number in range(200):
                    with Client(server.address, source=f"127.0.8.{number + 1}") as client:
                        client.read("f")
                forger, victim = Forger(), Victim(VICTIM)
                forger.send(victim.address, server.address, request("big", **LARGEST))
                while not victim.packets:
                    victim.take(0.1)
                ports = shared_ports(server, victim)
                assert 40 < len(ports) <= 64, ports
                for port in ports:
                    forger.send(victim.address, (server.host, port), ack(0))
                await_the_end(server, victim)
                assert any(packet[:2] == b"\0\3" for packet in victim.packets), "one of them is the victim's"
                self.ratio("all shared ports", forger, victim, ALL_SHARED * 64 / len(ports))
                forger.close()
                victim.close()
        self.in_network(test)

    def test_a_single_port(self):
        """Its port is known: a forged ACK brings a window, which has four blocks and 128 kB at
        most, and its repetitions."""
        def test():
            with start(SinglePort="True") as server:
                for options in (LARGEST, {"blksize": 65464, "windowsize": 64}):
                    for last in (0, 400):
                        forger, victim = Forger(), Victim(VICTIM)
                        forger.send(victim.address, server.address, request("big", **options))
                        victim.take(0.1)
                        for block in range(0, last + 1, 4):
                            forger.send(victim.address, server.address, ack(block))
                            victim.take(0.005)
                        await_the_end(server, victim)
                        self.ratio(f"a single port, ACKs up to {last}, {options}", forger, victim, SINGLE)
                        forger.close()
                        victim.close()
        self.in_network(test)

    def test_nothing_is_written_and_nobody_is_ended(self):
        """Packets to known ports can neither upload in the victim's name nor end another client's
        transfer."""
        def test():
            for settings in ({}, {"UseConnection": "True"}):
                with start(**settings) as server:
                    known = learn(server)
                    forger, victim = Forger(), Victim(VICTIM)
                    forger.send(victim.address, server.address, request("forged", 2))
                    victim.take(0.1)
                    with Client(server.address, source=BYSTANDER) as bystander:
                        bystander.ask("f")
                        first = bystander.receive()
                        for port in known:
                            forger.send(victim.address, (server.host, port), data(1, b"by nobody"))
                            forger.send(bystander.socket.getsockname(), (server.host, port), error())
                        time.sleep(0.3)
                        assert bystander.finish(first=first) == pattern(700)
                    assert not os.path.exists(os.path.join(server.root, "forged"))
                    forger.close()
                    victim.close()
        self.in_network(test)

    def test_a_flood_of_icmp_errors_of_others_ends_nobody(self):
        """A socket that clients share meets the errors of all their packets. Those that a forger
        invents for somebody end no transfer of another."""
        def test():
            for settings in ({"SinglePort": "True"}, {"PortPerTransfer": "False"}):
                with start(**settings) as server:
                    with Client(server.address, source=BYSTANDER) as first:
                        first.read("f")
                        message = port_unreachable(first.peer, (VICTIM, 4000))
                    flood = subprocess.Popen([sys.executable, "-c", FLOOD, server.host, message.hex()],
                                             stdout=subprocess.PIPE)
                    try:
                        flood.stdout.readline()
                        for _ in range(2000):
                            with Client(server.address, source=BYSTANDER) as bystander:
                                assert bystander.read("f") == pattern(700), settings
                    finally:
                        flood.kill()
                        flood.communicate()
        self.in_network(test)

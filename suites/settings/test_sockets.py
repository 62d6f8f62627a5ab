"""The properties of packets and sockets: headers, buffers, ports."""
import os
import resource
import socket
import struct
import threading
import time
import unittest

import net
from lib import (ERROR, LOCAL_PORT, RETRANSMIT_TIMEOUT, Answer, Client, Refused, Server, in_child, not_emulated, own_udp_rows,
                 pattern, read, refused, write)
from listening import free_port
from net import needs_network


def own_sockets():
    """Returns the UDP sockets of this process, including the library's."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                one = socket.socket(fileno=os.dup(int(name)))
                if one.type == socket.SOCK_DGRAM and one.family in (socket.AF_INET, socket.AF_INET6):
                    found.append(one)
                else:
                    one.close()
        except OSError:
            pass
    return found


def too_big(client, mtu):
    """Returns a router's message about the last DATA to this client: ICMPv6 type 2, with the start
    of that packet."""
    server, here = client.peer[1], client.socket.getsockname()[1]
    loopback = socket.inet_pton(socket.AF_INET6, "::1")
    length = 8 + 4 + 1428
    packet = struct.pack("!IHBB", 6 << 28, length, socket.IPPROTO_UDP, 64) + loopback + loopback
    packet += struct.pack("!HHHH", server, here, length, 0)
    return struct.pack("!BBHI", 2, 0, 0, mtu) + packet.ljust(1200, b"x")


def connected_here():
    """Returns the number of connected UDP sockets of this process. Counting them needs no
    descriptor."""
    # The kernel may list one socket twice.
    return len({row[9] for row in own_udp_rows() if not row[2].endswith(":0000")})


def bound_to(port):
    matching = [one for one in own_sockets() if one.getsockname()[1] == port]
    return matching[0]


def free_ports(count):
    """Returns the first of this many consecutive free ports."""
    while True:
        first = free_port()
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(1, count)]
        try:
            for port, one in enumerate(sockets, first + 1):
                one.bind(("0.0.0.0", port))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()


class Headers(unittest.TestCase):
    @needs_network
    def test_dont_fragment(self):
        def test():
            net.unshare()
            net.ip("link set lo mtu 1500")
            for value in ("False", "True"):
                for host in ("127.0.0.1", ""):
                    settings = {"UseIPv6": "True"} if not host else {}
                    with Server(host, DontFragment=value, **settings) as server, net.Sniffer("lo") as sniffer:
                        data = server.file("file", pattern(5000))
                        with Client(("127.0.0.1", server.port)) as client:
                            here = client.socket
                            assert client.read("file", blksize=1400) == data
                            to_us = sniffer.waiting(lambda packet, here=here:
                                                    packet.to_port == here.getsockname()[1])
                        assert len(to_us) >= 5
                        assert {packet.dont_fragment for packet in to_us} == {value == "True"}, (value, host)
        in_child(test)

    @needs_network
    def test_blocks_beyond_the_mtu(self):
        """Large blocks go in fragments; with DontFragment they are refused at once, not tried until
        the timeout."""
        def test():
            net.unshare()
            net.ip("link set lo mtu 1500")
            for host, settings in (("127.0.0.1", {}), ("127.0.0.1", {"UseConnection": "True"}),
                                   ("127.0.0.1", {"SinglePort": "True"}), ("::1", {"UseIPv6": "True"})):
                with Server(host, DontFragment="False", **settings) as server:
                    data = server.file("file", pattern(20000))
                    assert read(server, "file", blksize=8000) == data
                with Server(host, DontFragment="True", **settings) as server:
                    server.file("file", data)
                    codes = []
                    server.on(ERROR, lambda data, codes=codes: codes.append(data.error.error_code))
                    with self.assertRaisesRegex(Answer, "blksize"):
                        read(server, "file", blksize=8000, windowsize=4)
                    server.pump(lambda codes=codes: codes == [10040])
        in_child(test)

    @needs_network
    def test_a_path_that_is_smaller_than_its_first_link(self):
        """ICMPv6 Packet Too Big teaches the system the path's size, and the block goes again; with
        DontFragment it never fits."""
        def test():
            net.unshare()
            router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            for settings in ({}, {"PortPerTransfer": "False"}):
                for dont_fragment in ("False", "True"):
                    with Server("::1", UseIPv6="True", DontFragment=dont_fragment, **settings) as server:
                        server.file("file", data := pattern(3000))
                        codes = []
                        server.on(ERROR, lambda data, codes=codes: codes.append(data.error.error_code))
                        with Client(("::1", server.port)) as client:
                            client.oack("file", blksize=1428)
                            client.ack(0)
                            if dont_fragment == "True":
                                with self.assertRaisesRegex(Answer, "blksize"):
                                    # At once where the system knows the path by now.
                                    client.receive()
                                    router.sendto(too_big(client, 1280), ("::1", 0))
                                    client.receive()
                                server.pump(lambda codes=codes: codes == [10040])
                                continue
                            first = client.receive()
                            router.sendto(too_big(client, 1280), ("::1", 0))
                            assert client.receive() == first
                            assert client.finish(1428, first) == data
                            assert codes == []
        in_child(test)

    def classes(self, host, client_host, **settings):
        """Returns the TOS or traffic class bytes of a transfer's packets."""
        with Server(host, **settings) as server:
            server.file("file", pattern(1200))
            with Client((client_host, server.port)) as client:
                if ":" in client_host:
                    client.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
                else:
                    client.socket.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
                client.ask("file", blksize=600)
                seen = set()
                for block in range(3):
                    packet, control, _, peer = client.socket.recvmsg(2000, 200)
                    client.peer = peer
                    seen.add(control[0][2][0])
                    client.ack(block)
                return seen

    def test_qos(self):
        for host, client, settings in (("127.0.0.1", "127.0.0.1", {}), ("::1", "::1", {"UseIPv6": "True"}),
                                       ("", "127.0.0.1", {"UseIPv6": "True"}), ("", "::1", {"UseIPv6": "True"}),
                                       ("127.0.0.1", "127.0.0.1", {"UseConnection": "True"})):
            for name, value, dscp in (("QOSDSCPValue", 0, 0), ("QOSDSCPValue", 46, 46), ("QOSDSCPValue", 63, 63),
                                      ("QOSTrafficType", "BestEffort", 0), ("QOSTrafficType", 1, 8),
                                      ("QOSTrafficType", "excellenteffort", 40), ("QOSTrafficType", 3, 40),
                                      ("QOSTrafficType", "Voice", 56), ("QOSTrafficType", 5, 56)):
                with self.subTest(host=host, client=client, name=name, value=value, **settings):
                    self.assertEqual(self.classes(host, client, **{name: value}, **settings), {dscp << 2})
        with Server(start=False) as server:
            for name, bad in (("QOSDSCPValue", 64), ("QOSTrafficType", "Urgent"), ("QOSTrafficType", 6)):
                refused(self, 905, server.config, name, bad)


class Buffers(unittest.TestCase):
    def test_sizes(self):
        """The setting returns the size that the kernel granted. The kernel counts its overhead in
        and reports twice the bytes."""
        for name, option in (("InBufferSize", socket.SO_RCVBUF), ("OutBufferSize", socket.SO_SNDBUF)):
            for asked in (100_000, 1, 1 << 30):
                with self.subTest(name, asked=asked), Server(**{name: asked}) as server:
                    granted = int(server.config(name))
                    with bound_to(server.port) as one:
                        self.assertEqual(one.getsockopt(socket.SOL_SOCKET, option), granted * 2)
                    self.assertEqual(granted, 100_000) if asked == 100_000 else self.assertNotEqual(granted, asked)
                    server.stop()
                    self.assertEqual(server.config(name), str(asked))

    def test_max_packet_size(self):
        for packet, blksize in ((516, 512), (1432, 1428), (65535, 65464)):
            with self.subTest(packet), Server(MaxPacketSize=packet) as server:
                data = server.file("file", pattern(3000))
                with Client(server.address) as client:
                    self.assertEqual(client.oack("file", blksize=65464), {"blksize": str(blksize)})
                    client.ack(0)
                    self.assertEqual(client.finish(blksize), data)
                refused(self, 112, server.config, "MaxPacketSize", 600)
                write(server, "sent", data, blksize=blksize)

    def test_max_block_and_window_size(self):
        with Server(MaxBlockSize=1024, MaxWindowSize=8) as server:
            server.file("file", b"data")
            with Client(server.address) as client:
                agreed = client.oack("file", blksize=4096, windowsize=32)
                self.assertEqual(agreed, {"blksize": "1024", "windowsize": "8"})


class Ports(unittest.TestCase):
    def test_share_local_port(self):
        with Server(ShareLocalPort="True") as first:
            refused(self, 113, first.config, "ShareLocalPort", "False")
            with Server(start=False, ShareLocalPort="True") as second:
                second.set(LOCAL_PORT, first.port)
                second.start()
                self.assertEqual(second.port, first.port)
                for server in (first, second):
                    server.file("file", b"data")
                self.assertEqual(read(first, "file"), b"data")
            with Server(start=False) as alone:
                alone.set(LOCAL_PORT, first.port)
                refused(self, 10048, alone.start)
        with Server() as first, Server(start=False, ShareLocalPort="True") as second:
            second.set(LOCAL_PORT, first.port)
            refused(self, 10048, second.start)

    def test_use_connection(self):
        with Server(UseConnection="True") as server:
            refused(self, 117, server.config, "UseConnection", "False")
            data = server.file("file", pattern(1500))
            with Client(server.address) as one, Client(server.address) as other, Client(server.address) as stranger:
                first = {}
                for client in (one, other):
                    client.ask("file")
                    first[client] = client.receive()
                self.assertNotEqual(one.peer, other.peer)
                peers = []
                for found in own_sockets():
                    with found:
                        try:
                            peers.append(found.getpeername()[1])
                        except OSError:
                            pass
                for client in (one, other):
                    self.assertIn(client.socket.getsockname()[1], peers)
                stranger.peer = one.peer
                stranger.ack(1)
                self.assertTrue(stranger.is_silent(), "the kernel lets nobody else in")
                for client in (one, other):
                    self.assertEqual(client.finish(first=first[client]), data)

    def probe(self, source, target):
        """Sends an ACK from an unknown TID to a port and returns the reaction: "closed" (ICMP port
        unreachable), the number of an ERROR, or None."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.settimeout(0.5)
            stranger.bind((source, 0))
            stranger.connect(target)
            stranger.send(b"\0\4\0\1")
            try:
                return stranger.recv(600)[3]
            except ConnectionRefusedError:
                return "closed"
            except TimeoutError:
                return None

    def test_a_port_for_each_transfer(self):
        """Each transfer has its own random port, which is open for its client only."""
        with Server() as server:
            data = server.file("file", pattern(1500))
            ports = []
            for _ in range(40):
                with Client(server.address) as client:
                    client.ask("file")
                    first = client.receive()
                    ports.append(client.peer[1])
                    self.assertEqual(self.probe("127.0.0.1", client.peer), "closed")
                    self.assertEqual(self.probe("127.0.0.7", client.peer), "closed")
                    self.assertEqual(client.finish(first=first), data)
            # Of 28,232 ports: more than two collisions of 40 are practically impossible, and so is
            # a row of neighbours.
            self.assertGreater(len(set(ports)), 37, ports)
            steps = {abs(one - other) for one, other in zip(ports, ports[1:])}
            self.assertGreater(len(steps), 30, ports)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
                unused.bind(("127.0.0.1", 0))
                closed = unused.getsockname()
            self.assertEqual(self.probe("127.0.0.1", closed), "closed", "as where nothing is")

    def test_one_client_port_has_a_port_each(self):
        """A socket may be reused, and late packets of its former client do not count for the next
        one."""
        with Server() as server, Client(server.address) as client:
            data, other = server.file("file", pattern(700)), server.file("other", pattern(1700)[::-1])
            for _ in range(20):
                self.assertEqual(client.read("file"), data)
                for block in (1, 2, 3):
                    client.ack(block)
                self.assertEqual(client.read("other"), other)

    def test_shared_ports(self):
        """An address has two of them, whatever its port; a stranger's packet is answered with ERROR
        5."""
        with Server(PortPerTransfer="False") as server:
            data = server.file("file", pattern(1500))
            for host in ("127.0.0.1", "127.0.0.2"):
                ports = set()
                for _ in range(30):
                    with Client(server.address, source=host) as client:
                        self.assertEqual(client.read("file"), data)
                        ports.add(client.peer[1])
                self.assertEqual(len(ports), 1, "the second one is for a second request of the same port")
            everywhere = set()
            for number in range(1, 201):
                with Client(server.address, source=f"127.0.2.{number}") as client:
                    self.assertEqual(client.read("file"), data)
                    everywhere.add(client.peer[1])
            self.assertGreater(len(everywhere), 40)
            self.assertLessEqual(len(everywhere), 64)
            with Client(server.address) as client:
                client.ask("file")
                first = client.receive()
                self.assertEqual(self.probe("127.0.0.1", client.peer), 5)
                self.assertEqual(client.finish(first=first), data)

    def test_many_uploads_from_one_port(self):
        """Ended uploads stay to repeat their last ACK, but later transfers do not wait for them."""
        for settings in ({}, {"PortPerTransfer": "False"}):
            with self.subTest(**settings), Server(**settings) as server, Client(server.address) as client:
                client.socket.settimeout(4)  # less than an ended upload stays
                for number in range(60):
                    client.write(f"sent{number}", b"data")
                self.assertEqual(len(os.listdir(server.root)), 60)

    def test_a_third_transfer_of_one_port_takes_the_place_of_the_oldest(self):
        with Server(PortPerTransfer="False", AdaptiveRetransmit="False") as server, Client(server.address) as client:
            server.set(RETRANSMIT_TIMEOUT, 60)
            names = [str(number) for number in range(5)]
            data = {name: server.file(name, name.encode() * 1500) for name in names}
            peers = []
            for name in names:
                client.ask(name)
                self.assertEqual(client.receive()[2], data[name][:512])
                peers.append(client.peer)
            self.assertEqual(len(set(peers)), 2)
            # Of the last two each has its own; the ones before are over.
            client.peer = peers[3]
            client.ack(1)
            self.assertEqual(client.receive()[2], data["3"][512:1024])
            client.peer = peers[4]
            client.ack(1)
            self.assertEqual(client.receive()[2], data["4"][512:1024])

    def test_beyond_the_descriptors_ports_are_shared(self):
        """Own sockets take half of the soft limit, those of half-open transfers an eighth, and
        everybody is served."""
        def test():
            resource.setrlimit(resource.RLIMIT_NOFILE, (400, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            with Server() as server:
                data = {name: server.file(name, name.encode() * 600) for name in "abc"}
                clients = [Client(server.address, source=f"127.0.3.{number + 1}") for number in range(80)]
                served = []
                server.file("other", pattern(600))
                time.sleep(2.5)  # Files that were changed just now are opened for each transfer.
                for client in clients:
                    client.ask("other")
                    client.receive()
                assert 20 <= connected_here() <= 50, connected_here()
                for client in clients:
                    client.socket.sendto(b"\0\5\0\0enough\0", client.peer)
                for name in data:
                    for client in clients:
                        client.ask(name)
                        # Other packets are retransmissions of another transfer.
                        while (first := client.receive()[1:]) != (1, data[name][:512]):
                            pass
                        peer = client.peer
                        client.ack(1)
                        while (last := client.receive()[1:])[0] != 2 or client.peer != peer:
                            pass
                        served.append((client, name, first[1] + last[1], peer))
                # All but those that the other descriptors leave no room for.
                assert 150 <= connected_here() <= 200, connected_here()
                for client, name, got, peer in served:
                    assert got == data[name]
                    client.peer = peer
                    client.ack(2)
                for client in clients:
                    client.socket.close()
        in_child(test)

    def test_a_socket_of_its_own_or_none(self):
        def test():
            with Server(UseConnection="True") as server:
                server.file("file", pattern(600))
                codes = []
                server.on(ERROR, lambda data: codes.append(data.error.error_code))
                with Client(server.address) as one, Client(server.address) as other:
                    one.ask("file")
                    one.receive()
                    hold = []
                    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
                    try:
                        while True:
                            hold.append(os.open("/dev/null", os.O_RDONLY))
                    except OSError:
                        pass
                    other.ask("file")
                    try:
                        other.receive()
                        raise AssertionError("it was served")
                    except Answer as answer:
                        assert answer.code == 0, answer
                    server.pump(lambda: codes == [10024])
        in_child(test)

    def test_single_port(self):
        for value in ("False", "True"):
            with self.subTest(value), Server(SinglePort=value) as server:
                data = server.file("file", pattern(1500))
                with Client(server.address) as client:
                    self.assertEqual(client.read("file"), data)
                    self.assertEqual(client.peer[1] == server.port, value == "True")
                with Client(server.address) as client:
                    client.write("sent", data)
                    self.assertEqual(client.peer[1] == server.port, value == "True")

    def test_transfer_ports(self):
        first = free_ports(3)
        with Server(TransferPorts=f"{first}-{first + 2}") as server:
            data = server.file("file", pattern(1500))
            for _ in range(5):
                with Client(server.address) as client:
                    self.assertEqual(client.read("file"), data)
                    self.assertIn(client.peer[1], range(first, first + 3))
        first = free_ports(10)
        with Server(TransferPorts=f"{first}-{first + 9}") as server:
            data = server.file("file", pattern(600))
            clients = [Client(server.address, source=f"127.0.4.{number + 1}") for number in range(40)]
            packets = []
            for client in clients:
                client.ask("file")
                packets.append(client.receive())
            ports = [client.peer[1] for client in clients]
            self.assertLessEqual(set(ports), set(range(first, first + 10)))
            self.assertEqual(len([port for port in ports[:5] if ports.count(port) == 1]), 5, "half of them")
            self.assertLessEqual(len(set(ports[5:])), 5, "the others share the rest")
            for client, packet in zip(clients, packets):
                with client:
                    self.assertEqual(client.finish(first=packet), data)
        first = free_ports(1)
        with Server(TransferPorts=str(first), UseConnection="True") as server:
            server.file("file", pattern(1500))
            with Client(server.address) as one, Client(server.address) as other:
                one.ask("file")
                one.receive()
                self.assertEqual(one.peer[1], first)
                other.ask("file")
                with self.assertRaises(Answer):
                    other.receive()
        with Server(start=False) as server:
            for bad in ("9-8", "0-5", "1-65536", "a"):
                refused(self, 905, server.config, "TransferPorts", bad)

    def test_every_thread_has_a_port_to_answer_from(self):
        for settings in ({}, {"PortPerTransfer": "False"}):
            first = free_ports(2)
            with Server(TransferPorts=f"{first}-{first + 1}", IoThreads=4, **settings) as server:
                data = server.file("file", pattern(1500))
                for _ in range(24):
                    with Client(server.address) as client:
                        self.assertEqual(client.read("file"), data)

    def test_few_ports_and_use_connection_keep_nobody_out(self):
        """Ended and abandoned transfers give their ports to new ones."""
        first = free_ports(3)
        with Server(TransferPorts=f"{first}-{first + 2}", UseConnection="True") as server:
            data = server.file("file", pattern(1500))
            with Client(server.address) as client:
                for number in range(8):
                    client.write(f"sent{number}", data)
            silent = [Client(server.address, source=f"127.0.5.{number + 1}") for number in range(3)]
            for client in silent:
                client.ask("file")
                client.receive()
            with Client(server.address) as client:
                client.socket.settimeout(1)
                begin = time.monotonic()
                while True:
                    client.ask("file")
                    try:
                        packet = client.receive()
                        break
                    except (Answer, TimeoutError):
                        self.assertLess(time.monotonic() - begin, 20, "shut out")
                        time.sleep(0.1)
                client.socket.settimeout(10)
                self.assertEqual(client.finish(first=packet), data)
            for client in silent:
                client.socket.close()


class Interface(unittest.TestCase):
    @needs_network
    def test_one_interface(self):
        """Requests that come in by another one are not heard, in every mode."""
        def test():
            there = net.pair()
            for settings in ({}, {"PortPerTransfer": "False"}, {"UseConnection": "True"}, {"SinglePort": "True"},
                             {"IoThreads": 2}):
                for interface, heard in (("here", True), ("lo", False), ("", True)):
                    with Server("", Interface=interface, **settings) as server:
                        data = server.file("file", pattern(1500))
                        assert server.config("Interface") == interface
                        with there:
                            client = Client(("10.9.0.1", server.port))
                        with client:
                            if heard:
                                assert client.read("file", windowsize=2) == data, settings
                                client.write("sent", data)
                                continue
                            client.ask("file")
                            try:
                                assert client.is_silent(), settings
                            except ConnectionRefusedError:
                                pass
        in_child(test)

    @needs_network
    def test_a_vrf(self):
        """Requests come through the VRF, and so do the answers, though the other routes lead
        elsewhere."""
        def test():
            there = net.pair()
            if os.system("ip link add blue type vrf table 10 2>/dev/null") != 0:
                raise unittest.SkipTest("a VRF, which this kernel lacks")
            net.ip("link set blue up")
            net.ip("link set here master blue")
            with Server("", Interface="blue") as server:
                data = server.file("file", pattern(1500))
                with there:
                    client = Client(("10.9.0.1", server.port))
                with client:
                    assert client.read("file") == data
        in_child(test)

    def test_it_must_be_there(self):
        with Server(start=False) as server:
            server.config("Interface", "no-such-nic")
            with self.assertRaisesRegex(Refused, "Interface no-such-nic"):
                server.start()
            server.config("Interface", "")
            server.start()

    @needs_network
    @not_emulated("SO_BINDTODEVICE of an adopted socket")
    def test_an_adopted_socket_keeps_its_own(self):
        def test():
            there = net.pair()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"here\0")
                ours.bind(("", 0))
                with Server(start=False, ListenDescriptors=ours.fileno(), Interface="lo") as server:
                    server.start()
                    data = server.file("file", pattern(1500))
                    with there:
                        client = Client(("10.9.0.1", ours.getsockname()[1]))
                    with client:
                        assert client.read("file") == data
        in_child(test)


class StopAndStart(unittest.TestCase):
    """StopListening leaves transfers to their end; the same port is listened on again at once."""

    def restart(self, port, clients=4, **settings):
        with Server(start=False, **settings) as server:
            server.set(LOCAL_PORT, port)
            server.start()
            data = server.file("file", pattern(3000))
            draining = [Client(server.address) for _ in range(clients)]
            first = {}
            for client in draining:
                client.ask("file")
                first[client] = client.receive()
            for _ in range(3):
                server.stop()
                with Client(server.address) as late:
                    late.ask("file")
                    try:
                        self.assertTrue(late.is_silent(0.05), "it does not listen")
                    except ConnectionRefusedError:
                        pass
                server.start()
                self.assertEqual(server.port, port)
                for _ in range(3):
                    self.assertEqual(read(server, "file"), data)
            for client in draining:
                with client:
                    self.assertEqual(client.finish(first=first[client]), data)
            server.stop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                self.wait_for_port(other, port)

    def wait_for_port(self, other, port):
        end = time.monotonic() + 30
        while True:
            try:
                return other.bind(("127.0.0.1", port))
            except OSError:
                self.assertLess(time.monotonic(), end, "the port is not free again")
                time.sleep(0.02)

    def test_every_sort_of_socket(self):
        for settings in ({}, {"UseConnection": "True"}, {"IoThreads": 3}, {"SinglePort": "True"},
                         {"SinglePort": "True", "IoThreads": 3}, {"SinglePort": "True", "ShareLocalPort": "True"}):
            with self.subTest(**settings):
                self.restart(free_ports(1), **settings)

    def test_clients_stay_with_their_shard(self):
        """With several threads on one port: the end of one thread's transfers disturbs no
        other's."""
        with Server(SinglePort="True", IoThreads=4) as server:
            data = server.file("file", pattern(3000))
            clients = [Client(server.address) for _ in range(12)]
            first = {}
            for client in clients:
                client.ask("file")
                first[client] = client.receive()
            server.stop()
            for client in clients:
                with client:
                    self.assertEqual(client.finish(first=first[client]), data)

    def test_new_settings_for_a_port_in_use(self):
        """Transfers still need the port as it is: 10048, until they have ended."""
        with Server(SinglePort="True") as server:
            data = server.file("file", pattern(600))
            port = server.port
            with Client(server.address) as client:
                client.ask("file")
                first = client.receive()
                server.stop()
                server.set(LOCAL_PORT, port)
                server.config("QOSDSCPValue", 8)
                refused(self, 10048, server.start)
                self.assertEqual(client.finish(first=first), data)
            end = time.monotonic() + 30
            while True:
                try:
                    server.start()
                    break
                except Refused as refusal:
                    self.assertEqual(refusal.code, 10048)
                    self.assertLess(time.monotonic(), end)
            self.assertEqual(read(server, "file"), data)

    def test_after_a_shutdown(self):
        with Server(SinglePort="True", IoThreads=2) as server:
            server.file("file", pattern(600))
            port = server.port
            for _ in range(20):
                with Client(server.address) as client:
                    client.ask("file")
                    client.receive()
                    server.shutdown()
                    server.set(LOCAL_PORT, port)
                    server.start()
                self.assertEqual(len(read(server, "file")), 600)

    def test_stopped_and_started_all_the_time(self):
        """While clients read: none gets anything but its file."""
        with Server(SinglePort="True", IoThreads=2) as server:
            data = server.file("file", pattern(3000))
            server.stop()
            port = free_ports(1)
            server.set(LOCAL_PORT, port)
            over, wrong = threading.Event(), []

            def client():
                while not over.is_set():
                    with Client(("127.0.0.1", port)) as one:
                        one.socket.settimeout(0.2)
                        try:
                            if one.read("file") != data:
                                wrong.append("other data")
                        except (TimeoutError, ConnectionRefusedError):
                            pass  # it was not listened to
                        except Answer as answer:
                            wrong.append(str(answer))

            threads = [threading.Thread(target=client) for _ in range(3)]
            for thread in threads:
                thread.start()
            for _ in range(60):
                server.start()
                time.sleep(0.005)
                server.stop()
            over.set()
            for thread in threads:
                thread.join()
            self.assertEqual(wrong, [])
            server.start()
            self.assertEqual(read(server, "file"), data)

"""The addresses that the server listens on, those that it reports for requests, and the sources of
its packets."""
import os
import socket
import subprocess
import unittest

import net
from lib import (CONNECTED, CONN_REMOTE_HOST, DISCONNECTED, LOCAL_HOST, LOCAL_PORT, PORTABLE, REQUEST, TRANSFER, Answer,
                 Client, Server, in_child, not_emulated, only_linux, pattern, read, refused)

ISOLATED = net.may_isolate()
needs_network = unittest.skipUnless(ISOLATED, "tests with a network of their own, which needs root")
MAC = "02-00-5e-00-53-aa"


def give_up_rights():
    if net.IS_ROOT:
        os.setresuid(65534, 65534, 65534)


def addresses_of(name):
    try:
        return [row[4][0] for row in socket.getaddrinfo(name, 0, socket.AF_INET6)]
    except OSError:
        return []


class Listening(unittest.TestCase):
    def test_local_host_is_an_address(self):
        with Server("127.0.0.7") as server:
            server.file("file", b"data")
            self.assertEqual((server.get(LOCAL_HOST), server.config("LocalHost")), ("127.0.0.7",) * 2)
            self.assertEqual(read(server, "file"), b"data")
            with Client(("127.0.0.8", server.port)) as client:
                client.ask("file")
                self.assertTrue(client.is_silent(), "it listens on no other address")
            refused(self, 107, server.config, "LocalHost", "127.0.0.1")

    def test_local_host_is_a_name(self):
        with Server("localhost", start=False) as server:
            self.assertEqual(server.get(LOCAL_HOST), "localhost")
            server.start()
            self.assertEqual(server.get(LOCAL_HOST), "127.0.0.1", "while listening, the address in use")
            server.stop()
            self.assertEqual(server.get(LOCAL_HOST), "localhost")
        refused(self, 11001, Server, "no.such.host.invalid")
        refused(self, 10049, Server, "192.0.2.1")

    def test_local_port(self):
        with Server() as server:
            port = server.port
            self.assertGreater(port, 0)
            self.assertEqual(server.config("LocalPort"), str(port))
            refused(self, 106, server.set, LOCAL_PORT, 1)

    def test_ipv4_without_use_ipv6(self):
        with Server("") as server:
            with Client(("::1", server.port)) as client:
                client.ask("file")
                with self.assertRaises((ConnectionRefusedError, TimeoutError)):
                    client.socket.settimeout(0.3)
                    client.receive()

    def test_both_families_from_one_socket(self):
        """And the IPv4 ones are written as such, in events and in the Conn arrays."""
        for settings in ({}, {"UseConnection": "True"}, {"SinglePort": "True"}, {"IoThreads": 3}):
            with self.subTest(settings), Server("", UseIPv6="True", **settings) as server:
                seen = []
                server.on(REQUEST, lambda data, seen=seen: seen.append(
                    (data.connection_request.remote_host.decode(), data.connection_request.local_host.decode())))
                server.on(CONNECTED, lambda data, seen=seen, server=server: seen.append(
                    server.get(CONN_REMOTE_HOST, data.connected.connection_id)))
                data = server.file("file", pattern(3000))
                for host in ("127.0.0.3", "::1"):
                    with Client((host, server.port)) as client:
                        client.ask("file")
                        server.pump(lambda: len(seen) == 2)
                        self.assertEqual(client.finish(), data)
                        self.assertEqual(client.peer[0], host)
                    remote = "::1" if ":" in host else "127.0.0.1"
                    self.assertEqual(seen, [(remote, host), remote])
                    seen.clear()

    def test_ipv6_address_and_name(self):
        names = [name for name in ("localhost", "ip6-localhost") if "::1" in addresses_of(name)]
        for host in ("::1", "[::1]", *names[:1]):
            with self.subTest(host), Server(host, UseIPv6="True") as server:
                self.assertEqual(server.get(LOCAL_HOST), "::1")
                server.file("file", b"data")
                with Client(("::1", server.port)) as client:
                    self.assertEqual(client.read("file"), b"data")

    @needs_network
    def test_link_local_ipv6(self):
        """Its scope goes with it, for the sockets of transfers too."""
        def test():
            there = net.pair()
            net.ip("addr add fe80::1/64 dev here nodad")
            with there:
                net.ip("addr add fe80::9/64 dev there nodad")
                scope = socket.if_nametoindex("there")
            for host in ("", "fe80::1%here"):
                for use_connection in ("False", "True"):
                    with Server(host, UseIPv6="True", UseConnection=use_connection) as server:
                        data = server.file("file", pattern(2000))
                        with there:
                            client = Client(("fe80::1", server.port, 0, scope), socket.AF_INET6)
                        with client:
                            assert client.read("file") == data
        in_child(test)


class Broadcasts(unittest.TestCase):
    @needs_network
    def test_a_request_to_everybody_is_not_answered(self):
        def test():
            there = net.pair()
            net.ip("addr add 10.9.1.1/24 brd 10.9.1.255 dev here")
            with there:
                net.ip("addr add 10.9.1.2/24 brd 10.9.1.255 dev there")
            for settings in ({}, {"UseIPv6": "True"}, {"SinglePort": "True"}):
                with Server("", **settings) as server:
                    data = server.file("file", pattern(1000))
                    for host, answers in (("10.9.1.255", False), ("255.255.255.255", False), ("10.9.1.1", True)):
                        with there:
                            client = Client((host, server.port), source="10.9.1.2")
                        with client:
                            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                            if answers:
                                assert client.read("file") == data, settings
                            else:
                                client.ask("file")
                                assert client.is_silent(), (host, settings)
        in_child(test)


class Destination(unittest.TestCase):
    def test_off(self):
        with Server("") as server:
            server.file("file", b"data")
            with Client(("127.0.0.3", server.port)) as client:
                client.read("file")
            self.assertEqual(server.config("CaptureIPPacketInfo"), "False")
            self.assertEqual(server.config("DestinationAddress"), "")
            refused(self, 904, server.config, "DestinationAddress", "127.0.0.1")

    def test_the_latest_request(self):
        for host, settings in (("", {}), ("", {"UseIPv6": "True"}), ("", {"UseConnection": "True"}),
                               ("", {"SourceIPAddress": "127.0.0.5"}), ("127.0.0.4", {})):
            with self.subTest(host=host, **settings), Server(host, CaptureIPPacketInfo="True", **settings) as server:
                server.file("file", b"data")
                self.assertEqual(server.config("DestinationAddress"), "")
                for asked in [host] if host else ["127.0.0.3", "127.0.0.4"]:
                    with Client((asked, server.port)) as client:
                        self.assertEqual(client.read("file"), b"data")
                    self.assertEqual(server.config("DestinationAddress"), asked)
                server.config("CaptureIPPacketInfo", "False")
                self.assertEqual(server.config("DestinationAddress"), "")
                server.config("CaptureIPPacketInfo", "True")
                self.assertEqual(server.config("DestinationAddress"), "", "forgotten")

    def test_inside_a_callback_it_is_the_connections(self):
        seen = []
        with Server("", CaptureIPPacketInfo="True") as server:
            def look(_data):
                seen.append(server.config("DestinationAddress"))

            for event in (REQUEST, CONNECTED, TRANSFER, DISCONNECTED):
                server.on(event, look)
            server.file("file", pattern(600))
            with Client(("127.0.0.3", server.port)) as first, Client(("127.0.0.4", server.port)) as second:
                first.ask("file")
                server.pump(lambda: len(seen) == 2)
                packet = first.receive()
                second.ask("file")
                server.pump(lambda: len(seen) == 4)
                self.assertEqual(seen, ["127.0.0.3"] * 2 + ["127.0.0.4"] * 2)
                seen.clear()
                first.finish(first=packet)
                server.pump(lambda: len(seen) == 3)
                self.assertEqual(seen, ["127.0.0.3"] * 3, "though the latest request was another")
                self.assertEqual(server.config("DestinationAddress"), "127.0.0.4")


class SourceAddress(unittest.TestCase):
    if PORTABLE:
        def test_a_foreign_address_is_refused_elsewhere(self):
            for settings in ({}, {"SinglePort": "True"}):
                refused(self, 909, Server, "", SourceIPAddress="198.51.100.7", **settings)

    def test_packets_come_from_it(self):
        for host, settings in (("", {}), ("", {"UseConnection": "True"}), ("", {"SinglePort": "True"}),
                               ("", {"UseIPv6": "True"}), ("", {"UseIPv6": "True", "UseConnection": "True"}),
                               ("", {"IoThreads": 2}), ("127.0.0.1", {}), ("127.0.0.1", {"UseConnection": "True"})):
            with self.subTest(host=host, **settings), \
                    Server(host, SourceIPAddress="127.0.0.5", **settings) as server:
                data = server.file("file", pattern(5000))
                with Client(("127.0.0.1", server.port)) as client:
                    self.assertEqual(client.read("file", blksize=1000, windowsize=2), data)
                    self.assertEqual(client.peer[0], "127.0.0.5")
                with Client(("127.0.0.1", server.port)) as client:
                    client.write("sent", data)
                with open(os.path.join(server.root, "sent"), "rb") as file:
                    self.assertEqual(file.read(), data)
                with Client(("127.0.0.1", server.port)) as client, self.assertRaises(Answer):
                    client.read("none")
                self.assertEqual(client.peer[0], "127.0.0.5", "errors too")

    def test_clients_of_the_other_family_are_answered_as_ever(self):
        with Server("", UseIPv6="True", SourceIPAddress="127.0.0.5") as server:
            server.file("file", b"data")
            with Client(("::1", server.port)) as client:
                self.assertEqual(client.read("file"), b"data")

    def test_what_it_must_be(self):
        with Server(start=False) as server:
            for bad in ("192.0.2", "host", "0.0.0.0", "224.0.0.1", "1.2.3.4:5"):
                refused(self, 905, server.config, "SourceIPAddress", bad)
            self.assertEqual(server.config("SourceIPAddress"), "")
        refused(self, 10047, Server, SourceIPAddress="::1")
        refused(self, 10047, Server, "::1", UseIPv6="True", SourceIPAddress="127.0.0.5")

    @only_linux("a foreign source address")
    @not_emulated("IP_TRANSPARENT")
    def test_a_foreign_address_needs_rights(self):
        def test():
            give_up_rights()
            text = refused(unittest.TestCase(), 10013, Server, "", SourceIPAddress="198.51.100.7")
            assert "CAP_NET" in text, text
            with Server("", SourceIPAddress="127.0.0.5") as server:
                assert server.port
        in_child(test)

    @needs_network
    @only_linux("a foreign source address")
    @not_emulated("IP_TRANSPARENT")
    def test_a_foreign_address(self):
        """Answers to it are translated on their way, as by a load balancer in front."""
        def test():
            there = net.pair()
            with there:
                net.ip("route add 198.51.100.7 via 10.9.0.1")
            rules = ("add table ip raw; add chain ip raw in { type filter hook prerouting priority raw; };"
                     "add rule ip raw in ip daddr 198.51.100.7 ip daddr set 10.9.0.1")
            subprocess.run(["nft", rules], check=True)
            for settings in ({}, {"IoThreads": 2}, {"SinglePort": "True"}):
                with Server("", SourceIPAddress="198.51.100.7", **settings) as server:
                    data = server.file("file", pattern(20000))
                    with there:
                        client = Client(("10.9.0.1", server.port))
                    with client:
                        assert client.read("file", blksize=1400, windowsize=4) == data, settings
                        assert client.peer[0] == "198.51.100.7", client.peer
        in_child(test)

    @needs_network
    @only_linux("a foreign source address")
    @not_emulated("IP_TRANSPARENT")
    def test_a_foreign_address_with_connected_sockets(self):
        def test():
            there = net.pair()
            with Server("", SourceIPAddress="198.51.100.7", UseConnection="True") as server:
                server.file("file", b"data")
                with there:
                    net.ip("route add 198.51.100.7 via 10.9.0.1")
                    client = Client(("10.9.0.1", server.port))
                with client:
                    client.ask("file")
                    assert client.receive()[2] == b"data"
                    assert client.peer[0] == "198.51.100.7", client.peer
        in_child(test)


class SourceMac(unittest.TestCase):
    def test_what_it_must_be(self):
        with Server(start=False) as server:
            for bad in ("02-00-5e-00-53", "02-00-5e-00-53-zz", "01-00-5e-00-53-01", "00-00-00-00-00-00"):
                refused(self, 905, server.config, "SourceMacAddress", bad)
        refused(self, 909, Server, "", UseIPv6="True", SourceMacAddress=MAC)

    if PORTABLE:
        def test_it_is_refused_elsewhere(self):
            refused(self, 909, Server, "", SourceMacAddress=MAC)

    @only_linux("SourceMacAddress")
    def test_it_needs_rights(self):
        def test():
            give_up_rights()
            text = refused(unittest.TestCase(), 10013, Server, "", SourceMacAddress=MAC)
            assert "CAP_NET_RAW" in text, text
        in_child(test)


@needs_network
@only_linux("SourceMacAddress")
class Frames(unittest.TestCase):
    def transfer(self, there, server, size=60000, **options):
        """Reads a file in the other network and returns the frames that came from the server."""
        data = server.file("file", pattern(size))
        with there:
            sniffer, client = net.Sniffer("there"), Client(("10.9.0.2", server.port))
        with sniffer, client:
            assert client.read("file", **options) == data
            assert client.peer[0] == "10.9.0.2", client.peer
            return sniffer.waiting(lambda packet: not packet.is_outgoing)

    def test_frames_come_from_it(self):
        def test():
            there = net.pair()
            for settings in ({}, {"UseConnection": "True"}, {"SinglePort": "True"}, {"IoThreads": 2}):
                with Server("", SourceMacAddress=MAC, QOSDSCPValue=46, **settings) as server:
                    frames = self.transfer(there, server, blksize=1400)
                    assert len(frames) > 40
                    assert {frame.from_mac for frame in frames} == {MAC}, frames
                    assert {frame.traffic_class for frame in frames} == {46 << 2}
            with Server("") as server:
                frames = self.transfer(there, server, blksize=1400)
                assert MAC not in {frame.from_mac for frame in frames}
        in_child(test)

    def test_blocks_above_the_mtu_are_fragmented(self):
        def test():
            there = net.pair(mtu=1400)
            with Server("", SourceMacAddress=MAC) as server:
                frames = self.transfer(there, server, blksize=8000, windowsize=4)
                beginnings = [frame.ident for frame in frames if frame.offset == 0]
                assert len(set(beginnings)) == len(beginnings) >= 9, "each datagram has an identification of its own"
                assert {frame.from_mac for frame in frames} == {MAC}
                assert max(frame.size for frame in frames) <= 1400
                assert sum(frame.more_fragments for frame in frames) >= 35, len(frames)
            with Server("", SourceMacAddress=MAC, DontFragment="True") as server:
                frames = self.transfer(there, server, blksize=1300)
                assert all(frame.dont_fragment for frame in frames)
                with there:
                    client = Client(("10.9.0.2", server.port))
                with client, self.assertRaises(Answer):
                    client.read("file", blksize=8000)
        in_child(test)

    def test_uploads_and_a_client_behind_a_router(self):
        def test():
            there = net.pair()
            with there:
                net.ip("addr add 203.0.113.5/32 dev lo")
            net.ip("route add 203.0.113.5 via 10.9.0.9")
            with Server("", SourceMacAddress=MAC) as server:
                data = server.file("file", pattern(5000))
                with there:
                    clients = [Client(("10.9.0.1", server.port), source="203.0.113.5") for _ in range(2)]
                with clients[0], clients[1]:
                    assert clients[0].read("file") == data
                    clients[1].write("sent", data)
                with open(os.path.join(server.root, "sent"), "rb") as file:
                    assert file.read() == data
        in_child(test)

    def test_clients_that_no_ethernet_leads_to(self):
        def test():
            net.unshare()
            with Server("", SourceMacAddress=MAC) as server:
                data = server.file("file", pattern(5000))
                with Client(("127.0.0.3", server.port)) as client:
                    assert client.read("file") == data
                    assert client.peer[0] == "127.0.0.3"
        in_child(test)

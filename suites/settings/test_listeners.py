"""ListenOn and ListenDescriptors: the cases that need other addresses, a separate network or other
rights."""
import os
import socket
import unittest

import net
from lib import DISCONNECTED, LOCAL_HOST, REQUEST, Client, Server, in_child, not_emulated, only_linux, pattern, read, refused
from listening import free_port
from net import needs_network


def bound(host, port=0):
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((host, port))
    return one


def addresses(server):
    """Returns the addresses that the server listens on, as (host, port)."""
    found = [word.rsplit(":", 1) for word in server.config("ListenAddresses").split()]
    return [(host.strip("[]"), int(port)) for host, port in found]


def reads(address, name):
    with Client(address) as client:
        return client.read(name)


class ListenOn(unittest.TestCase):
    def test_with_every_kind_of_socket(self):
        for settings in ({}, {"SinglePort": "True"}, {"UseConnection": "True"}, {"IoThreads": 2},
                         {"ShareLocalPort": "True"}, {"UseIPv6": "True", "host": "::1"}):
            with self.subTest(**settings), Server(ListenOn="127.0.0.1:0 [::1]:0", **settings) as server:
                data = server.file("file", pattern(5000))
                places = addresses(server)
                self.assertEqual((len(places), places[0]), (3, server.address))
                for place in places:
                    self.assertEqual(reads(place, "file"), data)
                server.stop()
                self.assertEqual(server.config("ListenAddresses"), "")
                for place in places:
                    with Client(place) as client:
                        client.ask("file")
                        self.assertTrue(client.is_silent(0.1))

    def test_both_families_everywhere_on_one_port(self):
        port = free_port()
        with Server("", start=False, ListenOn=f"[::]:{port}", LocalPort=port) as server:
            server.start()
            data = server.file("file", b"x")
            self.assertEqual([reads((host, port), "file") for host in ("127.0.0.1", "::1")], [data, data])

    def test_a_source_is_for_its_family(self):
        with Server("127.0.0.1", ListenOn="[::1]:0", SourceIPAddress="127.0.0.2") as server:
            data = server.file("file", b"x")
            v4, v6 = addresses(server)
            with Client(v4) as client:
                self.assertEqual(client.read("file"), data)
                self.assertEqual(client.peer[0], "127.0.0.2")
            self.assertEqual(reads(v6, "file"), data)
        with Server("127.0.0.1", start=False, ListenOn="[::1]:0", SourceMacAddress="02-00-00-00-00-01") as server:
            refused(self, 909, server.start)

    def test_values(self):
        with Server(start=False) as server:
            for bad in ("x", "127.0.0.1", "127.0.0.1:70000", "localhost:69", "::1:69"):
                refused(self, 905, server.config, "ListenOn", bad)
            self.assertEqual(server.config("ListenOn"), "")
            refused(self, 904, server.config, "ListenAddresses", "127.0.0.1:69")
            server.config("ListenOn", "192.0.2.1:69")
            self.assertIn("192.0.2.1:69", refused(self, 10049, server.start))


class ListenDescriptors(unittest.TestCase):
    def adopting(self, *sockets, **settings):
        return Server("", ListenDescriptors=",".join(str(one.fileno()) for one in sockets), **settings)

    def test_several_with_every_kind_of_transfer_port(self):
        for settings in ({}, {"SinglePort": "True"}, {"UseConnection": "True"}, {"IoThreads": 2}):
            with self.subTest(**settings), bound("127.0.0.1") as one, bound("::1") as other:
                with self.adopting(one, other, **settings) as server:
                    data = server.file("file", pattern(5000))
                    self.assertEqual(addresses(server), [place.getsockname()[:2] for place in (one, other)])
                    self.assertEqual([reads(place, "file") for place in addresses(server)], [data, data])

    @only_linux("the error queue")
    @not_emulated("the error queue")
    def test_whoever_is_gone_is_found_out(self):
        """The error queue is enabled on the socket, so no timeout has to pass."""
        with bound("127.0.0.1") as one, self.adopting(one, SinglePort="True", start=False) as server:
            ends = []
            server.on(DISCONNECTED, lambda data: ends.append(data.disconnected.status_code))
            server.file("file", pattern(5000))
            server.start()
            with Client(one.getsockname()) as client:
                client.ask("file")
            server.pump(lambda: ends)
            self.assertEqual(ends, [10061])

    @needs_network
    def test_the_answer_comes_from_the_address_that_was_asked(self):
        def test():
            other = net.pair()
            with bound("0.0.0.0") as one, self.adopting(one) as server:
                asked = []
                server.on(REQUEST, lambda data: asked.append(data.connection_request.local_host.decode()))
                server.file("file", b"x")
                assert server.get(LOCAL_HOST) == ""
                with other:
                    client = Client(("10.9.0.2", one.getsockname()[1]))
                with client:
                    client.ask("file")
                    server.pump(lambda: asked)
                    opcode, block, data = client.receive()
                    assert (opcode, block, data, client.peer[0]) == (3, 1, b"x", "10.9.0.2")
                assert asked == ["10.9.0.2"], asked
        in_child(test)

    @needs_network
    def test_a_port_that_was_bound_before_the_rights_were_given_up(self):
        def test():
            net.unshare()
            one = bound("127.0.0.1", 69)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            refused(self, 10013, Server, "127.0.0.1", LocalPort=69)
            # A second socket on the port would be refused: one thread has to do.
            for settings in ({}, {"IoThreads": 4}, {"SinglePort": "True", "IoThreads": 2}):
                with self.adopting(one, **settings) as server:
                    data = server.file("file", pattern(5000))
                    assert addresses(server) == [("127.0.0.1", 69)]
                    assert read(server, "file") == data
                    server.stop()
                    server.start()
                    assert read(server, "file") == data
        in_child(test)


if __name__ == "__main__":
    unittest.main()

"""Clients that were reset and send a new request from the same port, as opposed to repeated
requests."""
import time
import unittest

from lib import DISCONNECTED, Client, Server, pattern

RESET, SILENT = 10054, 301
# A second of silence is a reset. Longer, for the clocks are not read at the same time.
RESET_AFTER = 1.1
MODES = {"": {}, "shared ports": {"PortPerTransfer": "False"}, "SinglePort": {"SinglePort": "True"}}


class Resets(unittest.TestCase):
    def started(self, client, blocks=20, **options):
        """Requests "file" and acknowledges this many blocks."""
        client.ask("file", **options)
        if options:
            self.assertEqual(client.receive()[0], 6)
            client.ack(0)
        for number in range(1, blocks + 1):
            self.next(client, 3, number)
            client.ack(number)
        self.next(client, 3, blocks + 1)

    def next(self, client, opcode, number):
        """Receives the next packet. If this client is late, that before it comes again."""
        while (packet := client.receive())[:2] == (opcode, number - 1):
            pass
        self.assertEqual(packet[:2], (opcode, number))

    def quiet(self, client):
        """Waits a reset's time and drops what came meanwhile."""
        end = time.monotonic() + RESET_AFTER
        while (left := end - time.monotonic()) > 0:
            client.is_silent(left)

    def ends(self, server):
        """The codes of Disconnected, as they come."""
        codes = []
        server.on(DISCONNECTED, lambda data: codes.append(data.disconnected.status_code))
        return codes

    def test_a_read_begins_anew(self):
        for mode, settings in MODES.items():
            for options in ({}, {"blksize": 1000}, {"blksize": 600, "windowsize": 1}):
                with self.subTest(mode, **options), Server(**settings) as server, Client(server.address) as client:
                    data, codes = server.file("file", pattern(40_000)), self.ends(server)
                    self.started(client, **options)
                    former = client.peer
                    self.quiet(client)
                    self.assertEqual(client.read("file", **options), data)
                    self.assertEqual(client.peer == former, mode == "SinglePort")
                    server.pump(lambda codes=codes: len(codes) == 2)
                    self.assertEqual(codes, [RESET, 0], "the former one first, and without an ERROR")
                    self.assertTrue(client.is_silent())

    def test_a_write_begins_anew(self):
        for mode, settings in MODES.items():
            with self.subTest(mode), Server(**settings) as server, Client(server.address) as client:
                codes = self.ends(server)
                client.ask("up", 2)
                self.assertEqual(client.receive()[:2], (4, 0))
                for number in range(1, 6):
                    client.data(number, b"o" * 512)
                    self.next(client, 4, number)
                self.quiet(client)
                client.write("up", b"new" * 400)
                server.pump(lambda codes=codes: len(codes) == 2)
                self.assertEqual(sorted(codes), [0, RESET])
                with open(server.root + "/up", "rb") as file:
                    self.assertEqual(file.read(), b"new" * 400)

    def test_within_a_second_it_is_a_repetition(self):
        for mode, settings in MODES.items():
            with self.subTest(mode), Server(**settings) as server, Client(server.address) as client:
                server.file("file", pattern(40_000))
                begin = time.monotonic()
                self.started(client)
                former = client.peer
                for _ in range(4):
                    time.sleep(0.1)
                    client.ask("file")
                    number = client.receive()[1]
                    if time.monotonic() - begin < 0.9:
                        self.assertEqual((number, client.peer), (21, former))

    def test_one_forged_copy_ends_no_transfer(self):
        with Server() as server, Client(server.address) as client:
            data, codes = server.file("file", pattern(20_000)), self.ends(server)
            self.started(client, 10)
            former = client.peer
            self.quiet(client)
            client.ask("file")  # The client has not sent this; what it brings the client drops.
            self.assertEqual(client.receive()[:2], (3, 1))
            client.peer = former
            client.ack(11)
            for number in range(12, len(data) // 512 + 2):
                while (packet := client.receive())[1] == number - 1 or client.peer != former:
                    client.peer = former
                self.assertEqual(packet[:2], (3, number))
                client.ack(number)
            server.pump(lambda: codes == [0])

    def test_where_only_the_last_ack_is_missing_a_new_one_begins_at_once(self):
        for mode, settings in MODES.items():
            with self.subTest(mode), Server(**settings) as server, Client(server.address) as client:
                data, codes = server.file("file", pattern(1200)), self.ends(server)
                self.started(client, 2)
                self.assertEqual(client.read("file"), data)
                server.pump(lambda codes=codes: len(codes) == 2)
                self.assertEqual(codes, [SILENT, 0], "the former one is probably complete")

    def test_another_request_begins_at_once_and_the_first_goes_on(self):
        with Server() as server, Client(server.address) as client:
            data, other = server.file("file", pattern(4000)), server.file("other", pattern(700))
            self.started(client, 2)
            former = client.peer
            client.ask("other")
            while client.receive()[2] != other[:512]:
                pass
            self.assertNotEqual(client.peer, former)
            client.peer = former
            client.ack(3)
            while client.receive()[2] != data[3 * 512:4 * 512]:
                pass

    def test_behind_an_error_the_request_waits_and_is_not_lost(self):
        for mode, settings in MODES.items():
            with self.subTest(mode), Server(**settings) as server, Client(server.address) as client:
                data = server.file("file", pattern(20_000))
                self.started(client, 3)
                client.socket.sendto(b"\0\5\0\0enough\0", client.peer)
                client.ask("file")  # once
                self.assertEqual(client.finish(), data)

    def test_the_former_one_does_not_count(self):
        for limit in ("MaxConnections", "MaxConnectionsPerHost"):
            with self.subTest(limit), Server(**{limit: 1}) as server, Client(server.address) as client:
                data = server.file("file", pattern(20_000))
                self.started(client)
                self.quiet(client)
                self.assertEqual(client.read("file"), data)


if __name__ == "__main__":
    unittest.main()

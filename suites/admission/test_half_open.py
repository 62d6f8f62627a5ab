"""Abandoned requests do not keep other clients out, and descriptors stay within their bounds."""
import os
import resource
import socket
import time
import unittest

from lib import DISCONNECTED, ERROR, Answer, Client, Server, in_child, pattern, read

LIMIT = 1024
HALF_OPEN, SHARED = LIMIT // 8, 64


def limited(limit, test):
    """Runs `test` in a process with this limit on descriptors."""
    def child():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        test()
    in_child(child)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


class HalfOpen(unittest.TestCase):
    def test_silent_uploads_exclude_no_upload(self):
        def test():
            with Server() as server:
                silent = [Client(server.address, source=f"127.0.41.{number + 1}") for number in range(130)]
                for number, client in enumerate(silent):
                    client.ask(f"silent{number}", 2)
                # An honest client that repeats itself each second, once, and is served.
                with Client(server.address, source="127.0.42.1") as client:
                    client.socket.settimeout(1)
                    begin, answer = time.monotonic(), None
                    while answer is None:
                        assert time.monotonic() - begin < 10, "shut out"
                        client.ask("honest", 2)
                        try:
                            answer = client.receive()
                        except TimeoutError:
                            pass
                    assert answer[:2] == (4, 0), answer
                    client.socket.settimeout(20)
                    client.data(1, b"whole")
                    while client.receive()[:2] != (4, 1):
                        pass
                with open(os.path.join(server.root, "honest"), "rb") as file:
                    assert file.read() == b"whole"
                for client in silent:
                    client.socket.close()
        limited(LIMIT, test)

    def test_silent_downloads_keep_nobody_out_with_use_connection(self):
        def test():
            with Server(UseConnection="True") as server:
                names = [f"f{number}" for number in range(250)]
                for name in [*names, "honest"]:
                    server.file(name, name.encode() * 100)
                time.sleep(2.5)  # Files that were changed just now are not closed: what gives way would give more than a socket.
                silent = [Client(server.address, source=f"127.0.43.{number + 1}") for number in range(5)]
                for number, name in enumerate(names):
                    silent[number % 5].ask(name, timeout=255)
                # One after the other, until a descriptor is left for a socket and none for its
                # file.
                for name in names[-1:-6:-1]:
                    time.sleep(0.1)
                    silent[0].ask(name, timeout=254)
                # Each second an honest client asks once more, and is served.
                with Client(server.address, source="127.0.44.1") as client:
                    begin, packet = time.monotonic(), None
                    while packet is None:
                        assert time.monotonic() - begin < 20, "shut out"
                        time.sleep(1)
                        client.ask("honest")
                        try:
                            packet = client.receive()
                        except Answer as answer:
                            assert answer.code == 0, answer
                    assert client.finish(first=packet) == b"honest" * 100
                for client in silent:
                    client.socket.close()
        limited(256, test)

    def test_half_open_downloads_hold_an_eighth_of_the_descriptors(self):
        def test():
            with Server() as server:
                names = [f"f{number}" for number in range(600)]
                for name in names:
                    server.file(name, name.encode() * 6000)
                time.sleep(2.5)  # Files that were changed just now cannot be told from changed ones.
                before = descriptors()
                clients = [Client(server.address, source=f"127.0.43.{number + 1}") for number in range(150)]
                seen = []
                for number, name in enumerate(names[:150]):
                    clients[number].ask(name)
                    seen.append(clients[number].receive())
                held = descriptors() - before - len(clients)
                assert held <= HALF_OPEN + SHARED + 8, held
                assert read(server, names[599]) == names[599].encode() * 6000
                # Their files were closed; who goes on has all of it.
                for number, client in enumerate(clients):
                    assert client.finish(first=seen[number]) == names[number].encode() * 6000, number
                    client.socket.close()
        limited(LIMIT, test)

    def test_a_file_that_changed_while_it_was_closed_is_not_sent_on(self):
        def test():
            with Server() as server:
                names, old, seen = [f"f{number}" for number in range(20)], pattern(100_000), []
                for name in names:
                    server.file(name, old)
                time.sleep(2.5)
                clients = [Client(server.address, source=f"127.0.44.{number + 1}") for number in range(20)]
                for client, name in zip(clients, names):
                    client.ask(name)
                    seen.append(client.receive())
                for name in names:
                    server.file("new", bytes(100_000))
                    os.replace(os.path.join(server.root, "new"), os.path.join(server.root, name))
                refused = 0
                for number, client in enumerate(clients):
                    try:
                        # If the file was left open, the client gets the old content.
                        assert client.finish(first=seen[number]) == old, number
                    except Answer as answer:
                        assert answer.code == 0, answer
                        refused += 1
                    client.socket.close()
                assert refused > 0
        limited(120, test)

    def test_at_max_connections_the_oldest_gives_way(self):
        with Server(MaxConnections=2) as server, Client(server.address) as one, Client(server.address) as two:
            data, codes = server.file("file", pattern(2000)), []
            server.on(DISCONNECTED, lambda event: codes.append(event.disconnected.status_code))
            one.ask("file")
            server.pump(lambda: one.receive()[1] == 1)
            two.ask("file")
            server.pump(lambda: two.receive()[1] == 1)
            two.ack(1)
            two.receive()
            time.sleep(1.1)
            with Client(server.address) as client:
                client.ask("file")
                self.assertEqual(client.finish(), data)
                server.pump(lambda: len(codes) == 2)
                self.assertEqual(codes, [301, 0])
            two.ack(2)
            while two.receive()[1] != 3:
                pass

    def test_what_is_settled_gives_way_to_nobody(self):
        with Server(MaxConnections=1) as server, Client(server.address) as one:
            server.file("file", pattern(2000))
            one.ask("file")
            one.receive()
            one.ack(1)
            one.receive()
            time.sleep(1.1)
            with self.assertRaises(Answer):
                read(server, "file")

    def test_three_quarters_of_the_descriptors_and_then_an_error(self):
        limit = 160

        def test():
            with Server() as server:
                names = [f"f{number}" for number in range(limit)]
                # More than what is read of a file at once: it stays open.
                for name in names:
                    server.file(name, pattern(20_000))
                codes = []
                server.on(ERROR, lambda event: codes.append(event.error.error_code))
                free = limit - descriptors()
                refusal = None
                # The clients' sockets stay open in here, so that the test itself needs no more
                # descriptors.
                inside, outside = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                for name in names:
                    with Client(server.address) as client:
                        client.ask(name, blksize=8192)
                        try:
                            self.assertEqual(client.receive()[0], 6)
                            client.ack(0)
                            self.assertEqual(client.receive()[1], 1)
                            client.ack(1)
                            self.assertEqual(client.receive()[1], 2)
                        except Answer as answer:
                            refusal = answer
                            break
                        socket.send_fds(outside, [b"."], [client.socket.fileno()])
                    assert limit - descriptors() >= free // 4 - 4, name
                assert refusal is not None and refusal.code == 0, refusal
                inside.close()
                outside.close()
                end = time.monotonic() + 10
                while not codes and time.monotonic() < end:
                    server.events()
                assert codes == [10024], (codes, refusal)
        limited(limit, test)

    def test_uploads_that_dally_give_their_descriptors_to_newcomers(self):
        limit = 64

        def test():
            with Server() as server:
                for number in range(3 * limit):
                    with Client(server.address) as client:
                        client.socket.settimeout(4)  # less than an ended upload stays
                        client.write(f"up{number}", b"data")
                assert len(os.listdir(server.root)) == 3 * limit
        limited(limit, test)


if __name__ == "__main__":
    unittest.main()

"""A server that is stopped for longer than its patience (SIGSTOP, docker pause, suspend): packets
that came meanwhile count first."""
import contextlib
import os
import signal
import tempfile
import time
import unittest

from client import ACK, DATA, OACK, WRQ, Client
from support import Server

TIMEOUT_PROPERTY = 17
TIMEOUT, PAUSE = 3, 5


def stop(server):
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)


def client(server):
    return Client(("127.0.0.1", server.port), seconds=30)


class Pause(unittest.TestCase):
    def paused(self, **settings):
        """Both directions, of clients whose packet lies in the server's socket when the time is
        over."""
        with tempfile.TemporaryDirectory() as root:
            with open(os.path.join(root, "file"), "wb") as file:
                file.write(b"x" * 3000)
            with Server(root, properties={TIMEOUT_PROPERTY: TIMEOUT}, **settings) as server, \
                    client(server) as reader, client(server) as writer:
                reader.ask("file", timeout=1)
                self.assertEqual(reader.receive()[0], OACK)
                reader.ack(0)
                self.assertEqual(reader.receive()[:2], (DATA, 1))
                writer.ask("up", WRQ, timeout=1)
                self.assertEqual(writer.receive()[0], OACK)
                writer.data(1, b"y" * 512)
                self.assertEqual(writer.receive()[:2], (ACK, 1))
                stop(server)
                reader.ack(7)  # of no block that was sent, and then the one that is waited for
                reader.ack(1)
                writer.data(2, b"z")
                time.sleep(PAUSE)
                server.process.send_signal(signal.SIGCONT)
                self.assertEqual(reader.receive()[:2], (DATA, 2), settings)
                self.assertEqual(writer.receive()[:2], (ACK, 2), settings)
                with open(os.path.join(root, "up"), "rb") as file:
                    self.assertEqual(file.read(), b"y" * 512 + b"z")

    def test_the_windows_of_many_silent_clients_are_not_in_memory_together(self):
        """300 clients that have fallen silent are all sent their window of a megabyte again after the
        pause."""
        with tempfile.TemporaryDirectory() as root, contextlib.ExitStack() as clients:
            content = os.urandom(2 << 20)
            with open(os.path.join(root, "file"), "wb") as file:
                file.write(content)
            with Server(root, IoThreads=1) as server:
                before = server.resident
                for number in range(300):
                    one = clients.enter_context(client(server))
                    one.begin_window("file", blksize=16384 - number, windowsize=64)
                stop(server)
                time.sleep(2)
                server.process.send_signal(signal.SIGCONT)
                with client(server) as other:
                    self.assertEqual(other.read("file", blksize=8192, windowsize=8), content)
                self.assertLess(server.status("VmHWM") - before, 150 * 1024)

    def test_ports_of_their_own(self):
        self.paused()

    def test_shared_ports(self):
        self.paused(PortPerTransfer="False")

    def test_a_single_port(self):
        self.paused(SinglePort="True")


if __name__ == "__main__":
    unittest.main()

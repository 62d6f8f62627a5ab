"""A server that is stopped for longer than its patience (SIGSTOP, docker pause, suspend): packets that came meanwhile count first."""
import os
import signal
import socket
import struct
import tempfile
import time
import unittest

from support import Server

TIMEOUT_PROPERTY = 17
RRQ, WRQ, DATA, ACK, OACK = 1, 2, 3, 4, 6
TIMEOUT, PAUSE = 3, 5


def stop(server):
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)


class Client(socket.socket):
    def __init__(self, port):
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.settimeout(30)
        self.peer = ("127.0.0.1", port)

    def ask(self, opcode, name):
        self.sendto(struct.pack("!H", opcode) + name + b"\0octet\0timeout\x001\0", self.peer)

    def say(self, opcode, number, data=b""):
        self.sendto(struct.pack("!HH", opcode, number) + data, self.peer)

    def hear(self):
        packet, self.peer = self.recvfrom(1024)
        return struct.unpack("!HH", packet[:4])


class Pause(unittest.TestCase):
    def paused(self, **settings):
        """Both directions, of clients whose packet lies in the server's socket when the time is over."""
        with tempfile.TemporaryDirectory() as root:
            with open(os.path.join(root, "file"), "wb") as file:
                file.write(b"x" * 3000)
            with Server(root, properties={TIMEOUT_PROPERTY: TIMEOUT}, **settings) as server, \
                    Client(server.port) as reader, Client(server.port) as writer:
                reader.ask(RRQ, b"file")
                self.assertEqual(reader.hear()[0], OACK)
                reader.say(ACK, 0)
                self.assertEqual(reader.hear(), (DATA, 1))
                writer.ask(WRQ, b"up")
                self.assertEqual(writer.hear()[0], OACK)
                writer.say(DATA, 1, b"y" * 512)
                self.assertEqual(writer.hear(), (ACK, 1))
                stop(server)
                reader.say(ACK, 7)  # of no block that was sent, and then the one that is waited for
                reader.say(ACK, 1)
                writer.say(DATA, 2, b"z")
                time.sleep(PAUSE)
                server.process.send_signal(signal.SIGCONT)
                self.assertEqual(reader.hear(), (DATA, 2), settings)
                self.assertEqual(writer.hear(), (ACK, 2), settings)
                with open(os.path.join(root, "up"), "rb") as file:
                    self.assertEqual(file.read(), b"y" * 512 + b"z")

    def test_ports_of_their_own(self):
        self.paused()

    def test_shared_ports(self):
        self.paused(PortPerTransfer="False")

    def test_a_single_port(self):
        self.paused(SinglePort="True")


if __name__ == "__main__":
    unittest.main()

"""No descriptor, no room to send: running transfers stay whole, new ones are refused or wait, and
afterwards all is well."""
import os
import resource
import subprocess
import tempfile
import unittest

import support
from net import in_child, needs_network
from support import LONG, Server, Wire, load, told, whole

SIZE = 4 << 20 if LONG else 256 << 10
CLIENTS = 64 if LONG else 16


class Exhaustion(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        for name, size in (("image", SIZE), ("other", 1000)):
            with open(os.path.join(self.root, name), "wb") as file:
                file.write(support.pattern(size))

    def refused(self, server, **options):
        result = load(server, size=1000, clients=20, **options).result()
        self.assertEqual((result["done"], result["failed"]), (0, 20), result)
        self.assertIn("Too many open files", result["said"])

    def test_no_descriptor_in_mid_flight(self):
        """Transfers run in both directions while the limit falls to the number of open
        descriptors."""
        with Server(self.root) as server, \
                load(server, op="read", name="image", size=SIZE, clients=CLIENTS, together="yes") as readers:
            self.assertEqual(readers.line(), "open")
            with load(server, op="write", size=SIZE, clients=CLIENTS, together="yes", first_host="127.2.0.0",
                      dir=self.root) as writers:
                self.assertEqual(writers.line(), "open")
                _, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
                resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.lowest_free(), most))
                self.refused(server, op="read", name="other", first_host="127.3.0.0")
                self.refused(server, op="write", first_host="127.3.0.0")
                readers.say()
                writers.say()
                for clients in (readers, writers):
                    whole(clients.result(), CLIENTS)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (support.DESCRIPTORS, most))
            whole(load(server, op="read", name="other", size=1000, clients=20).result(), 20)
            whole(load(server, op="write", size=1000, clients=20, dir=self.root).result(), 20)
            server.is_unhurt()
            server.wait_until(lambda: sorted(os.listdir(self.root)) == ["image", "other"], "uploads are left")

    def test_no_descriptor_from_the_beginning(self):
        """The limit allows a few descriptors beyond those of the start: the first transfer socket,
        perhaps a file."""
        for spare in range(6):
            with self.subTest(spare=spare), Server(self.root) as server:
                _, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
                resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.descriptors + spare, most))
                result = load(server, op="read", name="other", size=1000, clients=20).result()
                self.assertEqual(result["done"] + result["failed"], 20)
                resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (support.DESCRIPTORS, most))
                whole(load(server, op="read", name="other", size=1000, clients=20).result(), 20)

    def narrow(self, qdisc, window, **settings):
        """A cable that takes less than the server has: the kernel refuses packets, or makes it
        wait."""
        def test():
            wire = Wire()
            made = subprocess.run(["tc", "qdisc", "add", "dev", "here", "root", *qdisc.split()], capture_output=True)
            if made.returncode != 0:
                raise unittest.SkipTest(f"tc {qdisc}: {made.stderr.decode().strip()}")
            with Server(self.root, wire.address, **settings) as server:
                result = wire.load(server, op="read", name="image", size=SIZE, blksize=1428, window=window,
                                   clients=CLIENTS).result()
                whole(result, CLIENTS)
                drops = subprocess.run(["tc", "-s", "qdisc", "show", "dev", "here"], capture_output=True, text=True)
                told(f"{qdisc}, windowsize {window}, {settings}: {result['bytes'] / result['seconds'] / 1e6:.1f} MB/s, "
                     f"{server.statistics()['retransmissions']} sent again; {' '.join(drops.stdout.split()[-12:])}")
                server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
        in_child(test)

    @needs_network
    def test_no_buffers(self):
        """ENOBUFS: a queue of a few packets before a slow cable."""
        for window in (1, 16):
            with self.subTest(window=window):
                self.narrow("tbf rate 400mbit burst 5kb limit 6kb", window)

    @needs_network
    def test_no_room_in_the_socket(self):
        """EAGAIN: the smallest send buffer that the kernel grants, and a queue that holds packets
        for a while."""
        for window in (1, 16):
            with self.subTest(window=window):
                self.narrow("tbf rate 400mbit burst 5kb limit 4mb", window, OutBufferSize=1)

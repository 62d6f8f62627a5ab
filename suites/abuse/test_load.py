"""Ten thousand transfers at once: all whole, and what they cost the server's process."""
import os
import tempfile
import unittest

import support
from support import LONG, Feeder, Server, load, told, whole

COUNT = 10_000
# Read a whole file of 8 blocks and a bit; the long form has a hundred blocks each.
SIZE = (100 if LONG else 8) * 512 + 100
# The release library; the tests' own build, with its checks and its unoptimised frames, may need
# more.
MOST_KIB = 32 * 1024 if LONG else 48 * 1024
# The anonymous memory of an idle server, beyond that at its start. Some is free, but kept by the C
# library.
MOST_LEFT_KIB = 24 * 1024
# Sockets that transfers share where they have none of their own.
SHARED = 64
# The server waits for those that wait for the last one: RetransmitTimeout, Timeout.
PATIENCE = {16: 600, 17: 0}

# A thousand downloads of sources of their own, in lockstep with blksize 1428: what they may add.
SOURCES, MOST_FOR_SOURCES_KIB = 1000, 64 * 1024


class ThousandSources(unittest.TestCase):
    """Each client has its own source, which buffers nothing."""

    def together(self, kind):
        size = (1000 if LONG else 60) * 1428 + 100
        with tempfile.TemporaryDirectory() as root, Feeder(root) as server:
            # One download beforehand, so that one-time costs do not count.
            with load(server, name=f"{kind}.{size}", size=size, blksize=1428) as first:
                whole(first.result(), 1)
            before = server.resident
            with load(server, clients=SOURCES, files=SOURCES, name=f"{kind}.{size}", size=size, blksize=1428,
                      together="yes") as clients:
                self.assertEqual(clients.line(200), "open")
                open_at_once = server.resident
                clients.say()
                whole(clients.result(), SOURCES)
            told(f"{SOURCES} downloads of {kind} sources: {before} KiB before, {open_at_once} KiB while all wait, at most "
                 f"{server.peak} KiB; {server.status('Threads')} threads")
            self.assertLessEqual(server.peak - before, MOST_FOR_SOURCES_KIB)

    def test_sources_that_may_block(self):
        self.together("made")

    def test_streams(self):
        self.together("streamed")


class TenThousand(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def together(self, server, count=COUNT, **options):
        """All transfers begin, and stop at their second block until the last one has come as
        far."""
        before = server.held()
        # Clients that repeat their requests late: a copy that the server reads a second after it
        # last heard of its client counts as that of a machine that was reset, and gets a transfer
        # of its own beside the first. On a busy machine that happened to hundreds.
        with load(server, clients=count, size=SIZE, together="yes", dir=self.root, patience_ms=10_000, **options) as clients:
            self.assertEqual(clients.line(200), "open")
            at_once = server.statistics()["active"]
            during = server.held()
            clients.say()
            result = clients.result()
        whole(result, count)
        self.assertEqual(at_once, count)
        told(f"{count} transfers open at once, {options}: before {before}, during {during}, at most {server.peak} KiB; "
             f"then {SIZE} bytes each in {result['seconds']:.1f} s")
        return before, during

    def back_to(self, server, before, dallying=0):
        server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
        # Threads of the file pool end after a while of idleness, as own sockets do; shared transfer
        # sockets stay.
        server.wait_until(lambda: server.threads <= before["threads"], "threads are left")
        server.wait_until(lambda: server.descriptors <= before["descriptors"] + 16 + SHARED + dallying, "descriptors are left")

    def memory_back_to(self, server, before):
        server.wait_until(lambda: server.anonymous <= before["anonymous_kib"] + MOST_LEFT_KIB, "memory is left")
        told(f"when all have ended: {server.held()}")

    def test_reads_of_one_file(self):
        with open(os.path.join(self.root, "image"), "wb") as file:
            file.write(support.pattern(SIZE))
        with Server(self.root, properties=PATIENCE) as server:
            before, during = self.together(server, op="read", name="image")
            self.assertLessEqual(during["resident_kib"], MOST_KIB)
            # A socket each, as long as these are half of all descriptors.
            self.assertLessEqual(during["descriptors"], before["descriptors"] + COUNT + SHARED + 20)
            self.assertLessEqual(during["threads"], before["threads"] + 4)
            self.back_to(server, before)
            self.memory_back_to(server, before)
            # Other transfers after that.
            self.together(server, 500, op="read", name="image")

    def test_reads_of_a_thousand_files(self):
        for number in range(1000):
            with open(os.path.join(self.root, f"image.{number}"), "wb") as file:
                file.write(support.pattern(SIZE))
        with Server(self.root, properties=PATIENCE) as server:
            before, during = self.together(server, op="read", name="image", files=1000)
            self.assertLessEqual(during["resident_kib"], MOST_KIB + 1000 * 8)
            self.assertLessEqual(during["descriptors"], before["descriptors"] + COUNT + SHARED + 1020)
            self.back_to(server, before)
            self.memory_back_to(server, before)

    def test_writes(self):
        """The most uploads that may be half-open, an eighth of the descriptors: if more begin at
        once, the oldest give way. Each takes three descriptors, the socket included."""
        with Server(self.root, properties=PATIENCE) as server:
            count = min(COUNT, support.DESCRIPTORS // 8)
            before, during = self.together(server, count, op="write")
            self.assertLessEqual(during["resident_kib"], 2 * MOST_KIB)
            self.assertLessEqual(during["descriptors"], before["descriptors"] + 3 * count + SHARED + 20)
            # An upload stays for RetransmitTimeout, to repeat its last ACK, and keeps its socket.
            self.back_to(server, before, dallying=count)

    def test_memory_of_writes(self):
        """Uploads that end as usual: their last ACK is repeated for seconds only."""
        with Server(self.root) as server:
            before, _ = self.together(server, min(600, support.DESCRIPTORS // 8), op="write")
            self.back_to(server, before)
            self.memory_back_to(server, before)
            self.assertEqual(os.listdir(self.root), [])

"""Directories and files that are exchanged for links to the outside, and back, while clients read
and write them."""
import ctypes
import mmap
import os
import random
import signal
import struct
import threading
import time
import unittest

from client import WRQ, Client
from ground import INSIDE, SECONDS, Ground, Watch, libc, places, seed, times
from lib import LOCAL_DIR, Server

SWAPS = times("SWAPS", 6000)
CLIENTS = 3
RENAME_EXCHANGE = 2

# A name that a client reads or, with {}, makes; what changes under it is in Swapper.
READS = ["swap/file", "spare/file", "swap/../swap/file", "dir/../swap/file", "swap\\file", "a/b/file", "a/spare/file",
         "a/b/../b/file", "leaf", "moving/sub/file", "moving/sub/../file", "moving/sub/../../moving/file", "back/file",
         "back/sub/file", "chain/file", "far/file"]
WRITES = ["swap/new-{}", "spare/new-{}", "a/b/new-{}", "swap/file", "a/b/file", "target", "back/new-{}", "chain/new-{}",
          "moving/sub/../new-{}", "moving/sub/../file"]


class Swapper:
    """A process that swaps until it is stopped, then reports how often."""

    def __init__(self, ground, start):
        self.ground = ground
        self.chance = random.Random(start)
        self.done = mmap.mmap(-1, 8)  # a number that both processes see
        self.read_end, write_end = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            stopped = []
            signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
            try:
                self.run(stopped)
                told = ""
            except BaseException as error:  # a child must not return into the test runner
                told = repr(error)
            os.write(write_end, told.encode())
            os._exit(0)
        os.close(write_end)

    def stop(self):
        os.kill(self.child, signal.SIGTERM)
        with os.fdopen(self.read_end) as result:
            told = result.read()
        os.waitpid(self.child, 0)
        if told:
            raise AssertionError(told)
        return self.swaps()

    def swaps(self):
        return struct.unpack("q", self.done[:8])[0]

    def run(self, stopped):
        """Bursts, as fast as it goes, so that a look and what follows it seldom see the same; now
        and then a rest."""
        swaps = [self.exchange("swap", "spare"), self.exchange("a/b", "a/spare"), self.exchange("back", "forth"),
                 self.exchange("chain", "links"), lambda: self.turn("leaf"), lambda: self.turn("target"), self.move]
        done = 0
        while not stopped:
            swap = self.chance.choice(swaps)
            for _ in range(self.chance.choice((1, 10, 100, 1000))):
                swap()
                done += 1
            self.done[:8] = struct.pack("q", done)
            if self.chance.random() < 0.2:
                time.sleep(self.chance.random() * 0.001)

    def at(self, name):
        return os.path.join(self.ground.root, name)

    def exchange(self, one, other):
        """Returns a function that exchanges the two atomically (renameat2)."""
        one, other = (ctypes.c_char_p(os.fsencode(self.at(name))) for name in (one, other))

        def swap():
            if libc.renameat2(-100, one, -100, other, RENAME_EXCHANGE) != 0:
                raise OSError(ctypes.get_errno(), "renameat2")

        return swap

    def turn(self, name):
        """A file becomes a link to one outside, or that link a file."""
        path, new = self.at(name), self.at(".turning")
        if os.path.islink(path):
            with open(new, "wb") as file:
                file.write(INSIDE)
        else:
            os.symlink("../outside/file", new)
        os.rename(new, path)

    def move(self):
        """A directory is moved out, where `..` is another one, or back."""
        inside, outside = self.at("moving/sub"), os.path.join(self.ground.base, "elsewhere/sub")
        if os.path.isdir(inside):
            os.rename(inside, outside)
        else:
            os.rename(outside, inside)


def furnish(ground):
    for path in ("root/swap/sub", "root/a/b", "root/moving/sub", "root/back.1/sub", "elsewhere"):
        os.makedirs(os.path.join(ground.base, path))
        if path.startswith("root/"):
            ground.put(path + "/file", INSIDE)
    for path in ("root/leaf", "root/target", "root/moving/file"):
        ground.put(path, INSIDE)
    ground.put("elsewhere/file", b"outside")
    ground.link("../outside", "spare")
    ground.link("../../outside", "a/spare")
    # Absolute links, of which one leads back inside: those the kernel refuses and the library looks
    # at again.
    ground.link(os.path.join(ground.root, "back.1"), "back")
    ground.link(ground.outside, "forth")
    ground.link("swap", "chain")
    ground.link(ground.outside, "links")
    ground.link("back", "far")


class Traffic:
    """Clients that read and write, whatever comes, and what they got."""

    def __init__(self, servers, start):
        self.addresses, self.start = [server.address for server in servers], start
        self.wrong, self.served, self.refused, self.taken = [], 0, 0, 0
        self.lock, self.left = threading.Lock(), 0

    def run(self, requests, swapper):
        """Makes this many requests, and more until there were as many swaps."""
        self.left, self.unswapped = requests, lambda: swapper.swaps() < requests
        threads = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def client(self, number):
        chance = random.Random(f"{self.start} {number}")
        while self.next():
            try:
                if chance.random() < 0.6:
                    self.read(chance)
                else:
                    self.write(chance, number)
            except Exception as error:  # the other threads would go on without a word
                self.wrong.append(repr(error))
                raise

    def next(self):
        with self.lock:
            self.left -= 1
            return not self.wrong and (self.left >= 0 or self.unswapped())

    def asker(self, chance):
        return Client(chance.choice(self.addresses), seconds=SECONDS)

    def read(self, chance):
        name = chance.choice(READS)
        with self.asker(chance) as client:
            client.ask(name)
            packet = client.packet()
            if packet[:4] == b"\0\3\0\1":
                client.ack(1)
        self.judge(name, packet, packet[:4] == b"\0\3\0\1" and packet[4:].startswith(INSIDE))

    def write(self, chance, number):
        name = chance.choice(WRITES).format(f"{number}-{chance.randrange(100)}")
        with self.asker(chance) as client:
            client.ask(name, WRQ)
            packet = client.packet()
            if packet == b"\0\4\0\0":
                client.data(1, INSIDE + b" written")
                packet = client.packet()
                self.taken += packet == b"\0\4\0\1"
        self.judge(name, packet, packet == b"\0\4\0\1")

    def judge(self, name, packet, is_good):
        if is_good:
            self.served += 1
        elif packet[:3] == b"\0\5\0" and packet[3] in (1, 2):
            self.refused += 1
        else:
            self.wrong.append((name, packet[:100]))


class Swapped(unittest.TestCase):
    def test_nothing_outside_is_read_made_or_changed(self):
        start, where = seed(), places()
        for place in where:
            with self.subTest(place=place), Ground(place) as ground:
                furnish(ground)
                self.swapped(ground, start, SWAPS // len(where))

    def swapped(self, ground, start, wanted):
        outside = self.outside(ground)
        watch = Watch(ground, but=("root", "elsewhere"))
        swapper = Swapper(ground, start)
        servers, traffic = [], None
        try:
            for follows in ("True", "False"):
                servers.append(Server(start=False, FollowSymlinks=follows))
                servers[-1].set(LOCAL_DIR, ground.root)
                servers[-1].start()
            traffic = Traffic(servers, start)
            traffic.run(wanted, swapper)
        finally:
            swaps = swapper.stop()
            for server in servers:
                server.close()
        self.assertEqual(traffic.wrong, [])
        # The swaps did meet the requests: some found the inside and some the outside.
        self.assertTrue(traffic.served > wanted // 20 and traffic.refused > wanted // 20)
        self.unchanged(ground, outside, watch)
        print(f"figure: {swaps} swaps during {traffic.served + traffic.refused} requests on {ground.base}: "
              f"{traffic.served} served ({traffic.taken} of them uploads), {traffic.refused} refused, none wrong (TFTP_SEED={start})")

    def outside(self, ground):
        """All but where the test itself moves a directory to."""
        return {path: state for path, state in ground.strangers().items() if "elsewhere" not in path}

    def unchanged(self, ground, outside, watch):
        self.assertEqual(watch.events(), [])
        watch.close()
        self.assertEqual(self.outside(ground), outside)
        self.assertEqual(sorted(set(os.listdir(os.path.join(ground.base, "elsewhere"))) - {"sub"}), ["file"])
        for path, _, names in os.walk(ground.root):
            for name in names:
                if os.path.isfile(os.path.join(path, name)) and not os.path.islink(os.path.join(path, name)):
                    with open(os.path.join(path, name), "rb") as file:
                        self.assertIn(file.read(), (INSIDE, INSIDE + b" written"), name)

"""A disk that hangs delays its own transfers, and no others; when it answers again, they go on."""
import os
import tempfile
import time
import unittest

import hungfs
import support
from hungfs import CREATE, LOOKUP, OPEN, READ, RENAME, RENAME2, WRITE, HungFs
from net import in_child, own_mounts
from support import LONG, Server, load, told, whole

SIZE = 200_000
# More than the file pool has threads, and more than once.
CLIENTS = 400
OTHERS = 200 if LONG else 50
# A directory that hangs has 32 threads for files; the rest of the 128 are left to others, who take
# what they need.
MOST_THREADS = 110


@unittest.skipUnless(hungfs.may_mount(), "a disk that hangs, which needs root and /dev/fuse")
class HungDisk(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def others(self, server, first_host):
        """Reads that need a look-up on the pool or none, and writes, elsewhere: whole, and their
        seconds."""
        begin = time.monotonic()
        for options in ({"op": "read", "name": "fine"}, {"op": "read", "name": "cool/fine"},
                        {"op": "write", "dir": self.root}):
            result = load(server, size=SIZE, blksize=1428, clients=OTHERS, first_host=first_host, **options)
            whole(result.result(), OTHERS)
        return time.monotonic() - begin

    def make(self):
        os.mkdir(os.path.join(self.root, "cool"))
        # A file behind a link that leaves the directory and comes back is never opened on an I/O
        # thread.
        for name in ("fine", "cool/file"):
            with open(os.path.join(self.root, name), "wb") as file:
                file.write(support.pattern(SIZE))
        os.symlink(os.path.join(self.root, "cool", "file"), os.path.join(self.root, "cool", "fine"))

    def hangs(self, operations, what, **options):
        """`CLIENTS` transfers wait for a disk that hangs; others don't."""
        def test():
            own_mounts()
            self.make()
            disk = HungFs(os.path.join(self.root, "hung"), **{f"file.{number}": support.pattern(SIZE) for number in range(80)},
                          file=support.pattern(SIZE))
            with Server(self.root) as server, disk:
                undisturbed = self.others(server, "127.2.0.0")
                disk.hang(*operations)
                with load(server, size=SIZE, blksize=1428, clients=CLIENTS, **options) as clients:
                    server.wait_until(lambda: server.statistics()["active"] >= CLIENTS, "not all have begun")
                    server.wait_until(lambda: disk.waiting() > 0, "nothing hangs")
                    threads = server.threads
                    seconds = self.others(server, "127.2.0.0")
                    told(f"{what}: {disk.waiting()} operations hang for {CLIENTS} transfers, {threads} threads, {server.resident} "
                         f"KiB; {3 * OTHERS} others took {seconds:.2f} s, undisturbed {undisturbed:.2f} s")
                    self.assertLess(threads, MOST_THREADS)
                    self.assertGreaterEqual(server.statistics()["active"], CLIENTS, "they still wait")
                    disk.let_go()
                    whole(clients.result(), CLIENTS)
                server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
        in_child(test)

    def test_one_file_that_is_not_opened(self):
        self.hangs([OPEN], "one file, open", op="read", name="hung/file")

    def test_many_files_that_are_not_found(self):
        self.hangs([LOOKUP], "80 files, look-up", op="read", name="hung/file", files=80)

    def test_many_files_that_are_not_read(self):
        self.hangs([READ], "80 files, read", op="read", name="hung/file", files=80)

    def test_given_up_after_timeout(self):
        """No client waits longer than Timeout, and ended transfers no longer count, though the disk
        still hangs."""
        def test():
            own_mounts()
            self.make()
            disk = HungFs(os.path.join(self.root, "hung"), file=support.pattern(SIZE))
            with Server(self.root, properties={17: 8}) as server, disk:
                disk.hang(OPEN)
                # These clients send one request and go away.
                result = load(server, size=SIZE, clients=20, op="read", name="hung/file", tries=0).result()
                self.assertEqual(result["failed"], 20)
                self.assertEqual(server.statistics()["active"], 20)
                self.assertGreater(disk.waiting(), 0)
                server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
                self.others(server, "127.2.0.0")
                disk.let_go()
                whole(load(server, size=SIZE, clients=20, op="read", name="hung/file").result(), 20)
        in_child(test)

    def upload(self, *operations):
        def test():
            own_mounts()
            self.make()
            disk = HungFs(os.path.join(self.root, "hung"))
            with Server(self.root) as server, disk:
                disk.hang(*operations)
                with load(server, size=SIZE, blksize=1428, clients=CLIENTS, op="write",
                          into="hung/") as clients:
                    server.wait_until(lambda: server.statistics()["active"] >= CLIENTS, "not all have begun")
                    server.wait_until(lambda: disk.waiting() > 0, "nothing hangs")
                    self.others(server, "127.2.0.0")
                    self.assertLess(server.threads, MOST_THREADS)
                    disk.let_go()
                    whole(clients.result(), CLIENTS)
                server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
                data = support.pattern(SIZE)
                assert sorted(disk.files) == sorted(f"w{number}" for number in range(CLIENTS)), sorted(disk.files)[:5]
                assert all(bytes(file[1]) == data for file in disk.files.values())
        in_child(test)

    def test_uploads_that_are_not_created(self):
        self.upload(CREATE)

    def test_uploads_that_are_not_written(self):
        self.upload(WRITE)

    def test_uploads_that_are_not_renamed(self):
        self.upload(RENAME, RENAME2)

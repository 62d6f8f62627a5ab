"""Servers are killed while clients upload: files under their final names are whole, unfinished ones
are swept."""
import hashlib
import os
import random
import shutil
import tempfile
import threading
import time
import unittest

from client import Client
from ground import Process, Upload, leftovers, seed, times, until
from lib import LOCAL_DIR, Server, in_child, only_linux
from net import own_mounts
from oddfs import GETATTR, LOOKUP, OPEN, OPENDIR, READDIR, STATFS, HungFs, may_mount

KILLS = times("KILLS", 40)
NAMES = ["small", "medium", "dir/large", "dir/roll"]
SIZES = {"small": 300, "medium": 40_000, "dir/large": 400_000, "dir/roll": 150_000, "shared": 90_000}
SHARED = "shared"

# Names that look like leftovers of a server but are none: a sweep keeps them.
DECOYS = [".tftpserver-.part", ".tftpserver-mine.part", ".tftpserver-0123456789abcdef.part.bak",
          ".tftpserver-0123456789abcdeg.part", ".tftpserver-0123456789abcdef0.part", "tftpserver-0123456789abcdef.part",
          "x.tftpserver-0123456789abcdef.part", "file.part", ".hidden", "dir/.tftpserver-0123456789abcde.part"]


def make(name, writer, version, size):
    """Returns a self-describing file, whose content shows whether it is whole."""
    size += version % 7 * 512  # also whole numbers of blocks
    body = random.Random(f"{name} {writer} {version}").randbytes(size)
    return f"{name} {writer} {version} {size} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def version_of(name, data):
    """Returns the writer and the version of a file; fails if it is not whole."""
    head, _, body = data.partition(b"\n")
    fields = head.decode("ascii", "replace").split(" ")
    assert len(fields) == 5 and fields[0] == name, f"{name} begins with {head[:80]}"
    assert int(fields[3]) == len(body) and hashlib.sha256(body).hexdigest() == fields[4], f"{name} is not whole: {head}"
    return fields[1], int(fields[2])


class Impatient(Client):
    """A client that takes a silent server for gone."""

    def __init__(self, address, gone):
        super().__init__(address, seconds=0.05)
        self.gone = gone

    def packet(self):
        for _ in range(200):
            try:
                return super().packet()
            except TimeoutError:
                if self.gone.is_set():
                    break
        raise ConnectionError


class Writer(threading.Thread):
    """Uploads new versions of one name until its server is gone."""

    def __init__(self, name, writer, versions, address, chance, gone):
        super().__init__()
        self.file, self.writer, self.address, self.chance, self.gone = name, writer, address, chance, gone
        self.acknowledged, self.sent = versions
        self.wrong, self.done = None, 0

    def run(self):
        try:
            while True:
                self.sent += 1
                self.upload(make(self.file, self.writer, self.sent, SIZES[self.file]))
                self.acknowledged = self.sent
                self.done += 1
        except ConnectionError:
            pass  # nobody is there any more
        except Exception as error:
            self.wrong = error

    def upload(self, data):
        blksize, window = self.chance.choice(((512, 8), (1428, 1), (8192, 4), (60_000, 1)))
        with Impatient(self.address, self.gone) as client:
            client.write(self.file, data, blksize=blksize, windowsize=window, tsize=len(data))


class Killed(unittest.TestCase):
    def setUp(self):
        self.start = seed()
        self.chance = random.Random(self.start)
        self.base = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.root = os.path.join(self.base, "root")
        os.makedirs(os.path.join(self.root, "dir"))
        self.decoys = self.lay_decoys()
        # The last acknowledged version and the last sent one, by name (for the shared name, also by
        # writer).
        self.versions = {(name, "1"): (0, 0) for name in NAMES} | {(SHARED, "1"): (0, 0), (SHARED, "2"): (0, 0)}
        for name, writer in self.versions:
            self.put(name, make(name, writer, 0, SIZES[name]))

    def put(self, path, data):
        with open(os.path.join(self.root, path), "wb") as file:
            file.write(data)

    def lay_decoys(self):
        """Makes entries that a sweep has to keep, and returns their kind and content by path."""
        for name in DECOYS:
            self.put(name, name.encode())
        # The name alone does not make it a leftover.
        os.mkdir(os.path.join(self.root, ".tftpserver-0123456789abcdef.part"))
        self.put(".tftpserver-0123456789abcdef.part/file", b"kept")
        os.mkfifo(os.path.join(self.root, ".tftpserver-00000000000000aa.part"))
        os.mkdir(os.path.join(self.base, "outside"))
        self.put("../outside/.tftpserver-00000000000000bb.part", b"kept")
        self.put("../outside/file", b"kept")
        os.symlink("../outside/file", os.path.join(self.root, ".tftpserver-00000000000000cc.part"))
        os.symlink("../outside", os.path.join(self.root, "out"))
        return self.others()

    def others(self):
        """Returns everything that was not made by an upload: mode, inode and, of files, the
        size."""
        found, unfinished = {}, leftovers(self.root)
        for path, directories, names in os.walk(self.base):
            for name in [*directories, *names]:
                at = os.path.relpath(os.path.join(path, name), self.root)
                if at in (*SIZES, "survivor") or os.path.join(path, name) in unfinished:
                    continue
                status = os.lstat(os.path.join(path, name))
                found[at] = (status.st_mode, status.st_ino, None if os.path.isdir(os.path.join(path, name))
                             else status.st_size)
        return found

    def test_every_file_is_whole_and_the_rest_is_swept(self):
        """Another server serves the same directory all the while: its upload is no leftover."""
        body = random.Random(self.start).randbytes(512 * KILLS + 100)
        with Process(self.root) as survivor:
            upload = Upload(survivor.address, "survivor", body, "octet", 512)
            self.living = set(leftovers(self.root))
            uploads, left = self.kill_servers(upload)
            with Process(self.root):
                until(lambda: set(leftovers(self.root)) == self.living, "the last sweep")
            self.assertTrue(upload.step())
            upload.close()
        with open(os.path.join(self.root, "survivor"), "rb") as file:
            self.assertEqual(file.read(), body)
        self.assertEqual(leftovers(self.root), [])
        self.assertEqual(self.others(), self.decoys)
        # The kills did come in the middle.
        self.assertTrue(uploads >= KILLS and left >= KILLS // 4, (uploads, left))
        print(f"figure: {KILLS} kills during {uploads} uploads that were acknowledged: every file whole, {left} "
              f"leftovers, all swept (TFTP_SEED={self.start})")

    def kill_servers(self, upload):
        """The number of uploads that were acknowledged, and of those that were left behind."""
        uploads = left = 0
        for kill in range(KILLS):
            stale = set(leftovers(self.root)) - self.living
            with self.subTest(kill=kill), Process(self.root) as server:
                writers = self.let_write(server)
                if self.chance.random() < 0.9:  # now and then it is killed before or within its sweep
                    until(lambda stale=stale: not any(map(os.path.exists, stale)), "the sweep")
                time.sleep(self.chance.random() * 0.15)
                server.kill()
                uploads += self.judge(writers)
                left += len(set(leftovers(self.root)) - stale - self.living)
            upload.step()
        return uploads, left

    def let_write(self, server):
        self.gone = threading.Event()
        writers = [Writer(name, writer, versions, server.address, random.Random(self.chance.random()), self.gone)
                   for (name, writer), versions in self.versions.items()]
        for writer in writers:
            writer.start()
        return writers

    def judge(self, writers):
        """Checks that each file is whole, and that each has the acknowledged version or a newer
        one."""
        self.gone.set()
        for writer in writers:
            writer.join()
            self.assertIsNone(writer.wrong)
            self.versions[writer.file, writer.writer] = (writer.acknowledged, writer.sent)
        for name in SIZES:
            with open(os.path.join(self.root, name), "rb") as file:
                writer, version = version_of(name, file.read())
            acknowledged, sent = self.versions[name, writer]
            self.assertLessEqual(version, sent, name)
            if name != SHARED:
                self.assertGreaterEqual(version, acknowledged, name)
        return sum(writer.done for writer in writers)


class Closed(unittest.TestCase):
    def test_close_does_not_wait_for_the_sweep(self):
        """A server that is closed as soon as it listens leaves most leftovers to the next one."""
        with tempfile.TemporaryDirectory() as root:
            for _ in range(10):
                for number in range(4000):
                    open(os.path.join(root, f".tftpserver-{number:016x}.part"), "wb").close()
                server = Server(start=False)
                server.set(LOCAL_DIR, root)
                server.start()
                server.close()
                left = len(leftovers(root))
                print(f"figure: {left} of 4000 leftovers were left to the next server")
                # This thread may have had to wait for a processor until all was swept.
                if left:
                    break
            self.assertGreater(left, 0)

    @only_linux("a sweep that enters no mount")
    @unittest.skipUnless(may_mount(), "file systems in user space, which need root and /dev/fuse")
    def test_the_sweep_does_not_wait_for_a_mount_whose_server_is_gone(self):
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as root:
                # Each directory lies before the mount, or behind it.
                for number in range(50):
                    os.mkdir(os.path.join(root, f"dir{number}"))
                    open(os.path.join(root, f"dir{number}", f".tftpserver-{number:016x}.part"), "wb").close()
                with HungFs(os.path.join(root, "dead")) as disk:
                    disk.hang(LOOKUP, GETATTR, STATFS, OPEN, OPENDIR, READDIR)
                    server = Server(start=False)
                    server.set(LOCAL_DIR, root)
                    server.start()
                    until(lambda: not any(os.listdir(os.path.join(root, f"dir{number}")) for number in range(50)),
                          "the sweep")
                    server.close()
                    self.assertEqual(disk.waiting(), 0)
        in_child(test)

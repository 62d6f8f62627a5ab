"""The server sends a file's content, even if its size is wrong, if it changes, or if its inode
number is another's."""
import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
import unittest

from ground import Upload, until
from lib import CONN_LOCAL_FILE, CONNECTED, LOCAL_DIR, Answer, Client, Server, in_child, read, write
from net import own_mounts
from oddfs import OddFs, may_mount
from test_disks import MAY_MOUNT

GENERATED = "/proc/sys/kernel/ostype"
LINUX = os.path.exists(GENERATED)
fuse = unittest.skipUnless(may_mount(), "file systems in user space, which need root and /dev/fuse")


def serve(root):
    server = Server(start=False)
    server.set(LOCAL_DIR, root)
    server.start()
    return server


@unittest.skipUnless(LINUX, "procfs and sysfs, which Linux has")
class Generated(unittest.TestCase):
    """Files whose reported size is 0 or a page, whatever they contain."""

    def same(self, path, mode="octet"):
        with open(path, "rb") as file:
            contents = file.read()
        self.assertTrue(contents, path)
        with serve(os.path.dirname(path)) as server:
            with Client(server.address) as client:
                client.ask(os.path.basename(path), mode=mode)
                got = client.finish()
            self.assertEqual(got.replace(b"\r\n", b"\n"), contents)
            with Client(server.address) as client:
                agreed = client.oack(os.path.basename(path), tsize=0, blksize=1024)
                self.assertEqual(agreed, {"blksize": "1024"})
                self.assertEqual(client.finish(1024, first=(6, 0, b"")), contents)

    def test_a_file_of_procfs(self):
        self.same(GENERATED)
        self.same(GENERATED, "netascii")

    def test_a_file_of_many_blocks(self):
        """Longer than a chunk of 64 KiB, read in many system calls, each of which may come
        short."""
        self.assertGreater(len(open("/proc/kallsyms", "rb").read()), 100_000)
        self.same("/proc/kallsyms")

    @unittest.skipUnless(os.path.exists("/sys/kernel/mm/transparent_hugepage/enabled"), "a sysfs to read")
    def test_a_file_of_sysfs_claims_a_page(self):
        path = "/sys/kernel/mm/transparent_hugepage/enabled"
        self.assertEqual(os.path.getsize(path), 4096)
        self.same(path)

    def test_the_programs_own_choice(self):
        with Server(start=False) as server:
            server.on(CONNECTED, lambda data: server.check(self.choose(server, data.connected.connection_id)))
            server.start()
            with Client(server.address) as client:
                client.ask("any")
                answers = []
                client.socket.settimeout(0.05)

                def came():
                    try:
                        answers.append(client.receive())
                    except TimeoutError:
                        pass
                    return answers
                server.pump(came)
                self.assertEqual(client.finish(first=answers[0]), b"Linux\n")

    def choose(self, server, connection):
        from lib import lib
        return lib.tftpserver_set(server.handle, CONN_LOCAL_FILE, connection, GENERATED.encode())


@fuse
class UserSpace(unittest.TestCase):
    def on(self, files, test, **options):
        def run():
            own_mounts()
            with tempfile.TemporaryDirectory() as directory:
                root = os.path.join(directory, "root")
                with OddFs(root, files, **options) as disk, serve(root) as server:
                    test(server, disk)
        in_child(run)

    def test_a_size_of_0_says_nothing(self):
        files = {"long": bytes(range(256)) * 600, "one": b"1", "block": b"b" * 512, "chunk": b"c" * 65536, "empty": b""}

        def test(server, _):
            for name, contents in files.items():
                self.assertEqual(read(server, name), contents, name)
                self.assertEqual(read(server, name, blksize=8192, windowsize=4), contents, name)
            with Client(server.address) as client:
                self.assertEqual(client.oack("long", tsize=0, blksize=512), {"blksize": "512"})
        self.on(files, test, size=0, direct=True)

    def test_a_size_that_is_not_0_is_a_promise(self):
        def test(server, _):
            with self.assertRaises(Answer) as answer:
                read(server, "file")
            self.assertEqual(answer.exception.code, 0)
        self.on({"file": b"short"}, test, size=2000, direct=True)

    def test_two_files_with_one_number(self):
        """Two files are requested at once, and each client gets its own, though their metadata look
        the same."""
        files = {"a": b"A" * 20_000, "b": b"B" * 20_000}

        def test(server, _):
            with Client(server.address) as first, Client(server.address) as second:
                first.ask("a")
                held = first.receive()
                second.ask("b")
                self.assertEqual(second.finish(), files["b"])
                self.assertEqual(first.finish(first=held), files["a"])
        self.on(files, test, inode=77)


class Rewritten(unittest.TestCase):
    def test_in_place_with_the_old_modification_time(self):
        """A client that requests the file after the change does not get the data that an earlier
        transfer has read."""
        with Server() as server:
            path = os.path.join(server.root, "firmware")
            server.file("firmware", b"o" * 300_000)
            os.utime(path, (1_700_000_000, 1_700_000_000))
            age(path)
            with Client(server.address) as first:
                first.ask("firmware", blksize=1428)
                self.assertEqual(first.receive()[0], 6)
                first.ack(0)
                self.assertEqual(first.receive()[2][:1], b"o")
                with open(path, "r+b") as file:
                    file.write(b"n" * 300_000)
                os.utime(path, (1_700_000_000, 1_700_000_000))
                self.assertEqual(read(server, "firmware", blksize=1428), b"n" * 300_000)


def age(path):
    """Waits until a file's last change is old enough for transfers to share the data that was
    read."""
    until(lambda: time.time() - os.stat(path).st_ctime > 0.1, "time passes")


# Holds a lease of a file (argv[1]: the path, argv[2]: F_RDLCK or F_WRLCK), and gives it up a moment
# after it is to.
HOLDER = """
import fcntl, signal, sys, time
kind = getattr(fcntl, sys.argv[2])
file = open(sys.argv[1], "r" if kind == fcntl.F_RDLCK else "r+")
def give_up(*_):
    time.sleep(0.3)
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.signal(signal.SIGIO, give_up)
fcntl.fcntl(file, fcntl.F_SETLEASE, kind)
print("held", flush=True)
time.sleep(60)
"""


@unittest.skipUnless(hasattr(fcntl, "F_SETLEASE"), "leases, which Linux has")
class Leased(unittest.TestCase):
    """Another process, such as Samba, holds a lease on the file. When the server opens it, the kernel
    tells that process to release the lease, and the client waits until it has."""

    def put(self, server, data):
        server.file("file", data)
        return os.path.join(server.root, "file")

    @contextlib.contextmanager
    def held(self, path, kind):
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, path, kind], stdout=subprocess.PIPE)
        try:
            self.assertEqual(holder.stdout.readline(), b"held\n")
            yield
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()

    def test_downloads(self):
        for links in ("True", "False"):
            with Server(FollowSymlinks=links) as server:
                path = self.put(server, b"contents")
                with self.held(path, "F_WRLCK"):
                    self.assertEqual(read(server, "file"), b"contents", links)

    def test_a_download_by_a_link(self):
        with Server() as server:
            path = self.put(server, b"contents")
            os.symlink(path, os.path.join(server.root, "link"))
            with self.held(path, "F_WRLCK"):
                self.assertEqual(read(server, "link"), b"contents")

    def test_uploads(self):
        with Server() as server:
            path = self.put(server, b"old")
            for kind in ("F_RDLCK", "F_WRLCK"):
                with self.held(path, kind):
                    write(server, "file", kind.encode())
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), kind.encode())

    @unittest.skipUnless(MAY_MOUNT, "files that are mounts, which take root and a mount namespace")
    def test_an_upload_that_is_copied(self):
        """The holder gets its lease while the upload comes."""
        def test():
            own_mounts()
            with Server() as server:
                path = self.put(server, b"old")
                subprocess.run(["mount", "--bind", path, path], check=True)
                try:
                    upload = Upload(server.address, "file", b"n" * 600, "octet", 512)
                    self.assertFalse(upload.step())
                    with self.held(path, "F_RDLCK"):
                        self.assertTrue(upload.step())
                    upload.close()
                    with open(path, "rb") as file:
                        self.assertEqual(file.read(), b"n" * 600)
                finally:
                    subprocess.run(["umount", path], check=True)
        in_child(test)

"""Uploads onto files that may be written but not replaced, and on file systems that lack a call."""
import os
import subprocess
import tempfile
import unittest
import unittest.mock

from ground import IS_ROOT, NOBODY, Upload, drop_root, leftovers, until
from lib import LOCAL_DIR, Answer, Client, Server, in_child, write
from net import own_mounts
from oddfs import GETATTR, LINK, RENAME2, WRITE, OddFs, may_mount
from test_disks import MAY_MOUNT, mount

OLD = b"the old file, which is longer than some of the new ones"
root_only = unittest.skipUnless(IS_ROOT, "a server without rights, which only root can start for the test")


def serve(root, **settings):
    server = Server(start=False, **settings)
    server.set(LOCAL_DIR, root)
    server.start()
    return server


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Place(unittest.TestCase):
    def put(self, root, name="cfg", mode=0o666, data=OLD):
        path = os.path.join(root, name)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        return path

    def stored(self, server, root, path, name="cfg"):
        """Checks that uploads of several lengths arrive and the file keeps its inode."""
        before = os.stat(path)
        for data in (b"new", b"", b"n" * 300_000, OLD[:512] * 3):
            write(server, name, data, blksize=1428)
            self.assertEqual(contents(path), data)
        with Client(server.address) as client:
            client.ask(name, 2)
            client.receive()
            client.data(1, b"x" * 512)
            client.receive()
            client.error("never mind")
        self.assertEqual(contents(path), OLD[:512] * 3, "given up")
        now = os.stat(path)
        self.assertEqual((now.st_ino, now.st_dev, now.st_mode, now.st_uid),
                         (before.st_ino, before.st_dev, before.st_mode, before.st_uid))
        until(lambda: not leftovers(root), "nothing else is left")

    def refused(self, server, name, code):
        """At the WRQ, before a block was sent."""
        with Client(server.address) as client, self.assertRaises(Answer) as answer:
            client.ask(name, 2)
            client.receive()
        self.assertEqual(answer.exception.code, code)

    def as_nobody(self, mode, test, **settings):
        """Runs `test` with an unprivileged server on a directory of root."""
        def run(root):
            drop_root()
            with serve(root, **settings) as server:
                test(server)
        with tempfile.TemporaryDirectory() as root:
            self.put(root)
            self.put(root, "read-only", 0o644)
            os.chmod(root, mode)
            in_child(lambda: run(root))


@root_only
class Rights(Place):
    def test_a_directory_that_is_not_writable(self):
        def test(server):
            root = server.get(LOCAL_DIR)
            self.stored(server, root, os.path.join(root, "cfg"))
            for name in ("read-only", "new"):
                self.refused(server, name, 2)
            self.assertEqual(sorted(os.listdir(root)), ["cfg", "read-only"])
        self.as_nobody(0o755, test)
        self.as_nobody(0o755, test, SyncUploads="True")

    def test_a_sticky_directory(self):
        def test(server):
            root = server.get(LOCAL_DIR)
            self.stored(server, root, os.path.join(root, "cfg"))
            self.refused(server, "read-only", 2)
            write(server, "new", b"first")
            first = os.stat(os.path.join(root, "new")).st_ino
            write(server, "new", b"second")
            self.assertNotEqual(os.stat(os.path.join(root, "new")).st_ino, first, "what is its own, it replaces")
        self.as_nobody(0o1777, test)
        self.as_nobody(0o1777, test, SyncUploads="True")

    def test_the_group_of_a_replaced_file(self):
        """The new file gets the group of the old one, if the server belongs to it. If not, the
        group that it has gets no permission of the old one's."""
        def replaced(server, name):
            before = os.stat(os.path.join(server.get(LOCAL_DIR), name))
            write(server, name, b"new")
            now = os.stat(os.path.join(server.get(LOCAL_DIR), name))
            self.assertNotEqual(now.st_ino, before.st_ino)
            self.assertEqual(now.st_uid, NOBODY)
            return now.st_gid, oct(now.st_mode & 0o7777)

        def run(root):
            os.setgroups([MINE])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            with serve(root) as server:
                self.assertEqual(replaced(server, "root-mine"), (MINE, "0o660"))
                self.assertEqual(replaced(server, "own-mine"), (MINE, "0o640"))
                self.assertEqual(replaced(server, "own-other"), (NOBODY, "0o600"))
                self.assertEqual(replaced(server, "own-other-read"), (NOBODY, "0o644"))
        MINE, OTHER = 1500, 1501
        with tempfile.TemporaryDirectory() as root:
            os.chmod(root, 0o777)
            for name, owner, group, mode in (("root-mine", 0, MINE, 0o660), ("own-mine", NOBODY, MINE, 0o640),
                                             ("own-other", NOBODY, OTHER, 0o660),
                                             ("own-other-read", NOBODY, OTHER, 0o664)):
                os.chown(self.put(root, name, mode), owner, group)
                os.chmod(os.path.join(root, name), mode)
            in_child(lambda: run(root))

    def test_existing_files_stay_where_they_may_not_be_overwritten(self):
        self.as_nobody(0o1777, lambda server: self.refused(server, "cfg", 6), AllowOverwrite="False")

    def test_a_right_that_is_lost_in_the_middle(self):
        """The directory becomes sticky while an upload comes: the file is written instead of
        replaced."""
        def test(server, root):
            upload = Upload(server.address, "cfg", b"n" * 100, "octet", 512)
            os.rename(os.path.join(root, "..", "sticky"), os.path.join(root, "..", "now"))
            until(lambda: os.stat(root).st_mode & 0o1000, "the directory is sticky")
            self.assertTrue(upload.step())
            upload.close()
            self.assertEqual(contents(os.path.join(root, "cfg")), b"n" * 100)
            until(lambda: not leftovers(root), "nothing else is left")

        with tempfile.TemporaryDirectory() as base:
            root = os.path.join(base, "root")
            os.mkdir(root)
            os.chmod(base, 0o777)
            os.mkdir(os.path.join(base, "sticky"))
            self.put(root)
            os.chmod(root, 0o777)
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    until(lambda: os.path.exists(os.path.join(base, "now")), "the upload has begun")
                    os.chmod(root, 0o1777)
                    code = 0
                finally:
                    os._exit(code)

            def run():
                drop_root()
                with serve(root) as server:
                    test(server, root)
            in_child(run)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_of_several_uploads_at_once_each_is_whole(self):
        def test(server):
            path = os.path.join(server.get(LOCAL_DIR), "cfg")
            for _ in range(20):
                uploads = [Upload(server.address, "cfg", bytes([65 + n]) * 200_000, "octet", 60_000) for n in range(4)]
                # All but the last block, then all the last ones at once.
                for upload in uploads:
                    for _ in range(3):
                        self.assertFalse(upload.step())
                for upload in uploads:
                    upload.client.data(4, upload.wire[180_000:])
                for upload in uploads:
                    while upload.client.packet() != b"\0\4\0\4":
                        pass
                    upload.close()
                now = contents(path)
                self.assertEqual((len(now), len(set(now))), (200_000, 1))
        self.as_nobody(0o1777, test)


@unittest.skipUnless(MAY_MOUNT, "files that are mounts, which take root and a mount namespace")
class Mounted(Place):
    def bound(self, source, test):
        """`root/cfg` is a mount of `source`."""
        with tempfile.TemporaryDirectory() as root:
            path = self.put(root)
            subprocess.run(["mount", "--bind", source, path], check=True)
            try:
                with serve(root) as server:
                    test(server, root, path)
            finally:
                subprocess.run(["umount", path], check=True)

    def test_a_file_of_the_same_file_system(self):
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as elsewhere:
                source = self.put(elsewhere, "real")
                self.bound(source, lambda server, root, path: self.stored(server, root, path))
                self.assertEqual(contents(source), OLD[:512] * 3)
                self.assertEqual(os.listdir(elsewhere), ["real"])
        in_child(test)

    def test_a_file_of_a_full_one(self):
        """An upload that does not fit is refused, announced or not, and the old contents stay."""
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as elsewhere:
                mount("tmpfs", elsewhere, "size=64k")
                source = self.put(elsewhere, "real")

                def full(server, root, path):
                    for options in ({}, {"tsize": 100_000}):
                        with self.assertRaises(Answer) as answer:
                            write(server, "cfg", b"n" * 100_000, **options)
                        self.assertEqual(answer.exception.code, 3)
                        self.assertEqual(contents(source), OLD)
                    self.stored_small(server, root, path)
                self.bound(source, full)
                subprocess.run(["umount", elsewhere], check=True)
        in_child(test)

    def stored_small(self, server, root, path):
        write(server, "cfg", b"n" * 20_000)
        self.assertEqual(contents(path), b"n" * 20_000)
        until(lambda: not leftovers(root), "nothing else is left")

    def test_nowhere_to_gather(self):
        """If only the file itself can be written, the WRQ is refused."""
        def test():
            own_mounts()
            root = "/mnt"
            mount("tmpfs", root, "size=64k,mode=755")
            self.put(root)
            mount("tmpfs", "/var/tmp", "ro,size=4k")
            mount("tmpfs", "/tmp", "ro,size=4k")
            os.environ["TMPDIR"] = "/nowhere"
            drop_root()
            server = Server.__new__(Server)
            self.begin(server, root)
            try:
                self.refused(server, "cfg", 2)
            finally:
                server.close()
        in_child(test)

    def begin(self, server, root):
        """Server.__init__ without the directory of its own, for which there is no room here."""
        from lib import LOCAL_HOST, LOCAL_PORT, lib
        server.handle, server.callbacks, server.host = lib.tftpserver_open(), [], "127.0.0.1"
        server.directory = unittest.mock.Mock()
        for prop, value in ((LOCAL_DIR, root), (LOCAL_HOST, server.host), (LOCAL_PORT, 0)):
            server.set(prop, value)
        server.start()

    @unittest.skipUnless(may_mount(), "file systems in user space, which need root and /dev/fuse")
    def test_a_disk_that_fails_in_the_middle_of_the_copy(self):
        """The old contents are restored."""
        def test():
            own_mounts()
            old = bytes(range(256)) * 1000
            with tempfile.TemporaryDirectory() as base, OddFs(os.path.join(base, "disk"), {"real": old}) as disk:
                def failing(server, root, path):
                    # The kernel makes one short write of the first failure, and an error of the
                    # second.
                    disk.fail(WRITE, when={2, 3})
                    with self.assertRaises(Answer) as answer:
                        write(server, "cfg", b"n" * 300_000, blksize=8192)
                    self.assertEqual(answer.exception.code, 0)
                    self.assertGreater(disk.counts[WRITE], 3)
                    self.assertEqual(bytes(disk.files["real"][1]), old)
                    until(lambda: not leftovers(root), "nothing else is left")
                    write(server, "cfg", b"n" * 300_000, blksize=8192)
                    self.assertEqual(bytes(disk.files["real"][1]), b"n" * 300_000)
                self.bound(os.path.join(base, "disk", "real"), failing)
        in_child(test)


@unittest.skipUnless(may_mount(), "file systems in user space, which need root and /dev/fuse")
class Lacking(Place):
    def on(self, files, test, settings=None, **options):
        def run():
            own_mounts()
            with tempfile.TemporaryDirectory() as directory:
                root = os.path.join(directory, "root")
                with OddFs(root, files, **options) as disk, serve(root, **settings or {}) as server:
                    test(server, disk)
        in_child(run)

    def test_neither_hard_links_nor_a_rename_that_does_not_replace(self):
        def test(server, disk):
            write(server, "new", b"first")
            self.assertEqual(bytes(disk.files["new"][1]), b"first")
            self.refused(server, "old", 6)
            # Two that began before either ended: the second finds the name taken.
            one, two = (Upload(server.address, "both", data, "octet", 512) for data in (b"one", b"two"))
            self.assertTrue(one.step())
            with self.assertRaises(Answer) as answer:
                two.step()
            self.assertEqual(answer.exception.code, 6)
            self.assertEqual(bytes(disk.files["both"][1]), b"one")
            until(lambda: sorted(disk.files) == ["both", "new", "old"], f"nothing else: {sorted(disk.files)}")
        self.on({"old": OLD}, test, {"AllowOverwrite": "False"}, without={LINK, RENAME2})

    def test_a_call_that_fails_leaves_no_temporary_file(self):
        def test(server, disk):
            disk.fail(GETATTR)
            for name in ("old", "new"):
                self.refused(server, name, 0)
            self.assertEqual(sorted(disk.files), ["old"])
            self.assertEqual(bytes(disk.files["old"][1]), OLD)
        self.on({"old": OLD}, test)

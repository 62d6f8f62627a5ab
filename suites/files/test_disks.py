"""Disks that are full, gone or failing, rights that are lost in the middle: the old file stays,
nothing is left."""
import ctypes
import errno
import fcntl
import os
import platform
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

from ground import IS_ROOT, NOBODY, Asker, drop_root, is_presentable, leftovers, libc, until
from lib import ERROR, LOCAL_DIR, Answer, Client, Server, in_child, write
from net import child_can, own_mounts

OLD = b"the old file"
# seccomp, write, rename, renameat, renameat2, ftruncate by their numbers
SYSCALLS = {"x86_64": (317, 1, 82, 264, 316), "aarch64": (277, 64, 38, 38, 276)}.get(platform.machine())
EXT4_IOC_SHUTDOWN = 0x8004587D


def may_mount():
    """Returns whether this machine lets a child mount its own file systems."""
    def attempt():
        own_mounts()
        mount("tmpfs", "/mnt", "size=64k")
    return child_can(attempt)


def mount(kind, path, options, device="none"):
    subprocess.run(["mount", "-t", kind, "-o", options, device, path], check=True, stdout=subprocess.DEVNULL)


def has(program, kind):
    with open("/proc/filesystems", encoding="ascii") as kinds:
        return shutil.which(program) is not None and kind in kinds.read().split()


MAY_MOUNT = may_mount()
mounting = unittest.skipUnless(MAY_MOUNT, "disks that are full or fail, which takes root and a mount namespace")


class Disk(unittest.TestCase):
    """A server on a directory with one old file."""

    def serve(self, root, **settings):
        server = Server(start=False, **settings)
        server.set(LOCAL_DIR, root)
        server.root = root
        self.codes = []
        server.on(ERROR, lambda data: self.codes.append(data.error.error_code))
        server.start()
        return server

    def put_old(self, root):
        with open(os.path.join(root, "file"), "wb") as file:
            file.write(OLD)

    def refused(self, server, code, name="file", size=1 << 20, before_last=None, **options):
        """Checks that an upload ends with this ERROR, with printable text, and that the application
        gets an event."""
        self.codes.clear()
        packet = self.upload(server, name, size, before_last, **options)
        self.assertTrue(is_presentable(packet), packet)
        self.assertEqual(struct.unpack("!H", packet[2:4])[0], code, packet)
        server.pump(lambda: self.codes)

    def upload(self, server, name, size, before_last, **options):
        """Returns the ERROR packet that ends the upload. `before_last` is called when all but the
        last block are acknowledged."""
        data = b"n" * size
        with Client(server.address) as client:
            try:
                client.ask(name, 2, **options)
                client.receive()
                size = int(options.get("blksize", 512))
                last = len(data) // size + 1
                for number in range(1, last + 1):
                    if number == last and before_last is not None:
                        before_last()
                    client.data(number, data[(number - 1) * size:number * size])
                    while client.receive()[1] != number & 0xFFFF:
                        pass
            except Answer as answer:
                return struct.pack("!HH", 5, answer.code) + answer.text.encode() + b"\0"
        raise AssertionError("the upload was taken")

    def untouched(self, root, also=()):
        with open(os.path.join(root, "file"), "rb") as file:
            self.assertEqual(file.read(), OLD)
        until(lambda: sorted(os.listdir(root)) == sorted(["file", *also]), f"only the old file: {os.listdir(root)}")

    def works(self, server):
        write(server, "file", b"a new one")
        with open(os.path.join(server.root, "file"), "rb") as file:
            self.assertEqual(file.read(), b"a new one")


@mounting
class Full(Disk):
    def test_no_room(self):
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as root:
                mount("tmpfs", root, "size=256k")
                self.put_old(root)
                with self.serve(root) as server:
                    for options in ({}, {"blksize": 8192}, {"blksize": 60000}):
                        self.refused(server, 3, **options)
                        self.untouched(root)
                    # Announced, it is refused before the first block.
                    self.refused(server, 3, size=0, tsize=1 << 20)
                    # Space that other programs take meanwhile counts too, up to the last write.
                    self.refused(server, 3, size=60_000, before_last=lambda: self.fill(root), tsize=60_000)
                    self.untouched(root, also=["filler"])
                    os.remove(os.path.join(root, "filler"))
                    self.works(server)
                subprocess.run(["umount", root], check=True)
        in_child(test)

    def fill(self, root):
        with open(os.path.join(root, "filler"), "wb", buffering=0) as file:
            try:
                while file.write(b"f" * 4096):
                    pass
            except OSError:
                pass  # full

    def test_no_room_for_a_name(self):
        """The file system has no inode left."""
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as root:
                mount("tmpfs", root, "size=256k,nr_inodes=2")
                self.put_old(root)
                with self.serve(root) as server:
                    self.refused(server, 3, name="new", size=10)
                    self.refused(server, 3, size=10)
                    self.untouched(root)
                subprocess.run(["umount", root], check=True)
        in_child(test)

    @unittest.skipUnless(has("mkfs.btrfs", "btrfs"), "a quota, which takes btrfs-progs and a kernel with btrfs")
    def test_quota(self):
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as directory:
                image, root = os.path.join(directory, "image"), os.path.join(directory, "root")
                os.mkdir(root)
                with open(image, "wb") as file:
                    file.truncate(128 << 20)
                subprocess.run(["mkfs.btrfs", "-q", image], check=True)
                mount("btrfs", root, "loop", image)
                limited = os.path.join(root, "limited")
                for command in (["subvolume", "create", limited], ["quota", "enable", root],
                                ["qgroup", "limit", "256k", limited]):
                    subprocess.run(["btrfs", *command], check=True, stdout=subprocess.DEVNULL)
                self.put_old(limited)
                with self.serve(limited) as server:
                    self.refused(server, 3, size=4 << 20, blksize=8192)
                    self.untouched(limited)
                    self.works(server)
                subprocess.run(["umount", root], check=True)
        in_child(test)


class Limited(Disk):
    """RLIMIT_FSIZE: one byte beyond it would end the process with SIGXFSZ."""

    def test_file_size(self):
        def test():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it; a program in C would die of it
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
            self.beyond(100_000)
        in_child(test)

    def test_file_size_that_is_set_in_the_middle(self):
        def test():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            with tempfile.TemporaryDirectory() as root:
                self.put_old(root)
                with self.serve(root) as server:
                    self.refused(server, 3, size=190_000, blksize=50_000, before_last=lambda: resource.setrlimit(
                        resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY)))
                    self.untouched(root)
        in_child(test)

    def beyond(self, limit):
        with tempfile.TemporaryDirectory() as root:
            self.put_old(root)
            with self.serve(root) as server:
                self.refused(server, 3, size=limit + 1, blksize=8192)
                self.untouched(root)
                self.refused(server, 3, size=0, tsize=limit + 1)
                self.untouched(root)
                write(server, "whole", b"n" * limit, blksize=8192)
                self.assertEqual(os.path.getsize(os.path.join(root, "whole")), limit)


class Gone(Disk):
    """Directories that are removed, moved or closed during an upload into them."""

    def test_the_directory_goes_away(self):
        for name, gone in (("dir/new", "dir"), ("dir/file", "dir"), ("a/b/c/new", "a")):
            with self.subTest(name=name, gone=gone), tempfile.TemporaryDirectory() as root:
                self.put_old(root)
                os.makedirs(os.path.join(root, os.path.dirname(name)))
                if name == "dir/file":
                    self.put_old(os.path.join(root, "dir"))
                for settings in ({}, {"SyncUploads": "True"}):
                    with self.serve(root, **settings) as server:
                        os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
                        self.refused(server, 2, name=name, size=3000,
                                     before_last=lambda gone=gone: shutil.rmtree(os.path.join(server.root, gone)))
                        self.untouched(root)
                        self.refused(server, 1, name=name, size=0)
                        self.works(server)
                        self.put_old(root)

    def test_another_of_the_same_name_takes_its_place(self):
        """The upload began in the removed directory, so the new one gets nothing."""
        with tempfile.TemporaryDirectory() as root:
            self.put_old(root)
            os.mkdir(os.path.join(root, "dir"))

            def replace():
                shutil.rmtree(os.path.join(root, "dir"))
                os.mkdir(os.path.join(root, "dir"))

            with self.serve(root) as server:
                self.refused(server, 2, name="dir/new", size=3000, before_last=replace)
                self.assertEqual(os.listdir(os.path.join(root, "dir")), [])
                write(server, "dir/new", b"now")

    def test_local_dir_goes_away(self):
        with tempfile.TemporaryDirectory() as base:
            root = os.path.join(base, "root")
            os.mkdir(root)
            with self.serve(root) as server:
                self.refused(server, 2, size=3000, before_last=lambda: shutil.rmtree(root))
                self.refused(server, 2, size=0)
                self.assertEqual(Asker(server.address).code(1, "file"), 1)
                self.assertEqual(os.listdir(base), [])
                os.mkdir(root)
                self.works(server)

    def test_a_directory_or_a_special_file_takes_the_name(self):
        with tempfile.TemporaryDirectory() as root, self.serve(root) as server:
            self.put_old(root)
            for name, make in (("taken", os.mkdir), ("pipe", os.mkfifo)):
                path = os.path.join(root, name)
                self.refused(server, 2, name=name, size=3000, before_last=lambda path=path, make=make: make(path))
                self.assertFalse(os.path.isfile(path))
            self.untouched(root, also=["taken", "pipe"])

    @unittest.skipUnless(IS_ROOT, "a server without rights, which only root can start for the test")
    def test_permission_is_lost(self):
        """Without permission to rename there is none to remove either: the next server with
        permission sweeps the leftover."""
        with tempfile.TemporaryDirectory() as root:
            self.put_old(root)
            for path in (root, os.path.join(root, "file")):
                os.chown(path, NOBODY, NOBODY)

            def lose():
                os.chmod(root, 0o555)
                os.chmod(os.path.join(root, "file"), 0o444)

            def test():
                drop_root()
                with self.serve(root) as server:
                    self.refused(server, 2, size=3000, before_last=lose)
                    self.refused(server, 2, size=0)
                    os.chmod(root, 0o755)
                    os.chmod(os.path.join(root, "file"), 0o644)
                    with open(os.path.join(root, "file"), "rb") as file:
                        assert file.read() == OLD
                    assert len(leftovers(root)) == 1, os.listdir(root)
                    server.stop()
                    server.start()
                    self.untouched(root)
                    os.chmod(os.path.join(root, "file"), 0o400)
                    self.refused(server, 2, size=0)
                    self.untouched(root)
            in_child(test)


@mounting
class Failing(Disk):
    def test_read_only(self):
        def test():
            own_mounts()
            with tempfile.TemporaryDirectory() as root:
                mount("tmpfs", root, "size=256k")
                self.put_old(root)
                mount("tmpfs", root, "remount,ro")
                with self.serve(root) as server:
                    for name in ("file", "new"):
                        self.refused(server, 2, name=name, size=0)
                    self.untouched(root)
                    mount("tmpfs", root, "remount,rw")
                    self.works(server)
                subprocess.run(["umount", root], check=True)
        in_child(test)

    def on_ext4(self, test):
        """A file system of 16 MiB with the old file on it."""
        own_mounts()
        with tempfile.TemporaryDirectory() as directory:
            image, root = os.path.join(directory, "image"), os.path.join(directory, "root")
            os.mkdir(root)
            with open(image, "wb") as file:
                file.truncate(16 << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
            mount("ext4", root, "loop", image)
            os.rmdir(os.path.join(root, "lost+found"))
            self.put_old(root)
            os.sync()
            test(root)
            subprocess.run(["umount", root], check=True)
            mount("ext4", root, "loop", image)  # as after a repair
            with self.serve(root) as server:
                self.untouched(root, also=set(os.listdir(root)) & {"big"})
                self.works(server)
            subprocess.run(["umount", root], check=True)

    @unittest.skipUnless(has("mkfs.ext4", "ext4"), "disks that fail, which takes mkfs.ext4 and a kernel with ext4")
    def test_the_disk_dies(self):
        """Every read or write of a dead disk is EIO; the old file is there when the disk is
        repaired."""
        def dies(root):
            fd = os.open(root, os.O_RDONLY)
            try:
                fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", 1))  # the log is written
            finally:
                os.close(fd)

        def test(root):
            with open(os.path.join(root, "big"), "wb") as file:
                file.write(bytes(4 << 20))
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            with self.serve(root) as server, Client(server.address) as reader:
                reader.ask("big", blksize=8192)
                reader.receive()
                self.refused(server, 0, size=200_000, blksize=8192, before_last=lambda: dies(root))
                self.refused(server, 0, size=0)
                with self.assertRaises(Answer) as answer:
                    reader.finish(8192, first=(6, 0, b""))
                self.assertEqual(answer.exception.code, 0)
                self.assertEqual(Asker(server.address).code(1, "file"), 0)
        in_child(lambda: self.on_ext4(test))

    @unittest.skipUnless(has("mkfs.ext4", "ext4"), "disks that fail, which takes mkfs.ext4 and a kernel with ext4")
    def test_read_only_in_the_middle(self):
        """The disk becomes read-only, as a file system does when it finds an error."""
        def test(root):
            with self.serve(root) as server:
                self.refused(server, 2, size=3000, before_last=lambda: mount("ext4", root, "remount,abort"))
                self.refused(server, 2, size=0)
        in_child(lambda: self.on_ext4(test))


@unittest.skipIf(SYSCALLS is None, "system calls that fail, which knows x86_64 and aarch64 only")
class Injected(Disk):
    """Errors that no file system here returns on demand, injected by seccomp."""

    def test_writing_fails(self):
        for name, code in (("EIO", 0), ("ENOSPC", 3), ("EDQUOT", 3), ("EFBIG", 3), ("EROFS", 2), ("EPERM", 2),
                           ("ESTALE", 0)):
            with self.subTest(name):
                in_child(lambda name=name, code=code: self.fails(name, code, (SYSCALLS[1],), at_least=1024))

    def test_renaming_fails(self):
        for name, code in (("EIO", 0), ("ENOSPC", 3), ("EDQUOT", 3), ("EROFS", 2), ("EACCES", 2), ("EPERM", 2),
                           ("ENOENT", 2), ("EISDIR", 2), ("EXDEV", 2)):
            with self.subTest(name):
                in_child(lambda name=name, code=code: self.fails(name, code, SYSCALLS[2:], at_least=0))

    def fails(self, name, code, numbers, at_least):
        with tempfile.TemporaryDirectory() as root:
            self.put_old(root)
            with self.serve(root) as server:
                self.refused(server, code, size=200_000, blksize=8192,
                             before_last=lambda: inject(name, numbers, at_least))
                self.untouched(root)


def inject(name, numbers, at_least):
    """Makes these system calls fail in every thread of this process if their third argument is at
    least that large."""
    allow, fail = (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | getattr(errno, name))
    program = [(0x20, 0, 0, 0)]
    for at, number in enumerate(numbers):
        program.append((0x15, len(numbers) - at, 0, number))
    program += [allow, (0x20, 0, 0, 32), (0x35, 0, 1, at_least), fail, allow]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    assert libc.prctl(38, 1, 0, 0, 0) == 0, "no new privileges"
    assert libc.syscall(SYSCALLS[0], 1, 1, ctypes.c_char_p(header)) == 0, "the filter"

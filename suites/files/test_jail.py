"""File names that lead out of LocalDir get the same answer whether something exists there or
not."""
import os
import re
import socket
import stat
import struct
import tempfile
import unittest

from ground import (INSIDE, IS_ROOT, READ, SECRET, WRITE, Asker, Ground, Process, Watch, drop_root, is_presentable,
                    places, skip_without_strace, until)
from lib import LOCAL_DIR, LOCAL_HOST, LOCAL_PORT, Server, in_child, write
from spellings import PLAIN, SPELLINGS, spell

# The same ways, as long as they stay inside.
WELCOME = ["file", "/file", "//./file", "dir/../file", "dir\\file", "\\dir\\sub/../file", "dir/sub/../../dir/file",
           "abs-inside/file", "detour/file"]


def furnish(ground, descriptor):
    """Every kind of link; `descriptor` is the outside directory, open."""
    for name, target in (("out-dir", "../outside"), ("abs-dir", ground.outside), ("far-dir", "hop"), ("hop", "out-dir"),
                         ("dir/up", "../.."), ("cwd", "/proc/self/cwd"), ("root", "/proc/self/root"),
                         ("task", "/proc/thread-self"), ("fd", f"/proc/self/fd/{descriptor}"), ("self", "/proc/self"),
                         ("abs-inside", os.path.join(ground.root, "dir")), ("detour", "../root/dir")):
        ground.link(target, name)
    for name in ("secret", "absent"):
        ground.link(f"../outside/{name}", f"out-{name}")
        ground.link(os.path.join(ground.outside, name), f"abs-{name}")
        ground.link(f"out-{name}", f"far-{name}")
        ground.link(f"/proc/self/cwd/{name}", f"cwd-{name}")
    # Outside there is a way back in: it is not for clients to find.
    os.symlink("../root/dir", os.path.join(ground.outside, "back"))


class Outside(unittest.TestCase):
    def answers(self, ground, asker):
        """The answers to every spelling, both ways: never a file, never a difference."""
        for spelling in SPELLINGS:
            for opcode in (READ, WRITE):
                with self.subTest(spelling=spelling, opcode=opcode):
                    there, absent = (asker.ask(opcode, spell(spelling, ground, name)) for name in ("secret", "absent"))
                    self.assertTrue(is_presentable(there), there)
                    self.assertEqual(there, absent)
                    self.assertIn(there[3], (1, 2))
        for spelling in PLAIN:
            with self.subTest(spelling=spelling):
                for name in ("secret", "absent"):
                    wire = spell(spelling, ground, name)
                    self.assertEqual([asker.code(opcode, wire) for opcode in (READ, WRITE)], [1, None])

    def test_nothing_is_read_made_or_told(self):
        for place in places():
            with self.subTest(place=place), Ground(place) as ground:
                descriptor = os.open(ground.outside, os.O_RDONLY)
                furnish(ground, descriptor)
                self.with_the_outside_at_hand(ground)
                os.close(descriptor)

    def with_the_outside_at_hand(self, ground):
        """Requests in a process whose current directory is the outside one."""
        before = ground.strangers()
        watch = Watch(ground)
        with Server(start=False) as server:
            home = os.getcwd()
            os.chdir(ground.outside)
            watch.events()
            server.set(LOCAL_DIR, ground.root)
            server.start()
            asker = Asker(server.address)
            for follows in ("True", "False"):
                server.config("FollowSymlinks", follows)
                with self.subTest(FollowSymlinks=follows):
                    self.answers(ground, asker)
            server.config("FollowSymlinks", "True")
            for name in WELCOME:
                self.assertEqual(asker.ask(READ, name)[4:], INSIDE, name)
            os.chdir(home)
        self.assertEqual(watch.events(), [])
        self.assertEqual(ground.strangers(), before)
        # And the watch does see what a look inside would be.
        with open(os.path.join(ground.outside, "secret"), "rb") as file:
            self.assertEqual(file.read(), SECRET)
        self.assertIn("secret", [name for _, name, _ in watch.events()])
        watch.close()

    def test_a_hard_link_is_no_way_to_write(self):
        """Another name of a file outside may lie inside: an upload to it puts a new file there."""
        with Ground() as ground, Server(start=False) as server:
            secret = os.path.join(ground.outside, "secret")
            os.chmod(secret, 0o640)
            os.link(secret, os.path.join(ground.root, "hard"))
            server.set(LOCAL_DIR, ground.root)
            server.start()
            asker = Asker(server.address)
            write(server, "hard", b"new")
            self.assertEqual(asker.ask(READ, "hard")[4:], b"new")
            with open(secret, "rb") as file:
                self.assertEqual(file.read(), SECRET)
            self.assertEqual(stat.S_IMODE(os.stat(secret).st_mode), 0o640)


class Unseen(unittest.TestCase):
    """The system calls are the same for existing and missing files, so no difference in time
    remains."""

    def setUp(self):
        skip_without_strace(self)

    def test_the_same_system_calls(self):
        for place in places():
            with self.subTest(place=place), Ground(place) as ground, tempfile.TemporaryDirectory() as directory:
                descriptor = os.open(ground.outside, os.O_RDONLY)
                furnish(ground, descriptor)
                os.close(descriptor)
                self.traced(ground, os.path.join(directory, "trace"))

    def traced(self, ground, trace):
        before = ("strace", "-f", "-qq", "-s", "5000", "-e", "trace=%file", "-o", trace)
        with Process(ground.root, before=before) as serving:
            asker = Asker(serving.address)
            with open(trace, encoding="utf-8", errors="surrogateescape") as lines:
                served = self.calls(asker, lines, READ, b"file", "file")
                self.assertTrue(any('"{}"' in call for call in served), served)
                for spelling, opcode in [(spelling, opcode) for opcode in (READ, WRITE) for spelling in SPELLINGS] + [
                        (spelling, READ) for spelling in PLAIN]:
                    with self.subTest(spelling=spelling, opcode=opcode):
                        self.compare(asker, lines, ground, spelling, opcode)

    def compare(self, asker, lines, ground, spelling, opcode):
        """If anything was renamed meanwhile, the kernel may request another try (EAGAIN), whatever
        the name is."""
        for _ in range(50):
            calls = [self.calls(asker, lines, opcode, spell(spelling, ground, name), name)
                     for name in ("secret", "absent")]
            if calls[0] == calls[1]:
                break
        self.assertEqual(*calls)

    def calls(self, asker, lines, opcode, wire, name):
        """Returns the system calls of a request, one per line, with the name in them replaced."""
        lines.readlines()
        asker.ask(opcode, wire)
        asker.ask(READ, "the end of it")
        text = []
        until(lambda: text.append(lines.read()) or "the end of it" in "".join(text), "a trace")
        calls = re.sub(r"^\d+ +", "", "".join(text), flags=re.M).split("\n")
        end = next(number for number, call in enumerate(calls) if "the end of it" in call)
        return [re.sub(r"0x[0-9a-f]+|\d+", "#", call.replace(name, "{}")) for call in calls[:end]
                if "/sys/" not in call and "resumed" not in call]


class Special(unittest.TestCase):
    """Files that are not regular ones."""

    def test_none_is_served_or_taken_and_nothing_hangs(self):
        with Ground() as ground, Server(start=False) as server:
            made = self.make(ground)
            server.set(LOCAL_DIR, ground.root)
            server.start()
            asker = Asker(server.address)
            for name in [*made, *(f"to-{name}" for name in made), "dir", "dir/", "/", "."]:
                for opcode in (READ, WRITE):
                    packet = asker.ask(opcode, name)
                    self.assertTrue(is_presentable(packet) and packet[3] == 2, (name, opcode, packet))
            for name, mode in made.items():
                self.assertEqual(os.lstat(os.path.join(ground.root, name)).st_mode, mode, name)
            self.assertEqual(asker.ask(READ, "file")[4:], INSIDE)
        if not IS_ROOT:
            self.skipTest("device files in LocalDir, which only root can make")

    def make(self, ground):
        """Makes one of each kind, and a link to each. Returns name and mode."""
        def at(name):
            return os.path.join(ground.root, name)

        os.mkfifo(at("fifo"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(at("socket"))
        if IS_ROOT:
            os.mknod(at("zero"), stat.S_IFCHR | 0o666, os.makedev(1, 5))
            os.mknod(at("full"), stat.S_IFCHR | 0o666, os.makedev(1, 7))
            os.mknod(at("terminal"), stat.S_IFCHR | 0o666, os.makedev(5, 0))
            os.mknod(at("disk"), stat.S_IFBLK | 0o600, os.makedev(7, 0))
        made = {name: os.lstat(at(name)).st_mode for name in os.listdir(ground.root) if name not in ("file", "dir")}
        for name in made:
            ground.link(name, f"to-{name}")
        return made

    def test_a_relative_directory_is_looked_up_anew_after_a_reset(self):
        with tempfile.TemporaryDirectory() as ground, Server(start=False) as server:
            home = os.getcwd()
            try:
                for place in ("one", "two"):
                    os.makedirs(os.path.join(ground, place, "data"))
                    with open(os.path.join(ground, place, "data", "file"), "w") as file:
                        file.write(place)
                    os.chdir(os.path.join(ground, place))
                    server.reset()
                    for prop, value in ((LOCAL_DIR, "data"), (LOCAL_HOST, "127.0.0.1"), (LOCAL_PORT, 0)):
                        server.set(prop, value)
                    server.start()
                    self.assertEqual(Asker(server.address).ask(READ, "file")[4:], place.encode())
            finally:
                os.chdir(home)

    def test_proc_is_no_way_out_of_proc(self):
        """A server on /proc serves the kernel's files, but not the directories behind the links in
        it."""
        with Ground() as ground, Server(start=False) as server:
            descriptor = os.open(ground.outside, os.O_RDONLY)
            home = os.getcwd()
            os.chdir(ground.outside)
            server.set(LOCAL_DIR, "/proc")
            server.start()
            asker = Asker(server.address)
            before = ground.strangers()
            for name in ("secret", "absent"):
                for way in (f"self/cwd/{name}", f"self/root{ground.outside}/{name}", f"self/fd/{descriptor}/{name}",
                            f"thread-self/cwd/{name}", f"{os.getpid()}/cwd/{name}",
                            f"self/task/{os.getpid()}/cwd/{name}",
                            f"self/cwd/../outside/{name}", f"self\\cwd\\{name}"):
                    for opcode in (READ, WRITE):
                        packet = asker.ask(opcode, way)
                        self.assertTrue(is_presentable(packet) and packet[3] == 2, (way, opcode, packet))
            for name in ("self/exe", "self/cwd", f"self/fd/{descriptor}", "self/fd/1", "mounts/..", "self",
                         "self/mem/."):
                self.assertEqual(asker.code(READ, name), 2, name)
            with open("/proc/version", "rb") as file:
                self.assertEqual(asker.ask(READ, "version"), b"\0\3\0\1" + file.read(512))
            self.assertEqual(asker.code(WRITE, "version"), 2)
            self.assertEqual(asker.code(WRITE, "new"), 2)
            os.chdir(home)
            os.close(descriptor)
            self.assertEqual(ground.strangers(), before)


@unittest.skipUnless(IS_ROOT, "a server without rights, which only root can start for the test")
class Rights(unittest.TestCase):
    """An unprivileged server in another user's directory."""

    def test_what_may_not_be_is_refused_and_tells_nothing(self):
        with Ground() as ground:
            for name, mode in (("locked", 0o000), ("readonly", 0o444), ("closed", 0o700), ("blind", 0o711),
                               ("fixed", 0o755), ("open", 0o777), ("dropbox", 0o733)):
                path = os.path.join(ground.root, name)
                if mode & 0o100:
                    os.mkdir(path)
                    ground.put(f"root/{name}/file", INSIDE)
                else:
                    ground.put(f"root/{name}", INSIDE)
                os.chmod(path, mode)
            in_child(lambda: self.as_nobody(ground))
            self.assertEqual(sorted(os.listdir(os.path.join(ground.root, "open"))), ["file"])

    def as_nobody(self, ground):
        drop_root()
        with Server(start=False) as server:
            server.set(LOCAL_DIR, ground.root)
            server.start()
            asker = Asker(server.address)
            for name in ("file", "readonly", "blind/file", "dropbox/file", "open/file"):
                self.assertEqual(asker.ask(READ, name)[4:], INSIDE, name)
            for opcode in (READ, WRITE):
                for refused in ("locked", "closed/file", "closed/absent", "closed/below/absent", "closed"):
                    packet = asker.ask(opcode, refused)
                    self.assertTrue(is_presentable(packet) and packet[3] == 2, (refused, packet))
                    self.assertEqual(packet, asker.ask(opcode, "closed/file"), refused)
            for refused in ("readonly", "fixed/file", "fixed/new", "blind/file", "blind/new", "new"):
                packet = asker.ask(WRITE, refused)
                self.assertTrue(is_presentable(packet) and packet[3] == 2, (refused, packet))
            for taken in ("open/new", "dropbox/new"):
                self.assertEqual(struct.unpack("!H", asker.ask(WRITE, taken)[:2])[0], 4, taken)

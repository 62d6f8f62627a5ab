#!/usr/bin/env python3
"""The Windows command under wine, with clients on this side: what it serves and takes, what bad
names get, how it ends.

usage: windows.py TFTPSERVER.EXE [SAMPLE.EXE] [-k WORD]     (WINEPREFIX as usual; SAMPLE: bindings/cpp/compat/cpp/tftpserver, built
for Windows; TFTPSERVER_REFERENCE: the command of this system, to which answers are compared;
INTERRUPT, HOLD: interrupt.c and hold.c of c-tests/windows)
"""
import contextlib
import faulthandler
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), name) for name in ("files", "lib")]

import ground as ground_module  # noqa: E402
from client import DATA, Answer, Client, request  # noqa: E402
from client import RRQ as READ  # noqa: E402
from client import WRQ as WRITE  # noqa: E402
from ground import INSIDE, Asker, Ground, Upload, is_presentable, leftovers, until  # noqa: E402
from listening import free_port, is_bound  # noqa: E402
from spellings import SPELLINGS, spell  # noqa: E402

EXE = os.environ.get("TFTPSERVER_EXE", "")
SAMPLE = ""
REFERENCE = os.environ.get("TFTPSERVER_REFERENCE", "")
SECONDS = 120  # a busy machine and an emulator
ground_module.SECONDS = SECONDS
MOST = 240  # of a whole test

# Names with a meaning only on Windows. `{base}` is a path of this side, `{back}` the same with
# backslashes.
OF_WINDOWS = [
    "Z:{base}/{}", "z:{base}/{}", "/Z:{base}/{}", "Z:{back}\\{}", "Z:../{}", "Z:..\\{}", "Z:{}", "C:{}", "C:", "Z:\\{}",
    "\\\\?\\Z:{back}\\{}", "//?/Z:{base}/{}", "\\\\.\\Z:{back}\\{}", "\\\\?\\unix{back}\\{}", "//?/unix{base}/{}",
    "\\??\\Z:{back}\\{}", "\\\\localhost\\z$\\{}", "//localhost/share/{}", "\\\\?\\UNC\\localhost\\z$\\{}",
    "dir\\..\\..\\{}", "dir\\sub\\..\\..\\..\\{}", "..\\{}:stream", "..\\{}::$DATA", "{}:stream", "file:{}", "dir:{}/file",
    "file::$DATA", "file:{}:$DATA", "dir::$INDEX_ALLOCATION/../{}", "..\\{}.", "..\\{} ", "dir.\\..\\..\\{}", "... \\{}", ". .\\{}",
]
# Files like others here, where no links are made: wine makes none for Windows programs, and follows
# those of this side unseen.
NAMES_OF_LINKS = ["out-{}", "abs-{}", "far-{}", "cwd-{}"]
# Devices, and names that Windows takes for others: none is a file, whatever is there.
NO_NAMES = [
    "CON", "con", "PRN", "AUX", "NUL", "nul", "NUL.txt", "nul.tar.gz", "COM1", "com9", "COM1.cfg", "LPT1", "lpt9.x", "CONIN$",
    "CONOUT$", "COM\u00b9", "LPT\u00b3", "NUL ", "NUL .txt", "dir/NUL", "dir\\CON", "CON/file", "aux.h", "file.", "file ",
    "file. .", "dir./file", "dir /file", "FILE~1", "DIR~1/file", "file*", "fil?", "file<", "file>", "file|", "file\"", "file:s",
    "fi\u0001le", "file\u001f",
]
NO_DIRECTORIES = ["CON/file", "dir./file", "dir /file", "DIR~1/file"]
# Names that are answered here as on other systems: what can be read, and what cannot be made
# either.
ALIKE = [
    *NO_NAMES, "absent", "dir", "dir/", "/", ".", "dir/absent", "absent/absent", "file/below", "x" * 300, "../../..",
    "../secret", "a" * 200 + "/b", "dir/../file/x", "C:file", "C:\\windows\\win.ini", "\\\\?\\C:\\windows\\win.ini",
    "//./C:/windows/win.ini", "\\\\host\\share\\x", "dir//file", "dir\\file", "./file", "dir/../file", "missing/../file",
    "missing/a?b", "file/", "file\\", "dir\\", "...", " ", "\t", " file", "dir/ file", "x" * 255, "dir/" * 100 + "file",
    "/".join(["d" * 100] * 4), b"\xff\xfe", b"a\xffb", b"caf\xe9", b"\xc0\xafx", b"dir\xc0\xaffile", b"\xe0\x80\xaf",
    b"\xed\xa0\x80x", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", "\u202efile", "fi\x7fle",
]
# Names that are those of new files on other systems, and that Windows or this test may not create.
MADE_ELSEWHERE = [name for name in NO_NAMES if name not in NO_DIRECTORIES] + [
    "absent", "dir/absent", "C:file", "dir//file", "dir\\file", "./file", "dir/../file", "...", " ", "\t", " file",
    "dir/ file", "x" * 255, "\u202efile", "fi\x7fle"] + [name for name in ALIKE if isinstance(name, bytes)]


def assert_turned_away(errors):
    """Fails unless wine's server did not let a program begin, as happens to one in some thousand:
    it is started again."""
    assert errors.startswith("wine client error:"), errors


class Keeper:
    """A program that runs all the time. wine starts its services with the first program, whose
    output they then have open, and ends them with the last."""

    process = None

    @classmethod
    def start(cls):
        faulthandler.dump_traceback_later(MOST, exit=True)
        while True:
            cls.process = subprocess.Popen(["wine", "cmd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if cls.process.stdout.readline():
                break
            assert_turned_away(cls.process.communicate()[1].decode())
        faulthandler.cancel_dump_traceback_later()

    @classmethod
    def stop(cls):
        cls.process.stdin.close()
        cls.process.wait(SECONDS)
        cls.process.stdout.close()
        cls.process.stderr.close()


setUpModule, tearDownModule = Keeper.start, Keeper.stop


class Case(unittest.TestCase):
    """A test that takes too long: its programs are killed, which ends all reading from them and so
    the test. Where that does not help, the whole run ends."""

    programs = []

    def setUp(self):
        self.programs.clear()
        timer = threading.Timer(MOST, self.end)
        timer.daemon = True
        timer.start()
        self.addCleanup(timer.cancel)
        faulthandler.dump_traceback_later(MOST + SECONDS, exit=True)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)

    def end(self):
        print(f"{self.id()} is ended after {MOST} s:", file=sys.stderr, flush=True)
        faulthandler.dump_traceback()
        for program in self.programs:
            program.kill()


def start(words, **options):
    """Starts a program that a test which takes too long kills."""
    program = subprocess.Popen(words, **options)
    Case.programs.append(program)
    return program


def windows_path(path):
    return "Z:" + path.replace("/", "\\")


class Served:
    """The command, serving a directory to this machine at `address`."""

    def __init__(self, root, *options, command=None, is_shown=False):
        command = command or ["wine", EXE]
        shown = windows_path(root) if command[0] == "wine" and not is_shown else root
        words = [*command, "--json", "--listen", "127.0.0.1:0", *options, shown]
        while not self.begins(words):
            assert_turned_away("".join(self.errors))
        host, port = json.loads(self.lines[0])["addresses"][0].rsplit(":", 1)
        self.address = (host, int(port))

    def begins(self, words):
        """Starts the command. Returns false if it has ended before it listens."""
        self.process = start(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.errors = [], []
        self.readers = [threading.Thread(target=self.collect, args=pair)
                        for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for reader in self.readers:
            reader.start()
        until(lambda: self.lines or self.process.poll() is not None, "it listens", SECONDS)
        if not self.lines:
            self.wait()
        return bool(self.lines)

    def collect(self, stream, lines):
        for line in stream:
            lines.append(line)
        stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.wait()

    def interrupt(self):
        """wine hands SIGINT on as Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self):
        code = self.process.wait(SECONDS)
        for reader in self.readers:
            reader.join()
        return code

    def transfers(self):
        return [entry for entry in map(json.loads, self.lines) if entry["event"] == "transfer"]


class Download(Client):
    """A client that is driven block by block."""

    def __init__(self, address, name):
        super().__init__(address, seconds=SECONDS)
        self.got, self.block = b"", 0
        self.ask(name)
        self.next = self.receive()

    def step(self):
        """Receives a block. Returns true after the last one."""
        while self.next[:2] != (DATA, self.block + 1):
            self.next = self.receive()
        self.block += 1
        self.got += self.next[2]
        self.ack(self.block)
        is_last = len(self.next[2]) < 512
        if not is_last:
            self.next = self.receive()
        return is_last

    def rest(self):
        while not self.step():
            pass
        self.close()
        return self.got


def get(address, name):
    with Client(address, seconds=SECONDS) as client:
        return client.read(name)


def put(address, name, data, blksize=512):
    with Client(address, seconds=SECONDS) as client:
        client.write(name, data, blksize=blksize)


def answer(packet):
    """Returns number and text of an ERROR, or the opcode of any other packet."""
    return (packet[3], packet[4:-1]) if packet[:2] == b"\0\5" else packet[:2]


class Command(Case):
    def test_it_serves_and_takes_and_ctrl_c_ends_it(self):
        data = random.Random(7).randbytes(100_001)
        with Ground() as ground, Served(ground.root, "--create") as served:
            ground.put("root/big", data)
            self.assertEqual(get(served.address, "big"), data)
            self.assertEqual(get(served.address, "dir\\sub/file"), INSIDE)
            self.assertEqual(get(served.address, "DIR/File"), INSIDE)
            put(served.address, "dir/new", data, 1428)
            self.assertEqual(get(served.address, "dir/new"), data)
            with open(os.path.join(ground.root, "dir", "new"), "rb") as file:
                self.assertEqual(file.read(), data)
            served.interrupt()
            self.assertEqual(served.wait(), 0, served.errors)
            self.assertEqual([entry["outcome"] for entry in served.transfers()], ["completed"] * 5)
            self.assertEqual(leftovers(ground.root), [])

    def test_what_runs_at_ctrl_c_finishes_and_a_second_one_cuts_it_off(self):
        data = bytes(5000)
        with Ground() as ground, Served(ground.root, "--create", "--grace", "60") as served:
            upload = Upload(served.address, "slow", data, "octet", 512)
            upload.step()
            served.interrupt()
            while not upload.step():
                time.sleep(0.1)
            upload.close()
            self.assertEqual(served.wait(), 0, served.errors)
            with open(os.path.join(ground.root, "slow"), "rb") as file:
                self.assertEqual(file.read(), data)
        with Ground() as ground, Served(ground.root, "--create", "--grace", "60", "--verbose") as served:
            upload = Upload(served.address, "slow", data, "octet", 512)
            upload.step()
            served.interrupt()
            until(lambda: "stopping: " in "".join(served.errors), "it has the first one", SECONDS)
            self.assertIsNone(served.process.poll())
            served.interrupt()
            self.assertEqual(served.wait(), 1, served.errors)
            upload.close()
            self.assertFalse(os.path.exists(os.path.join(ground.root, "slow")))
            self.assertEqual(leftovers(ground.root), [])

    def test_events_of_the_console_end_it(self):
        for event in ("c", "break"):
            with self.subTest(event=event), Ground() as ground:
                with in_a_console(event, 1, "--json", windows_path(ground.root)) as process:
                    self.assertIn(b"listening", process.stdout.read())
                    self.assertEqual(process.wait(SECONDS), 0)

    def test_what_runs_is_cut_off_before_a_closed_console_ends_it(self):
        with Ground() as ground:
            words = ("--plain", "--create", "--grace", "600", windows_path(ground.root))
            # The second line of output: the upload has begun.
            with in_a_console("close", 2, *words) as process:
                port = int(re.search(rb":(\d+)\s", process.stdout.readline())[1])
                upload = Upload(("127.0.0.1", port), "slow", bytes(5000), "octet", 512)
                # The event may come before the block.
                with contextlib.suppress(Answer):
                    upload.step()
                self.assertIn(b"slow", process.stdout.read())
                self.assertEqual(process.wait(SECONDS), 1)
                upload.close()
            self.assertFalse(os.path.exists(os.path.join(ground.root, "slow")))
            self.assertEqual(leftovers(ground.root), [])

    def test_the_client_of_windows_gets_and_puts(self):
        with Ground() as ground, Served(ground.root, "--create") as served, tempfile.TemporaryDirectory() as place:
            url = f"tftp://127.0.0.1:{served.address[1]}/"
            target = os.path.join(place, "got")
            self.client("get", url + "dir/file", windows_path(target))
            with open(target, "rb") as file:
                self.assertEqual(file.read(), INSIDE)
            self.client("put", windows_path(target), url + "dir/back")
            with open(os.path.join(ground.root, "dir", "back"), "rb") as file:
                self.assertEqual(file.read(), INSIDE)
            self.assertEqual(os.listdir(place), ["got"])

    def client(self, *words):
        done = subprocess.run(["wine", EXE, *words], capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done)


class Sample(Case):
    def test_a_program_written_for_ipworks_serves(self):
        if not SAMPLE:
            self.skipTest("no SAMPLE.EXE was named")
        with Ground() as ground:
            process = start(["wine", SAMPLE, windows_path(ground.root), "0"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
            try:
                port = int(re.match(r"Listening on port (\d+), ", process.stdout.readline())[1])
                self.assertEqual(get(("127.0.0.1", port), "dir/file"), INSIDE)
                lines = [process.stdout.readline().split(maxsplit=1) for _ in range(6)]
            finally:
                process.kill()
                process.wait(SECONDS)
                process.stdout.close()
            self.assertEqual([line[1] for line in lines[1:]],
                             ["connected: 0 OK\n", "Download begins: dir/file for 127.0.0.1\n",
                              f"{len(INSIDE)} bytes, the last block has {len(INSIDE)}\n", "Download ends\n",
                              "disconnected: 0 OK\n"])


class Service(Case):
    def wine(self, *words, code=0):
        done = subprocess.run(["wine", *words], capture_output=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, code, done)
        return done

    def test_it_is_installed_started_stopped_and_removed(self):
        with Ground() as ground:
            port = free_port()
            address = ("127.0.0.1", port)
            self.wine(EXE, "service", "install", "--listen", f"127.0.0.1:{port}", "relative", code=64)
            self.wine(EXE, "service", "install", "--listen", f"127.0.0.1:{port}", "--grace", "60", "--create",
                      windows_path(ground.root))
            try:
                self.wine("net", "start", "tftpserver")
                # net does not wait until it listens.
                until(lambda: is_bound(port), "it listens", SECONDS)
                self.assertEqual(get(address, "dir/file"), INSIDE)
                data = bytes(3000)
                upload = Upload(address, "late", data, "octet", 512)
                upload.step()
                stop = start(["wine", "net", "stop", "tftpserver"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                until(lambda: not is_bound(port), "it takes no requests", SECONDS)
                while not upload.step():
                    pass
                upload.close()
                self.assertEqual(stop.wait(SECONDS), 0)
                with open(os.path.join(ground.root, "late"), "rb") as file:
                    self.assertEqual(file.read(), data)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                    until(lambda: not bind_fails(again, address), "its port is free", SECONDS)
                for line in (" serving ", " reads dir/file\n", " writes late\n"):
                    self.assertIn(line, self.log())
            finally:
                self.wine(EXE, "service", "remove")
            self.wine(EXE, "service", "remove", code=71)

    def log(self):
        """Returns the log. In wine's services the variable ProgramData names the directory of
        PUBLIC."""
        for data in ("ProgramData", "users/Public"):
            path = os.path.join(os.environ["WINEPREFIX"], "drive_c", data, "tftpserver", "tftpserver.log")
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    return file.read()
        return ""

    def test_the_reason_why_it_cannot_start_is_in_its_log(self):
        with Ground() as ground, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            install = ["wine", EXE, "service", "install", "--listen", address, windows_path(ground.root)]
            # A service that was removed before keeps its name until its process has ended.
            until(lambda: subprocess.run(install, capture_output=True, timeout=SECONDS, check=False).returncode == 0,
                  "it is installed", SECONDS)
            try:
                # Its exit code depends on whether the service ends before net looks.
                subprocess.run(["wine", "net", "start", "tftpserver"], capture_output=True, timeout=SECONDS, check=False)
                reason = re.compile(r"^20\S+Z tftpserver: .*" + re.escape(address), re.MULTILINE)
                until(lambda: reason.search(self.log()), "the reason is in the log", SECONDS)
            finally:
                self.wine(EXE, "service", "remove")

    def test_what_could_not_serve_is_not_installed(self):
        with Ground() as ground:
            root, configuration = windows_path(ground.root), windows_path(ground.base) + "\\tftpserver.toml"
            ground.put("tftpserver.toml", b"dir = 'root'\nunknown = 1\n")
            for code, options in ((78, ["--config", configuration]), (66, [root + "\\missing"]), (64, ["--check-config", root]),
                                  (67, ["--user", "somebody", root])):
                with self.subTest(options=options):
                    done = self.wine(EXE, "service", "install", *options, code=code)
                    self.assertTrue(done.stderr.startswith(b"tftpserver: "), done)
            self.wine(EXE, "service", "remove", code=71)


def bind_fails(sock, address):
    try:
        sock.bind(address)
    except OSError:
        return True
    return False


class Names(Case):
    def test_nothing_outside_is_read_made_or_told(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            before, asker = ground.strangers(), Asker(served.address)
            for spelling in [one for one in SPELLINGS if one not in NAMES_OF_LINKS] + OF_WINDOWS:
                for opcode in (READ, WRITE):
                    with self.subTest(spelling=spelling, opcode=opcode):
                        there, absent = (asker.ask(opcode, self.spell(spelling, ground, name)) for name in ("secret", "absent"))
                        self.assertTrue(is_presentable(there), there)
                        self.assertEqual(there, absent)
                        self.assertIn(there[3], (1, 2))
            self.assertEqual(ground.strangers(), before)
            self.assertEqual(asker.ask(READ, "file")[4:], INSIDE)

    def spell(self, spelling, ground, name):
        if isinstance(spelling, str):
            spelling = spelling.replace("{back}", ground.base.replace("/", "\\"))
        return spell(spelling, ground, name)

    def test_names_of_devices_and_of_nothing_name_no_file(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            asker = Asker(served.address)
            before = self.everything(ground)
            for name in NO_NAMES:
                with self.subTest(name=name):
                    # As on other systems: a directory that is not there is not found, a name that
                    # cannot be is refused.
                    refusal = (1, b"File not found") if name in NO_DIRECTORIES else (2, b"Access violation")
                    self.assertEqual([answer(asker.ask(opcode, name)) for opcode in (READ, WRITE)],
                                     [(1, b"File not found"), refusal])
            self.assertEqual(self.everything(ground), before)

    def everything(self, ground):
        return sorted(os.path.join(path, name) for path, *names in os.walk(ground.base) for part in names for name in part)

    def test_what_bad_input_gets_here_it_gets_there(self):
        if not REFERENCE:
            self.skipTest("TFTPSERVER_REFERENCE names no command of this system")
        with Ground() as ground, Served(ground.root, "--create") as served, \
                Served(ground.root, "--create", command=[REFERENCE]) as reference:
            there, here = Asker(served.address), Asker(reference.address)
            packets = [b"\0\1", b"\0\1name", b"\0\1name\0", b"\0\1name\0octet", b"\0\1name\0mail\0", b"\0\2name\0nonsense\0",
                       b"\0\7x\0octet\0", request("", READ), request("", WRITE)]
            for packet in packets:
                with self.subTest(packet=packet):
                    self.assertEqual(answers(served.address, packet), answers(reference.address, packet))
            for name in ALIKE:
                for opcode in (READ, WRITE):
                    if opcode == WRITE and name in MADE_ELSEWHERE:
                        continue
                    with self.subTest(name=name, opcode=opcode):
                        self.assertEqual(*[answer(asker.ask(opcode, name)) for asker in (there, here)])

    def test_the_directory_may_be_written_in_any_way(self):
        drive = os.path.join(os.environ["WINEPREFIX"], "dosdevices", "y:")
        with Ground() as ground:
            os.symlink(ground.root, drive)
            self.addCleanup(os.remove, drive)
            path = windows_path(ground.root)
            for shown in ("Y:\\", "Y:/", "Y:", path + "\\", path + "/", path.replace("\\", "/"), "\\\\?\\" + path,
                          "//?/" + path.replace("\\", "/"), path + "\\dir\\.."):
                with self.subTest(shown=shown), Served(shown, "--create", is_shown=True) as served:
                    self.assertEqual(get(served.address, "dir/sub/file"), INSIDE)
                    for data in (b"one", b"two"):
                        put(served.address, "dir/new", data)
                    self.assertEqual(get(served.address, "dir/new"), b"two")
                    self.assertEqual(answer(Asker(served.address).ask(READ, "../secret")), (2, b"Access violation"))

    def test_a_directory_that_is_gone_is_answered_as_elsewhere(self):
        if not REFERENCE:
            self.skipTest("TFTPSERVER_REFERENCE names no command of this system")
        answers = []
        for command in (None, [REFERENCE]):
            with Ground() as ground, Served(ground.root, "--create", command=command) as served:
                shutil.rmtree(ground.root)
                gone = [answer(Asker(served.address).ask(opcode, "file")) for opcode in (READ, WRITE)]
                os.makedirs(ground.root)
                ground.put("root/file", b"again")
                answers.append((gone, get(served.address, "file")))
        self.assertEqual(*answers)


@contextlib.contextmanager
def held(path):
    """Another program that has the file open and does not share it."""
    hold = os.environ.get("HOLD")
    if not hold:
        raise unittest.SkipTest("HOLD names no program")
    holder = start(["wine", hold, windows_path(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline().strip() == b"held"
        yield holder
    finally:
        holder.stdin.close()
        assert holder.wait(SECONDS) == 0
        holder.stdout.close()


@contextlib.contextmanager
def in_a_console(event, lines, *words):
    """The command in a console, which gets the event after so many lines of output."""
    interrupt = os.environ.get("INTERRUPT")
    if not interrupt:
        raise unittest.SkipTest("INTERRUPT names no program")
    # Without a terminal wine has no console that events could come from.
    master, slave = pty.openpty()
    process = start(["wine", interrupt, event, str(lines), EXE, "--listen", "127.0.0.1:0", *words],
                    stdin=slave, stdout=subprocess.PIPE, stderr=slave, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(SECONDS)
        process.stdout.close()
        os.close(master)
        os.close(slave)


def answers(address, packet):
    """Returns the answers to a packet that may get none: what comes before the answer to a request
    behind it, for a file that is not there."""
    found = []
    with Client(address, seconds=SECONDS) as client:
        client.socket.sendto(packet, address)
        client.ask("absent")
        while True:
            found.append(answer(client.packet()))
            if found[-1] == (1, b"File not found"):
                return found


class Uploads(Case):
    def test_a_file_is_whole_or_absent_also_while_it_is_read(self):
        """While one client reads the old file others replace it, again and again."""
        old, new = (random.Random(seed).randbytes(20_000) for seed in (1, 2))
        with Ground() as ground, Served(ground.root, "--create") as served:
            path = os.path.join(ground.root, "file")
            ground.put("root/file", old)
            for round_number in range(5):
                reader = Download(served.address, "file")
                reader.step()
                put(served.address, "file", new, 1428)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), new, round_number)
                self.assertEqual(get(served.address, "file"), new)
                self.assertEqual(reader.rest(), old)
                old, new = new, old
            until(lambda: sorted(os.listdir(ground.root)) == ["dir", "file"], "what was put aside is gone", SECONDS)

    def test_a_file_that_another_program_does_not_share(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            with held(os.path.join(ground.root, "file")):
                asker = Asker(served.address)
                self.assertEqual([answer(asker.ask(opcode, "file")) for opcode in (READ, WRITE)],
                                 [(2, b"Access violation")] * 2)
                self.assertEqual(leftovers(ground.root), [])
            self.assertEqual(get(served.address, "file"), INSIDE)
            put(served.address, "file", b"new")
            self.assertEqual(get(served.address, "file"), b"new")

    def test_one_that_another_program_holds_for_a_moment_is_replaced_then(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            path = os.path.join(ground.root, "file")
            upload = Upload(served.address, "file", b"new", "octet", 512)
            with held(path) as holder:
                release = threading.Timer(0.5, holder.stdin.close)
                release.start()
                self.assertTrue(upload.step())
                release.join()
            upload.close()
            with open(path, "rb") as file:
                self.assertEqual(file.read(), b"new")
            self.assertEqual(leftovers(ground.root), [])

    def test_paths_longer_than_260_characters(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            directory = "/".join(["d" * 40] * 8)
            os.makedirs(os.path.join(ground.root, directory))
            for data in (b"one", b"two"):
                put(served.address, directory + "/new", data)
                self.assertEqual(get(served.address, directory + "/new"), data)
            upload = Upload(served.address, directory + "/other", bytes(3000), "octet", 512)
            upload.step()
            upload.abort()
            upload.close()
            until(lambda: os.listdir(os.path.join(ground.root, directory)) == ["new"], "nothing is left over", SECONDS)

    def test_one_that_ends_early_leaves_nothing(self):
        with Ground() as ground, Served(ground.root, "--create") as served:
            for name in ("fresh", "file"):
                upload = Upload(served.address, name, bytes(3000), "octet", 512)
                upload.step()
                self.assertEqual(len(leftovers(ground.root)), 1)
                upload.abort()
                upload.close()
                until(lambda: not leftovers(ground.root), "what was written is removed", SECONDS)
            self.assertFalse(os.path.exists(os.path.join(ground.root, "fresh")))
            self.assertEqual(get(served.address, "file"), INSIDE)

    def test_nothing_is_replaced_where_that_is_not_wanted(self):
        with Ground() as ground, Served(ground.root, "--create", "--no-overwrite") as served:
            self.assertEqual(answer(Asker(served.address).ask(WRITE, "file"))[0], 6)
            self.assertEqual(answer(Asker(served.address).ask(WRITE, "FILE"))[0], 6)
            put(served.address, "fresh", b"new")
            self.assertEqual(answer(Asker(served.address).ask(WRITE, "fresh"))[0], 6)
            self.assertEqual(get(served.address, "fresh"), b"new")

    def test_several_to_one_name_each_whole(self):
        contents = [random.Random(number).randbytes(3000 + 700 * number) for number in range(4)]
        with Ground() as ground, Served(ground.root, "--create") as served:
            path = os.path.join(ground.root, "name")
            uploads = [Upload(served.address, "name", data, "octet", 512) for data in contents]
            while uploads:
                for upload in list(uploads):
                    if upload.step():
                        with open(path, "rb") as file:
                            self.assertEqual(file.read(), upload.file)
                        upload.close()
                        uploads.remove(upload)
            until(lambda: sorted(os.listdir(ground.root)) == ["dir", "file", "name"], "nothing is left over", SECONDS)


def main():
    global EXE, SAMPLE
    if len(sys.argv) < 2 or not shutil.which("wine"):
        sys.exit(__doc__)
    EXE = os.path.abspath(sys.argv.pop(1))
    if len(sys.argv) > 1 and sys.argv[1].endswith(".exe"):
        SAMPLE = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()

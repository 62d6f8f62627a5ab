"""Requests and transfers: limits, files, times, figures."""
import ctypes
import json
import os
import platform
import re
import socket
import struct
import tempfile
import time
import unittest

from lib import (CONNECTED, CONN_COUNT, DISCONNECTED, ERROR, LOG, RETRANSMIT_TIMEOUT, TIMEOUT, VERSION, Answer, Client,
                 Server, in_child, in_thread, not_emulated, only_linux, pattern, read, refused, write)

SYSCALLS = {"x86_64": (74, 75), "aarch64": (82, 83)}.get(platform.machine())  # fsync, fdatasync


def error_of(test, call, *arguments, **keywords):
    """Returns the code of the ERROR that the client gets."""
    with test.assertRaises(Answer) as answer:
        call(*arguments, **keywords)
    return answer.exception.code


def threads():
    """Returns the number and name of each thread of this process."""
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="ascii") as name:
                found.append((task, name.read().strip()))
        except FileNotFoundError:
            pass  # it has ended
    return found


class Limits(unittest.TestCase):
    def ask_all(self, server, count, host="127.0.0.1", source=""):
        """Sends this many requests at once. Returns the clients that were answered, and how many
        were refused. The former acknowledge a block, because a half-open transfer gives way to a
        newcomer after a second."""
        clients, answered, turned_away = [Client((host, server.port), source=source) for _ in range(count)], [], 0
        for client in clients:
            client.ask("file")
        for client in clients:
            try:
                client.receive()
                client.ack(1)
                answered.append(client)
            except Answer as answer:
                self.assertEqual(answer.code, 0)
                turned_away += 1
                client.socket.close()
        return answered, turned_away

    def close(self, clients):
        for client in clients:
            with client:
                client.socket.sendto(b"\0\5\0\0enough\0", client.peer)

    def test_max_connections(self):
        for threads in (1, 4):
            with self.subTest(threads=threads), Server(MaxConnections=5, IoThreads=threads) as server:
                server.file("file", pattern(2000))
                codes = []
                server.on(ERROR, lambda data, codes=codes: codes.append(data.error.error_code))
                answered, turned_away = self.ask_all(server, 20)
                self.assertEqual((len(answered), turned_away), (5, 15))
                server.pump(lambda: len(codes) == 15)
                self.assertEqual(set(codes), {10068})
                self.close(answered)
                self.wait_until_idle(server)
                server.config("MaxConnections", 2)
                answered, _ = self.ask_all(server, 6)
                self.assertEqual(len(answered), 2, "at any time")
                self.close(answered)

    def test_max_connections_per_host(self):
        """Exact, also with several threads."""
        for threads in (1, 4):
            with self.subTest(threads=threads), Server(MaxConnectionsPerHost=3, IoThreads=threads) as server:
                server.file("file", pattern(2000))
                first, turned_away = self.ask_all(server, 24, source="127.0.0.2")
                self.assertEqual((len(first), turned_away), (3, 21))
                other, turned_away = self.ask_all(server, 12, source="127.0.0.3")
                self.assertEqual((len(other), turned_away), (3, 9))
                self.close(first + other)
                self.wait_until_idle(server)
                self.assertEqual(len(read(server, "file")), 2000)
                server.config("MaxConnectionsPerHost", 0)
                answered, turned_away = self.ask_all(server, 12)
                self.assertEqual(turned_away, 0, "no limit")
                self.close(answered)

    def test_windows_of_one_transfer_alone_have_a_budget(self):
        """Text is translated for each transfer: its windows, and those of uploads, take 64 MB in
        all."""
        asked = {"blksize": 8192, "windowsize": 64}
        with Server() as server:
            server.file("file", pattern(2000))
            granted, clients = [], []
            for number in range(240):
                client = Client(server.address)
                clients.append(client)
                agreed = client.oack(*(("file", 1) if number % 10 else ("up", 2)), mode="netascii", **asked)
                granted.append((int(agreed["blksize"]), int(agreed["windowsize"])))
            self.assertEqual(granted[0], (8192, 64))
            self.assertLessEqual(sum(block * window for block, window in granted), (64 << 20) + 240 * 512)
            self.assertLess(granted[-1], (8192, 64))
            self.assertGreaterEqual(granted[-1][0], 512)
            clients.append(Client(server.address))
            agreed = clients[-1].oack("file", **asked)
            self.assertEqual(agreed["windowsize"], "64", "chunks of files are shared")
            self.close(clients)
            self.wait_until_idle(server)
            with Client(server.address) as client:
                agreed = client.oack("file", mode="netascii", **asked)
                self.assertEqual((agreed["blksize"], agreed["windowsize"]), ("8192", "64"))

    @only_linux("a read that fails instead of waiting")
    @not_emulated("memory of the server alone")
    def test_silent_downloads_hold_little_together(self):
        """400 clients request one file with windows of a megabyte, receive a window and fall silent.
        Their block sizes differ, so they share no memory. The server then holds less than 200 MB
        for them, and a client that continues later receives the whole file. They come so slowly that
        most are silent when the next one comes."""
        content = os.urandom(3 << 20)

        def held():
            with open("/proc/self/statm", encoding="ascii") as figures:
                return int(figures.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        with Server(IoThreads="1") as server:
            server.file("file", content)
            clients, before = [], held()
            for number in range(400):
                client = Client(server.address)
                clients.append((client, 16384 - number))
                client.begin_window("file", blksize=16384 - number, windowsize=64)
                time.sleep(0.005)
            self.assertLess(held() - before, 200 << 20, "400 windows of a megabyte")
            for client, blksize in clients[::40]:
                got = self.rest(client, blksize)
                self.assertEqual(got, content, f"blocks of {blksize}")
            self.close([client for client, _ in clients])

    def rest(self, client, blksize):
        """Reads a file from its first block on, whatever has been sent before."""
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.ack(0)
        return client.finish(blksize, windowsize=64)

    def wait_until_idle(self, server):
        end = time.monotonic() + 30
        while json.loads(server.config("Statistics"))["active"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def test_read_only(self):
        with Server() as server:
            write(server, "one", b"data")
            server.config("ReadOnly", "True")
            self.assertEqual(error_of(self, write, server, "two", b"data"), 2)
            self.assertEqual(read(server, "one"), b"data")
            self.assertEqual(os.listdir(server.root), ["one"])

    def test_allow_overwrite(self):
        with Server(AllowOverwrite="False") as server:
            write(server, "file", b"first")
            self.assertEqual(error_of(self, write, server, "file", b"second"), 6)
            self.assertEqual(read(server, "file"), b"first")
            server.config("AllowOverwrite", "True")
            write(server, "file", b"second")
            self.assertEqual(read(server, "file"), b"second")

    def test_follow_symlinks(self):
        with Server() as server, tempfile.NamedTemporaryFile() as outside:
            server.file("file", b"data")
            os.mkdir(os.path.join(server.root, "directory"))
            server.file("directory/inside", b"inside")
            os.symlink("file", os.path.join(server.root, "link"))
            os.symlink("directory", os.path.join(server.root, "way"))
            os.symlink(outside.name, os.path.join(server.root, "out"))
            self.assertEqual((read(server, "link"), read(server, "way/inside")), (b"data", b"inside"))
            self.assertIn(error_of(self, read, server, "out"), (1, 2))
            server.config("FollowSymlinks", "False")
            for name in ("link", "way/inside", "out"):
                self.assertIn(error_of(self, read, server, name), (1, 2), name)
            self.assertEqual(read(server, "file"), b"data")


class RollOver(unittest.TestCase):
    def test_download(self):
        """Block 65535 is followed by the setting's number."""
        for after in (0, 1):
            with self.subTest(after), Server(DefaultRollOverNumber=after) as server:
                data = server.file("file", pattern(8 * 65540 + 3))
                with Client(server.address) as client:
                    client.oack("file", blksize=8, windowsize=64)
                    client.ack(0)
                    got, wanted, in_window = [], 1, 0
                    while not got or len(got[-1]) == 8:
                        _, number, rest = client.receive()
                        if number != wanted:
                            continue
                        got.append(rest)
                        in_window += 1
                        wanted = after if wanted == 65535 else wanted + 1
                        if in_window == 64 or len(rest) < 8:
                            client.ack(number)
                            in_window = 0
                    self.assertEqual(b"".join(got), data)

    def test_what_it_may_be(self):
        with Server(start=False) as server:
            for bad in (2, -1, "x"):
                refused(self, 905, server.config, "DefaultRollOverNumber", bad)


class Times(unittest.TestCase):
    def test_absolute_timeout(self):
        """A slow client runs past Timeout only if Timeout counts from the last packet."""
        def slowly(server, result):
            with Client(server.address) as client:
                begin, ended = time.monotonic(), False
                client.ask("file")
                try:
                    for block in range(1, 10):
                        client.receive()
                        time.sleep(0.2)
                        client.ack(block)
                except Answer:
                    ended = True
                result += [ended, time.monotonic() - begin]

        results = {}
        servers = []
        for value in ("True", "False"):
            server = Server(AbsoluteTimeout=value)
            server.set(TIMEOUT, 1)
            server.file("file", pattern(512 * 20))
            results[value] = []
            servers.append((server, in_thread(lambda s=server, r=results[value]: slowly(s, r))))
        for server, thread in servers:
            thread.join()
            server.close()
        self.assertEqual((results["True"][0], results["False"][0]), (True, False), results)
        self.assertGreater(results["True"][1], 0.9)

    def test_inactivity_timeout(self):
        with Server(AbsoluteTimeout="False") as server:
            server.set(TIMEOUT, 1)
            server.file("file", pattern(2000))
            codes = []
            server.on(DISCONNECTED, lambda data: codes.append(data.disconnected.status_code))
            with Client(server.address) as client:
                begin = time.monotonic()
                client.ask("file")
                client.receive()
                client.ack(1)  # nobody is told who has acknowledged nothing
                with self.assertRaises(Answer):
                    while True:
                        server.events()
                        client.receive()
                self.assertTrue(0.9 < time.monotonic() - begin < 20)  # the default is 60
            server.pump(lambda: codes == [301])

    def test_select_wait_millis(self):
        with Server(SelectWaitMillis=0) as server:
            for millis in (0, 400):
                server.config("SelectWaitMillis", millis)
                waits = []
                while not waits or min(waits) >= millis / 1000 + 0.3 and len(waits) < 20:
                    begin = time.monotonic()
                    server.events()
                    waits.append(time.monotonic() - begin)
                self.assertTrue(millis / 1000 - 0.01 <= min(waits) < millis / 1000 + 0.3, (millis, waits))
            for good in (0, 60000):
                server.config("SelectWaitMillis", good)
            for bad in (-1, 60001):
                refused(self, 905, server.config, "SelectWaitMillis", bad)
            # The longest wait ends with the first event.
            came = []
            server.on(CONNECTED, lambda data: came.append(data.connected.status_code))
            server.file("file", b"data")
            thread = in_thread(lambda: (time.sleep(0.1), read(server, "file")))
            begin = time.monotonic()
            server.events()
            self.assertTrue(came == [0] and time.monotonic() - begin < 5)
            thread.join()

    def test_adaptive_retransmit(self):
        """The wait before DATA is retransmitted is measured, or always RetransmitTimeout."""
        waits = {}

        def measure(value, timeout):
            with Server(AdaptiveRetransmit=value) as server:
                server.set(RETRANSMIT_TIMEOUT, timeout)
                server.file("file", pattern(512 * 30))
                with Client(server.address) as client:
                    client.ask("file")
                    for block in range(1, 11):
                        client.receive()
                        begin = time.monotonic()
                        client.ack(block)
                    client.receive()
                    self.assertEqual(client.receive()[1], 11)
                    waits[value] = time.monotonic() - begin

        threads = [in_thread(lambda: measure("True", 4)), in_thread(lambda: measure("False", 1))]
        for thread in threads:
            thread.join()
        self.assertLess(waits["True"], 3)
        self.assertTrue(0.95 < waits["False"] < 3.5, waits)

    @unittest.skipIf(os.cpu_count() == 1, "looking for packets, which a single processor never does")
    def test_busy_poll_micros(self):
        """The I/O thread polls for the next packet of a fast client instead of sleeping before each
        one."""
        def sleeps(value):
            with Server(BusyPollMicros=value) as server:
                server.file("file", pattern(512 * 500))
                with Client(server.address) as client:
                    before = self.sleeps()
                    client.ask("file")
                    for block in range(1, 501):
                        client.receive()
                        client.ack(block)
                    return self.sleeps() - before

        # Where other programs need the processor, polling finds little: once it must find every
        # second packet.
        self.assertTrue(once(lambda: sleeps(10_000) < sleeps(0) / 2))
        with Server(BusyPollMicros=1000) as server:
            data = server.file("file", pattern(100_000))
            self.assertEqual(read(server, "file", blksize=1400, windowsize=4), data)

    def test_busy_poll_is_only_for_fast_clients(self):
        """A client that takes twenty times as long to answer is waited for asleep."""
        def time_used(value):
            with Server(BusyPollMicros=value) as server:
                server.file("file", pattern(512 * 60))
                with Client(server.address) as client:
                    client.ask("file")
                    client.receive()
                    before = self.processor_time()
                    for block in range(1, 51):
                        time.sleep(0.02)
                        client.ack(block)
                        client.receive()
                    return self.processor_time() - before

        # Looking before each answer takes 50 ms of processor time, each time. Other programs make
        # both figures vary.
        self.assertTrue(once(lambda: time_used(1000) < 1.5 * time_used(0) + 5_000_000))

    def processor_time(self):
        """Returns the nanoseconds that the server's I/O threads have run."""
        return sum(int(text.split()[0]) for text in self.figures("schedstat"))

    def sleeps(self):
        """Returns how often the server's I/O threads have gone to sleep."""
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.MULTILINE)[1]) for text in self.figures("status"))

    def figures(self, name):
        """Returns the kernel's file of this name about each of the server's I/O threads."""
        for task, thread in threads():
            if thread.startswith("tftp-io"):
                with open(f"/proc/self/task/{task}/{name}", encoding="ascii") as file:
                    yield file.read()


def once(holds, seconds=120):
    """Returns whether a condition that other programs disturb holds at least once."""
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.5)
    return held


class Uploads(unittest.TestCase):
    @unittest.skipIf(SYSCALLS is None, "fsync that fails, which knows x86_64 and aarch64 only")
    @not_emulated("a filter of system calls")
    def test_sync_uploads(self):
        """In a process where every sync fails, an upload succeeds only without SyncUploads."""
        def test():
            fail_syncs()
            with Server() as server:
                write(server, "one", b"data")
                server.config("SyncUploads", "True")
                codes = []
                server.on(ERROR, lambda data: codes.append(data.error.error_code))
                error_of(self, write, server, "two", b"data")
                server.pump(lambda: codes == [128])
                assert os.listdir(server.root) == ["one"], "nothing is left of it"
        in_child(test)

    def test_synced_uploads_are_whole(self):
        with Server(SyncUploads="True") as server:
            write(server, "file", pattern(5000))
            self.assertEqual(read(server, "file"), pattern(5000))


def fail_syncs():
    """Makes fsync and fdatasync fail with EIO in this process and its threads to come (seccomp)."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = [(0x20, 0, 0, 0), (0x15, 2, 0, SYSCALLS[0]), (0x15, 1, 0, SYSCALLS[1]), (0x06, 0, 0, 0x7FFF0000),
               (0x06, 0, 0, 0x00050005)]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(filters))
    assert libc.prctl(38, 1, 0, 0, 0) == 0, "no new privileges"
    assert libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0, "the filter"
    try:
        os.fsync(1)
    except OSError:
        return
    raise AssertionError("the filter does not work")


class Told(unittest.TestCase):
    def test_statistics(self):
        with Server(AdaptiveRetransmit="False") as server:
            server.set(RETRANSMIT_TIMEOUT, 60)
            server.file("file", pattern(1000))
            read(server, "file")
            write(server, "sent", pattern(700))
            error_of(self, read, server, "none")
            server.config("ReadOnly", "True")
            error_of(self, write, server, "sent", b"")
            end = time.monotonic() + 30
            while (figures := json.loads(server.config("Statistics")))["active"]:
                self.assertLess(time.monotonic(), end)
            self.assertNotIn("\n", server.config("statistics"))
            wanted = {"active": 0, "requests": 3, "completed": 2, "failed": 1, "refused": 1, "bytes_sent": 1000,
                      "bytes_received": 700, "retransmissions": 0}
            self.assertEqual({name: figures.get(name) for name in wanted}, wanted)
            refused(self, 904, server.config, "Statistics", "{}")

    def test_build_and_license(self):
        with Server(start=False) as server:
            self.assertIn(server.get(VERSION), server.config("BuildInfo"))
            self.assertIn("MIT OR Apache-2.0", server.config("LicenseInfo"))
            for name in ("BuildInfo", "LicenseInfo"):
                refused(self, 904, server.config, name, "x")

    def test_log_level(self):
        """0 nothing, then more with each."""
        counts = []
        for level in range(4):
            with Server(LogLevel=level) as server:
                levels = []
                server.on(LOG, lambda data, levels=levels: levels.append(data))
                server.file("file", b"data")
                read(server, "file")
                with Client(server.address) as client:
                    client.socket.sendto(b"\0\4\0\0", server.address)
                    self.assertTrue(client.is_silent(0.05))
                for _ in range(3):
                    server.events()
                counts.append(len(levels))
        self.assertEqual(counts[0], 0)
        self.assertEqual(counts, sorted(set(counts)))

    def test_kept(self):
        """Settings that can have no effect on a UDP server are returned as they were set."""
        with Server() as server:
            for name, default, value in (("FirewallData", "", "some: data"), ("MaskSensitive", "True", "False"),
                                         ("ProcessIdleEvents", "True", "False"),
                                         ("UseInternalSecurityAPI", "True", "False"),
                                         ("DelayHostResolution", "False", "True")):
                self.assertEqual(server.config(name), default)
                server.config(name.upper(), value)
                self.assertEqual(server.config(name.lower()), value)
            self.assertEqual(server.get(CONN_COUNT), "0")

    def test_io_threads(self):
        with Server(IoThreads=3) as server:
            names, end = [], time.monotonic() + 30
            while names != ["tftp-io-0", "tftp-io-1", "tftp-io-2"]:  # each gives itself its name
                self.assertLess(time.monotonic(), end, names)
                names = sorted(name for _, name in threads() if name.startswith("tftp-io"))
            data = server.file("file", pattern(3000))
            for _ in range(10):
                self.assertEqual(read(server, "file"), data)



"""Sources that fail, lie, hang or are left: each ends only its own downloads, and is closed
once."""
import array
import asyncio
import bz2
import contextlib
import gc
import gzip
import io
import itertools
import lzma
import os
import random
import socket
import threading
import unittest
import urllib.request
import weakref
import zipfile

import tftpserver
from tftpserver._sources import size_of

from .support import HOST, LARGE, ON_WINDOWS, SECONDS, Answer, TftpClient, raw, until
from .test_async import AsyncCase
from .test_server import ServerCase
from .test_sources import AsyncPieces, Pieces

LONG = LARGE * 2
ERROR_0 = 42 if ON_WINDOWS else 71  # the client's exit code
BEYOND = 1_200_000  # a shared pass keeps its first 1 MB for downloads that come late


class Body:
    """A source over `data` that counts how often it is opened and closed."""

    def __init__(self, data=LONG, piece=1 << 16):
        self.data, self.piece, self.opened, self.closed = data, piece, 0, 0

    def __call__(self):
        self.opened += 1
        return self.pieces()

    def pieces(self):
        try:
            for at in range(0, len(self.data), self.piece):
                yield self.data[at:at + self.piece]
        finally:
            self.closed += 1


class Reader:
    """A client that reads as far as the test wants."""

    def __init__(self, case, server, name):
        self.client = raw(server.address[1])
        case.addCleanup(self.client.close)
        self.client.oack(name, blksize=8192)
        self.got, self.block = b"", 0

    def read(self, end):
        """Reads at least to this offset, or to the end of the file, which is acknowledged."""
        while len(self.got) < end:
            self.client.ack(self.block)
            while True:
                opcode, number, data = self.client.receive()
                if (opcode, number) == (3, self.block + 1):
                    break
            self.got, self.block = self.got + data, number
            if len(data) < 8192:
                self.client.ack(number)
                break
        return self.got


def serve_http(case, *responses):
    """Starts a server that sends one response for each connection and closes it; returns its
    address."""
    listener = socket.create_server((HOST, 0))
    case.addCleanup(listener.close)

    def work():
        for response in responses:
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(response)

    threading.Thread(target=work, daemon=True).start()
    return listener.getsockname()


def fetch_http(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(f"http://{address[0]}:{address[1]}/", timeout=SECONDS)


class Sizes(ServerCase):
    def test_a_file_that_decompresses_has_no_known_size_and_arrives_whole(self):
        for module in (gzip, bz2, lzma):
            path = self.path(module.__name__)
            with module.open(path, "wb") as file:
                file.write(LARGE)
        with zipfile.ZipFile(self.path("zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("image", LARGE)
        archive = zipfile.ZipFile(self.path("zip"))
        self.addCleanup(archive.close)
        openers = {"gzip": lambda: gzip.open(self.path("gzip")), "bz2": lambda: bz2.open(self.path("bz2")),
                   "lzma": lambda: lzma.open(self.path("lzma")), "zip": lambda: archive.open("image")}
        server = self.serve(lambda r: openers[r.name]())
        for name, opener in openers.items():
            with opener() as file:
                self.assertEqual(size_of(file), -1, name)
            self.assertEqual(self.fetch(server, name), LARGE, name)

    def test_a_descriptor_counts_only_where_its_bytes_are_the_content(self):
        with open(self.path("raw"), "wb") as file:
            file.write(b"x" * 100)

        class Reversing:
            def __init__(self, file):
                self.file, self.fileno, self.tell = file, file.fileno, file.tell

            def read(self, size):
                return self.file.read(size)[::-1]

        with open(self.path("raw"), "rb") as file:
            self.assertEqual((size_of(file), size_of(file.raw), size_of(Reversing(file))), (100, 100, -1))

    def test_a_response_of_which_something_was_read_has_the_rest(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
        packed = head.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n0\r\n\r\n"
        address = serve_http(self, head, packed, chunked)
        for read, size in ((3, 7), (0, 10), (0, -1)):
            with fetch_http(address) as response:
                response.read(read)
                self.assertEqual(size_of(response), size)


class Sync(ServerCase):
    def serve(self, what, *arguments, **settings):
        self.raised, self.ends = [], []
        settings.setdefault("on_error", lambda r, e: self.raised.append(type(e)))
        settings.setdefault("on_end", lambda r, e: self.ends.append(e and int(e.code)))
        return super().serve(what, *arguments, **settings)

    def test_what_is_no_bytes_ends_the_download_and_the_source_is_closed(self):
        for wrong in ("text", None, 7, [b"x"], io.BytesIO(b"x")):
            for made in (Pieces(), iter([b"x" * 20_000, wrong])):
                with self.subTest(wrong=wrong, made=made):
                    if isinstance(made, Pieces):
                        made.read = lambda size, wrong=wrong: wrong
                    server = self.serve(lambda r, made=made: made)
                    self.assertNotIn(self.fetch(server, "any"), (b"", b"x" * 20_000))
                    server.close()
                    self.assertEqual(self.raised, [TypeError])
                    self.assertEqual(getattr(made, "closed", 1), 1)

    def test_empty_pieces_and_pieces_of_every_shape_arrive(self):
        numbers = array.array("i", range(30_000))
        pieces = [b"", LARGE, b"", bytearray(b"abc"), memoryview(numbers), b""]
        server = self.serve(lambda r: iter(pieces))
        self.assertEqual(self.fetch(server, "any"), LARGE + b"abc" + numbers.tobytes())

    def test_a_read_that_raises_stop_iteration_is_not_the_end(self):
        for make in (lambda: Pieces(), lambda: Pieces(length=len(LARGE))):
            source = make()
            source.read = lambda size: next(iter(()))
            server = self.serve(lambda r, source=source: source)
            self.assertNotEqual(self.fetch(server, "any"), b"")
            server.close()
            self.assertEqual((self.raised, source.closed), ([StopIteration], 1))

    def test_a_body_that_is_cut_is_no_whole_file(self):
        head = b"HTTP/1.1 200 OK\r\n%s\r\n\r\n"
        bodies = (head % b"Content-Length: 70000" + b"x" * 50_000,
                  head % b"Content-Encoding: gzip\r\nContent-Length: 70000" + b"x" * 50_000,
                  head % b"Transfer-Encoding: chunked" + b"c350\r\n" + b"x" * 50_000 + b"\r\nc350\r\nxx")
        for body in bodies:
            address = serve_http(self, body)
            server = self.serve(lambda r, address=address: fetch_http(address))
            self.assertEqual(self.fetch(server, "any"), ERROR_0, body[:70])
            server.close()
            self.assertIn(self.ends, ([129], [10053]))

    def test_a_source_longer_than_its_size_is_cut_there_and_closed(self):
        body = Body()
        server = self.serve(lambda r: tftpserver.Source(body, size=100_000))
        self.assertEqual(self.fetch(server, "any"), LONG[:100_000])
        server.close()
        self.assertEqual((body.closed, self.ends), (1, [None]))

    def test_one_iterator_for_two_downloads_serves_the_first(self):
        content = Body()()
        server = self.serve(lambda r: content)
        self.assertEqual((self.fetch(server, "first") == LONG, self.fetch(server, "second")), (True, ERROR_0))
        server.close()
        self.assertEqual(self.raised, [EOFError])

    def test_one_that_comes_too_late_for_a_source_fails_alone(self):
        body = Body()
        content = body()
        server = self.serve(lambda r: tftpserver.Source(content, size=len(LONG), key="k"))
        first = Reader(self, server, "first")
        first.read(BEYOND)
        self.assertEqual(self.fetch(server, "late"), ERROR_0)
        self.assertEqual(first.read(len(LONG)), LONG)
        server.close()
        self.assertEqual((body.closed, self.raised), (1, [EOFError]))

    def test_a_pass_that_fails_ends_those_that_read_it_and_no_other(self):
        body = Body()

        def broken():
            yield LONG[:100_000]
            raise OSError("the origin is gone")

        sources = [body, broken]
        server = self.serve(lambda r: tftpserver.Source(lambda: sources.pop(0)(), size=len(LONG), key="k"))
        first = Reader(self, server, "first")
        first.read(BEYOND)
        self.assertEqual(self.fetch(server, "late"), ERROR_0)
        self.assertEqual(first.read(len(LONG)), LONG)
        server.close()
        self.assertEqual((body.closed, self.raised), (1, [OSError]))

    def test_a_pass_that_was_left_within_a_piece_serves_nobody_else(self):
        body, numbers = Body(piece=1000), {}

        def left():
            for at, piece in enumerate(body.pieces()):
                if at == 3:
                    server.tftp.abort(numbers["left"])
                    until(lambda: not server._is_read(numbers["left"]))
                yield piece

        def handler(request):
            numbers[request.name] = request.connection_id
            return tftpserver.Source(left if request.name == "left" else body, size=len(LONG), key="k")

        server = self.serve(handler)
        first = Reader(self, server, "first")
        first.read(BEYOND)
        self.assertEqual(self.fetch(server, "left"), ERROR_0)
        self.assertTrue(self.fetch(server, "third") == LONG)
        self.assertTrue(first.read(len(LONG)) == LONG)
        server.close()
        self.assertEqual(body.closed, body.opened + 1)

    def test_each_pass_is_closed_at_its_end_although_others_of_its_key_run(self):
        body = Body()
        server = self.serve(lambda r: tftpserver.Source(body, size=len(LONG), key="k"))
        first = Reader(self, server, "first")
        first.read(BEYOND)
        for turn in range(1, 5):
            self.assertTrue(self.fetch(server, "late") == LONG)
            leaving = Reader(self, server, "leaves")
            leaving.read(100_000)
            leaving.client.error()
            until(lambda turn=turn: len(self.ends) == 2 * turn)
            self.assertLessEqual(body.opened - body.closed, 1)  # the first one's
        self.assertTrue(first.read(len(LONG)) == LONG)
        server.close()
        self.assertEqual(body.opened, body.closed)

    def test_the_content_of_an_answer_that_cannot_be_given_is_closed(self):
        body, pieces = Body(), Pieces()
        begun = body()
        next(begun)
        answers = {"size": tftpserver.Source(begun, size=-7), "key": tftpserver.Source(pieces, key=b"\0".decode())}
        server = self.serve(lambda r: answers[r.name])
        self.assertEqual([self.fetch(server, name) for name in answers], [69, 69])
        server.close()
        self.assertEqual((body.closed, pieces.closed, len(self.raised)), (1, 1, 2))

    def test_nothing_is_left_of_aborted_downloads(self):
        alive = weakref.WeakSet()

        def generated():
            with open(self.path("file"), "rb") as file:
                yield from iter(lambda: file.read(1000), b"")

        def handler(request):
            request.data = Keeper()
            alive.add(request.data)
            if int(request.name) % 2:
                return generated()
            file = open(self.path("file"), "rb")
            file.seek(1)
            return file

        with open(self.path("file"), "wb") as file:
            file.write(LARGE)
        server = self.serve(handler)
        self.check_leaks(server, alive, lambda: len(self.ends))

    def check_leaks(self, server, alive, ended):
        for number in range(1000):
            with raw(server.address[1]) as client:
                client.ask(str(number))
                client.receive()
                client.error()
            if number == 20:
                until(lambda: ended() == 21)
                gc.collect()
                before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
            if number % 50 == 49:
                until(lambda number=number: ended() == number + 1)
        # The last callback may not have returned yet.
        until(lambda: gc.collect() >= 0 and not alive and not server._requests)
        self.assertEqual(server._feeds._entries, {})
        if before:
            self.assertLess(len(os.listdir("/proc/self/fd")), before + 20)


class Keeper:
    """An object whose end is seen."""


class Async(AsyncCase):
    def setUp(self):
        super().setUp()
        self.raised, self.ends = [], []

    def serving(self, handler, **settings):
        settings.setdefault("on_error", lambda r, e: self.raised.append(type(e)))
        return tftpserver.AsyncServer(handler, HOST, 0, on_end=lambda r, e: self.ends.append(e and int(e.code)), **settings)

    async def until(self, condition):
        while not condition():
            await asyncio.sleep(0.001)

    def leave(self, server, name):
        """Begins a download and closes the client's socket after the first packet."""
        with raw(server.address[1]) as client:
            client.ask(name)
            client.receive()
            client.error()

    def test_a_source_that_waits_is_cancelled_and_closed_when_its_client_leaves(self):
        log = []

        async def waiting():
            try:
                yield b"x" * 20_000
                await asyncio.Event().wait()
            finally:
                log.append("closed")

        class Waits(AsyncPieces):
            async def read(self, size):
                if self.at:
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        log.append("cancelled")
                        raise
                return await super().read(1000)

        made = Waits()

        async def main():
            async with self.serving(lambda r: waiting() if r.name == "generator" else made) as server:
                for turn, name in enumerate(("generator", "reader"), 1):
                    await asyncio.get_running_loop().run_in_executor(None, self.leave, server, name)
                    await self.until(lambda turn=turn: len(self.ends) == turn)

        self.run_async(main())
        self.assertEqual((log, made.closed, self.raised), (["closed", "cancelled"], 1, []))

    def test_a_source_that_is_cancelled_elsewhere_ends_its_download_at_once(self):
        async def cancelled():
            yield b"x" * 20_000
            raise asyncio.CancelledError

        async def main():
            async with self.serving(lambda r: cancelled()) as server:
                self.assertEqual(await self.fetch(server, "any"), ERROR_0)

        self.run_async(main())
        self.assertEqual((self.raised, self.ends), ([RuntimeError], [10053]))

    def test_reads_that_block_delay_neither_others_nor_the_end(self):
        go_on = threading.Event()
        blocked = [Pieces() for _ in range(40)]
        for one in blocked:
            one.read = lambda size: go_on.wait(SECONDS) and b""

        async def main():
            loop = asyncio.get_running_loop()
            async with self.serving(lambda r: blocked[int(r.name)] if r.name.isdigit() else Pieces()) as server:
                clients = [raw(server.address[1]) for _ in blocked]
                for number, client in enumerate(clients):
                    client.ask(str(number))
                    self.addCleanup(client.close)
                await self.until(lambda: len(server._requests) == len(blocked))
                self.assertTrue(await self.fetch(server, "other") == LARGE)
            self.assertEqual([one.closed for one in blocked], [0] * len(blocked))
            go_on.set()
            await self.until(lambda: sum(one.closed for one in blocked) == len(blocked))
            self.assertIs(loop, asyncio.get_running_loop())

        self.run_async(main())
        self.assertEqual(self.raised, [])

    def test_a_program_ends_although_a_read_blocks(self):
        _, out, _ = self.program("""
import asyncio, socket, threading, tftpserver
class Blocks:
    def read(self, size):
        loop.call_soon_threadsafe(reads.set)
        threading.Event().wait()
async def main():
    global loop, reads
    loop, reads = asyncio.get_running_loop(), asyncio.Event()
    async with tftpserver.AsyncServer(lambda r: Blocks(), "127.0.0.1", 0) as server:
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.sendto(b"\\0\\1any\\0octet\\0", server.address)
        await reads.wait()
    client.close()
asyncio.run(main())
print("over")
""")
        self.assertEqual(out, "over\n")

    def test_what_is_no_bytes_ends_the_download_and_the_source_is_closed(self):
        async def strings():
            yield "text"

        class Returns(AsyncPieces):
            async def read(self, size):
                return None

        made = Returns()

        async def main():
            async with self.serving(lambda r: strings() if r.name == "strings" else made) as server:
                self.assertEqual([await self.fetch(server, name) for name in ("strings", "none")], [ERROR_0] * 2)

        self.run_async(main())
        self.assertEqual((self.raised, made.closed), ([TypeError] * 2, 1))

    def test_one_that_comes_too_late_for_a_source_fails_alone(self):
        body = Body()
        content = body()

        async def main():
            async with self.serving(lambda r: tftpserver.Source(content, size=len(LONG), key="k")) as server:
                run = asyncio.get_running_loop().run_in_executor
                first = await run(None, Reader, self, server, "first")
                await run(None, first.read, BEYOND)
                self.assertEqual(await self.fetch(server, "late"), ERROR_0)
                self.assertTrue(await run(None, first.read, len(LONG)) == LONG)

        self.run_async(main())
        self.assertEqual((body.closed, self.raised), (1, [EOFError]))

    def test_the_content_of_an_answer_that_comes_too_late_is_closed(self):
        pieces, waiting = [AsyncPieces(), Pieces()], []
        given = list(pieces)

        async def handler(request):
            waiting.append(request)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            return given.pop()

        async def main():
            async with self.serving(handler) as server:
                clients = [raw(server.address[1]) for _ in pieces]
                for client in clients:
                    client.ask("any")
                    self.addCleanup(client.close)
                await self.until(lambda: len(waiting) == 2)

        self.run_async(main())
        self.assertEqual([one.closed for one in pieces], [1, 1])

    def test_nothing_is_left_of_aborted_downloads(self):
        alive = weakref.WeakSet()

        async def generated():
            for _ in itertools.count():
                await asyncio.sleep(0)
                yield b"x" * 3000

        def handler(request):
            request.data = Keeper()
            alive.add(request.data)
            return [generated, Pieces, AsyncPieces, io.BytesIO][int(request.name) % 4]()

        async def main():
            async with self.serving(handler) as server:
                await asyncio.get_running_loop().run_in_executor(
                    None, Sync.check_leaks, self, server, alive, lambda: len(self.ends))
                self.assertEqual(server._tasks, set())

        asyncio.run(asyncio.wait_for(main(), 10 * SECONDS))  # a thousand clients
        self.assertEqual(self.raised, [])


class Loops(AsyncCase):
    def test_a_server_moves_from_a_closed_loop_to_another(self):
        ends = []
        never = []

        async def handler(request):
            if request.name == "waits":
                never.append(asyncio.Event())
                await never[-1].wait()
            return b"x"

        server = tftpserver.AsyncServer(handler, HOST, 0, on_end=lambda r, e: ends.append((r.name, e and int(e.code))))
        client = raw(server.address[1])
        self.addCleanup(client.close)

        async def first():
            await server.start()
            client.ask("waits")
            while not never:
                await asyncio.sleep(0.001)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(first())
        loop.close()

        async def second():
            await server.start()
            self.assertEqual(await self.fetch(server, "any"), b"x")
            self.assertEqual(client.answer()[0], 5)
            await server.close()

        self.run_async(second())
        self.assertTrue(server.tftp.closed)
        self.assertEqual(sorted(ends), [("any", None), ("waits", 10053)])

    def test_a_server_whose_loop_was_closed_can_be_closed(self):
        server = tftpserver.AsyncServer(lambda r: b"x", HOST, 0)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(server.start())
        loop.close()
        self.run_async(server.close())
        self.assertTrue(server.tftp.closed)

    def test_a_server_serves_one_loop_at_a_time(self):
        server = tftpserver.AsyncServer(lambda r: b"x", HOST, 0)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(server.start())

        async def other():
            for method in (server.start, server.serve_forever, server.shutdown, server.close):
                with self.assertRaises(RuntimeError):
                    await method()

        self.run_async(other())
        self.assertEqual(loop.run_until_complete(self.fetch(server, "any")), b"x")
        loop.run_until_complete(server.close())
        loop.close()


class ManyThreads(AsyncCase):
    def test_a_download_that_joins_a_source_when_it_fails_ends_soon(self):
        seed = 18
        chance, data = random.Random(seed), LARGE[:40_000]
        tellings, counts = [], {"whole": 0, "failed": 0}

        async def pieces(most):
            for number, at in enumerate(range(0, len(data), 3000)):
                if number == most:
                    raise OSError("broken")
                if chance.random() < 0.3:
                    await asyncio.sleep(0)
                yield data[at:at + 3000]

        def handler(request):
            most = chance.choice([None, None, None, 0, 1, 2, 3])
            return tftpserver.Source(lambda: pieces(most), size=len(data), key=request.name)

        def fetch(port, name):
            try:
                with TftpClient((HOST, port), seconds=20) as client:  # less than Timeout
                    got = client.read(name, blksize=1024)
                counts["whole"] += 1
                if got != data:
                    tellings.append(f"{name}: {len(got)} bytes")
            except Answer:
                counts["failed"] += 1
            except Exception as error:
                tellings.append(f"{name}: {error!r}")

        def fetch_all(port, number):
            for turn in range(100):  # three clients share each source
                fetch(port, f"{number // 3}-{turn}")

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0, io_threads=4, on_error=lambda r, e: None) as server:
                threads = [threading.Thread(target=fetch_all, args=(server.address[1], number)) for number in range(12)]
                for thread in threads:
                    thread.start()
                await asyncio.get_running_loop().run_in_executor(None, lambda: [thread.join() for thread in threads])

        asyncio.run(asyncio.wait_for(main(), SECONDS))  # without debug, which slows the loop down
        self.assertEqual(tellings, [], f"seed {seed}")
        self.assertGreater(min(counts.values()), 100, counts)


if __name__ == "__main__":
    unittest.main()

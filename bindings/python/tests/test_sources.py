"""Downloads that are read piece by piece while they run, and uploads into slow sinks."""
import asyncio
import collections
import email.message
import io
import pathlib
import threading
import unittest

import tftpserver
from tftpserver._sources import size_of

from .support import HOST, LARGE, raw, settle
from .test_async import AsyncCase
from .test_server import ServerCase


class Pieces:
    """Reads LARGE; records how much was read ahead, and whether it was closed."""

    def __init__(self, fails_at=None, length=None):
        self.at, self.most, self.closed, self.fails_at = 0, 0, 0, fails_at
        if length is not None:
            self.headers = email.message.Message()
            self.headers["Content-Length"] = str(length)

    def read(self, size):
        if self.fails_at is not None and self.at >= self.fails_at:
            raise OSError(5, "the origin is gone")
        self.most = max(self.most, size)
        piece = LARGE[self.at:self.at + size]
        self.at += len(piece)
        return piece

    def close(self):
        self.closed += 1


class AsyncPieces(Pieces):
    async def read(self, size):
        await asyncio.sleep(0)
        return super().read(size)

    async def close(self):
        self.closed += 1


def generated(size=10_000):
    for at in range(0, len(LARGE), size):
        yield LARGE[at:at + size]


async def generated_slowly():
    for piece in generated():
        await asyncio.sleep(0)
        yield piece


class Sizes(unittest.TestCase):
    def test_the_size_is_found_where_the_content_knows_it(self):
        with open(__file__, "rb") as file:
            file.read(7)
            self.assertEqual(size_of(file), pathlib.Path(__file__).stat().st_size - 7)
        half = io.BytesIO(b"0123456789")
        half.seek(4)
        self.assertEqual((size_of(half), half.tell()), (6, 4))
        self.assertEqual(size_of(Pieces(length=123)), 123)
        packed = Pieces(length=123)
        packed.headers["Content-Encoding"] = "gzip"
        self.assertEqual((size_of(packed), size_of(Pieces()), size_of(generated())), (-1, -1, -1))


class Sync(ServerCase):
    def test_everything_that_can_be_read_piece_by_piece_arrives_and_is_closed(self):
        opened = {"pieces": Pieces(), "sized": Pieces(length=len(LARGE)), "file": io.BytesIO(LARGE), "generated": generated()}
        server = self.serve(lambda r: opened[r.name])
        for name in opened:
            self.assertEqual(self.fetch(server, name), LARGE, name)
        server.shutdown()
        self.assertEqual([opened["pieces"].closed, opened["sized"].closed, opened["file"].closed], [1, 1, True])
        self.assertLess(opened["pieces"].most, 100_000)

    def test_nothing_is_read_ahead_but_two_windows(self):
        pieces = Pieces()
        server = self.serve(lambda r: pieces)
        with raw(server.address[1]) as client:
            client.ask("pieces")
            self.assertEqual(client.receive()[0], 3)
            self.assertLessEqual(pieces.at, 32 << 10)
            client.error()
        server.shutdown()
        self.assertEqual(pieces.closed, 1)

    def test_a_source_that_raises_ends_its_download_and_comes_out(self):
        seen, ends = [], []
        server = self.serve(lambda r: Pieces(fails_at=300_000), on_error=lambda r, e: seen.append((r.name, str(e))),
                            on_end=lambda r, e: ends.append(int(e.code)))
        self.assertNotEqual(self.fetch(server, "name"), 0)
        server.shutdown()
        self.assertEqual(seen, [("name", "[Errno 5] the origin is gone")])
        self.assertEqual(ends, [10053])

    def test_a_source_that_is_shorter_than_it_said_is_no_whole_file(self):
        ends = []
        server = self.serve(lambda r: Pieces(length=len(LARGE) + 1), on_end=lambda r, e: ends.append(int(e.code)))
        self.assertNotEqual(self.fetch(server, "short"), LARGE)
        server.shutdown()
        self.assertEqual(ends, [129])

    def test_many_with_one_key_read_once(self):
        passes = []

        def open_it():
            passes.append(Pieces(length=len(LARGE)))
            return passes[-1]

        server = self.serve(lambda r: tftpserver.Source(open_it, size=len(LARGE), key="image"))
        clients = [self.get(server.address[1], "image") for _ in range(6)]
        for client in clients:
            self.assertEqual(client.wait().data, LARGE)
        server.shutdown()
        self.assertEqual(len(passes), 1)
        self.assertEqual((passes[0].at, passes[0].closed), (len(LARGE), 1))

    def test_an_async_source_needs_an_async_server(self):
        seen = []
        server = self.serve(lambda r: {"read": AsyncPieces(), "iterated": generated_slowly()}[r.name],
                            on_error=lambda r, e: seen.append(type(e)))
        self.assertEqual([self.fetch(server, name) for name in ("read", "iterated")], [69, 69])
        server.shutdown()
        self.assertEqual(seen, [TypeError] * 2)

    def test_the_class_beneath_is_asked_and_supplies(self):
        server = self.server()
        asked = collections.Counter()

        def on_request(e):
            server.conn[e.connection_id].data_size = len(LARGE)
            self.assertEqual(server.conn[e.connection_id].data_size, len(LARGE))

        def on_wanted(e):
            asked["bytes"] += e.length
            server.supply(e.connection_id, LARGE[e.offset:e.offset + e.length])

        server.on_connection_request, server.on_data_wanted = on_request, on_wanted
        self.assertEqual(self.pump(server, self.get(server.local_port, "any")).data, LARGE)
        self.assertEqual(asked["bytes"], len(LARGE))

        def refuse(e):
            self.fails(905, server.abort, e.connection_id, 9)
            server.abort(e.connection_id, 2, "not for you")

        server.on_connection_request = refuse
        self.assertEqual(self.pump(server, self.get(server.local_port, "any")).code, 69)
        settle(server)


class Async(AsyncCase):
    def test_everything_that_can_be_read_piece_by_piece_arrives_and_is_closed(self):
        opened = {"pieces": Pieces(), "async": AsyncPieces(length=len(LARGE)), "generated": generated(),
                  "slowly": generated_slowly(), "file": io.BytesIO(LARGE)}

        async def main():
            async with tftpserver.AsyncServer(lambda r: opened[r.name], HOST, 0) as server:
                for name in opened:
                    self.assertEqual(await self.fetch(server, name), LARGE, name)

        self.run_async(main())
        self.assertEqual([opened["pieces"].closed, opened["async"].closed, opened["file"].closed], [1, 1, True])

    def test_an_async_handler_may_return_one_and_what_it_raises_comes_out(self):
        seen = []

        async def handler(request):
            await asyncio.sleep(0)
            return AsyncPieces(fails_at=100_000 if request.name == "bad" else None)

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0, on_error=lambda r, e: seen.append((r.name, type(e)))) as server:
                self.assertEqual(await self.fetch(server, "good"), LARGE)
                self.assertNotEqual(await self.fetch(server, "bad"), LARGE)

        self.run_async(main())
        self.assertEqual(seen, [("bad", OSError)])

    def test_a_source_that_waits_delays_nobody_else(self):
        async def main():
            go_on = asyncio.Event()

            async def late():
                await go_on.wait()
                yield LARGE

            async with tftpserver.AsyncServer(lambda r: late() if r.name == "late" else b"other", HOST, 0) as server:
                waiting = asyncio.ensure_future(self.fetch(server, "late"))
                while not server.tftp.conn_count:
                    await asyncio.sleep(0)
                self.assertEqual(await self.fetch(server, "other"), b"other")
                go_on.set()
                self.assertEqual(await waiting, LARGE)

        self.run_async(main())

    def test_many_with_one_key_read_once(self):
        passes = []

        def open_it():
            passes.append(AsyncPieces())
            return passes[-1]

        async def main():
            answer = lambda r: tftpserver.Source(open_it, size=len(LARGE), key="image")  # noqa: E731
            async with tftpserver.AsyncServer(answer, HOST, 0) as server:
                got = await asyncio.gather(*(self.fetch(server, "image") for _ in range(6)))
                self.assertEqual([one == LARGE for one in got], [True] * 6)

        self.run_async(main())
        self.assertEqual([(one.at, one.closed) for one in passes], [(len(LARGE), 1)])

    def test_the_client_of_a_slow_async_sink_waits_and_memory_is_bounded(self):
        async def main():
            go_on, kept = asyncio.Event(), bytearray()

            async def write(block):
                await go_on.wait()
                kept.extend(block)

            async with tftpserver.AsyncServer(lambda r: write, HOST, 0) as server:
                sending = asyncio.ensure_future(self.send(server, "up", LARGE))
                while not server.tftp.conn_count:
                    await asyncio.sleep(0)
                conn, before = server.tftp.conn[0], -1
                while conn.bytes_transferred != before:
                    before = conn.bytes_transferred
                    await asyncio.sleep(0.3)
                self.assertLess(before, 400_000)
                self.assertFalse(sending.done())
                go_on.set()
                self.assertEqual(await sending, 0)
                self.assertEqual(bytes(kept), LARGE)

        self.run_async(main())


class SlowSinks(ServerCase):
    def test_the_client_of_a_slow_sink_waits_and_memory_is_bounded(self):
        go_on, kept = threading.Event(), bytearray()

        def write(block):
            go_on.wait()
            kept.extend(block)

        server = self.serve(lambda r: write)
        client = self.put(server.address[1], "up", LARGE)
        while not server.tftp.conn_count:
            pass
        before = -1
        while server.tftp.conn[0].bytes_transferred != before:
            before = server.tftp.conn[0].bytes_transferred
            threading.Event().wait(0.3)
        self.assertLess(before, 400_000)
        self.assertTrue(client.runs())
        go_on.set()
        self.assertEqual(client.code, 0)
        self.assertEqual(bytes(kept), LARGE)

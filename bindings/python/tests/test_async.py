"""AsyncServer: on the event descriptor of the library, with handlers that may be async."""
import asyncio
import io
import logging
import signal
import threading
import time
import unittest

import tftpserver

from .support import HOST, LARGE, SECONDS, Case, Raw, start_program


class AsyncCase(Case):
    def setUp(self):
        super().setUp()
        logger, handler = logging.getLogger("tftpserver"), logging.NullHandler()
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)

    def run_async(self, main):
        asyncio.run(asyncio.wait_for(main, SECONDS), debug=True)

    async def done(self, client):
        """A client's end, without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(None, client.wait)

    async def fetch(self, server, name):
        client = await self.done(self.get(server.address[1], name))
        return client.data if client.code == 0 else client.code

    async def send(self, server, name, data):
        return (await self.done(self.put(server.address[1], name, data))).code


class Serving(AsyncCase):
    def test_a_directory(self):
        self.write("file", LARGE)

        async def main():
            async with tftpserver.AsyncServer(self.root, HOST, 0) as server:
                self.assertEqual(await self.fetch(server, "file"), LARGE)
                self.assertEqual(await self.send(server, "up", LARGE), 0)

        self.run_async(main())
        self.assertEqual(self.read("up"), LARGE)

    def test_handlers_sync_and_async_run_on_the_loop_s_thread(self):
        threads = set()

        def answer(request):
            threads.add(threading.get_ident())
            return {"data": b"made", "stream": io.BytesIO(b"stream"), "empty": b""}.get(request.name)

        async def slowly(request):
            await asyncio.sleep(0.01)
            return answer(request)

        class Callable:
            async def __call__(self, request):
                return answer(request)

        async def main(handler):
            ends = []
            async with tftpserver.AsyncServer(handler, HOST, 0, on_end=lambda r, e: ends.append(e)) as server:
                got = [await self.fetch(server, name) for name in ("data", "stream", "empty", "none")]
            self.assertEqual(got, [b"made", b"stream", b"", 68])
            self.assertEqual([error and int(error.code) for error in ends], [None, None, None, 127])

        for handler in (answer, slowly, Callable()):
            self.run_async(main(handler))
        self.assertEqual(threads, {threading.get_ident()})

    def test_uploads_to_sync_and_async_sinks(self):
        class Sink:
            def __init__(self):
                self.data, self.closed, self.threads = b"", 0, set()

            async def write(self, block):
                self.threads.add(threading.get_ident())
                self.data += block

            async def close(self):
                self.closed += 1

        sink, blocks = Sink(), []
        data = LARGE[:100_000]

        async def handler(request):
            return {"async": sink, "sync": blocks.append, "path": self.path("target")}.get(request.name)

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                codes = [await self.send(server, name, data) for name in ("async", "sync", "path", "none")]
            self.assertEqual(codes, [0, 0, 0, 69])

        self.run_async(main())
        self.assertEqual((sink.data == data, sink.closed, sink.threads), (True, 1, {threading.get_ident()}))
        self.assertEqual(b"".join(blocks), data)
        self.assertEqual(self.read("target", inside=False), data)

    def test_the_loop_runs_while_a_handler_waits(self):
        async def main():
            release, asked = asyncio.Event(), asyncio.Event()

            async def handler(request):
                asked.set()
                await release.wait()
                return b"late"

            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                client = self.get(server.address[1], "any")
                await asked.wait()
                release.set()  # the loop is not blocked, or nobody would
                self.assertEqual((await self.done(client)).data, b"late")

        self.run_async(main())

    def test_async_handlers_wait_at_the_same_time(self):
        async def main():
            both, waiting = asyncio.Event(), []

            async def handler(request):
                if request.name == "fast":
                    return b"fast"
                waiting.append(request.name)
                await both.wait()
                return request.name.encode()

            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                clients = [self.get(server.address[1], name) for name in ("one", "two")]
                while len(waiting) < 2:
                    await asyncio.sleep(0.01)
                self.assertEqual(await self.fetch(server, "fast"), b"fast")
                both.set()
                self.assertEqual([(await self.done(client)).data for client in clients], [b"one", b"two"])

        self.run_async(main())

    def test_a_handler_is_cancelled_where_its_request_ends(self):
        ends, cancelled = [], []

        async def handler(request):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(request.name)
                raise

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0, timeout=1,
                                              on_end=lambda r, e: ends.append((r.name, int(e.code)))) as server:
                self.assertNotEqual(await self.fetch(server, "any"), 0)
                while not cancelled or not ends:
                    await asyncio.sleep(0.01)

        self.run_async(main())
        self.assertEqual((ends, cancelled), ([("any", 301)], ["any"]))

    def test_it_costs_nothing_while_nothing_happens(self):
        async def main():
            async with tftpserver.AsyncServer(lambda request: b"x", HOST, 0) as server:
                await self.fetch(server, "any")
                await asyncio.sleep(0.1)
                calls = []
                server.tftp.do_events = lambda: calls.append(1)
                before = time.process_time()
                await asyncio.sleep(0.5)
                self.assertEqual(calls, [])
                self.assertLess(time.process_time() - before, 0.25)
                del server.tftp.do_events

        self.run_async(main())


class Ending(AsyncCase):
    def test_shutdown_lets_serve_forever_return(self):
        async def main():
            server = tftpserver.AsyncServer(self.root, HOST, 0)
            serving = asyncio.ensure_future(server.serve_forever())
            await asyncio.sleep(0)
            with self.assertRaises(RuntimeError):
                await server.serve_forever()
            await server.shutdown()
            await serving
            await server.close()
            await server.close()

        self.run_async(main())

    def test_cancelling_and_closing_end_a_handler_that_waits(self):
        ended = []

        async def main():
            asked = asyncio.Event()

            async def handler(request):
                asked.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(request.name)

            async def serve():
                async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                    port.set_result(server.address[1])
                    await server.serve_forever()

            port = asyncio.get_running_loop().create_future()
            serving = asyncio.ensure_future(serve())
            client = self.get(await port, "any")
            await asked.wait()
            serving.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await serving
            self.assertNotEqual((await self.done(client)).code, 0)

        self.run_async(main())
        self.assertEqual(ended, ["any"])

    def test_running_transfers_are_ended_and_told(self):
        async def main(handler):
            ends = []
            async with tftpserver.AsyncServer(handler, HOST, 0, on_end=lambda r, e: ends.append(int(e.code))) as server:
                with Raw(server.address[1]) as client:
                    client.request("any")
                    await asyncio.get_running_loop().run_in_executor(None, client.receive)
                    await server.shutdown()
            self.assertEqual(ends, [10053])

        async def handler(request):
            return LARGE

        self.run_async(main(handler))
        self.run_async(main(lambda request: LARGE))


    def test_ctrl_c_in_the_middle_of_a_callback_keeps_nobody_waiting(self):
        async def handler(request):
            return b"x"

        async def on_error(request, error):
            raise error

        for lost in ("_delivered", "_readable", "_begin_answer", "step"):
            # A plain handler beside an async function is a step for which the worker waits.
            what = (lambda request: b"x") if lost == "step" else handler

            async def main():
                async with tftpserver.AsyncServer(what, HOST, 0, on_error=on_error) as server:
                    # As if KeyboardInterrupt had been raised on entry: the descriptor is watched no more.
                    loop, fd, struck = asyncio.get_running_loop(), server.tftp.fileno(), asyncio.Event()

                    def strike(*_):
                        loop.remove_reader(fd)
                        struck.set()

                    if lost == "step":
                        begin, tftpserver._aio._Step.begin = tftpserver._aio._Step.begin, strike
                    else:
                        setattr(server, lost, strike)
                    loop.add_reader(fd, server._readable)
                    with Raw(server.address[1]) as client:
                        client.request("any")
                        await struck.wait()
                    if lost == "step":
                        tftpserver._aio._Step.begin = begin
                    else:
                        delattr(server, lost)

            self.run_async(main())

    @unittest.skipUnless(hasattr(signal, "SIGINT"), "no signals")
    def test_ctrl_c_ends_asyncio_run_whenever_it_comes(self):
        for _ in range(5):
            process = start_program("""
import asyncio, tftpserver
async def handle(request):
    await asyncio.sleep(0)
    return b"x" * 2000
async def main():
    async with tftpserver.AsyncServer(handle, "127.0.0.1", 0) as server:
        print(server.address[1], flush=True)
        await server.serve_forever()
asyncio.run(main())
""")
            port = int(process.stdout.readline())
            clients = [self.get(port, "any") for _ in range(3)]
            clients[0].wait()
            process.send_signal(signal.SIGINT)
            try:
                _, errors = process.communicate(timeout=SECONDS)
            finally:
                process.kill()
            self.assertIn("KeyboardInterrupt", errors)
            for client in clients:
                client.process.kill()


class Raising(AsyncCase):
    def test_serve_forever_raises_and_serving_goes_on(self):
        async def main(handler):
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                client = self.get(server.address[1], "bad")
                with self.assertRaisesRegex(LookupError, "bad"):
                    await server.serve_forever()
                self.assertNotEqual((await self.done(client)).code, 0)
                self.assertEqual(await self.fetch(server, "good"), b"good")

        def handler(request):
            if request.name == "bad":
                raise LookupError("bad")
            return b"good"

        async def async_handler(request):
            return handler(request)

        self.run_async(main(handler))
        self.run_async(main(async_handler))

    def test_where_nobody_waits_the_loop_is_told(self):
        async def handler(request):
            raise LookupError("mine")

        async def main():
            told = []
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                await self.fetch(server, "any")
            self.assertEqual([repr(error) for error in told], ["LookupError('mine')"])

        self.run_async(main())

    def test_on_error_may_be_async(self):
        seen = []

        async def on_error(request, error):
            await asyncio.sleep(0)
            seen.append((request.name, repr(error)))

        def handler(request):
            raise LookupError("mine")

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0, on_error=on_error) as server:
                self.assertEqual(await self.fetch(server, "any"), 69)

        self.run_async(main())
        self.assertEqual(seen, [("any", "LookupError('mine')")])

    def test_an_awaitable_from_a_plain_function_is_refused_with_words(self):
        async def later():
            return b"x"

        seen = []

        async def main():
            async with tftpserver.AsyncServer(lambda request: later(), HOST, 0,
                                              on_error=lambda request, error: seen.append(str(error))) as server:
                self.assertEqual(await self.fetch(server, "any"), 69)

        self.run_async(main())
        self.assertIn("async def", seen[0])


if __name__ == "__main__":
    unittest.main()

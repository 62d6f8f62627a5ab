"""AsyncServer: on the event descriptor of the library, with handlers that may be async."""
import asyncio
import concurrent.futures
import contextlib
import contextvars
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import tftpserver

from .support import HOST, LARGE, ON_WINDOWS, PACKAGE, SECONDS, Case, raw, start_program


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
            async with tftpserver.AsyncServer(self.root, HOST, 0, create=True) as server:
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
                release.set()  # runs only if the loop is not blocked
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
                while server.tftp.conn_count or server.tftp._event_waits():
                    await asyncio.sleep(0.01)
                calls = []
                server.tftp._deliver_waiting = lambda: calls.append(1)
                before = time.process_time()
                await asyncio.sleep(0.5)
                self.assertEqual(calls, [])
                self.assertLess(time.process_time() - before, 0.25 if not ON_WINDOWS else 0.4)
                del server.tftp._deliver_waiting

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
                with raw(server.address[1]) as client:
                    client.ask("any")
                    await asyncio.get_running_loop().run_in_executor(None, client.receive)
                    await server.shutdown()
            self.assertEqual(ends, [10053])

        async def handler(request):
            return LARGE

        self.run_async(main(handler))
        self.run_async(main(lambda request: LARGE))

    @unittest.skipIf(ON_WINDOWS, "there is no descriptor to take away from the loop")
    def test_ctrl_c_in_the_middle_of_a_callback_keeps_nobody_waiting(self):
        async def handler(request):
            return b"x"

        for lost in ("_readable", "_answer_in_task"):
            async def main():
                async with tftpserver.AsyncServer(handler, HOST, 0, timeout=1) as server:
                    # As if KeyboardInterrupt had been raised on entry, and the descriptor were no
                    # longer watched.
                    loop, fd, struck = asyncio.get_running_loop(), server.tftp.fileno(), asyncio.Event()

                    def strike(*given):
                        for coroutine in given[2:]:
                            coroutine.close()
                        loop.remove_reader(fd)
                        struck.set()
                        raise KeyboardInterrupt

                    def readable():
                        with contextlib.suppress(KeyboardInterrupt):
                            server._readable()

                    setattr(server, lost, strike)
                    loop.remove_reader(fd)
                    loop.add_reader(fd, readable)
                    with raw(server.address[1]) as client:
                        client.ask("any")
                        await struck.wait()
                    delattr(server, lost)

            self.run_async(main())

    def test_a_handler_is_cancelled_once_and_awaited(self):
        log = []

        async def handler(request):
            try:
                asked.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                for _ in range(20):
                    await asyncio.sleep(0.01)  # a transaction is rolled back
                log.append("rolled back")
                raise

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                client = self.get(server.address[1], "any")
                await asked.wait()
            log.append("closed")
            await self.done(client)

        asked = None

        async def start():
            nonlocal asked
            asked = asyncio.Event()
            await main()

        self.run_async(start())
        self.assertEqual(log, ["rolled back", "closed"])

    def test_a_handler_may_shut_the_server_down(self):
        async def handler(request):
            await server.shutdown()

        async def main():
            nonlocal server
            server = tftpserver.AsyncServer(handler, HOST, 0)
            serving = asyncio.ensure_future(server.serve_forever())
            with raw(server.address[1]) as client:
                client.ask("any")
                await serving
            await server.close()

        server = None
        self.run_async(main())

    def test_closing_needs_no_default_executor(self):
        async def handler(request):
            return b"x"

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                self.assertEqual(await self.fetch(server, "any"), b"x")
                await asyncio.get_running_loop().shutdown_default_executor()
            self.assertTrue(server.tftp.closed)

        self.run_async(main())

    @unittest.skipUnless(hasattr(signal, "SIGINT"), "no signals")
    @unittest.skipIf(ON_WINDOWS, "a process cannot be sent Ctrl-C alone")
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


class Together(AsyncCase):
    """A connection that waits for the program delays no other connection."""

    def test_a_slow_end_and_a_slow_sink_hold_up_nobody_else(self):
        async def main():
            free, ends = asyncio.Event(), []

            class Slow:
                async def write(self, block):
                    await free.wait()

                async def close(self):
                    ends.append("closed")

            async def handler(request):
                return Slow() if request.is_upload else b"x"

            async def ended(request, error):
                if request.name == "slow":
                    await free.wait()
                ends.append(request.name)

            async with tftpserver.AsyncServer(handler, HOST, 0, on_end=ended) as server:
                self.assertEqual(await self.fetch(server, "slow"), b"x")
                upload = self.put(server.address[1], "up", b"x" * 1000)
                for name in ("one", "two"):
                    self.assertEqual(await self.fetch(server, name), b"x")
                while "two" not in ends:
                    await asyncio.sleep(0.01)
                self.assertEqual(ends, ["one", "two"])
                self.assertTrue(upload.runs(), "it is not acknowledged before it is stored")
                free.set()
                self.assertEqual((await self.done(upload)).code, 0)
            self.assertEqual(sorted(ends[2:]), ["closed", "slow", "up"])
            self.assertLess(ends.index("closed"), ends.index("up"))

        self.run_async(main())

    def test_an_upload_is_not_whole_whose_sink_fails_when_it_is_closed(self):
        class Full:
            def write(self, block):
                pass

            def close(self):
                raise OSError(28, "No space left on device")

        class FullLater:
            async def write(self, block):
                pass

            async def close(self):
                await asyncio.sleep(0.01)
                raise OSError(28, "No space left on device")

        async def main():
            seen, ends = [], []
            async with tftpserver.AsyncServer(lambda request: {"now": Full, "later": FullLater}[request.name](), HOST, 0,
                                              on_error=lambda request, error: seen.append(error.errno),
                                              on_end=lambda request, error: ends.append(error and int(error.code))) as server:
                await self.send(server, "now", b"x")
                await self.send(server, "later", b"x")
            self.assertEqual((seen, ends), ([28, 28], [128, 128]))

        self.run_async(main())

    def test_an_upload_is_not_acknowledged_whose_async_sink_fails(self):
        async def main():
            seen, ends = [], []

            class Full:
                async def write(self, block):
                    await asyncio.sleep(0.01)
                    raise OSError(28, "No space left on device")

                async def close(self):
                    ends.append("closed")

            async with tftpserver.AsyncServer(lambda request: Full(), HOST, 0,
                                              on_error=lambda request, error: seen.append(error.errno),
                                              on_end=lambda request, error: ends.append(int(error.code))) as server:
                self.assertNotEqual(await self.send(server, "up", b"x"), 0)
            self.assertEqual((seen, ends), ([28], ["closed", 10053]))

        self.run_async(main())

    def test_an_async_callable_takes_every_block_in_order(self):
        async def main():
            blocks = []

            async def take(block):
                await asyncio.sleep(0)
                blocks.append(block)

            async with tftpserver.AsyncServer(lambda request: take, HOST, 0) as server:
                self.assertEqual(await self.send(server, "up", LARGE), 0)
                self.assertEqual(b"".join(blocks), LARGE)

        self.run_async(main())

    def test_a_body_may_be_async(self):
        class Body:
            closed = 0

            async def read(self):
                await asyncio.sleep(0)
                return b"slowly"

            async def close(self):
                Body.closed += 1

        async def handler(request):
            return Body()

        async def main():
            for one in (handler, lambda request: Body()):
                async with tftpserver.AsyncServer(one, HOST, 0) as server:
                    self.assertEqual(await self.fetch(server, "any"), b"slowly")

        self.run_async(main())
        self.assertEqual(Body.closed, 2)

    def test_context_variables_reach_everything(self):
        variable, seen = contextvars.ContextVar("variable", default="lost"), []

        async def handler(request):
            seen.append(variable.get())
            return (lambda block: seen.append(variable.get())) if request.is_upload else b"x"

        async def ended(request, error):
            seen.append(variable.get())

        async def main():
            token = variable.set("mine")
            async with tftpserver.AsyncServer(handler, HOST, 0, on_end=ended) as server:
                variable.reset(token)
                await self.fetch(server, "any")
                await self.send(server, "up", b"x")

        self.run_async(main())
        self.assertEqual(seen, ["mine"] * 5)

    def test_a_loop_without_add_reader(self):
        class Loop(asyncio.SelectorEventLoop):
            def add_reader(self, *_):
                raise NotImplementedError

        async def handler(request):
            return b"x"

        async def main():
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    client = self.get(server.address[1], "any")
                    done = pool.submit(client.wait)
                    while not done.done():
                        await asyncio.sleep(0.01)
                self.assertEqual(client.data, b"x")

        # Loops use add_reader for their own wake-up, too.
        class Wakeable(Loop):
            def _add_reader(self, fd, *arguments):
                return asyncio.SelectorEventLoop._add_reader(self, fd, *arguments)

        loop = Wakeable()
        try:
            loop.run_until_complete(asyncio.wait_for(main(), SECONDS))
        finally:
            loop.close()

    def test_other_loops(self):
        python = os.environ.get("TFTPSERVER_PYTHON", sys.executable)
        for name, ending in LOOPS.items():
            with self.subTest(name):
                if subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode:
                    self.skipTest(f"{name} is not installed")
                done = subprocess.run([python, "-c", PROGRAM + ending], capture_output=True, text=True, timeout=SECONDS,
                                      env={**os.environ, "PYTHONPATH": PACKAGE})
                self.assertEqual((done.returncode, done.stdout), (0, "made for any\n"), done.stderr)


PROGRAM = """
import asyncio, socket, tftpserver
async def handle(request):
    await asyncio.sleep(0.01)
    return b"made for " + request.name.encode()
def fetch(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        client.sendto(b"\\0\\1any\\0octet\\0", ("127.0.0.1", port))
        packet, peer = client.recvfrom(600)
        client.sendto(b"\\0\\4\\0\\1", peer)
        return packet[4:].decode()
async def main():
    async with tftpserver.AsyncServer(handle, "127.0.0.1", 0) as server:
        print(await asyncio.get_running_loop().run_in_executor(None, fetch, server.address[1]))
"""

LOOPS = {
    "uvloop": "import uvloop\nuvloop.run(main())\n",
    "anyio": """
import anyio
async def grouped():
    async with anyio.create_task_group() as group:
        group.start_soon(main)
anyio.run(grouped)
""",
    "trio": """
import trio
async def host():
    done = asyncio.Event()
    async def guest():
        await trio.sleep(0)
    loop = asyncio.get_running_loop()
    trio.lowlevel.start_guest_run(guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe,
                                  done_callback=lambda outcome: done.set())
    await main()
    await done.wait()
asyncio.run(host())
""",
}


class Raising(AsyncCase):
    def test_serving_goes_on_and_serve_forever_may_raise(self):
        async def main(handler):
            told = []
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
            async with tftpserver.AsyncServer(handler, HOST, 0) as server:
                serving = asyncio.ensure_future(server.serve_forever())
                self.assertEqual(await self.fetch(server, "bad"), 69)
                self.assertEqual(await self.fetch(server, "good"), b"good")
                self.assertEqual([repr(error) for error in told], ["LookupError('bad')"])
                self.assertFalse(serving.done())
                serving.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await serving
                client = self.get(server.address[1], "bad")
                with self.assertRaisesRegex(LookupError, "bad"):
                    await server.serve_forever(raise_errors=True)
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

    def test_a_plain_function_may_return_an_awaitable(self):
        async def later(request):
            return b"x"

        async def main():
            async with tftpserver.AsyncServer(lambda request: later(request), HOST, 0) as server:
                self.assertEqual(await self.fetch(server, "any"), b"x")

        self.run_async(main())

    def test_generators_are_refused_at_once(self):
        async def generator(request):
            yield b"x"

        with self.assertRaisesRegex(TypeError, "generator"):
            tftpserver.AsyncServer(generator, HOST, 0)
        with self.assertRaisesRegex(TypeError, "generator"):
            tftpserver.AsyncServer(self.root, HOST, 0, on_end=generator)


if __name__ == "__main__":
    unittest.main()

"""Server: a directory or a handler, on the caller's thread or its own."""
import concurrent.futures
import io
import logging
import os
import queue
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import tftpserver
from tftpserver import _class

from .support import HAS_IPV6, HOST, LARGE, ON_WINDOWS, PACKAGE, SECONDS, Case, is_free, raw, raw_put, start_program


class ServerCase(Case):
    def setUp(self):
        super().setUp()
        logger = logging.getLogger("tftpserver")
        level, handler = logger.level, logging.NullHandler()
        logger.addHandler(handler)
        self.addCleanup(lambda: (logger.removeHandler(handler), logger.setLevel(level)))

    def serve(self, what, *arguments, **settings):
        server = tftpserver.Server(what, HOST, 0, *arguments, **settings).start()
        self.addCleanup(server.close)
        return server

    def fetch(self, server, name):
        client = self.get(server.address[1], name).wait()
        return client.data if client.code == 0 else client.code

    def send(self, server, name, data):
        return self.put(server.address[1], name, data).code


class Directories(ServerCase):
    def test_a_directory_both_ways(self):
        self.write("file", LARGE)
        with tftpserver.Server(pathlib.Path(self.root), HOST, 0) as server:  # only the library's threads serve
            self.assertEqual(server.address[0], HOST)
            self.assertEqual(self.fetch(server, "file"), LARGE)
        self.assertTrue(server.tftp.closed)
        with tftpserver.Server(self.root, HOST, 0, create=True) as server:
            self.assertEqual(self.send(server, "up", LARGE), 0)
            self.assertEqual(self.read("up"), LARGE)

    def test_uploads_are_refused_unless_asked_for(self):
        for what, settings in ((self.root, {}), (self.root, {"create": True, "read_only": True}),
                               (lambda request: None, {"root": self.root})):
            server = self.serve(what, **settings)
            self.assertEqual(self.send(server, "up", b"x"), 69)
        self.assertEqual(os.listdir(self.root), [])
        server = self.serve(lambda request: None, root=self.root, create=True)
        self.assertEqual(self.send(server, "up", b"x"), 0)

    @unittest.skipUnless(HAS_IPV6, "no IPv6 here")
    def test_addresses_of_both_families(self):
        self.write("file", b"x")
        with tftpserver.Server(self.root, port=0) as server:
            self.assertEqual(server.address[0], "")
            for host in (HOST, "[::1]"):
                self.assertEqual(self.get(server.address[1], "file", host).wait().data, b"x")
        with tftpserver.Server(self.root, "::1", 0) as server:
            self.assertEqual(server.address[0], "::1")
            self.assertEqual(self.get(server.address[1], "file", "[::1]").wait().data, b"x")
        with tftpserver.Server(self.root, port=0, use_ipv6=False) as server:
            self.assertEqual(self.get(server.address[1], "file").wait().data, b"x")
            self.assertFalse(server.use_ipv6)

    def test_settings_in_python_s_spelling(self):
        self.write("file", b"x")
        server = self.serve(self.root, read_only=True, max_block_size=1428, timeout=7, log_level=3)
        self.assertEqual((server.tftp.config("MaxBlockSize"), server.tftp.timeout), ("1428", 7))
        self.assertEqual(server.tftp.config("LogLevel"), "3")
        self.assertEqual(self.send(server, "up", b"x"), 69)
        self.assertEqual(os.listdir(self.root), ["file"])
        with self.assertRaises(ValueError) as caught:
            tftpserver.Server(self.root, HOST, 0, no_such_setting=1)
        self.assertEqual(caught.exception.code, 906)
        self.assertIn("no_such_setting", str(caught.exception))

    def test_settings_are_attributes(self):
        server = self.serve(self.root, create=True)
        server.max_block_size, server.timeout, server.allow_overwrite = 1000, 9, False
        self.assertEqual((server.max_block_size, server.timeout, server.allow_overwrite), (1000, 9, False))
        self.assertEqual((server.tftp.config("MaxBlockSize"), server.tftp.max_block_size), ("1000", 1000))
        server.read_only = True
        self.assertEqual(self.send(server, "up", b"x"), 69)
        with self.assertRaises(TypeError):
            server.max_block_size = "big"
        for name, value in (("read_onyl", True), ("max_blocksize", 1), ("on_disconected", print), ("nonsense", 1)):
            for one in (server, server.tftp):
                with self.assertRaisesRegex(AttributeError, name):
                    setattr(one, name, value)
        with self.assertRaisesRegex(AttributeError, "is 'read_only' meant"):
            server.readonly = True
        with self.assertRaises(AttributeError):
            server.statistics = "x"
        self.assertIn("{", server.statistics)

    def test_a_subclass_has_attributes_of_its_own_but_no_misspelt_ones(self):
        class Mine(tftpserver.Server):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                self.database = {}

        with Mine(self.root, HOST, 0) as server:
            for name in ("on_disconected", "max_block_sise"):
                with self.assertRaises(AttributeError):
                    setattr(server, name, 1)

    def test_what_is_wrong_is_said_at_once(self):
        with self.assertRaises(ValueError):
            tftpserver.Server(self.path("nothing"), HOST, 0)
        server = self.serve(self.root)
        with self.assertRaises(OSError) as caught:
            tftpserver.Server(self.root, *server.address)
        self.assertEqual(caught.exception.code, 10048)
        for arguments in ((None,), (5,)):
            with self.assertRaises(TypeError):
                tftpserver.Server(*arguments, HOST, 0)
        with self.assertRaises(TypeError):
            tftpserver.Server(self.root, HOST, 0, root=self.root)


class Handlers(ServerCase):
    def test_what_a_handler_may_return_for_a_download(self):
        path = self.write("on-disk", LARGE)
        opened = []

        def open_file():
            opened.append(open(path, "rb"))
            return opened[-1]

        def half_read():
            file = open_file()
            file.seek(999_000)
            return file

        answers = {"path": lambda: path, "pathlib": lambda: pathlib.Path(path), "bytes": lambda: b"some",
                   "bytearray": lambda: bytearray(b"some"), "view": lambda: memoryview(b"some"),
                   "empty": lambda: b"", "file": open_file, "half": half_read, "none": lambda: None,
                   "stream": lambda: io.BytesIO(b"stream"), "nowhere": lambda: self.path("nowhere"),
                   "directory": lambda: self.root}
        server = self.serve(lambda request: answers[request.name]())
        expected = {"path": LARGE, "pathlib": LARGE, "bytes": b"some", "bytearray": b"some", "view": b"some",
                    "empty": b"", "file": LARGE, "half": LARGE[999_000:], "none": 68, "stream": b"stream",
                    "nowhere": 68}
        for name, wanted in expected.items():
            with self.subTest(name):
                self.assertEqual(self.fetch(server, name), wanted)
        self.assertIn(self.fetch(server, "directory"), (68, 69))
        self.assertTrue(all(file.closed for file in opened))

    def test_what_a_handler_may_return_for_an_upload(self):
        target, stream, blocks = self.path("target"), Stream(), []
        answers = {"path": target, "stream": stream, "call": blocks.append, "none": None}
        server = self.serve(lambda request: answers[request.name])
        for name, wanted in {"path": 0, "stream": 0, "call": 0, "none": 69}.items():
            with self.subTest(name):
                self.assertEqual(self.send(server, name, LARGE), wanted)
        server.shutdown()
        self.assertEqual(self.read("target", inside=False), LARGE)
        self.assertEqual(stream.at_close, LARGE)
        self.assertEqual(b"".join(blocks), LARGE)

    def test_what_a_handler_is_told(self):
        seen = []
        server = self.serve(lambda request: seen.append(request))
        self.fetch(server, "down")
        self.send(server, "up", b"x")
        down, up = seen
        self.assertEqual((down.name, down.client_address[0], down.is_upload, down.mode), ("down", HOST, False, "octet"))
        self.assertGreater(down.client_address[1], 0)
        self.assertEqual((up.name, up.is_upload, up.server_address), ("up", True, HOST))
        self.assertNotEqual(down.connection_id, up.connection_id)

    def test_a_root_beside_the_handler(self):
        self.write("static", b"from root")
        server = self.serve(lambda request: b"made" if request.name == "made" else None, root=self.root, create=True)
        self.assertEqual([self.fetch(server, name) for name in ("made", "static", "none")],
                         [b"made", b"from root", 68])
        self.assertEqual(self.send(server, "up", b"data"), 0)
        self.assertEqual(self.read("up"), b"data")

    def test_what_a_sink_takes_stays_out_of_the_root(self):
        blocks, places = [], []

        def ended(request, error):
            places.append(os.path.dirname(server._aside(0)))
            self.assertEqual(os.listdir(places[0]), [])

        server = self.serve(lambda request: blocks.append, root=self.root, on_end=ended)
        self.assertEqual(self.send(server, "up", LARGE), 0)
        server.close()
        self.assertEqual((b"".join(blocks), os.listdir(self.root), len(places)), (LARGE, [], 1))
        self.assertFalse(os.path.exists(places[0]))

    def test_the_program_s_own_handlers_of_the_class_displace_none_of_the_server_s(self):
        blocks, seen, ends = [], [], []
        server = self.serve(lambda request: blocks.append, on_end=lambda request, error: ends.append(error))
        server.tftp.on_transfer = lambda e: seen.append(e.text)
        server.tftp.on_disconnected = server.tftp.on_connection_request = lambda e: seen.append(type(e).__name__)
        self.assertEqual(self.send(server, "up", b"data"), 0)
        server.tftp.on_transfer = None
        self.assertEqual(self.send(server, "up", b"more"), 0)
        server.shutdown()
        self.assertEqual((blocks, ends), ([b"data", b"more"], [None, None]))
        self.assertEqual(seen, ["ConnectionRequestEvent", b"data", "DisconnectedEvent", "ConnectionRequestEvent",
                                "DisconnectedEvent"])

    def test_the_handler_is_there_before_the_server_listens(self):
        ready = []

        def start(server):
            ready.append({tftpserver.EventId.CONNECTION_REQUEST, tftpserver.EventId.DISCONNECTED} <= server._taps.keys())
            return start_listening(server)

        start_listening = tftpserver.TFTPServer.start_listening
        with mock.patch.object(tftpserver.TFTPServer, "start_listening", start):
            self.serve(lambda request: None, root=self.root)
        self.assertTrue(all(ready) and ready, ready)

    def test_the_end_is_told_once_for_each(self):
        ends = []
        server = self.serve(lambda request: {"good": b"x"}.get(request.name),
                            on_end=lambda request, error: ends.append((request.name, error and int(error.code))))
        self.fetch(server, "good")
        self.fetch(server, "bad")
        server.shutdown()
        self.assertEqual(ends, [("good", None), ("bad", 127)])

    def test_an_aborted_upload_closes_its_sink_and_says_why(self):
        stream, ends = Stream(), []
        server = self.serve(lambda request: stream, on_end=lambda request, error: ends.append(int(error.code)))
        with raw(server.address[1]) as client:
            client.ask("up", 2)
            client.receive()
            client.data(1, b"x" * 512)
            client.receive()
            server.shutdown()
        self.assertEqual((ends, stream.at_close), ([10053], b"x" * 512))


    def test_an_upload_is_not_whole_whose_sink_fails_when_it_is_closed(self):
        seen, ends = [], []

        class Full(io.BytesIO):
            def close(self):
                super().close()
                raise OSError(28, "No space left on device")

        server = self.serve(lambda request: Full(), on_error=lambda request, error: seen.append(error.errno),
                            on_end=lambda request, error: ends.append((int(error.code), error.__cause__.errno)))
        self.send(server, "up", b"x")
        server.shutdown()
        self.assertEqual((seen, ends), ([28], [(128, 28)]))


class Later(ServerCase):
    """Deferred answers."""

    def test_an_answer_may_come_before_the_handler_has_returned(self):
        def handler(request):
            answer = server.refuse if request.name == "no" else lambda request: server.answer(request, b"early")
            thread = threading.Thread(target=answer, args=(request,))
            thread.start()
            thread.join()
            return tftpserver.LATER if request.name != "twice" else b"late"

        seen = []
        server = self.serve(handler, on_error=lambda request, error: seen.append((request.name, type(error))))
        self.assertEqual([self.fetch(server, name) for name in ("yes", "no", "twice")], [b"early", 69, b"early"])
        self.assertEqual(seen, [("twice", RuntimeError)])

    def later(self, **settings):
        self.asked, self.ends = queue.Queue(), []

        def handler(request):
            if request.name == "fast":
                return b"fast"
            self.asked.put(request)
            return tftpserver.LATER

        return self.serve(handler, on_end=lambda request, error: self.ends.append((request.name, error and int(error.code))),
                          **settings)

    def test_answered_and_refused_from_another_thread_while_others_are_served(self):
        server = self.later()
        slow, upload, unwanted = self.get(server.address[1], "slow"), self.put(server.address[1], "up", LARGE), \
            self.get(server.address[1], "unwanted")
        requests = {}
        while len(requests) < 3:
            request = self.asked.get(timeout=SECONDS)
            requests[request.name] = request
        self.assertEqual(self.fetch(server, "fast"), b"fast")
        blocks = []
        with self.assertRaisesRegex(TypeError, "a handler answers a download"):
            server.answer(requests["slow"], 7)
        stream = Slow(b"at last")
        answering = threading.Thread(target=server.answer, args=(requests["slow"], stream), daemon=True)
        answering.start()
        self.assertTrue(stream.asked.wait(SECONDS))
        server.answer(requests["up"], blocks.append)
        server.refuse(requests["unwanted"])
        self.fails(130, server.answer, requests["slow"], b"again")
        stream.go.set()
        answering.join(SECONDS)
        self.assertEqual((slow.wait().data, upload.code, unwanted.code), (b"at last", 0, 69))
        self.assertEqual(b"".join(blocks), LARGE)
        server.shutdown()
        self.fails(903, server.refuse, requests["unwanted"])
        self.assertEqual(sorted(self.ends), [("fast", None), ("slow", None), ("up", None)])

    def test_what_is_not_answered_in_time_has_an_end(self):
        server = self.later(timeout=1)
        client = self.get(server.address[1], "slow")
        request = self.asked.get(timeout=SECONDS)
        self.assertNotEqual(client.code, 0)
        server.shutdown()
        self.assertEqual(self.ends, [("slow", 301)])
        with self.assertRaises(IndexError):
            server.answer(request, b"too late")

    def test_a_sink_for_an_upload_that_has_ended_is_not_kept(self):
        server = self.later(timeout=1)
        client = self.put(server.address[1], "up", b"x")
        request = self.asked.get(timeout=SECONDS)
        accept = server.tftp.accept

        def late(*arguments):
            self.assertNotEqual(client.code, 0)
            while server.tftp.conn_count:
                time.sleep(0.01)
            accept(*arguments)

        with mock.patch.object(tftpserver.TFTPServer, "accept", lambda _, *arguments: late(*arguments)):
            with self.assertRaises(IndexError):
                server.answer(request, [].append)
        self.assertEqual(server._sinks, {})

    def test_no_upload_is_lost_between_the_end_of_one_and_the_answer_to_the_next(self):
        got, ends = {}, queue.Queue()

        def take_up(request):
            got[request.name] = 0
            server.answer(request, lambda block: got.update({request.name: got[request.name] + len(block)}))

        def handler(request):
            threading.Thread(target=take_up, args=(request,)).start()
            return tftpserver.LATER

        # Delays the registration, so that the other thread runs meanwhile.
        library = mock.Mock(wraps=_class.lib)
        library.tftpserver_register_callback = lambda *arguments: (
            _class.lib_before.tftpserver_register_callback(*arguments), time.sleep(0.002))[0]
        with mock.patch.object(_class, "lib_before", _class.lib, create=True), mock.patch.object(_class, "lib", library):
            server = self.serve(handler, on_end=lambda request, error: ends.put((request.name, error)))

            def upload(client):
                for number in range(60):
                    self.assertEqual(raw_put(server.address[1], f"{client}-{number}", b"x" * 300), None)

            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                list(pool.map(upload, range(3)))
            server.close()
        told = [ends.get(timeout=SECONDS) for _ in range(180)]
        self.assertEqual({error for _, error in told}, {None})
        self.assertEqual((len(got), set(got.values())), (180, {300}))


class Stream(io.BytesIO):
    at_close = None

    def close(self):
        if self.at_close is None:
            self.at_close = self.getvalue()
        super().close()


class Slow(io.BytesIO):
    """Content that blocks until the test releases it, so that its request cannot have ended
    before."""

    def __init__(self, content):
        super().__init__(content)
        self.asked, self.go = threading.Event(), threading.Event()

    def read(self, *size):
        self.asked.set()
        if not self.go.wait(SECONDS):
            raise AssertionError("nobody let the stream go on")
        return super().read(*size)


class Raising(ServerCase):
    def bad(self, request):
        raise LookupError(request.name)

    def test_serve_forever_logs_it_and_goes_on(self):
        with tftpserver.Server(lambda r: self.bad(r) if r.name == "bad" else b"good", HOST, 0) as server:
            with self.assertLogs("tftpserver", logging.ERROR) as logged:
                serving = threading.Thread(target=server.serve_forever)
                serving.start()
                self.assertEqual(self.fetch(server, "bad"), 69)
                self.assertEqual(self.fetch(server, "good"), b"good")
                server.shutdown()
                serving.join(SECONDS)
        self.assertIn("LookupError: bad", logged.output[0])
        self.assertIn("<Request download 'bad' by", logged.output[0])

    def test_async_functions_and_generators_are_refused_at_once(self):
        async def handler(request):
            return b"x"

        def generator(request):
            yield b"x"

        for arguments, settings in (((handler,), {}), ((generator,), {}), ((self.bad,), {"on_end": handler})):
            with self.assertRaises(TypeError):
                tftpserver.Server(*arguments, HOST, 0, **settings)
        # If it is detected only later, the client gets an ERROR packet, and no upload is
        # acknowledged.
        seen = []
        answers = {"lambda": lambda: handler(None), "sink": lambda: handler, "generated": lambda: generator(None),
                   "no": lambda: False}
        server = self.serve(lambda r: answers[r.name](), on_error=lambda request, error: seen.append(type(error)))
        for name in answers:
            self.assertNotEqual(self.send(server, name, b"x"), 0)
        server.shutdown()
        self.assertEqual(seen, [TypeError] * 4)

    def test_serve_forever_may_raise_it_and_be_called_again(self):
        with tftpserver.Server(self.bad, HOST, 0) as server:
            for name in ("one", "two"):
                client = self.get(server.address[1], name)
                with self.assertRaisesRegex(LookupError, name):
                    server.serve_forever(raise_errors=True)
                self.assertNotEqual(client.code, 0)

    def test_on_its_own_thread_it_is_logged_and_may_be_raised_by_shutdown(self):
        server = tftpserver.Server(lambda r: self.bad(r) if r.name == "bad" else b"good", HOST, 0)
        server.start(raise_errors=True)
        self.addCleanup(server.close)
        with self.assertLogs("tftpserver", logging.ERROR) as logged:
            self.assertNotEqual(self.fetch(server, "bad"), b"")
            self.assertEqual(self.fetch(server, "next"), b"good")
        self.assertIn("LookupError: bad", logged.output[0])
        with self.assertRaisesRegex(LookupError, "bad"):
            server.shutdown()
        server.shutdown()

    def test_on_error_takes_it(self):
        seen = []
        server = self.serve(self.bad, on_error=lambda request, error: seen.append((request.name, repr(error))))
        self.assertEqual(self.fetch(server, "name"), 69)
        server.shutdown()
        self.assertEqual(seen, [("name", "LookupError('name')")])

    def test_wrong_answers(self):
        answers = {"number": 5, "text": io.StringIO("text")}
        seen = []
        server = self.serve(lambda r: answers[r.name] if r.name in answers else b"no sink",
                            on_error=lambda request, error: seen.append((request.name, type(error))))
        for name in answers:
            self.assertEqual(self.fetch(server, name), 69)
        self.assertEqual(self.send(server, "bytes", b"x"), 69)
        server.shutdown()
        self.assertEqual(seen, [("number", TypeError), ("text", TypeError), ("bytes", TypeError)])

    def test_a_sink_that_fails_ends_the_upload(self):
        def full(block):
            raise OSError(28, "No space left on device")

        seen, ends = [], []
        server = self.serve(lambda r: full, on_error=lambda request, error: seen.append(error.errno),
                            on_end=lambda request, error: ends.append(int(error.code)))
        self.assertNotEqual(self.send(server, "up", LARGE), 0)
        server.shutdown()
        self.assertEqual((seen, ends), ([28], [10053]))


class Stopping(ServerCase):
    def test_shutdown_from_another_thread(self):
        with tftpserver.Server(self.root, HOST, 0) as server:
            port = server.address[1]
            threading.Timer(0.05, server.shutdown).start()
            server.serve_forever()
            self.assertTrue(is_free(port))

    def test_a_shutdown_that_comes_early_is_not_lost(self):
        with tftpserver.Server(self.root, HOST, 0) as server:
            server.shutdown()
            server.serve_forever()
            self.assertFalse(server.tftp.listening)

    def test_shutdown_from_a_handler(self):
        with tftpserver.Server(lambda request: server.shutdown(), HOST, 0) as server:
            client = self.get(server.address[1], "any")
            server.serve_forever()
            self.assertNotEqual(client.code, 0)

    def test_close_from_a_handler_is_refused(self):
        seen = []
        server = self.serve(lambda request: server.close(), on_error=lambda request, error: seen.append(error.code))
        self.assertEqual(self.fetch(server, "any"), 69)
        server.shutdown()
        self.assertEqual(seen, [907])

    def test_again_and_again(self):
        self.write("file", b"x")
        server = tftpserver.Server(self.root, HOST, 0)
        self.addCleanup(server.close)
        for _ in range(5):
            server.start()
            self.assertEqual(self.fetch(server, "file"), b"x")
            with self.assertRaises(RuntimeError):
                server.start()
            with self.assertRaises(RuntimeError):
                server.serve_forever()
            server.shutdown()
        server.close()
        server.close()

    def test_a_running_transfer_is_ended_and_told(self):
        ends = []
        server = self.serve(lambda r: LARGE, on_end=lambda request, error: ends.append(int(error.code)))
        with raw(server.address[1]) as client:
            client.ask("any")
            self.assertEqual(client.receive()[0], 3)
            server.shutdown()
            self.assertEqual(client.answer()[0], 5)
        self.assertEqual(ends, [10053])

    @unittest.skipIf(ON_WINDOWS, "a process cannot be sent Ctrl-C alone")
    def test_a_signal_handler_may_shut_down(self):
        process = start_program("""
import signal, tftpserver
with tftpserver.Server(lambda request: None, "127.0.0.1", 0) as server:
    signal.signal(signal.SIGTERM, lambda *_: server.shutdown())
    print("ready", flush=True)
    server.serve_forever()
print("end")
""")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.terminate()
        self.assertEqual(process.communicate(timeout=SECONDS), ("end\n", ""))


class Logging(ServerCase):
    def test_log_events_go_to_logging(self):
        with self.assertLogs("tftpserver", logging.DEBUG) as logged:
            server = self.serve(self.root)
            self.assertEqual(server.tftp.config("LogLevel"), "2")
            self.fetch(server, "nothing")
            server.shutdown()
        levels = {record.levelno for record in logged.records}
        self.assertTrue({logging.INFO, logging.WARNING} <= levels, logged.output)
        self.assertTrue(any(record.connection_id for record in logged.records))

    def test_the_level_follows_logging(self):
        server = self.serve(lambda request: b"x")
        logger = logging.getLogger("tftpserver")
        for level, wanted in ((logging.DEBUG, "2"), (logging.WARNING, "1"), (logging.DEBUG, "2")):
            logger.setLevel(level)
            self.fetch(server, "any")
            self.assertEqual(server.tftp.config("LogLevel"), wanted)
        server.log_level = 3
        logger.setLevel(logging.WARNING)
        self.fetch(server, "any")
        self.assertEqual(server.log_level, 3)


class CommandLine(ServerCase):
    @unittest.skipIf(ON_WINDOWS, "a process cannot be sent Ctrl-C alone")
    def test_python_m_tftpserver(self):
        self.write("file", b"x")
        process = self.module(self.root, "-b", HOST, "-p", "0")
        line = process.stdout.readline()
        self.assertRegex(line, rf"^Serving {self.root} on 127\.0\.0\.1 port \d+ \(tftp://127\.0\.0\.1:\d+/\) \.\.\.$")
        port = int(line.split(" port ")[1].split()[0])
        self.assertEqual(self.get(port, "file").wait().data, b"x")
        self.assertEqual(self.put(port, "up", b"x").code, 69)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, out), (0, "\nKeyboard interrupt received, exiting.\n"))
        self.assertIn("file", errors)

    @unittest.skipIf(ON_WINDOWS, "a process cannot be sent Ctrl-C alone")
    def test_uploads_with_create(self):
        process = self.module(self.root, "-b", HOST, "-p", "0", "--create")
        port = int(process.stdout.readline().split(" port ")[1].split()[0])
        self.assertEqual(self.put(port, "up", b"x").code, 0)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)

    def test_its_errors(self):
        process = self.module(self.path("nothing"), "-p", "0")
        _, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, "Traceback" in errors, bool(errors)), (1, False, True))

    def module(self, *arguments):
        return subprocess.Popen([sys.executable, "-m", "tftpserver", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PACKAGE})


if __name__ == "__main__":
    unittest.main()

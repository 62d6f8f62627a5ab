"""Misuse raises Python's own kinds of errors, with number and message; it never crashes or
hangs."""
import copy
import errno
import gc
import os
import pickle
import signal
import sys
import threading
import traceback
import unittest
import unittest.mock
import weakref

import tftpserver
from tftpserver import _dispatch, _ffi

from .support import HOST, LARGE, SECONDS, Case, is_free, raw, settle, start_program

EVENTS = [event.name.lower() for event in tftpserver.EventId]


class Raising(Case):
    def test_an_exception_in_any_handler_comes_out_of_do_events(self):
        for name in EVENTS:
            with self.subTest(name):
                self.write("file", b"x" * 1000)
                server = self.server(self.root)
                wanted = "nothing" if name == "error" else "file"
                if name == "data_wanted":  # fires only for downloads that the program feeds
                    server.on_connection_request = lambda e, server=server: server.conn[e.connection_id].__setattr__("data_size", 9)
                setattr(server, f"on_{name}", lambda e: [][1])
                client = self.get(server.local_port, wanted)
                caught = 0
                while client.runs() or server.conn_count or server._event_waits():
                    try:
                        server.do_events()
                    except IndexError:
                        caught += 1
                        setattr(server, f"on_{name}", None)
                self.assertEqual(caught, 1)
                server.on_connection_request = None
                self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x" * 1000)

    def test_no_kind_of_exception_is_lost(self):
        self.write("file", b"x")
        for kind in (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
            with self.subTest(kind.__name__):
                server = self.server(self.root)

                @server.on_connection_request
                def fail(e):
                    raise kind("mine")

                client = self.get(server.local_port, "file")
                with self.assertRaises(kind):
                    self.pump(server, client)
                self.assertNotEqual(self.pump(server, client).code, 0)

    def test_the_traceback_leads_into_the_handler(self):
        self.write("file", b"x")
        server = self.server(self.root)

        def the_culprit(e):
            raise ValueError("mine")

        server.on_connected = the_culprit
        try:
            self.pump(server, self.get(server.local_port, "file"))
            self.fail("nothing was raised")
        except ValueError as error:
            names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        self.assertIn("the_culprit", names)

    def test_what_strikes_before_the_first_instruction_of_the_callback_is_not_lost_either(self):
        self.write("file", b"x")
        server = self.server(self.root)
        server.on_connected = lambda e: None
        client = self.get(server.local_port, "file")
        before, hook = _dispatch._called.__code__, sys.unraisablehook
        _dispatch._called.__code__ = _strike.__code__
        try:
            with self.assertRaisesRegex(KeyboardInterrupt, "early"):
                self.pump(server, client)
        finally:
            _dispatch._called.__code__ = before
        self.assertIs(sys.unraisablehook, hook)
        self.pump(server, client)

    def test_other_unraisable_exceptions_go_where_they_went(self):
        class Bad:
            def __del__(self):
                raise OSError("from a finalizer")

        self.write("file", b"x")
        seen = []
        hook, sys.unraisablehook = sys.unraisablehook, lambda report: seen.append(str(report.exc_value))
        try:
            server = self.server(self.root)
            server.on_connected = lambda e: Bad() and None
            self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x")
        finally:
            sys.unraisablehook = hook
        self.assertEqual(seen, ["from a finalizer"])

    def test_events_after_the_exception_wait_for_the_next_call(self):
        self.write("file", b"x" * 5000)
        server = self.server(self.root)
        seen = []

        def each(e):
            seen.append(type(e).__name__)
            if len(seen) == 1:
                raise ValueError

        server.on_connection_request = server.on_connected = server.on_disconnected = each
        client = self.get(server.local_port, "file")
        with self.assertRaises(ValueError):
            self.pump(server, client)
        self.pump(server, client)
        self.assertEqual(seen, ["ConnectionRequestEvent", "ConnectedEvent"])


def _strike(_handle, event, token):
    raise KeyboardInterrupt("early")


class Interrupting(Case):
    def test_ctrl_c_is_heard_while_do_events_waits_long(self):
        self.interrupted("""
server.config("SelectWaitMillis=60000")
print("ready", flush=True)
server.do_events()
""")

    def test_ctrl_c_is_heard_inside_a_handler(self):
        self.interrupted("""
import threading, socket
def handle(e):
    print("ready", flush=True)
    threading.Event().wait(60)
server.on_connected = handle
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b"\\0\\1file\\0octet\\0", ("127.0.0.1", server.local_port))
while True: server.do_events()
""")

    def interrupted(self, text):
        process = start_program(f"""
import tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port = "127.0.0.1", 0
server.start_listening()
{text}
""")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        self.assertIn("KeyboardInterrupt", errors)
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_ctrl_c_in_the_middle_of_transfers_is_never_lost(self):
        self.write("file", LARGE)
        code, out, errors = self.program(STORM, self.root)
        self.assertEqual(out, "20\n", errors)
        self.assertEqual(errors, "")


STORM = """
import _thread, os, signal, socket, sys, threading, tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port, server.local_dir = "127.0.0.1", 0, sys.argv[1]
blocks = 0
def count(e):
    global blocks
    blocks += 1
server.on_transfer = server.on_connected = server.on_disconnected = count
server.config("SelectWaitMillis=1000")
server.start_listening()
port, done = server.local_port, threading.Event()
def load():
    while not done.is_set():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(1)
            client.sendto(b"\\0\\1file\\0octet\\0", ("127.0.0.1", port))
            try:
                for _ in range(300):
                    packet, peer = client.recvfrom(600)
                    if packet[1] != 3: break
                    client.sendto(b"\\0\\4" + packet[2:4], peer)
            except OSError:
                pass
def strike():
    # 20 times, each a few blocks after the last was heard
    for _ in range(20):
        heard.wait(); heard.clear()
        at = blocks
        while blocks < at + 7: pass
        os.kill(os.getpid(), signal.SIGINT)
heard = threading.Event()
threads = [threading.Thread(target=work, daemon=True) for work in (load, strike)]
count_of = 0
for thread in threads: thread.start()
heard.set()
while count_of < 20:
    try:
        while True: server.do_events()
    except KeyboardInterrupt:
        count_of += 1
        heard.set()
done.set()
print(count_of)
server.close()
"""


class Closing(Case):
    def test_do_events_inside_a_handler_is_refused(self):
        self.write("file", b"x")
        server, other = self.server(self.root), self.server()
        refused = []

        def nest(e):
            refused.append([self.fails(907, one.do_events).code for one in (server, other)])

        server.on_connected = nest
        self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x")
        self.assertEqual(refused, [[907, 907]])

    def test_a_handler_may_end_everything_but_close(self):
        self.write("file", LARGE)
        for end in ("stop_listening", "shutdown", "reset"):
            with self.subTest(end):
                server = self.server(self.root)
                server.on_start_transfer = lambda e: getattr(server, end)()
                client = self.pump(server, self.get(server.local_port, "file"))
                self.assertEqual(client.code == 0, end == "stop_listening")
                self.assertFalse(server.listening)

    def test_a_server_collected_inside_another_s_handler_is_closed_a_little_later(self):
        self.write("file", b"x")
        server = self.server(self.root)
        victims = [self.victim()]
        port, gone = victims[0].local_port, weakref.ref(victims[0])

        def collect(e):
            victims.clear()
            gc.collect()
            self.assertIsNone(gone())

        server.on_connected = collect
        self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x")
        self.assertTrue(is_free(port))
        self.assertEqual(_dispatch._left, [])

    def victim(self):
        server = tftpserver.TFTPServer()
        server.local_host, server.local_port = HOST, 0
        server.on_connected = lambda e: None
        server.start_listening()
        return server

    def test_the_interpreter_ends_while_a_daemon_thread_delivers(self):
        self.write("file", LARGE)
        code, out, errors = self.program("""
import socket, sys, threading, tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port, server.local_dir = "127.0.0.1", 0, sys.argv[1]
first = threading.Event()
server.on_transfer = lambda e: first.set()
server.start_listening()
def deliver():
    try:
        while True: server.do_events()
    except tftpserver.TFTPServerError as error:
        assert error.code == 901
threading.Thread(target=deliver, daemon=True).start()
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(30)
client.sendto(b"\\0\\1file\\0octet\\0", ("127.0.0.1", server.local_port))
while not first.is_set():
    packet, peer = client.recvfrom(600)
    client.sendto(b"\\0\\4" + packet[2:4], peer)
print("end")
""", self.root)
        self.assertEqual((code, out), (0, "end\n"), errors)

    def test_a_server_that_is_never_closed_ends_with_the_program(self):
        code, out, _ = self.program("""
import tftpserver
kept = tftpserver.TFTPServer()
kept.local_host, kept.local_port = "127.0.0.1", 0
kept.on_log = lambda e: kept
kept.start_listening()
""")
        self.assertEqual((code, out), (0, ""))


class Threads(Case):
    def test_several_threads_at_once(self):
        self.write("file", LARGE)
        server = self.server(self.root)
        delivering, wrong = [], []

        def handle(e):
            delivering.append(1)
            if len(delivering) > 1:
                wrong.append("two handlers at once")
            delivering.pop()

        server.on_transfer = server.on_connected = server.on_disconnected = handle
        done = threading.Event()

        def deliver():
            while not done.is_set():
                server.do_events()

        def ask():
            number = 0
            while not done.is_set():
                number = number % 64 + 1
                server.timeout = number
                if not 1 <= server.timeout <= 64:
                    wrong.append("timeout")
                try:
                    server.config("NoSuchSetting")
                except tftpserver.TFTPServerError as error:
                    if error.code != 906:
                        wrong.append(repr(error))
                for conn in server.conn:
                    try:
                        conn.filename
                    except IndexError:
                        pass  # it has ended

        def guarded(work):
            try:
                work()
            except BaseException as error:
                wrong.append(repr(error))

        threads = [threading.Thread(target=guarded, args=(work,)) for work in (deliver, deliver, ask, ask)]
        for thread in threads:
            thread.start()
        clients = [self.get(server.local_port, "file") for _ in range(4)]
        self.assertEqual([client.wait().data == LARGE for client in clients], [True] * 4)
        done.set()
        for thread in threads:
            thread.join(SECONDS)
            self.assertFalse(thread.is_alive())
        self.assertEqual(wrong, [])

    def test_threads_that_deliver_wait_and_interrupt_never_block_each_other(self):
        server = self.server()
        server.config("SelectWaitMillis=1")
        server.on_connection_request = lambda e: None
        server.on_disconnected = lambda e: None
        done, wrong = threading.Event(), []

        def deliver():
            try:
                while not done.is_set():
                    server.do_events()
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=deliver, daemon=True) for _ in range(4)]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for number in range(200):
                server.interrupt()
                with raw(server.local_port) as client:
                    client.ask(f"file{number}")
                    self.assertEqual(client.answer()[0], 5)
        finally:
            sys.setswitchinterval(before)
            done.set()
        for thread in threads:
            thread.join(SECONDS)
            self.assertFalse(thread.is_alive())
        self.assertEqual(wrong, [])

    def test_listing_connections_that_end_meanwhile(self):
        server, count = self.server(), 3

        def get(prop, index=0):
            nonlocal count
            if prop == tftpserver.PropertyId.CONN_COUNT:
                return str(count)
            if index == 2:
                count = 2  # the last one ends just now
            if index >= count:
                raise server._failure(903)
            return str(1000001 + index)

        server._get = get
        self.assertEqual([conn._index for conn in server.conn], [1000001, 1000002])

    def test_each_thread_gets_what_its_own_handlers_raised(self):
        self.write("file", b"x")
        server = self.server(self.root)
        raised = []

        def fail(e):
            raise LookupError(threading.get_ident())

        server.on_connected = fail
        done = threading.Event()

        def deliver():
            while not done.is_set():
                try:
                    server.do_events()
                except LookupError as error:
                    raised.append(error.args[0] == threading.get_ident())

        threads = [threading.Thread(target=deliver) for _ in range(3)]
        for thread in threads:
            thread.start()
        clients = [self.get(server.local_port, "file") for _ in range(6)]
        for client in clients:
            client.wait()
        done.set()
        for thread in threads:
            thread.join(SECONDS)
        self.assertEqual(raised, [True] * 6)

    def test_closing_while_another_thread_waits(self):
        server = self.server(self.root)
        server.config("SelectWaitMillis=60000")
        ended = []

        def deliver():
            try:
                while True:
                    server.do_events()
            except tftpserver.TFTPServerError as error:
                ended.append(error.code)

        thread = threading.Thread(target=deliver)
        thread.start()
        server.close()
        thread.join(30)
        self.assertFalse(thread.is_alive())
        self.assertEqual(ended, [901])


class Forking(Case):
    @unittest.skipUnless(hasattr(os, "fork"), "no fork on this platform")
    def test_a_handle_in_a_forked_child_answers_901(self):
        code, out, errors = self.program("""
import os, sys, tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port = "127.0.0.1", 0
server.start_listening()
port = server.local_port
child = os.fork()
if child == 0:
    codes = []
    for call in (lambda: server.local_port, server.do_events, server.shutdown, server.interrupt,
                 lambda: server.config("LogLevel=2"), lambda: setattr(server, "on_log", print)):
        try:
            call()
            codes.append(0)
        except tftpserver.TFTPServerError as error:
            codes.append(int(error.code))
    server.close()
    print(codes, flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(server.listening, server.local_port == port)
server.close()
""")
        self.assertEqual((code, out), (0, "[901, 901, 901, 901, 901, 901]\nTrue True\n"), errors)


    @unittest.skipUnless(hasattr(os, "fork"), "no fork on this platform")
    def test_the_exit_of_a_child_takes_no_temporary_file_along(self):
        code, out, errors = self.program("""
import os, sys, tempfile, tftpserver
from tftpserver import _temporary
place = _temporary.Place()
for path in (place.path("aside"), _temporary.empty_file()):
    with open(path, "ab"):
        pass
server = tftpserver.Server(lambda request: None, "127.0.0.1", 0, root=sys.argv[1])
aside = server._aside(1)
with open(aside, "ab"):
    pass
child = os.fork()
if child == 0:
    assert os.path.exists(_temporary.empty_file())
    sys.exit(0)  # with everything that Python does at its end
assert os.waitpid(child, 0)[1] == 0
empty = _temporary.empty_file()
print([os.path.exists(path) for path in (place.path("aside"), empty, aside)])
server.close()
print(os.path.exists(aside), empty)
""", self.root)
        self.assertEqual(code, 0, errors)
        first, second = out.splitlines()
        self.assertEqual((first, second.split()[0]), ("[True, True, True]", "False"))
        self.assertFalse(os.path.exists(second.split()[1]), "it goes with its own process")

    def test_servers_are_neither_copied_nor_pickled(self):
        for server in (self.server(), tftpserver.Server(self.root, HOST, 0), tftpserver.AsyncServer(self.root, HOST, 0)):
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaisesRegex(TypeError, "neither copied nor pickled"):
                    way(server)
            (server if isinstance(server, tftpserver.TFTPServer) else server.tftp).close()

    def test_do_events_in_a_subinterpreter(self):
        code, out, errors = self.program(SUBINTERPRETER)
        if "SKIP" in out:
            self.skipTest("no subinterpreters here")
        self.assertEqual((code, out), (0, "delivered\n"), errors)


SUBINTERPRETER = """
import sys
text = '''
import socket, tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port = "127.0.0.1", 0
seen = []
server.on_connection_request = seen.append
server.start_listening()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.sendto(bytes([0, 1]) + b"file" + bytes(1) + b"octet" + bytes(1), ("127.0.0.1", server.local_port))
    while not seen:
        server.do_events()
    server.do_events()
server.close()
print("delivered", flush=True)
'''
try:
    if sys.version_info >= (3, 13):
        import _interpreters
        interpreter = _interpreters.create("legacy")
        failed = _interpreters.exec(interpreter, text)
        assert not failed, failed.formatted
        _interpreters.destroy(interpreter)
    else:
        import _xxsubinterpreters
        interpreter = _xxsubinterpreters.create(isolated=False)
        _xxsubinterpreters.run_string(interpreter, text)
        _xxsubinterpreters.destroy(interpreter)
except (ImportError, TypeError):
    print("SKIP")
"""


class Refusing(Case):
    """A handler that returned False, or never ran, must not let a request pass."""

    def test_a_handler_that_is_async_a_generator_or_returns_false_refuses(self):
        async def coroutine(e):
            e.accept = False

        def generator(e):
            yield

        async def asynchronous_generator(e):
            yield

        self.write("file", b"x")
        for handler in (coroutine, generator, asynchronous_generator, lambda e: False):
            server = self.server(self.root)
            server.on_connection_request = handler
            client = self.get(server.local_port, "file")
            with self.assertRaises(TypeError):
                self.pump(server, client)
            self.assertNotEqual(self.pump(server, client).code, 0)
        server.on_connection_request = lambda e: True
        self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x")

    def test_an_async_handler_of_another_event_ends_its_connection(self):
        async def taken(e):
            pass

        server = self.server()
        server.on_transfer = taken
        client = self.put(server.local_port, "up", b"x")
        with self.assertRaises(TypeError):
            self.pump(server, client)
        self.assertNotEqual(self.pump(server, client).code, 0)


class Values(Case):
    def test_wrong_types_and_values(self):
        server = self.server(listen=False)
        for value in ("69", 1.5, None, b"1"):
            with self.assertRaises(TypeError):
                server.local_port = value
        for value in (-1, 65536, 1 << 80):
            self.fails(905, setattr, server, "local_port", value)
        self.assertEqual(server.local_port, 0)
        for value in (None, 5, b"bytes"):
            with self.assertRaises(TypeError):
                server.local_dir = value
        for value in (self.path("not there"), "nul\0inside", "\udcff", "\ud800"):
            self.fails(905, setattr, server, "local_dir", value)
        self.assertEqual(server.local_dir, "")
        for value in ("A\0B", "\udcff=1"):
            self.fails(905, server.config, value)
        with self.assertRaises(TypeError):
            server.config(None)
        with self.assertRaises(TypeError):
            server.on_connected = 5
        with self.assertRaises(TypeError):
            server.conn["x"]
        for index in (0, -1, 5, 1000001, 1 << 40, -(1 << 40)):
            self.fails(903, lambda: server.conn[index])
            self.fails(903, server.disconnect, index)
        for name in ("version", "conn_count", "conn", "closed"):
            with self.assertRaises(AttributeError):
                setattr(server, name, 1)

    def test_an_event_has_no_other_fields_than_its_own(self):
        self.write("file", b"x")
        server = self.server(self.root)

        def misspelt(e):
            e.acept = False

        server.on_connection_request = misspelt
        with self.assertRaises(AttributeError):
            self.pump(server, self.get(server.local_port, "file"))

    def test_supplying_too_late(self):
        self.write("file", LARGE)
        server = self.server(self.root)
        codes = []

        def late(e):
            codes.append(self.fails(130, setattr, server.conn[e.connection_id], "file_data", b"x").code)
            codes.append(self.fails(130, setattr, server.conn[e.connection_id], "local_file", "x").code)
            server.on_transfer = None

        server.on_transfer = late
        self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, LARGE)
        self.assertEqual(codes, [130, 130])

    def test_errors_are_python_s(self):
        first, second = self.server(), self.server(listen=False)
        second.local_port = first.local_port
        with self.assertRaises(OSError) as caught:
            second.start_listening()
        self.assertEqual(caught.exception.errno, errno.EADDRINUSE)
        self.assertIs(caught.exception.code, tftpserver.ErrorCode.ADDRESS_IN_USE)
        with self.assertRaises(ValueError):
            first.config("NoSuchSetting")
        self.assertIsNone(self.fails(906, first.config, "NoSuchSetting").errno)
        for error in (caught.exception, tftpserver.TFTPServerError(905, "bad"), tftpserver.TFTPServerError(5, "odd")):
            other = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(other), other.code, other.message), (type(error), error.code, error.message))

    def test_an_upload_ends_with_the_handler_that_alone_takes_it(self):
        server = self.server()
        taken, ends = [], []
        server.on_transfer = lambda e: taken.append(e.text)
        server.on_disconnected = lambda e: ends.append(int(e.status_code))
        with raw(server.local_port) as client:
            client.ask("up", 2)
            while not server.conn_count:
                server.do_events()
            self.assertEqual(client.receive()[0], 4)
            client.data(1, b"x" * 512)
            self.assertEqual(client.receive()[0], 4)
            while not taken:
                server.do_events()
            server.on_transfer = None
            client.data(2, b"end")
            while (answer := client.answer())[:2] == (4, 1):  # the last ACK again
                pass
            self.assertEqual(answer[0], 5)
        settle(server)
        self.assertEqual((taken, ends), ([b"x" * 512], [126]))

    def test_a_block_whose_handler_was_just_removed_is_not_lost_silently(self):
        server = self.server()
        ends = []
        server.on_transfer = lambda e: None
        server.on_disconnected = lambda e: ends.append(int(e.status_code))
        with raw(server.local_port) as client:
            client.ask("up", 2)
            while not server.conn_count:
                server.do_events()
            client.receive()
            del server._handlers[tftpserver.EventId.TRANSFER]  # as if the event had been on its way
            client.data(1, b"all")
            while server.conn_count:
                server.do_events()
            self.assertEqual(client.answer()[0], 5)
        self.assertEqual(ends, [10053])

    def test_handlers_come_and_go(self):
        server = self.server(listen=False)
        self.assertIsNone(server.on_log.handler)
        server.on_log = print
        self.assertIs(server.on_log.handler, print)
        server.on_log = None
        self.assertIsNone(server.on_log.handler)
        self.assertIs(server.on_log(len), len)

    def test_handlers_as_methods_of_a_subclass(self):
        class Mine(tftpserver.TFTPServer):
            def on_connection_request(self, e):
                e.accept = e.filename != "secret"

        self.write("secret", b"x")
        server = self.server(self.root, kind=Mine)
        self.assertEqual(self.pump(server, self.get(server.local_port, "secret")).code, 69)
        gone = weakref.ref(server)
        self.doCleanups()
        del server
        self.assertIsNone(gone())


class Elsewhere(Case):
    @unittest.skipIf(os.name == "nt", "Windows has it, and no descriptor")
    def test_the_event_handle_is_of_windows_alone(self):
        self.fails(909, self.server(self.root).event_handle)


class Library(Case):
    def test_nothing_that_could_be_loaded(self):
        with self.assertRaises(ImportError) as caught:
            _ffi.load(self.path("nothing.so"))
        self.assertIn("TFTPSERVER_LIBRARY", str(caught.exception))

    def failure(self, named):
        """Returns the message of the ImportError if TFTPSERVER_LIBRARY is set to `named`."""
        with unittest.mock.patch.dict(os.environ, {"TFTPSERVER_LIBRARY": named}), \
                self.assertRaises(ImportError) as caught:
            _ffi.load(_ffi.find())
        return str(caught.exception)

    def test_the_variable_names_nothing_that_could_be_loaded(self):
        with open(self.path("text.so"), "w", encoding="utf-8") as file:
            file.write("no library")
        for named in ("/no/such/dir/libtftpserver.so.0", self.path("text.so"), "./no such Bibliothek \u00e4.so"):
            self.assertIn(f"{named}, which TFTPSERVER_LIBRARY names, could not be loaded", self.failure(named))
        self.assertIn("no-such.so, which TFTPSERVER_LIBRARY names without a directory", self.failure("no-such.so"))

    def test_a_path_with_spaces_and_other_letters(self):
        place = self.path("Biblioth\u00e8que d'ici")
        os.mkdir(place)
        os.symlink(os.path.realpath(_ffi.find()), os.path.join(place, "libtftpserver.so.0"))
        for path in (os.path.join(place, "libtftpserver.so.0"),
                     os.path.relpath(os.path.join(place, "libtftpserver.so.0"))):
            self.assertEqual(_ffi.load(path).tftpserver_version().decode(), tftpserver.__version__)

    def test_a_library_that_is_another(self):
        with self.assertRaises(ImportError) as caught:
            _ffi.load("libc.so.6")
        self.assertIn("is no libtftpserver", str(caught.exception))

    def test_versions(self):
        _ffi.check_version("0.99.0", "x")
        _ffi.check_version(tftpserver.__version__ + "-rc.1", "x")
        for version in ("0.0.9", "1.0.0", "99.1.0"):
            with self.assertRaisesRegex(ImportError, version):
                _ffi.check_version(version, "x")


if __name__ == "__main__":
    unittest.main()

"""The behaviours that every language must show: one test for each name in
bindings/behaviours.json."""
import gc
import json
import os
import threading
import time
import unittest
import weakref

import tftpserver
from tftpserver import _ffi

from .support import HOST, LARGE, ROOT, SECONDS, Case, compile_library, free_port, is_free, need, raw


class Behaviours(Case):
    def test_download_from_local_dir(self):
        self.write("large", LARGE)
        server = self.server(self.root)
        client = self.pump(server, self.get(server.local_port, "large"))
        self.assertEqual((client.code, client.data), (0, LARGE))

    def test_upload_to_local_dir(self):
        server = self.server(self.root)
        client = self.pump(server, self.put(server.local_port, "up", LARGE))
        self.assertEqual((client.code, self.read("up")), (0, LARGE))

    def test_download_with_a_window(self):
        self.write("big", LARGE * 3)
        server = self.server(self.root)
        command = [need("atftp"), "--option", "blksize 1428", "--option", "windowsize 16", "-g", "-r", "big", "-l",
                   "got", HOST, str(server.local_port)]
        self.assertEqual(self.pump(server, self.client(command)).code, 0)
        self.assertEqual(self.read("got", inside=False), LARGE * 3)

    def test_missing_file(self):
        server = self.server(self.root)
        errors, ends = [], []
        server.on_error, server.on_disconnected = errors.append, ends.append
        client = self.pump(server, self.get(server.local_port, "nothing"))
        self.assertEqual(client.code, 68)
        self.assertEqual([e.error_code for e in errors], [127])
        self.assertEqual([e.status_code for e in ends], [127])

    def test_refuse_a_request(self):
        self.write("secret", b"x")
        server = self.server(self.root)
        seen, ends = [], []

        @server.on_connection_request
        def refuse(e):
            e.accept = False

        server.on_connected, server.on_disconnected = seen.append, ends.append
        client = self.pump(server, self.get(server.local_port, "secret"))
        self.assertEqual(client.code, 69)
        self.assertEqual([e.status_code for e in seen], [10013])
        self.assertEqual(ends, [])

    def test_data_from_the_application(self):
        data = bytes(range(256)) * 20
        server = self.server()

        @server.on_connected
        def supply(e):
            server.conn[e.connection_id].file_data = data
            self.assertEqual(server.conn[e.connection_id].file_data, data)

        client = self.pump(server, self.get(server.local_port, "any"))
        self.assertEqual((client.code, client.data), (0, data))

    def test_file_chosen_by_the_application(self):
        chosen = self.write("elsewhere", b"from elsewhere", inside=False)
        server = self.server(self.root)

        def choose(e):
            server.conn[e.connection_id].local_file = chosen

        server.on_connected = choose
        client = self.pump(server, self.get(server.local_port, "name"))
        self.assertEqual((client.code, client.data), (0, b"from elsewhere"))

    def test_name_chosen_by_the_application(self):
        self.write("chosen", b"inside")
        server = self.server(self.root)
        names = ["chosen", "../outside"]

        def choose(e):
            server.conn[e.connection_id].served_name = names[0]
            self.assertEqual(server.conn[e.connection_id].served_name, names.pop(0))

        server.on_connected = choose
        client = self.pump(server, self.get(server.local_port, "name"))
        self.assertEqual((client.code, client.data), (0, b"inside"))
        self.assertEqual(self.pump(server, self.get(server.local_port, "name")).code, 69)

    def test_upload_through_transfer_alone(self):
        server = self.server()
        blocks = []
        server.on_transfer = lambda e: blocks.append(e.text)
        client = self.pump(server, self.put(server.local_port, "up", LARGE))
        self.assertEqual(client.code, 0)
        self.assertEqual(b"".join(blocks), LARGE)

    def test_nobody_answers(self):
        server = self.server()
        self.assertEqual(self.get(server.local_port, "any").code, 68)

    def test_order_of_events(self):
        self.write("file", b"x" * 2000)
        server = self.server(self.root)
        seen = []
        for name in ("connection_request", "connected", "start_transfer", "transfer", "end_transfer", "disconnected"):
            setattr(server, f"on_{name}", lambda e, name=name: seen.append((name, e)))
        self.pump(server, self.get(server.local_port, "file"))
        names = [name for name, _ in seen]
        transfers = names.count("transfer")
        self.assertGreaterEqual(transfers, 1)
        self.assertEqual(names, ["connection_request", "connected", "start_transfer", *["transfer"] * transfers,
                                 "end_transfer", "disconnected"])
        for _, e in (seen[1], seen[-1]):
            self.assertEqual((e.status_code, e.description), (0, "OK"))

    def test_fields_of_events(self):
        self.write("file", LARGE)
        server = self.server(self.root)
        requests, transfers, ports = [], [], []
        server.on_connection_request = requests.append
        server.on_connected = lambda e: ports.append(server.conn[e.connection_id].remote_port)
        server.on_transfer = transfers.append
        self.pump(server, self.get(server.local_port, "file"))
        (request,) = requests
        self.assertEqual((request.remote_host, request.filename, request.transfer_mode, request.operation),
                         (HOST, "file", "0", tftpserver.Operation.READ))
        self.assertEqual([request.remote_port], ports)
        self.assertIs(request.accept, True)
        last = transfers[-1]
        self.assertEqual((last.bytes_transferred, last.percent_done, last.direction),
                         (len(LARGE), 100, tftpserver.Direction.DOWNLOAD))
        self.assertEqual(b"".join(e.text for e in transfers), LARGE)

    def test_conn_arrays(self):
        self.write("file", b"x")
        server = self.server(self.root)
        seen = []

        @server.on_connected
        def look(e):
            self.assertEqual((server.conn_count, len(server.conn)), (1, 1))
            self.assertEqual([conn.connection_id for conn in server.conn], [e.connection_id])
            for index in (0, e.connection_id):
                conn = server.conn[index]
                seen.append((conn.filename, conn.remote_host, conn.transfer_mode))

        self.pump(server, self.get(server.local_port, "file"))
        self.assertEqual(seen, [("file", HOST, "0")] * 2)
        self.assertEqual(server.conn_count, 0)
        with self.assertRaises(IndexError):
            server.conn[0]

    def test_answer_given_later(self):
        self.write("fast", b"fast")
        server = self.server(self.root)
        connected = []
        server.on_connected = lambda e: connected.append(e.connection_id)

        @server.on_connection_request
        def ask(e):
            if e.filename == "slow":
                asked.append(e.connection_id)
                e.accept = tftpserver.LATER

        asked = []
        slow = self.get(server.local_port, "slow")
        while not asked:
            server.do_events()
        fast = self.get(server.local_port, "fast")
        while fast.runs() or server.conn_count > 1:
            server.do_events()
        self.assertEqual(fast.data, b"fast")
        self.assertNotIn(asked[0], connected)
        self.assertTrue(slow.runs())
        server.conn[asked[0]].file_data = b"at last"
        server.accept(asked[0])
        self.fails(130, server.accept, asked[0])
        self.assertEqual(self.pump(server, slow).data, b"at last")
        self.assertIn(asked[0], connected)
        self.fails(903, server.accept, asked[0])

    def test_figures_of_a_transfer(self):
        self.write("file", LARGE)
        server = self.server(self.root)
        seen = []

        def look(e):
            conn = server.conn[e.connection_id]
            seen.append((conn.operation, conn.bytes_transferred, conn.total_bytes, conn.block_size, conn.window_size))
            self.assertGreaterEqual(min(conn.retransmissions, conn.elapsed_millis), 0)

        server.on_connection_request = server.on_disconnected = look
        self.pump(server, self.get(server.local_port, "file"))
        self.assertEqual(seen, [(1, 0, -1, 0, 0), (1, len(LARGE), len(LARGE), 512, 1)])

    def test_several_addresses(self):
        self.write("file", b"x")
        server = self.server(self.root, listen=False)
        server.config("ListenOn=127.0.0.1:0")
        server.start_listening()
        addresses = server.config("ListenAddresses").split()
        self.assertEqual(len(addresses), 2)
        for address in addresses:
            self.assertEqual(self.pump(server, self.get(address.rsplit(":", 1)[1], "file")).data, b"x")

    def test_exception_in_a_handler(self):
        self.write("file", b"x")
        server = self.server(self.root)
        ends = []
        server.on_disconnected = ends.append

        @server.on_connected
        def fail(e):
            raise LookupError("mine")

        client = self.get(server.local_port, "file")
        with self.assertRaisesRegex(LookupError, "mine"):
            self.pump(server, client)
        self.pump(server, client)
        self.assertNotEqual(client.code, 0)
        self.assertEqual([e.status_code for e in ends], [10053])
        server.on_connected = None
        self.assertEqual(self.pump(server, self.get(server.local_port, "file")).data, b"x")

    def test_error_number_and_text(self):
        first, second = self.server(), self.server(listen=False)
        second.local_port = first.local_port
        error = self.fails(10048, second.start_listening)
        self.assertIn("Address already in use", error.message)
        self.assertEqual(str(error), error.message)
        self.fails(106, setattr, first, "local_port", 7000)

    def test_config(self):
        server = self.server(listen=False)
        self.assertEqual(server.config("MaxWindowSize=32"), "")
        self.assertEqual(server.config("maxwindowsize"), "32")
        self.fails(906, server.config, "NoSuchSetting=1")
        self.fails(905, server.config, "MaxWindowSize=many")
        self.assertEqual(server.config("MAXWINDOWSIZE"), "32")

    def test_stop_listening(self):
        self.write("file", b"x")
        server, port = self.server(listen=False), free_port()
        server.local_dir, server.local_port = self.root, port
        server.start_listening()
        server.stop_listening()
        self.assertFalse(server.listening)
        self.assertTrue(is_free(port))
        with raw(port) as client:
            client.socket.settimeout(0.2)
            with self.assertRaises(OSError):
                client.ask("file")
                client.receive()
        server.local_port = port
        server.start_listening()
        self.assertEqual(server.local_port, port)
        self.assertEqual(self.get(port, "file").wait().data, b"x")

    def test_close_inside_a_handler(self):
        self.write("file", b"x")
        server = self.server(self.root)
        refused = []
        server.on_connected = lambda e: refused.append(self.fails(907, server.close))
        client = self.pump(server, self.get(server.local_port, "file"))
        self.assertEqual((client.code, len(refused)), (0, 1))
        self.assertFalse(server.closed)
        server.close()
        self.assertTrue(server.closed)

    def test_use_after_close(self):
        server = self.server(self.root)
        server.close()
        server.close()
        for name in ("do_events", "start_listening", "stop_listening", "shutdown", "reset", "interrupt", "fileno",
                     "event_handle"):
            self.fails(901, getattr(server, name))
        for name in ("version", "conn_count", "listening", "local_dir", "local_port", "timeout"):
            self.fails(901, getattr, server, name)
        self.fails(901, setattr, server, "local_dir", self.root)
        self.fails(901, setattr, server, "on_log", print)
        self.fails(901, server.config, "LogLevel")
        self.fails(901, server.disconnect, 1000001)
        self.fails(901, lambda: server.conn[0])

    def test_interrupt(self):
        server = self.server(self.root)
        server.config("SelectWaitMillis=60000")
        begins = threading.Event()
        server.interrupt()
        server.do_events()  # an interrupt without a waiting do_events is stored
        other = threading.Thread(target=lambda: (begins.wait(SECONDS), server.interrupt()))
        other.start()
        begin = time.monotonic()
        begins.set()
        server.do_events()
        other.join()
        self.assertLess(time.monotonic() - begin, 30)

    def test_several_servers(self):
        other = self.path("other")
        os.mkdir(other)
        self.write("file", b"one" * 100_000)
        with open(os.path.join(other, "file"), "wb") as file:
            file.write(b"two" * 100_000)
        first, second = self.server(self.root), self.server(other)
        clients = [self.get(server.local_port, "file") for server in (first, second)]
        while any(client.runs() for client in clients):
            first.do_events()
            second.do_events()
        self.assertEqual([client.data for client in clients], [b"one" * 100_000, b"two" * 100_000])

    def test_collected_during_a_transfer(self):
        self.write("file", LARGE)
        server = self.server.__func__(Unowned(self), self.root)
        ends = []
        server.on_transfer = lambda e: ends.append(server)  # a cycle: only the collector frees it
        server.on_connected = ends.append
        port, gone = server.local_port, weakref.ref(server)
        with raw(port) as client:
            client.ask("file")
            while server.conn_count == 0:
                server.do_events()
            self.assertEqual(client.receive()[0], 3)
            del server
            ends.clear()
            gc.collect()
            self.assertIsNone(gone())
            self.assertTrue(is_free(port))
            self.assertEqual(client.answer()[0], 5)

    def test_fork_after_open(self):
        self.write("file", b"x" * 5000)
        code, out, _ = self.program(FORKS, self.root)
        self.assertEqual(code, 0)
        self.assertEqual(out.split(), ["child", "parent", "5000"])

    def test_version_is_checked(self):
        self.assertEqual(self.server(listen=False).version, tftpserver.__version__)
        old = self.path("old.so")
        compile_library(self, old, "0.0.9")
        with self.assertRaises(ImportError) as caught:
            _ffi.load(old)
        self.assertIn("0.0.9", str(caught.exception))
        self.assertIn(tftpserver.__version__, str(caught.exception))


class Unowned:
    """Stands for a test case, so that a server is not kept for its end."""

    def __init__(self, case):
        self.addCleanup = lambda _: None


FORKS = """
import os, sys, socket
import tftpserver
server = tftpserver.TFTPServer()
server.local_host, server.local_port, server.local_dir = "127.0.0.1", 0, sys.argv[1]
server.on_connected = lambda e: None
server.start_listening()
server.do_events()
child = os.fork()
if child == 0:
    print("child", flush=True)
    sys.exit(0)  # with everything that Python does at its end
assert os.waitpid(child, 0)[1] == 0
print("parent")
got = b""
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(0.05)
    client.sendto(b"\\0\\1file\\0octet\\0", ("127.0.0.1", server.local_port))
    while True:
        server.do_events()
        try:
            packet, peer = client.recvfrom(600)
        except OSError:
            continue
        client.sendto(b"\\0\\4" + packet[2:4], peer)
        if packet[3] != len(got) // 512 + 1:
            continue  # a repetition
        got += packet[4:]
        if len(packet) < 516:
            break
print(len(got))
server.close()
"""


class Completeness(unittest.TestCase):
    def test_every_behaviour_has_its_test_and_no_test_is_without_one(self):
        with open(os.path.join(ROOT, "bindings", "behaviours.json"), encoding="utf-8") as file:
            wanted = {f"test_{behaviour['name']}" for behaviour in json.load(file)["behaviours"]}
        ours = {name for name in vars(Behaviours) if name.startswith("test_")}
        self.assertEqual(ours, wanted)


if __name__ == "__main__":
    unittest.main()

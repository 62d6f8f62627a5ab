"""Programs written for IPWorks TFTPServer, unchanged, on bindings/python/compat/ipworks.py."""
import os
import signal
import subprocess
import sys
import unittest

from .support import HOST, LARGE, PACKAGE, ROOT, Case

SAMPLES = os.path.join(ROOT, "bindings", "python", "compat", "samples")
COMPAT = os.path.join(ROOT, "bindings", "python", "compat")


class Samples(Case):
    def start(self, name):
        """Starts the sample, unchanged; returns it and the port on which it listens."""
        self.write("hello.txt", b"hello")
        process = subprocess.Popen(
            [sys.executable, os.path.join(SAMPLES, name), self.root, "0"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([COMPAT, PACKAGE]), "PYTHONDONTWRITEBYTECODE": "1"})
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        line = process.stdout.readline()
        self.assertTrue(line.startswith("Listening on port "), (line, line or process.stderr.read()))
        return process, int(line.split()[3].rstrip(":")), line

    def end(self, process):
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        return out

    def test_tftpserver_demo(self):
        process, port, _ = self.start("tftpserver_demo.py")
        self.assertEqual(self.get(port, "hello.txt").wait().data, b"hello")
        self.assertEqual(self.put(port, "up.bin", LARGE).code, 0)
        out = process.stdout.readline()
        self.assertRegex(out, r"^Request from 127\.0\.0\.1:\d+ for hello\.txt, operation 1, mode 0$")
        while out.count("Disconnected") < 2:
            out += process.stdout.readline()
        self.assertEqual(self.get(port, "nothing").code, 68)
        while out.count("Disconnected") < 3:
            out += process.stdout.readline()
        out += self.end(process)
        self.assertEqual(self.read("up.bin"), LARGE)
        for text in ("[1000001] Download of hello.txt begins", "[1000001] 5 bytes", "[1000001] Disconnected: 0 OK",
                     "[1000002] Connected: 0 OK", "[1000002] Upload of up.bin begins", "[1000002] 1000000 bytes",
                     "Error 127: Can't open local file.", "[1000003] Disconnected: 127 ", "Stopping"):
            self.assertIn(text, out)

    def test_setters(self):
        process, port, line = self.start("setters.py")
        self.assertEqual(line.split(": ", 1)[1], "True, True, 30 2 2, 1472\n")
        self.assertEqual(self.get(port, "hello.txt").wait().data, b"hello")
        self.assertEqual(self.put(port, "up.bin", b"x").code, 69)
        self.assertEqual(process.stdout.readline(), f"1000001 {HOST} hello.txt 0\n")
        self.assertEqual(process.stdout.readline(), "True\n")
        self.assertEqual(process.stdout.readline(), "refused: 10013\n")
        self.assertEqual(self.end(process), "Stopped: False\n")

    def test_virtual(self):
        process, port, _ = self.start("virtual.py")
        self.assertEqual(self.get(port, "data.bin").wait().data, bytes(range(256)))
        self.assertEqual(self.get(port, "text.txt").wait().data, b"made for 127.0.0.1")
        self.assertEqual(self.get(port, "other.txt").wait().data, b"hello")
        self.assertEqual(self.get(port, "hello.txt").code, 68)
        self.assertEqual(self.put(port, "up", LARGE).code, 0)
        self.assertEqual(process.stdout.readline(), "got 1000000 bytes\n")
        self.end(process)
        self.assertEqual(os.listdir(self.root), ["hello.txt"])

    def test_tftpserver(self):
        process, port, _ = self.start("tftpserver.py")
        self.assertEqual(self.get(port, "hello.txt").wait().data, b"hello")
        self.assertEqual(self.put(port, "up.bin", LARGE).code, 0)
        out = "".join(process.stdout.readline() for _ in range(4))
        self.assertEqual(out, "hello.txt requested\n100%\nup.bin requested\n100%\n")
        self.end(process)
        self.assertEqual(self.read("up.bin"), LARGE)

    def test_errors(self):
        done = subprocess.run([sys.executable, os.path.join(SAMPLES, "errors.py"), self.root, "0"], timeout=60,
                              capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": os.pathsep.join([COMPAT, PACKAGE])})
        self.assertEqual([line.split("|")[0] for line in done.stdout.splitlines()], ["10048", "106", "906", "903"],
                         done.stderr)
        self.assertIn("Address already in use", done.stdout)

    def test_every_sample_has_its_test(self):
        samples = {name[:-3] for name in os.listdir(SAMPLES) if name.endswith(".py")}
        self.assertEqual({f"test_{name}" for name in samples} - set(vars(Samples)), set())
        with open(os.path.join(SAMPLES, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for name in samples:
            self.assertIn(f"`{name}.py`", text)
            with open(os.path.join(SAMPLES, f"{name}.py"), encoding="utf-8") as file:
                self.assertIn("\nfrom ipworks import *\n", file.read())

    def test_every_property_has_its_getter_and_setter(self):
        sys.path.insert(0, COMPAT)
        self.addCleanup(sys.path.remove, COMPAT)
        import ipworks
        import tftpserver
        # Without the additions of this library, which such programs do not use.
        names = {prop.name.lower() for prop in tftpserver.PropertyId if prop <= tftpserver.PropertyId.TIMEOUT}
        for name in names:
            self.assertTrue(callable(getattr(ipworks.TFTPServer, f"get_{name}", None)), name)
        for name in ("conn_file_data", "conn_local_file", "listening", "local_dir", "local_host", "local_port",
                     "max_retransmits", "retransmit_timeout", "timeout"):
            self.assertTrue(callable(getattr(ipworks.TFTPServer, f"set_{name}", None)), name)
        self.assertEqual(sorted(ipworks.__all__), ["IPWorksError", "IPWorksTftpserverError", "TFTPServer"])


class Porting(Case):
    """Behaviour that such programs rely on."""

    def setUp(self):
        super().setUp()
        sys.path.insert(0, COMPAT)
        self.addCleanup(sys.path.remove, COMPAT)
        import ipworks
        self.ipworks = ipworks

    def ported(self, **properties):
        server = self.ipworks.TFTPServer()
        self.addCleanup(server.close)
        server.local_host, server.local_port = HOST, 0
        for name, value in properties.items():
            setattr(server, name, value)
        return server

    def test_the_package_is_found_where_its_name_is_taken(self):
        program = self.path("tftpserver.py")
        for text in ("from ipworks import *\n", "import sys, types\nsys.modules['tftpserver'] = types.ModuleType('tftpserver')\n"
                     "from ipworks import *\n"):
            with open(program, "w", encoding="utf-8") as file:
                file.write(text + "print(TFTPServer().local_port, IPWorksTftpserverError is IPWorksError)\n")
            done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60, cwd=self.place.name,
                                  env={**os.environ, "PYTHONPATH": os.pathsep.join([COMPAT, PACKAGE])})
            self.assertEqual((done.returncode, done.stdout), (0, "69 True\n"), done.stderr)

    def test_a_local_dir_that_does_not_exist_yet(self):
        later = self.path("later")
        for start in ("start_listening", "set_listening"):
            server = self.ported(local_dir=self.root)
            server.set_local_dir(later)
            self.assertEqual(server.get_local_dir(), later)
            arguments = (True,) if start == "set_listening" else ()
            with self.assertRaises(self.ipworks.IPWorksError) as caught:
                getattr(server, start)(*arguments)
            self.assertEqual((caught.exception.code, server.listening), (905, False))
            os.mkdir(later)
            getattr(server, start)(*arguments)
            self.assertEqual(self.put(server.local_port, "up", b"x").code, 0)
            self.assertEqual(os.listdir(later), ["up"])
            with self.assertRaises(self.ipworks.IPWorksError):
                server.set_local_dir(os.path.join(later, "nothing"))  # while listening: it would not be checked again
            server.stop_listening()
            os.remove(os.path.join(later, "up"))
            os.rmdir(later)

    def test_a_handler_that_watches_progress_is_no_sink(self):
        file = self.write("no directory", b"x")
        for value in ("", file):
            server, seen, ends = self.ported(), [], []
            try:
                server.local_dir = value
            except self.ipworks.IPWorksError as error:
                self.assertEqual(error.code, 905)
            server.on_transfer = lambda e: seen.append(e.text)
            server.on_disconnected = lambda e: ends.append(int(e.status_code))
            server.start_listening()
            client = self.pump(server, self.put(server.local_port, "up", b"data"))
            self.assertNotEqual(client.code, 0)
            self.assertEqual((seen, ends), ([], [127]))
            server.local_dir = self.root
            self.assertEqual(self.pump(server, self.put(server.local_port, "up", b"data")).code, 0)
            self.assertEqual((seen, self.read("up")), ([b"data"], b"data"))
            os.remove(os.path.join(self.root, "up"))

    def test_without_local_dir_the_handler_is_the_sink(self):
        server, seen = self.ported(), []
        server.on_transfer = lambda e: seen.append(e.text)
        server.start_listening()
        self.assertEqual(self.pump(server, self.put(server.local_port, "up", b"data")).code, 0)
        self.assertEqual(seen, [b"data"])
        server.on_transfer = None
        self.assertNotEqual(self.pump(server, self.put(server.local_port, "up", b"data")).code, 0)

    def test_a_connected_handler_may_still_choose_a_file(self):
        server = self.ported(local_dir="")
        server.on_transfer = lambda e: None
        server.on_connected = lambda e: server.set_conn_local_file(e.connection_id, self.path("chosen"))
        server.start_listening()
        self.assertEqual(self.pump(server, self.put(server.local_port, "up", b"data")).code, 0)
        self.assertEqual(self.read("chosen", inside=False), b"data")

    def test_the_runtime_license_is_the_library_s_property(self):
        server = self.ported()
        server.set_runtime_license("a license")
        self.assertEqual((server.get_runtime_license(), server.runtime_license), ("a license", "a license"))
        self.assertEqual(server._get(self.ipworks._tftpserver.PropertyId.RUNTIME_LICENSE), "a license")

    def test_an_index_for_a_property_that_has_none(self):
        server = self.ported()
        with self.assertRaises(TypeError):
            server.set_local_port(0, 6971)
        with self.assertRaises(TypeError):
            server.get_local_port(5)


if __name__ == "__main__":
    unittest.main()

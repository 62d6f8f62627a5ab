"""examples/mirror.py in front of an HTTP server that counts, changes, lies, breaks off and dies."""
import collections
import http.server
import os
import resource
import subprocess
import sys
import threading
import unittest

from .support import LARGE, PACKAGE, ROOT, SECONDS, Case, until

CHANGED = LARGE[::-1]


class Origin(http.server.BaseHTTPRequestHandler):
    """Has files by path: (ETag, data). `ways` names a path's way to answer."""

    files, ways, gets, protocol_version = {}, {}, collections.Counter(), "HTTP/1.1"

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.gets[self.path] += 1
        self.answer(True)

    def answer(self, is_get):
        self.close_connection = True
        way = self.ways.get(self.path)
        etag, data = self.files.get(self.path, ("", None))
        if way in (304, 416, 503):
            return self.begin(way, 0)
        if way == "moved":
            self.send_response(302)
            self.send_header("Location", "/pxe/boot.img")
            return self.headed(0)
        if way == "no HEAD" and not is_get:
            return self.send_error(405)
        if data is None:
            return self.send_error(404)
        if way == "changes" and is_get:
            etag, data = '"changed"', CHANGED + b"longer"
        self.send_response(200)
        if etag:
            self.send_header("ETag", etag)
        if way in ("chunked", "cut chunk"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if is_get:
                end = b"\r\n0\r\n\r\n" if way == "chunked" else b""
                self.wfile.write(b"%x\r\n" % len(data) + data[:len(data) if end else 300_000] + end)
            return
        self.headed(len(data))
        if is_get:
            self.wfile.write(data[:300_000] if way == "cut" else data)

    def begin(self, code, length):
        self.send_response(code)
        self.headed(length)

    def headed(self, length):
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_):
        pass


class Mirror(Case):
    def setUp(self):
        super().setUp()
        Origin.files = {"/pxe/boot.img": ('"1"', LARGE)}
        Origin.ways, Origin.gets = {}, collections.Counter()
        self.origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        self.thread = threading.Thread(target=self.origin.serve_forever)
        self.thread.start()
        self.addCleanup(self.stop_origin)

    def stop_origin(self):
        self.origin.shutdown()
        self.origin.server_close()
        self.thread.join(SECONDS)

    def mirror(self, **options):
        """Starts a mirror with its cache in "cache"; returns its port."""
        command = [sys.executable, os.path.join(ROOT, "examples", "mirror.py"),
                   f"http://127.0.0.1:{self.origin.server_port}/pxe", self.path("cache"), "127.0.0.1", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PACKAGE}, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, SECONDS)
        self.addCleanup(process.terminate)
        self.printed = process.stdout
        return int(process.stdout.readline().split()[-1])

    def await_end(self):
        """Reads what the mirror prints until a transfer has ended, which is after its file is in
        the cache."""
        while not (line := self.printed.readline()).startswith("127.0.0.1 "):
            self.assertTrue(line)
        return line

    def fetch(self, port, name="boot.img"):
        """Returns what a client gets: the data, or curl's exit code."""
        client = self.get(port, name).wait()
        self.await_end()
        return client.data if client.code == 0 else client.code

    def await_cached(self, name="boot.img"):
        """Waits until the mirror has given its copy the final name, which is some time after the client
        has the last block."""
        def is_there():
            names = [entry for entry in os.listdir(self.path("cache")) if entry.startswith(name + "@")]
            return names and not any(entry.endswith(".part") for entry in names)
        until(is_there)

    def cached(self, name="boot.img"):
        """Returns the versions in the cache, newest first, as their data."""
        paths = [entry for entry in os.scandir(self.path("cache")) if entry.name.startswith(name + "@")]
        self.assertEqual([entry.name for entry in os.scandir(self.path("cache")) if entry.name.endswith(".part")], [])
        found = []
        for entry in sorted(paths, key=lambda entry: -entry.stat().st_mtime_ns):
            with open(entry.path, "rb") as file:
                found.append(file.read())
        return found

    def test_it_fetches_once_keeps_checks_and_outlives_the_origin(self):
        port = self.mirror()
        clients = [self.get(port, "boot.img") for _ in range(5)]
        self.assertEqual([client.wait().data == LARGE for client in clients], [True] * 5)
        for _ in clients:
            self.await_end()
        self.assertEqual(Origin.gets["/pxe/boot.img"], 1)
        self.assertTrue(self.fetch(port) == LARGE)  # from the cache
        self.assertEqual(Origin.gets["/pxe/boot.img"], 1)
        Origin.files["/pxe/boot.img"] = '"2"', CHANGED
        self.assertTrue(self.fetch(port) == CHANGED)
        self.assertTrue(self.cached() == [CHANGED, LARGE])
        self.assertEqual([self.get(port, name).code for name in ("none", "../../etc/passwd")], [68, 68])
        self.stop_origin()
        self.assertTrue(self.fetch(port) == CHANGED)
        self.assertEqual(self.get(port, "none").code, 68)

    def test_what_breaks_off_or_changes_is_neither_whole_nor_kept(self):
        port = self.mirror()
        for way in ("cut", "changes", "cut chunk"):
            Origin.ways["/pxe/boot.img"] = way
            self.assertEqual(self.fetch(port), 71, way)
            self.assertEqual(self.cached(), [], way)
        del Origin.ways["/pxe/boot.img"]
        self.assertTrue(self.fetch(port) == LARGE)

    def test_an_origin_that_answers_strangely_is_one_that_fails(self):
        port = self.mirror()
        for way in (304, 416, 503):
            Origin.ways["/pxe/boot.img"] = way
            self.assertEqual(self.get(port, "boot.img").code, 68, way)
        del Origin.ways["/pxe/boot.img"]
        while self.get(port, "boot.img").wait().data != LARGE:
            pass
        self.await_cached()
        for way in (304, 416, 503):
            Origin.ways["/pxe/boot.img"] = way
            self.assertTrue(self.get(port, "boot.img").wait().data == LARGE, way)

    def test_redirections_chunks_and_origins_without_head_or_etag(self):
        Origin.files.update({"/pxe/moved": ("", b""), "/pxe/chunked": ('"1"', LARGE), "/pxe/headless": ('"1"', LARGE),
                             "/pxe/untagged": ("", LARGE)})
        Origin.ways = {"/pxe/moved": "moved", "/pxe/chunked": "chunked", "/pxe/headless": "no HEAD"}
        port = self.mirror()
        for name in ("moved", "chunked", "headless", "untagged"):
            self.assertTrue(self.fetch(port, name) == LARGE, name)
            self.assertTrue(self.cached(name) == [LARGE], name)
        self.assertTrue(self.fetch(port, "chunked") == LARGE)
        self.assertEqual(Origin.gets["/pxe/chunked"], 1)

    def test_a_cache_without_room_or_directory_only_passes_on(self):
        port = self.mirror(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))
        self.assertTrue(self.fetch(port) == LARGE)
        self.assertEqual(self.cached(), [])
        os.rmdir(self.path("cache"))
        self.assertTrue(self.fetch(port) == LARGE)
        self.stop_origin()
        self.assertEqual(self.get(port, "boot.img").code, 68)

    def test_two_processes_share_a_cache(self):
        ports = [self.mirror(), self.mirror()]
        for turn in range(3):
            data = (LARGE, CHANGED)[turn % 2]
            Origin.files["/pxe/boot.img"] = f'"{turn}"', data
            clients = [self.get(port, "boot.img") for port in ports * 2]
            self.assertEqual([client.wait().data == data for client in clients], [True] * 4)
            self.await_cached()
        self.assertLessEqual(len(self.cached()), 3)


if __name__ == "__main__":
    unittest.main()

"""examples/mirror.py in front of an HTTP server that counts, changes and dies."""
import http.server
import os
import subprocess
import sys
import threading
import unittest

from .support import LARGE, PACKAGE, ROOT, SECONDS, Case


class Origin(http.server.BaseHTTPRequestHandler):
    files, gets, protocol_version = {}, [], "HTTP/1.0"

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.gets.append(self.path)
        self.answer(True)

    def answer(self, has_body):
        etag, data = self.files.get(self.path, ("", None))
        if data is None:
            return self.send_error(404)
        if self.headers["If-None-Match"] == etag:
            self.send_response(304)
            return self.end_headers()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", etag)
        self.end_headers()
        if has_body:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


class Mirror(Case):
    def test_it_fetches_once_keeps_checks_and_outlives_the_origin(self):
        Origin.files, Origin.gets = {"/pxe/boot.img": ('"1"', LARGE)}, []
        origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
        thread = threading.Thread(target=origin.serve_forever)
        thread.start()
        mirror = subprocess.Popen([sys.executable, os.path.join(ROOT, "examples", "mirror.py"),
                                   f"http://127.0.0.1:{origin.server_port}/pxe", self.path("cache"), "127.0.0.1", "0"],
                                  stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PACKAGE})
        try:
            port = int(mirror.stdout.readline().split()[-1])
            clients = [self.get(port, "boot.img") for _ in range(5)]
            self.assertEqual([client.wait().data == LARGE for client in clients], [True] * 5)
            self.assertEqual(len(Origin.gets), 1)
            while not os.path.exists(self.path("cache", "boot.img")):
                mirror.stdout.readline()
            self.assertEqual(self.get(port, "boot.img").wait().data, LARGE)  # from the cache
            self.assertEqual(len(Origin.gets), 1)
            Origin.files["/pxe/boot.img"] = '"2"', LARGE[::-1]
            self.assertEqual(self.get(port, "boot.img").wait().data, LARGE[::-1])
            self.assertEqual([self.get(port, name).code for name in ("none", "../../etc/passwd")], [68, 68])
            origin.shutdown()
            origin.server_close()
            self.assertIn(self.get(port, "boot.img").wait().data, (LARGE, LARGE[::-1]))
            self.assertEqual(self.get(port, "none").code, 68)
        finally:
            origin.shutdown()
            origin.server_close()
            thread.join(SECONDS)
            mirror.terminate()
            mirror.wait(SECONDS)
            mirror.stdout.close()


if __name__ == "__main__":
    unittest.main()

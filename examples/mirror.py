"""A TFTP server in front of an HTTP server: fetches requested files from there, and keeps them in a directory.

usage: mirror.py URL CACHE [HOST] [PORT]

    mirror.py http://images.example/pxe/ /var/cache/mirror

A file that the cache has is served from it when the origin says that it is unchanged (ETag), and also when the origin is
dead. Everything else goes to the client as it comes, with one pass over the origin for all that ask at the same time,
and into the cache beside that; it gets its name there when it is whole.
"""
import http.client
import os
import re
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request

import tftpserver

PLAIN = re.compile(r"/*((?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)")
SECONDS = 10  # timeout for the origin's answer


class Fetched:
    """A response that is stored in a file while it is read."""

    def __init__(self, response, path):
        self.response, self.path, self.headers = response, path, response.headers
        self.part = f"{path}.{os.getpid()}.{id(self)}.part"
        self.length = int(response.headers.get("Content-Length", -1))
        self.file, self.got = open(self.part, "wb"), 0

    def read(self, size):
        data = self.response.read(size)
        self.file.write(data)
        self.got += len(data)
        return data

    def close(self):
        self.response.close()
        self.file.close()
        if self.got == self.length:
            etag = self.headers.get("ETag", "")
            with open(self.path + ".etag", "w", encoding="utf-8") as file:
                file.write(etag)
            os.replace(self.part, self.path)
        else:
            os.remove(self.part)


class Mirror:
    def __init__(self, url, cache):
        self.url, self.cache = url.rstrip("/") + "/", cache

    def handle(self, request):
        name = PLAIN.fullmatch(request.name)
        if request.is_upload or not name:
            return None
        path = os.path.join(self.cache, name[1].replace("/", "%"))
        try:
            return self.fetch(self.url + urllib.parse.quote(name[1]), path)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 304:
                return path
            return path if error.code >= 500 and os.path.exists(path) else None
        except (OSError, http.client.HTTPException) as error:
            print(f"{request.name}: the origin is dead ({error})", flush=True)
            return path if os.path.exists(path) else None

    def fetch(self, url, path):
        """Returns a source that reads a file from the origin. HTTPError 304: the cached copy is current."""
        ask = urllib.request.Request(url, method="HEAD")
        if os.path.exists(path) and os.path.exists(path + ".etag"):
            with open(path + ".etag", encoding="utf-8") as file:
                ask.add_header("If-None-Match", file.read() or '""')
        with urllib.request.urlopen(ask, timeout=SECONDS) as answer:
            size, etag = int(answer.headers.get("Content-Length", -1)), answer.headers.get("ETag", "")
        return tftpserver.Source(lambda: Fetched(urllib.request.urlopen(url, timeout=SECONDS), path), size=size,
                                 key=f"{url} {etag}")


def main():
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    mirror = Mirror(sys.argv[1], sys.argv[2])
    os.makedirs(mirror.cache, exist_ok=True)
    host, port = (sys.argv[3:] + ["127.0.0.1", "6969"][len(sys.argv) - 3:])[:2]

    def on_end(request, error):
        print(f"{request.client_address[0]} {request.name!r}: {error or 'whole'}", flush=True)

    with tftpserver.Server(mirror.handle, host, int(port), on_end=on_end) as server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: server.shutdown())
        print(f"serving {mirror.url} on port {server.address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

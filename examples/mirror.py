"""A TFTP server in front of an HTTP server: fetches requested files from there, and keeps them in a directory.

usage: mirror.py URL CACHE [HOST] [PORT]

    mirror.py http://images.example/pxe/ /var/cache/mirror

A file that the cache has is served from it as long as the origin reports the same ETag (or date and length), and also
when the origin is dead. Everything else goes to the client as it comes, with one pass over the origin for all that ask
at the same time, and into the cache beside that. A version gets its name there when it is whole. Without room in the
cache, files are only passed on.
"""
import asyncio
import hashlib
import http.client
import os
import re
import signal
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import tftpserver

PLAIN = re.compile(r"/*((?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)")
SECONDS = 10  # timeout of the origin
VERSIONS = 2  # kept of each file: clients may still read the one before


def version_of(headers):
    """Returns the ETag of a file, or its date and length; "" if the origin gives neither."""
    dated = "{Last-Modified} {Content-Length}".format_map(headers) if "Last-Modified" in headers else ""
    return headers.get("ETag") or dated


def length_of(headers):
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() else -1


class Fetched:
    """A file of the origin, which is stored in the cache while it is read. Reads run on a thread of the server."""

    def __init__(self, mirror, name, version, size):
        self.mirror, self.name, self.version, self.size = mirror, name, version, size
        self.response = self.file = self.part = None
        self.got, self.is_whole = 0, False

    def read(self, size):
        if self.response is None:
            self.open()
        data = self.response.read(size)
        self.got += len(data)
        if self.got == self.size or not data and self.size < 0 and self.response.chunked:
            self.is_whole = True
        self.store(data)
        return data

    def open(self):
        self.response = urllib.request.urlopen(self.mirror.url_of(self.name), timeout=SECONDS)
        headers = self.response.headers
        if self.version is None:  # an origin that answers no HEAD
            self.version, self.size = version_of(headers), length_of(headers)
        elif version_of(headers) != self.version or self.size not in (-1, length_of(headers)):
            raise OSError("the file has changed since the client asked")
        try:
            part = self.mirror.path_of(self.name, f"{os.getpid()}-{id(self)}.part")
            self.file, self.part = open(part, "wb"), part
        except OSError as error:
            print(f"{self.name}: not kept ({error})", flush=True)

    def store(self, data):
        try:
            if self.file is not None:
                self.file.write(data)
        except OSError as error:
            self.drop(error)

    def drop(self, error):
        print(f"{self.name}: not kept ({error})", flush=True)
        file, self.file = self.file, None
        try:
            file.close()
            os.remove(self.part)
        except OSError:
            pass  # the same once more

    def close(self):
        if self.response is not None:
            self.response.close()
        try:
            if self.file is not None and self.is_whole:
                self.file.flush()
                os.replace(self.part, self.mirror.path_of(self.name, digest(self.version)))
                self.file.close()
                self.mirror.remove_old(self.name)
            elif self.file is not None:
                self.file.close()
                os.remove(self.part)
        except OSError as error:
            self.drop(error)


def digest(version):
    return hashlib.sha256(version.encode()).hexdigest()[:16]


class Mirror:
    def __init__(self, url, cache):
        self.url, self.cache = url.rstrip("/") + "/", cache

    def url_of(self, name):
        return self.url + urllib.parse.quote(name)

    def path_of(self, name, version):
        """Returns where the cache has a version of a file. No name contains "%" or "@"."""
        return os.path.join(self.cache, f"{name.replace('/', '%')}@{version}")

    def versions(self, name):
        """Returns the whole versions of a file in the cache, newest first."""
        begin = self.path_of(name, "")
        try:
            with os.scandir(self.cache) as files:
                found = [(file.stat().st_mtime_ns, file.path) for file in files
                         if file.path.startswith(begin) and not file.path.endswith(".part")]
        except OSError:
            return []  # no directory any more, or another process has removed an old version
        return [path for _, path in sorted(found, reverse=True)]

    def remove_old(self, name):
        for path in self.versions(name)[VERSIONS:]:
            os.remove(path)

    def newest(self, name, why):
        """Returns the newest cached version, for an origin that does not answer; None if there is none."""
        print(f"{name}: the origin fails ({why})", flush=True)
        return next(iter(self.versions(name)), None)

    async def handle(self, request):
        name = PLAIN.fullmatch(request.name)
        if request.is_upload or not name:
            return None
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        def work():
            try:
                found, error = self.find(name[1]), None
            except Exception as raised:
                found, error = None, raised
            try:
                loop.call_soon_threadsafe(settle, answer, found, error)
            except RuntimeError:
                pass  # the program ends

        # A thread for each: the default executor would wait for an origin that does not answer.
        threading.Thread(target=work, daemon=True).start()
        return await answer

    def find(self, name):
        """Returns the answer for a file: a path in the cache, a source, or None if the origin does not have it."""
        ask = urllib.request.Request(self.url_of(name), method="HEAD")
        try:
            with urllib.request.urlopen(ask, timeout=SECONDS) as answer:
                version, size = version_of(answer.headers), length_of(answer.headers)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403, 404, 410):
                return None
            if error.code not in (405, 501):
                return self.newest(name, error)
            version, size = None, -1
        except (OSError, http.client.HTTPException) as error:
            return self.newest(name, error)
        path = self.path_of(name, digest(version or ""))
        if version and os.path.exists(path):
            return path
        return tftpserver.Source(lambda: Fetched(self, name, version, size), size=size, key=f"{name} {version} {size}")


def settle(future, result, error):
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


async def main():
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    mirror = Mirror(sys.argv[1], sys.argv[2])
    os.makedirs(mirror.cache, exist_ok=True)
    host, port = (sys.argv[3:] + ["127.0.0.1", "6969"][len(sys.argv) - 3:])[:2]

    def on_end(request, error):
        print(f"{request.client_address[0]} {request.name!r}: {error or 'whole'}", flush=True)

    def on_error(request, error):
        print(f"{request.name}: {error}", flush=True)

    async with tftpserver.AsyncServer(mirror.handle, host, int(port), on_end=on_end, on_error=on_error) as server:
        ends = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ends.set)
        print(f"serving {mirror.url} on port {server.address[1]}", flush=True)
        await ends.wait()


if __name__ == "__main__":
    asyncio.run(main())

"""A file system in memory that stops answering on demand: the FUSE protocol over /dev/fuse, without
a library.

It has one directory. A set of operations hangs; their requests are kept and answered when the file
system is let go.
"""
import ctypes
import os
import stat
import struct
import threading

import net

FORGET, INTERRUPT, BATCH_FORGET = 2, 36, 42
LOOKUP, GETATTR, SETATTR, UNLINK, RENAME, OPEN, READ, WRITE, STATFS = 1, 3, 4, 10, 12, 14, 15, 16, 17
RELEASE, FSYNC, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, CREATE, RENAME2 = 18, 20, 25, 26, 27, 28, 29, 35, 45

ENOENT, EIO, ENOSYS = 2, 5, 38
MNT_DETACH = 2
ROOT = 1


def may_mount():
    return net.IS_ROOT and os.path.exists("/dev/fuse")


class HungFs:
    def __init__(self, path, **files):
        self.path = path
        self.files = {name: [number, bytearray(data)] for number, (name, data) in enumerate(files.items(), 2)}
        self.last = ROOT + len(files)
        self.hanging, self.kept, self.lock = set(), [], threading.Lock()
        os.mkdir(path)
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if net.libc.mount(b"hungfs", path.encode(), b"fuse.hungfs", 0, options) != 0:
            raise OSError(ctypes.get_errno(), "mount")
        threading.Thread(target=self.serve, daemon=True).start()

    def hang(self, *operations):
        with self.lock:
            self.hanging = set(operations)

    def let_go(self):
        """Answers all kept requests in their order."""
        with self.lock:
            kept, self.kept, self.hanging = self.kept, [], set()
        for request in kept:
            self.answer(*request)

    def waiting(self):
        with self.lock:
            return len(self.kept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Lets go before the processes that use it are ended: one that waits for an answer cannot
        even be killed."""
        self.let_go()
        net.libc.umount2(self.path.encode(), MNT_DETACH)

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 20)
            except OSError:
                return
            _, operation, unique, node = struct.unpack_from("<IIQQ", request)
            if operation in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            with self.lock:
                if operation in self.hanging:
                    self.kept.append((operation, unique, node, request[40:]))
                    continue
            self.answer(operation, unique, node, request[40:])

    def answer(self, operation, unique, node, body):
        error, reply = 0, b""
        try:
            reply = self.act(operation, node, body)
        except OSError as failure:
            error = -failure.errno
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(reply), error, unique) + reply)
        except OSError:
            pass  # whoever asked has been killed

    def act(self, operation, node, body):
        if operation == INIT:
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 1000, 900, 1 << 17, 1, 0, 0, 0, *[0] * 7)
        if operation == LOOKUP:
            return self.entry(self.named(body.rstrip(b"\0")))
        if operation in (GETATTR, SETATTR):
            return struct.pack("<QII", 0, 0, 0) + self.attributes(node)
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 0, 0)
        if operation == READ:
            offset, size = struct.unpack_from("<QI", body, 8)
            return bytes(self.content(node)[offset:offset + size])
        if operation == WRITE:
            offset, size = struct.unpack_from("<QI", body, 8)
            self.content(node)[offset:offset + size] = body[40:40 + size]
            return struct.pack("<II", size, 0)
        if operation == CREATE:
            self.last += 1
            name = body[16:].rstrip(b"\0").decode()
            self.files[name] = [self.last, bytearray()]
            return self.entry(self.last) + struct.pack("<QII", 0, 0, 0)
        if operation in (RENAME, RENAME2):
            old, new = body[8 if operation == RENAME else 16:].split(b"\0")[:2]
            self.files[new.decode()] = self.files.pop(old.decode())
            return b""
        if operation == UNLINK:
            self.named(body.rstrip(b"\0"))
            del self.files[body.rstrip(b"\0").decode()]
            return b""
        if operation == STATFS:
            return struct.pack("<5Q4I6I", 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 4096, 255, 4096, 0, *[0] * 6)
        if operation in (RELEASE, RELEASEDIR, FLUSH, FSYNC, READDIR):
            return b""
        raise OSError(ENOSYS, "")

    def named(self, name):
        if name.decode() not in self.files:
            raise OSError(ENOENT, "")
        return self.files[name.decode()][0]

    def content(self, node):
        return next((data for number, data in self.files.values() if number == node), bytearray())

    def entry(self, node):
        return struct.pack("<QQQQII", node, 0, 0, 0, 0, 0) + self.attributes(node)

    def attributes(self, node):
        size = 0 if node == ROOT else len(self.content(node))
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
        return struct.pack("<6Q10I", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

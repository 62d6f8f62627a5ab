"""A file system whose file attributes are wrong, or that lacks what others have: hungfs.py with
other answers.

Keywords: `inode`, the number that every file has; `size`, the size that every file claims;
`direct`, whether reads go past the page cache to the end of the contents, as with FUSE's direct_io;
`without`, operations that it does not know. `fail(operation, when)`: calls of that operation on a
file fail with EIO, the given ones or all.
"""
import os
import struct
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "abuse"))

from hungfs import (GETATTR, EIO, LOOKUP, HungFs, OPEN, OPENDIR, READDIR, RENAME2, ROOT, STATFS, WRITE, may_mount)  # noqa: E402,F401

LINK = 13
FOPEN_DIRECT_IO = 1


class OddFs(HungFs):
    def __init__(self, path, files, inode=None, size=None, direct=False, without=()):
        self.inode, self.size, self.direct, self.without = inode, size, direct, set(without)
        self.failing, self.counts = {}, {}
        super().__init__(path, **files)

    def fail(self, operation, when=None):
        self.counts[operation], self.failing[operation] = 0, when

    def act(self, operation, node, body):
        if operation in self.failing and node != ROOT:
            self.counts[operation] += 1
            if self.failing[operation] is None or self.counts[operation] in self.failing[operation]:
                raise OSError(EIO, "")
        if operation in self.without:
            raise OSError(38, "")
        if operation == OPEN and self.direct:
            return struct.pack("<QII", 0, FOPEN_DIRECT_IO, 0)
        return super().act(operation, node, body)

    def attributes(self, node):
        fields = bytearray(super().attributes(node))
        if node != ROOT and self.inode is not None:
            struct.pack_into("<Q", fields, 0, self.inode)
        if node != ROOT and self.size is not None:
            struct.pack_into("<Q", fields, 8, self.size)
        return bytes(fields)

"""Several clients on one name, and when the last block of an upload is acknowledged."""
import itertools
import os
import random
import re
import tempfile
import unittest

from ground import Process, Upload, leftovers, seed, skip_without_strace, times, until
from lib import Server, write

ROUNDS = times("ROUNDS", 60)


class OneName(unittest.TestCase):
    def test_the_last_whole_one_wins(self):
        """Clients of one name, in an order of chance: after each last ACK the file is that
        client's, whole. Goes on until uploads have ended in each of the three ways."""
        start = seed()
        chance, ended = random.Random(start), {"whole": 0, "aborted": 0, "abandoned": 0}
        with Server() as server:
            for round_number in itertools.count():
                if round_number >= ROUNDS and all(ended.values()):
                    break
                with self.subTest(round=round_number):
                    name = f"name{round_number % 5}"
                    self.play(server, name, [self.upload(server, chance, name) for _ in range(chance.randint(2, 6))],
                              chance, ended)
            until(lambda: len(leftovers(server.root)) <= ended["abandoned"], "what was aborted is removed")
        print(f"figure: {round_number} rounds of 2 to 6 uploads to one name, in turns by chance: {ended} (TFTP_SEED={start})")

    def upload(self, server, chance, name):
        mode = chance.choice(("octet", "octet", "netascii"))
        blksize = chance.choice((8, 512, 1428, 9000))
        size = chance.choice((0, 1, blksize - 1, blksize, blksize + 1, blksize * 3, chance.randrange(blksize * 40)))
        if mode == "octet":
            data = chance.randbytes(size)
        else:
            # Pairs that fall apart over two blocks, and both line ends.
            data = b"".join(chance.choice((b"a", b"line", b"\r\n", b"\r\0")) for _ in range(size // 2))
        return Upload(server.address, name, data, mode, blksize)

    def play(self, server, name, uploads, chance, ended):
        path = os.path.join(server.root, name)
        whole = open(path, "rb").read() if os.path.exists(path) else None
        while uploads:
            upload = chance.choice(uploads)
            fate = chance.random()
            if fate < 0.01:
                upload.abort()
                ended["aborted"] += 1
            elif fate < 0.015:
                ended["abandoned"] += 1  # no word any more, and its port is closed
            elif upload.step():
                whole = upload.file
                ended["whole"] += 1
            else:
                self.is_whole(path, whole)
                continue
            self.is_whole(path, whole)
            upload.close()
            uploads.remove(upload)

    def is_whole(self, path, whole):
        if whole is None:
            self.assertFalse(os.path.exists(path))
            return
        with open(path, "rb") as file:
            self.assertEqual(file.read(), whole)


class Synced(unittest.TestCase):
    """The order of system calls, from outside: strace names the files behind descriptors."""

    def setUp(self):
        skip_without_strace(self)

    def order(self, *settings):
        """Returns the server's actions for an upload, from its first write to the last ACK, as
        letters."""
        with tempfile.TemporaryDirectory() as directory:
            root, trace = os.path.join(directory, "root"), os.path.join(directory, "trace")
            os.mkdir(root)
            calls = "write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,sendto,sendmsg,sendmmsg"
            before = ("strace", "-f", "-y", "-qq", "-x", "-s", "32", "-e", "trace=" + calls, "-o", trace)
            with Process(root, *settings, before=before) as serving:
                write(serving, "file", b"x" * 700)
            with open(trace, encoding="utf-8", errors="surrogateescape") as lines:
                text = lines.read()
        return "".join(letter for line in text.split("\n") for letter in [self.letter(line, root)] if letter)

    def letter(self, line, root):
        """w: written, F: the file synced, R: renamed, D: the directory synced, a: the ACK of block
        1, A: the last one."""
        part = r"\.tftpserver-[0-9a-f]{16}\.part"
        for letter, pattern in (("w", rf"p?write(64|v)?\(\d+<{root}/{part}>"),
                                ("F", rf"f(data)?sync\(\d+<{root}/{part}>"),
                                ("R", rf'rename\w*\(\d+<{root}>, "{part}", \d+<{root}>, "file"'),
                                ("D", rf"fsync\(\d+<{root}>"),
                                ("a", r'send\w+\(.*"\\x00\\x04\\x00\\x01"'),
                                ("A", r'send\w+\(.*"\\x00\\x04\\x00\\x02"')):
            if re.search(pattern, line):
                return letter
        return None

    def test_file_and_directory_before_the_last_ack(self):
        self.assertRegex(self.order("SyncUploads=True"), r"^aw+FRDA$")

    def test_neither_where_it_was_not_asked_for(self):
        self.assertRegex(self.order(), r"^aw+RA$")

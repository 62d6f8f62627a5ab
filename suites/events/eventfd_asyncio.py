#!/usr/bin/env python3
"""The event descriptor in an asyncio loop: eventfd_asyncio.py LIBRARY

loop.add_reader calls DoEvents when the descriptor is readable, and nothing else does. A download
and an upload run to their end, the callbacks see every byte, and an idle half second makes no call
at all.
"""
import asyncio
import ctypes
import os
import sys

os.environ["TFTPSERVER_LIBRARY"] = sys.argv[1]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import lib  # noqa: E402
from lib import CONNECTED, DISCONNECTED, END, REQUEST, START, TRANSFER  # noqa: E402

PATIENCE = 30


class Server(lib.Server):
    def __init__(self):
        super().__init__(SelectWaitMillis=0)
        self.order, self.seen, self.turns = [], b"", 0
        self.ended = asyncio.Event()
        for event in (CONNECTED, REQUEST, DISCONNECTED, END, START, TRANSFER):
            self.on(event, lambda data, event=event: self.note(event, data))
        self.descriptor = lib.lib.tftpserver_get_event_fd(self.handle)
        assert self.descriptor >= 0
        asyncio.get_running_loop().add_reader(self.descriptor, self.turn)

    def turn(self):
        self.turns += 1
        self.events()

    def note(self, event, data):
        self.order.append(event)
        if event == TRANSFER:
            self.seen += ctypes.string_at(data.transfer.text, data.transfer.text_length)
        elif event == DISCONNECTED:
            assert data.disconnected.status_code == 0, data.disconnected.description
            self.ended.set()

    def close(self):
        asyncio.get_running_loop().remove_reader(self.descriptor)
        super().close()


async def move(server, call, *arguments):
    """Runs a client on a thread while the loop delivers events."""
    server.order, server.seen = [], b""
    server.ended.clear()
    with lib.Client(server.address) as client:
        got = await asyncio.wait_for(asyncio.to_thread(getattr(client, call), *arguments), PATIENCE)
    await asyncio.wait_for(server.ended.wait(), PATIENCE)
    return got


async def main():
    with Server() as server:
        content = server.file("file", os.urandom(20000))
        blocks = len(content) // 512 + 1
        wanted = [REQUEST, CONNECTED, START] + [TRANSFER] * blocks + [END, DISCONNECTED]
        got = await move(server, "read", "file")
        assert got == content and server.seen == content, "the download differs"
        assert server.order == wanted, server.order
        await move(server, "write", "new", content)
        assert server.seen == content, "the upload differs"
        assert server.order == wanted, server.order
        with open(os.path.join(server.root, "new"), "rb") as file:
            assert file.read() == content, "the file differs"
        before = server.turns
        await asyncio.sleep(0.5)
        assert server.turns == before, "the descriptor was readable while nothing waited"
        print(f"ok: two transfers, {before} calls of DoEvents")


if __name__ == "__main__":
    asyncio.run(main())

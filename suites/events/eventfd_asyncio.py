#!/usr/bin/env python3
"""The event descriptor in an asyncio loop: eventfd_asyncio.py LIBRARY

Server and client live in one loop and one thread: loop.add_reader calls DoEvents when the descriptor is readable, and
nothing else does. A download and an upload run to their end, the callbacks see every byte, and an idle second makes
no call at all.
"""
import asyncio
import ctypes
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from interface import Callback, EventId, PropertyId, load  # noqa: E402

CONNECTED, REQUEST, DISCONNECTED, END, START, TRANSFER = (
    EventId.CONNECTED, EventId.CONNECTION_REQUEST, EventId.DISCONNECTED, EventId.END_TRANSFER, EventId.START_TRANSFER,
    EventId.TRANSFER)
LOCAL_DIR, LOCAL_HOST, LOCAL_PORT = PropertyId.LOCAL_DIR, PropertyId.LOCAL_HOST, PropertyId.LOCAL_PORT
RRQ, WRQ, DATA, ACK, ERROR = 1, 2, 3, 4, 5
PATIENCE = 30


class Server:
    def __init__(self, library, directory):
        self.library = library
        self.handle = library.tftpserver_open()
        self.order, self.seen, self.turns = [], b"", 0
        self.ended = asyncio.Event()
        self.callback = Callback(self.on_event)
        assert library.tftpserver_set(self.handle, LOCAL_DIR, 0, directory.encode()) == 0
        assert library.tftpserver_set(self.handle, LOCAL_HOST, 0, b"127.0.0.1") == 0
        assert library.tftpserver_set_int(self.handle, LOCAL_PORT, 0, 0) == 0
        assert library.tftpserver_do_config(self.handle, b"SelectWaitMillis=0") is not None
        for event in (CONNECTED, REQUEST, DISCONNECTED, END, START, TRANSFER):
            assert library.tftpserver_register_callback(self.handle, event, self.callback, None) == 0
        assert library.tftpserver_do_startlistening(self.handle) == 0
        self.port = library.tftpserver_get_int(self.handle, LOCAL_PORT, 0)
        self.descriptor = library.tftpserver_get_event_fd(self.handle)
        assert self.descriptor >= 0
        asyncio.get_running_loop().add_reader(self.descriptor, self.turn)

    def turn(self):
        self.turns += 1
        assert self.library.tftpserver_do_doevents(self.handle) == 0

    def on_event(self, _server, event, _context):
        event = event.contents
        self.order.append(event.id)
        if event.id == TRANSFER:
            self.seen += ctypes.string_at(event.data.transfer.text, event.data.transfer.text_length)
        elif event.id == DISCONNECTED:
            assert event.data.disconnected.status_code == 0, event.data.disconnected.description
            self.ended.set()
        return 0

    def close(self):
        asyncio.get_running_loop().remove_reader(self.descriptor)
        assert self.library.tftpserver_close(self.handle) == 0


class Client(asyncio.DatagramProtocol):
    """Lockstep, 512 bytes a block; repeats nothing, for loopback loses nothing here."""

    def __init__(self, opcode, name, content=b""):
        self.opcode, self.name, self.content = opcode, name, content
        self.block, self.got = 0, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def ask(self, port):
        packet = self.opcode.to_bytes(2, "big") + self.name + b"\0octet\0"
        self.transport.sendto(packet, ("127.0.0.1", port))

    def datagram_received(self, packet, peer):
        opcode, block = int.from_bytes(packet[:2], "big"), int.from_bytes(packet[2:4], "big")
        if opcode == ERROR:
            self.done.set_exception(RuntimeError(packet[4:]))
        elif opcode == DATA and block == self.block + 1:
            self.block, self.got = block, self.got + packet[4:]
            self.transport.sendto(ACK.to_bytes(2, "big") + packet[2:4], peer)
            if len(packet) < 4 + 512:
                self.done.set_result(self.got)
        elif opcode == ACK and block == self.block:
            if block == len(self.content) // 512 + 1:
                self.done.set_result(None)
                return
            part = self.content[512 * self.block:512 * self.block + 512]
            self.block += 1
            self.transport.sendto(DATA.to_bytes(2, "big") + self.block.to_bytes(2, "big") + part, peer)


async def move(server, opcode, name, content=b""):
    server.order, server.seen = [], b""
    server.ended.clear()
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(
        lambda: Client(opcode, name, content), local_addr=("127.0.0.1", 0))
    client.ask(server.port)
    got = await asyncio.wait_for(client.done, PATIENCE)
    await asyncio.wait_for(server.ended.wait(), PATIENCE)
    transport.close()
    return got


async def main(path):
    with tempfile.TemporaryDirectory() as directory:
        content = os.urandom(20000)
        with open(os.path.join(directory, "file"), "wb") as file:
            file.write(content)
        server = Server(load(path), directory)
        blocks = len(content) // 512 + 1
        wanted = [REQUEST, CONNECTED, START] + [TRANSFER] * blocks + [END, DISCONNECTED]
        got = await move(server, RRQ, b"file")
        assert got == content and server.seen == content, "the download differs"
        assert server.order == wanted, server.order
        await move(server, WRQ, b"new", content)
        assert server.seen == content, "the upload differs"
        assert server.order == wanted, server.order
        with open(os.path.join(directory, "new"), "rb") as file:
            assert file.read() == content, "the file differs"
        before = server.turns
        await asyncio.sleep(0.5)
        assert server.turns == before, "the descriptor was readable while nothing waited"
        server.close()
        print(f"ok: two transfers, {before} calls of DoEvents")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

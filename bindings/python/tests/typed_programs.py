"""Never run: programs as users write them, which type checkers must accept."""
import asyncio
import io
import pathlib
from typing import Any, Dict, List, Optional, Union

import tftpserver
from tftpserver import Answer, AsyncServer, Request, Server, Settings, TFTPServer


class Backup:
    """A sink of its own kind."""

    def __init__(self) -> None:
        self.blocks: List[bytes] = []

    def write(self, block: bytes) -> int:
        self.blocks.append(block)
        return len(block)

    def close(self) -> None:
        self.blocks.clear()


class RemoteBackup:
    """The same, over a network."""

    async def write(self, block: bytes) -> None:
        await asyncio.sleep(len(block))

    async def close(self) -> None:
        await asyncio.sleep(0)


class RemoteImage:
    async def read(self) -> bytes:
        await asyncio.sleep(0)
        return b""

    async def close(self) -> None:
        await asyncio.sleep(0)


def handle(request: Request) -> Answer:
    host, port = request.client_address
    if request.is_upload:
        return Backup() if request.mode == "octet" else [b""].append
    if request.name == "later":
        return tftpserver.LATER
    request.data = {"began": 1.0}
    return pathlib.Path(host) if port else request.name.encode()


def bytes_or_nothing(request: Request) -> Optional[bytes]:
    return None


def path(request: Request) -> pathlib.Path:
    return pathlib.Path(request.name)


def stream(request: Request) -> io.BytesIO:
    return io.BytesIO(b"x")


async def slowly(request: Request) -> Union[RemoteImage, RemoteBackup, None]:
    await asyncio.sleep(1)
    return RemoteBackup() if request.is_upload else RemoteImage()


async def take(block: bytes) -> None:
    await asyncio.sleep(0)


async def callable_sink(request: Request) -> tftpserver.AsyncAnswer:
    return take


def ended(request: Request, error: Optional[tftpserver.TFTPServerError]) -> None:
    print(request.name, error.code if error else 0, request.data)


async def ended_slowly(request: Request, error: Optional[tftpserver.TFTPServerError]) -> None:
    await asyncio.sleep(0)


def raised(request: Request, error: Exception) -> None:
    print(request, error)


def provisioning(settings: Settings) -> None:
    with Server(handle, "", 69, root="x", create=True, on_end=ended, on_error=raised, read_only=True, timeout=5) as server:
        server.max_block_size = server.max_window_size + 1
        server.start(raise_errors=True).shutdown()
        server.serve_forever(raise_errors=True)
        statistics: str = server.statistics
        print(statistics, server.address[0])
    Server(pathlib.Path("/srv"), **settings)
    for handler in (bytes_or_nothing, path, stream):
        Server(handler)


async def in_a_service() -> None:
    async with AsyncServer(slowly, port=0, on_end=ended_slowly, transfer_ports="40000-40100") as server:
        server.log_level = 3
        await server.serve_forever()
    for handler in (handle, callable_sink):
        AsyncServer(handler, port=0, on_end=ended)


def classic() -> None:
    with TFTPServer() as server:
        server.local_dir = "/srv"
        server.read_only = True
        server.on_connected = lambda e: print(e.status_code)
        server.on_log = None
        received: Dict[int, List[bytes]] = {}

        @server.on_connection_request
        def asked(e: tftpserver.ConnectionRequestEvent) -> None:
            e.accept = e.filename == "x"
            e.accept = tftpserver.LATER
            server.accept(e.connection_id, True)

        @server.on_transfer
        def moved(e: tftpserver.TransferEvent) -> None:
            received.setdefault(e.connection_id, []).append(e.text)
            server.hold(e.connection_id)

        asked(tftpserver.ConnectionRequestEvent("", 0, "", "0", 1, True, 1, ""))
        server.conn[1000001].file_data = b"x"
        names = [conn.filename for conn in server.conn]
        print(names, server.on_log.handler, server.conn[0].operation == tftpserver.Operation.READ)
        port: int = server.local_port
        print(port)


class Lab(TFTPServer):
    """Handlers as methods."""

    def __init__(self, root: str) -> None:
        super().__init__()
        self.root = root
        self.ends: List[Any] = []

    def on_connected(self, e: tftpserver.ConnectedEvent) -> None:  # type: ignore[override] # mypy's, not pyright's
        self.ends.append(e)

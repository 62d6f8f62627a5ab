"""Never run: what a program may write, and what the type checker then knows."""
import pathlib
from typing import Optional

import tftpserver


class Mine(tftpserver.TFTPServer):
    pass


def handle(request: tftpserver.Request) -> tftpserver.Answer:
    host, port = request.client_address
    if request.is_upload:
        return [b""].append
    return pathlib.Path(host) if port else request.name.encode()


async def handle_async(request: tftpserver.Request) -> Optional[bytes]:
    return None


def ended(request: tftpserver.Request, error: Optional[tftpserver.TFTPServerError]) -> None:
    print(request.name, error.code if error else 0)


def program() -> None:
    with Mine() as server:
        server.local_dir = pathlib.Path("/srv")  # type: ignore[assignment, unused-ignore] # until checkers know
        server.on_connected = lambda e: print(e.status_code)
        server.on_log = None

        @server.on_connection_request
        def asked(e: tftpserver.ConnectionRequestEvent) -> None:
            e.accept = e.filename == "x"
            e.accept = tftpserver.LATER
            server.accept(e.connection_id, True)

        server.conn[1000001].file_data = b"x"
        names = [conn.filename for conn in server.conn]
        print(names, server.on_log.handler)
        port: int = server.local_port
        print(port)
    with tftpserver.Server(handle, "", 69, root="x", on_end=ended, read_only=True) as serving:
        serving.start().shutdown()
    tftpserver.AsyncServer(handle_async, port=0)
    tftpserver.AsyncServer(handle, port=0)
    tftpserver.Server(pathlib.Path("/srv"))

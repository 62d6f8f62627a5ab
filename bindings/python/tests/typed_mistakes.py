"""Never run: mistakes that type checkers must find, one on each line that is marked."""
from typing import List

import tftpserver
from tftpserver import AsyncServer, Request, Server, TFTPServer


def good(request: Request) -> None:
    print(request.is_uplaod)  # mistake


async def slowly(request: Request) -> bytes:
    return b""


def yes(request: Request) -> bool:
    return True


def numbers(request: Request) -> List[int]:
    return []


class ReadsText:
    def read(self) -> str:
        return ""

    def close(self) -> None:
        pass


def text(request: Request) -> ReadsText:
    return ReadsText()


Server(good, read_onyl=True)  # mistake
Server(good, timeout="ten")  # mistake
Server(good, on_end=good)  # mistake
Server(slowly)  # mistake
Server(yes)  # mistake
Server(numbers)  # mistake
Server(text)  # mistake
AsyncServer(yes)  # mistake
AsyncServer(good, max_block_size="big")  # mistake
server = TFTPServer()
server.read_onyl = True  # mistake
server.max_block_size = "big"  # mistake
server.on_disconected = print  # mistake
server.on_connected = lambda e: print(e.nonsense)  # mistake, to mypy alone
server.conn[1].nonsense  # mistake


def wrong_event(e: tftpserver.TransferEvent) -> None:
    pass


server.on_connection_request(wrong_event)  # mistake
server.on_connection_request = wrong_event  # mistake
Server(good).read_onyl = True  # mistake

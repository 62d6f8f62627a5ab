"""A server that does nothing but serve, until its standard input ends; prints its port.

usage: serving.py DIRECTORY [SETTING=VALUE...]     (TFTPSERVER_LIBRARY: libtftpserver.so)
"""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))

from lib import LOCAL_DIR, Server  # noqa: E402


def main():
    server = Server(start=False)
    server.directory.cleanup()
    server.set(LOCAL_DIR, sys.argv[1])
    for setting in sys.argv[2:]:
        server.config(*setting.split("=", 1))
    server.start()
    print(server.port, flush=True)
    while not has_ended():
        pass
    server.close()


def has_ended():
    """Waits for standard input, even if a test makes this very call fail."""
    try:
        return not os.read(0, 1)
    except BlockingIOError:
        return False


main()

"""serve.py: serves a directory to any TFTP client and prints the events.

    python examples/serve.py [--port N] [--host ADDRESS] [--read-only] DIR

All output comes from the library's events, which arrive inside do_events, on this one thread, one at a time. So no lock
is needed. (To serve a directory without a program of your own: python -m tftpserver DIR.)
"""
import argparse
import signal
import sys

import tftpserver


class Screen:
    """The handlers, and the running transfers."""

    def __init__(self, server):
        self.server = server
        self.transfers = {}  # connection id: [description, bytes so far]
        server.on_connection_request = self.asked
        server.on_connected = self.connected
        server.on_transfer = self.moved
        server.on_disconnected = self.ended

    def asked(self, e):
        what = "writes" if e.operation == tftpserver.Operation.WRITE else "reads"
        # The name comes from the client: repr() escapes control codes for the terminal.
        self.transfers[e.connection_id] = [f"{e.remote_host}:{e.remote_port} {what} {e.filename!r}", 0]

    def connected(self, e):
        if e.status_code == 0:
            print(self.transfers[e.connection_id][0], flush=True)
        else:
            self.say_end(e)

    def moved(self, e):
        self.transfers[e.connection_id][1] = e.bytes_transferred

    def ended(self, e):
        self.say_end(e)

    def say_end(self, e):
        what, count = self.transfers.pop(e.connection_id)
        print(f"{what}: {'done' if e.status_code == 0 else e.description}, {count} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Gives a directory to any TFTP client, and says what happens.")
    parser.add_argument("directory", metavar="DIR")
    parser.add_argument("--port", type=int, default=6969)
    parser.add_argument("--host", default="", help="address to listen on (every one)")
    parser.add_argument("--read-only", action="store_true", help="refuse uploads")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C

    with tftpserver.TFTPServer() as server:
        Screen(server)
        try:
            server.local_dir = options.directory
            server.local_host, server.local_port = options.host, options.port
            server.config(f"ReadOnly={options.read_only}")
            server.config("SelectWaitMillis=60000")  # events and Ctrl-C end the wait, so it may be long
            server.start_listening()
            print(f"listening on {server.local_host or '*'}:{server.local_port}", flush=True)
            while True:
                server.do_events()
        except KeyboardInterrupt:
            return 0
        except tftpserver.TFTPServerError as error:
            print(f"serve.py: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())

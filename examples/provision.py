"""Boots the machines of a lab, and keeps their configuration. docs/tutorial.md explains it step by step.

usage: provision.py ROOT BACKUPS [NAME=VALUE]...
"""
import os
import re
import signal
import sys
import time

from tftpserver import Operation, TFTPServer, TFTPServerError

MACHINE = re.compile(r"/*pxelinux\.cfg/01-((?:[0-9a-f]{2}-){5}[0-9a-f]{2})", re.IGNORECASE)
PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


class Provision(TFTPServer):
    def __init__(self, root, backups):
        super().__init__()
        self.local_dir, self.backups, self.stop = root, backups, False

    def tell(self, connection, what):
        """Prints client, file and result. The name comes from the client: do not trust it."""
        one = self.conn[connection]
        name = "".join(c if c.isprintable() else "?" for c in one.filename)
        print(f"{one.remote_host} {name}: {what}", flush=True)

    def on_disconnected(self, e):
        self.tell(e.connection_id, e.description)

    def on_connected(self, e):
        if e.status_code:  # it never began, so it has no Disconnected
            self.tell(e.connection_id, e.description)

    def on_connection_request(self, e):
        if e.operation == Operation.WRITE:
            self.keep(e)
        elif machine := MACHINE.fullmatch(e.filename):
            self.configure(e, machine[1].lower())

    def configure(self, e, mac):
        """A real lab would look the machine up in its inventory here."""
        self.conn[e.connection_id].file_data = (
            "DEFAULT install\n"
            "LABEL install\n"
            "  KERNEL vmlinuz\n"
            "  INITRD initrd.img\n"
            f"  APPEND ip=dhcp hostname=node-{mac} lab.address={e.remote_host}\n").encode()

    def keep(self, e):
        """Stores uploads in BACKUPS/address/name, and nowhere else."""
        directory = os.path.join(self.backups, e.remote_host)
        if not PLAIN.fullmatch(e.filename):
            e.accept = False  # the client gets an ERROR, Connected the number 10013
            return
        os.makedirs(directory, mode=0o750, exist_ok=True)
        self.conn[e.connection_id].local_file = os.path.join(directory, e.filename)

    def run(self):
        self.config("SelectWaitMillis=500")
        self.start_listening()
        print(f"serving {self.local_dir} on port {self.local_port}", flush=True)
        while not self.stop:
            self.do_events()
        # Accepts no new clients; running transfers may finish within ten seconds.
        self.stop_listening()
        end = time.monotonic() + 10
        while self.conn_count and time.monotonic() < end:
            self.do_events()
        print(self.config("Statistics"), flush=True)

    def end(self, *_):
        self.stop = True


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        with Provision(*sys.argv[1:3]) as server:
            signal.signal(signal.SIGINT, server.end)
            signal.signal(signal.SIGTERM, server.end)
            for setting in sys.argv[3:]:
                server.config(setting)
            server.run()
    except TFTPServerError as error:
        sys.exit(f"provision: {error}")


if __name__ == "__main__":
    main()

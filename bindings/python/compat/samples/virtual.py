import sys
from ipworks import *

uploads = {}


class VirtualServer:
    def __init__(self, directory, port):
        self.directory = directory
        self.server = TFTPServer()
        self.server.on_connected = self.fire_connected
        self.server.on_transfer = self.fire_transfer
        self.server.on_end_transfer = self.fire_end_transfer
        self.server.local_port = port
        self.server.start_listening()

    def fire_connected(self, e):
        name = self.server.get_conn_filename(e.connection_id)
        if name == "data.bin":
            self.server.set_conn_file_data(e.connection_id, bytes(range(256)))
        elif name == "text.txt":
            self.server.set_conn_file_data(e.connection_id, "made for %s" % self.server.get_conn_remote_host(e.connection_id))
        elif name == "other.txt":
            self.server.set_conn_local_file(e.connection_id, self.directory + "/hello.txt")

    def fire_transfer(self, e):
        if e.direction == 0:
            uploads.setdefault(e.connection_id, []).append(e.text)

    def fire_end_transfer(self, e):
        if e.direction == 0:
            print("got %d bytes" % len(b"".join(uploads.pop(e.connection_id))))
            sys.stdout.flush()


virtual = VirtualServer(sys.argv[1], int(sys.argv[2]))
print("Listening on port %d" % virtual.server.local_port)
sys.stdout.flush()
try:
    while True:
        virtual.server.do_events()
except KeyboardInterrupt:
    virtual.server.stop_listening()

import sys
from ipworks import *

server = TFTPServer()


def fire_connection_request(e):
    print("Request from %s:%d for %s, operation %d, mode %s" % (
        e.remote_host, e.remote_port, e.filename, e.operation, e.transfer_mode))
    e.accept = True


def fire_connected(e):
    print("[%d] Connected: %d %s" % (e.connection_id, e.status_code, e.description))


def fire_start_transfer(e):
    print("[%d] %s of %s begins" % (
        e.connection_id, "Upload" if e.direction == 0 else "Download", server.get_conn_filename(e.connection_id)))


def fire_transfer(e):
    global transferred
    transferred = e.bytes_transferred
    assert isinstance(e.text, bytes)


def fire_end_transfer(e):
    print("[%d] %d bytes" % (e.connection_id, transferred))


def fire_error(e):
    print("Error %d: %s" % (e.error_code, e.description))


def fire_log(e):
    print("Log %d: %s" % (e.log_level, e.message), file=sys.stderr)


def fire_disconnected(e):
    print("[%d] Disconnected: %d %s" % (e.connection_id, e.status_code, e.description))
    sys.stdout.flush()


transferred = 0
server.on_connected = fire_connected
server.on_connection_request = fire_connection_request
server.on_disconnected = fire_disconnected
server.on_end_transfer = fire_end_transfer
server.on_error = fire_error
server.on_log = fire_log
server.on_start_transfer = fire_start_transfer
server.on_transfer = fire_transfer

try:
    server.local_dir = sys.argv[1]
    server.local_port = int(sys.argv[2])
    server.start_listening()
    print("Listening on port %d" % server.local_port)
    sys.stdout.flush()
    while True:
        server.do_events()
except KeyboardInterrupt:
    print("Stopping")
    server.stop_listening()
except IPWorksError as e:
    print("Error %i: %s" % (e.code, e.message))
    sys.exit(1)

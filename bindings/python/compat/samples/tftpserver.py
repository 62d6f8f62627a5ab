import sys
from ipworks import *


def fire_connection_request(e):
    print("%s requested" % e.filename)
    e.accept = True


def fire_transfer(e):
    global percent
    percent = e.percent_done


def fire_end_transfer(e):
    print("%d%%" % percent)
    sys.stdout.flush()


percent = 0
tftpserver = TFTPServer()
tftpserver.on_connection_request = fire_connection_request
tftpserver.on_transfer = fire_transfer
tftpserver.on_end_transfer = fire_end_transfer
try:
    tftpserver.local_dir = sys.argv[1]
    tftpserver.local_port = int(sys.argv[2])
    tftpserver.start_listening()
    print("Listening on port %d" % tftpserver.local_port)
    sys.stdout.flush()
    while True:
        tftpserver.do_events()
except KeyboardInterrupt:
    tftpserver.stop_listening()
except IPWorksTftpserverError as e:
    print("%d %s" % (e.code, e.message))

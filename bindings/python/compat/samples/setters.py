import sys
from ipworks import *


def on_request(e):
    if e.operation == 2:
        e.accept = False


def on_connected(e):
    if e.status_code != 0:
        print("refused: %d" % e.status_code)
        sys.stdout.flush()
        return
    for i in range(0, tftpserver1.get_conn_count()):
        print("%s %s %s %s" % (tftpserver1.get_conn_connection_id(i), tftpserver1.get_conn_remote_host(i),
                               tftpserver1.get_conn_filename(i), tftpserver1.get_conn_transfer_mode(i)))
    print(tftpserver1.get_conn_remote_port(tftpserver1.get_conn_connection_id(0)) > 0)
    sys.stdout.flush()


tftpserver1 = TFTPServer()
tftpserver1.set_runtime_license("none")
tftpserver1.on_connection_request = on_request
tftpserver1.on_connected = on_connected
tftpserver1.set_local_host("127.0.0.1")
tftpserver1.set_local_dir(sys.argv[1])
tftpserver1.set_local_port(int(sys.argv[2]))
tftpserver1.set_timeout(30)
tftpserver1.set_max_retransmits(2)
tftpserver1.set_retransmit_timeout(2)
tftpserver1.config("MaxPacketSize=1472")
tftpserver1.set_listening(True)
print("Listening on port %d: %s, %s, %d %d %d, %s" % (
    tftpserver1.get_local_port(), tftpserver1.get_listening(), tftpserver1.get_local_dir() == sys.argv[1],
    tftpserver1.get_timeout(), tftpserver1.get_max_retransmits(), tftpserver1.get_retransmit_timeout(),
    tftpserver1.config("MaxPacketSize")))
sys.stdout.flush()
try:
    while True:
        tftpserver1.do_events()
except KeyboardInterrupt:
    tftpserver1.stop_listening()
    print("Stopped: %s" % tftpserver1.get_listening())

"""Run by linux.py with the package of a wheel on the path: serves a file to a client of its own,
and prints the version and the machine."""
import os
import platform
import socket
import tempfile
import threading

import tftpserver

CONTENT = os.urandom(2000)

with tempfile.TemporaryDirectory() as root:
    with open(os.path.join(root, "image"), "wb") as file:
        file.write(CONTENT)
    with tftpserver.Server(root, "127.0.0.1", 0) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client.settimeout(60)
        client.sendto(b"\0\1image\0octet\0", server.address)
        got = b""
        while True:
            packet, peer = client.recvfrom(1024)
            assert packet[:2] == b"\0\3", packet
            got += packet[4:]
            client.sendto(b"\0\4" + packet[2:4], peer)
            if len(packet) < 516:
                break
        assert got == CONTENT, len(got)
        server.shutdown()
        print(tftpserver.TFTPServer().version, platform.machine())

"""Ports for programs that a test starts, and when they listen there, looked up without asking: a client that asks too early
waits before it asks again."""
import random
import socket
import time


def free_port():
    """A free UDP port below those that the system gives away: between this look and the program's bind, the ports of other
    servers' transfers, which are random ones of the system's, cannot take it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            try:
                one.bind(("0.0.0.0", port))
                return port
            except OSError:
                continue


def is_bound(port):
    """Whether any program holds this UDP port; it is not taken from one that is about to, as by trying to bind it."""
    for name in ("udp", "udp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as file:
            next(file)
            if any(int(line.split()[1].rsplit(":", 1)[1], 16) == port for line in file):
                return True
    return False


def await_bound(process, port, seconds=60):
    """Until it is bound; a process that ends before, or does not come to it, is a failure."""
    end = time.monotonic() + seconds
    while not is_bound(port):
        if process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode} and did not listen: {process.communicate()}")
        if time.monotonic() > end:
            raise AssertionError(f"{process.args} does not listen on port {port}")
        time.sleep(0.002)

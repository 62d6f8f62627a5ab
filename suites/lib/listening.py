"""Free ports for programs that a test starts, and waiting until they listen there. It looks the
ports up instead of sending requests, because a client whose request is too early waits before it
repeats it."""
import random
import socket
import time


def free_port():
    """Returns a free UDP port below the system's ephemeral range. Between this check and the
    program's bind, other servers' transfers, whose ports are ephemeral, cannot take it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            try:
                one.bind(("0.0.0.0", port))
                return port
            except OSError:
                continue


def is_bound(port):
    """Returns whether a program holds this UDP port. Unlike a trial bind, this does not take the
    port from a program that is about to bind it."""
    for name in ("udp", "udp6"):
        with open(f"/proc/net/{name}", encoding="ascii") as file:
            next(file)
            if any(int(line.split()[1].rsplit(":", 1)[1], 16) == port for line in file):
                return True
    return False


def await_bound(process, port, seconds=60):
    """Waits until the port is bound; fails if the process ends before, or does not bind it in
    time."""
    end = time.monotonic() + seconds
    while not is_bound(port):
        if process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode} and did not listen: {process.communicate()}")
        if time.monotonic() > end:
            raise AssertionError(f"{process.args} does not listen on port {port}")
        time.sleep(0.002)

"""Idle servers and transfers use no processor time."""
import json
import os
import time
import unittest

from lib import RETRANSMIT_TIMEOUT, Client, Server, in_child, pattern, read, write

# Seconds that nothing may happen in, and that may pass before nothing happens any more: a pool's
# threads wait five seconds for work, a client that went away is given up after some twenty.
STILL, SETTLED = 3, 90


def figures():
    """Returns for each thread but this one the number of its context switches and its processor
    time in ticks."""
    found = {}
    for task in os.listdir("/proc/self/task"):
        if int(task) == os.getpid():
            continue
        try:
            with open(f"/proc/self/task/{task}/status", encoding="ascii") as file:
                switches = tuple(int(line.split()[1]) for line in file if "ctxt_switches" in line)
            with open(f"/proc/self/task/{task}/stat", encoding="ascii") as file:
                ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        found[task] = switches + tuple(ticks)
    return found


def is_still():
    """Whether no thread began, ended, woke up or ran for a while; what each did otherwise."""
    before = figures()
    time.sleep(STILL)
    after = figures()
    return before == after, f"{before} became {after}"


def settle():
    end = time.monotonic() + SETTLED
    while True:
        still, became = is_still()
        if still:
            return
        assert time.monotonic() < end, f"not idle: {became}"


class Idle(unittest.TestCase):
    """Tests in a separate process, whose threads are the library's and the test's, which sleeps."""

    def test_servers_that_listen_and_servers_that_do_not(self):
        def test():
            with Server() as one:
                one.file("file", b"x")
                waiting = [Server() for _ in range(50)]
                unused = [Server(start=False) for _ in range(50)]
                settle()
                # The sleeping threads were the server's: every I/O thread listens.
                assert len(figures()) >= 51, figures()
                before = figures()
                assert read(one, "file") == b"x"
                assert figures() != before, "what is counted counts"
                for server in waiting + unused:
                    server.close()

        in_child(test)

    def test_after_traffic(self):
        def test():
            with Server() as server:
                data = server.file("file", pattern(300_000))
                for number in range(20):
                    assert read(server, "file", blksize=1428) == data
                    write(server, f"new{number}", data[:20_000], blksize=1428)
                # One client goes away in the middle, one is never heard of again.
                with Client(server.address) as client:
                    client.oack("file", blksize=1428)
                    client.ack(0)
                    client.receive()
                with Client(server.address) as client:
                    client.oack("half", 2, blksize=1428)
                settle()
                before = figures()
                assert read(server, "file", blksize=1428) == data
                assert figures() != before, "what is counted counts"

        in_child(test)

    def test_open_transfers_wait_for_their_timers_alone(self):
        """A transfer whose client is silent costs one wake-up a retransmission, and nothing between
        them."""
        def test():
            with Server(start=False, AdaptiveRetransmit="False") as server:
                server.set(RETRANSMIT_TIMEOUT, 600)
                server.start()
                server.file("file", pattern(5000))
                clients = [Client(server.address) for _ in range(20)]
                for client in clients:
                    client.ask("file")
                    client.receive()
                settle()
                assert json.loads(server.config("Statistics"))["active"] == 20
                for client in clients:
                    client.socket.close()

        in_child(test)

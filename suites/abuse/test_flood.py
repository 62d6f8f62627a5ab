"""Floods from unused addresses, while real transfers run: these stay whole and fast, nothing grows
without bound, and afterwards everything is as it was.

ABUSE_KIB      what each of the 16 clients reads meanwhile (256; in the long form 16384)
ABUSE_ROUNDS   how often each flood is compared (1; in the long form 5)
"""
import os
import socket
import statistics
import tempfile
import time
import unittest

import support
from net import in_child, needs_network
from support import LONG, Server, Wire, end_flood, told, whole

CLIENTS = 16
SIZE = int(os.environ.get("ABUSE_KIB", "16384" if LONG else "256")) << 10
ROUNDS = int(os.environ.get("ABUSE_ROUNDS", "5" if LONG else "1"))
# Packets a second; 0: as many as one thread can.
RATE = 0 if LONG else 30_000
# MaxRetransmits and RetransmitTimeout: in the short form what the floods begin is given up soon, in
# the long form as by default; real clients are waited for.
HASTE = {15: 3, 16: 5} if LONG else {15: 1, 16: 1}
PATIENCE = 3600

# The descriptors that most systems give a process, and the most that floods may take: an eighth for
# sockets of half-open transfers, 64 shared ones, half-open uploads (an eighth of all, two or three
# each) and a few more; and the most resident memory.
LIMIT = 1024
DESCRIPTORS = LIMIT // 8 + 64 + LIMIT * 3 // 8 + 24
RESIDENT_KIB = 96 * 1024

FLOODS = {
    "RRQs": ("rrq", "listening"), "RRQs for nothing": ("missing", "listening"), "WRQs that never send": ("wrq", "listening"),
    "garbage": ("garbage", "listening"), "stray ACKs": ("ack", "listening"),
    "stray ACKs to transfer ports": ("ack", "transfers"), "garbage to transfer ports": ("garbage", "transfers"),
}


@needs_network
class Floods(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        with open(os.path.join(self.root, "image"), "wb") as file:
            file.write(support.pattern(SIZE))
        with open(os.path.join(self.root, "small"), "wb") as file:
            file.write(support.pattern(100))

    def transfers(self, wire, server, during):
        """Runs real transfers that begin before `during` and end before it does. Returns their
        bytes per second."""
        server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
        server.set(16, PATIENCE)
        with wire.load(server, op="read", name="image", size=SIZE, blksize=1428, clients=CLIENTS,
                       together="yes") as clients:
            self.assertEqual(clients.line(), "open")
            server.set(16, HASTE[16])
            flood = during()
            clients.say()
            result = clients.result()
            if flood:
                sent = end_flood(flood)
                result["flood"] = sent["packets"] / sent["seconds"]
        server.is_unhurt()
        whole(result, CLIENTS)
        result["speed"] = result["bytes"] / result["seconds"]
        return result

    def flood(self, wire, kind, ports):
        name = "absent" if kind == "missing" else "image"
        flood = wire.flood("rrq" if kind == "missing" else kind, ports, name=name, rate=RATE)
        return flood

    def compare(self, wire, server, name):
        """Returns the ratio of the transfers' speed under a flood at the server to that under the
        same flood at a socket that only discards."""
        kind, where = FLOODS[name]
        ratios, rows = [], []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as discards:
            discards.bind((wire.address, 0))
            for _ in range(ROUNDS):
                quiet = self.transfers(wire, server, lambda: None)
                control = self.transfers(
                    wire, server, lambda: self.flood(wire, kind, [discards.getsockname()[1]]))
                flooded = self.transfers(
                    wire, server,
                    lambda: self.flood(wire, kind,
                                       [server.port] if where == "listening" else server.transfer_ports()))
                ratios.append(flooded["speed"] / control["speed"])
                rows.append((quiet["speed"] / 1e6, control["speed"] / 1e6, flooded["speed"] / 1e6, flooded["flood"]))
        middle = statistics.median(ratios)
        mean = [statistics.median(row[at] for row in rows) for at in range(4)]
        told(f"{name}: {mean[0]:.1f} MB/s undisturbed, {mean[1]:.1f} beside the flood, {mean[2]:.1f} under it "
             f"({mean[3]:.0f} packets/s): {middle:.2f} of the control [{', '.join(f'{one:.2f}' for one in ratios)}]")
        if LONG:
            self.assertGreaterEqual(middle, 0.5, name)

    def bounded(self, server, before, name):
        held = server.held()
        told(f"{name}: before {before}, now {held}, at most {server.peak} KiB; {server.statistics()}")
        self.assertLessEqual(held["descriptors"], before["descriptors"] + DESCRIPTORS)
        self.assertLessEqual(server.peak, before["resident_kib"] + RESIDENT_KIB)
        self.assertLessEqual(server.statistics()["active"], 16_384)

    def after(self, wire, server, before):
        """Checks that nothing is left of the flood once the half-open transfers are given up, and
        that new clients are served."""
        server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left")
        server.wait_until(lambda: sorted(os.listdir(self.root)) == ["image", "small"], "unfinished uploads are left")
        # Shared sockets, once open, stay open: 64 of a thread.
        server.wait_until(lambda: server.descriptors <= before["descriptors"] + 16 + 64, "descriptors are left")
        server.wait_until(lambda: server.threads <= before["threads"], "threads are left")
        self.transfers(wire, server, lambda: None)

    def run_flood(self, name):
        def test():
            wire = Wire()
            with Server(self.root, wire.address, descriptors=LIMIT, properties=HASTE) as server:
                before = server.held()
                self.compare(wire, server, name)
                self.bounded(server, before, name)
                self.after(wire, server, before)
        print(f"ABUSE_SEED={support.SEED}")
        in_child(test)

    def test_rrqs(self):
        self.run_flood("RRQs")

    def test_rrqs_for_nothing(self):
        self.run_flood("RRQs for nothing")

    def test_wrqs_that_never_send(self):
        self.run_flood("WRQs that never send")

    def test_garbage(self):
        self.run_flood("garbage")

    def test_stray_acks(self):
        self.run_flood("stray ACKs")

    def test_stray_acks_to_transfer_ports(self):
        self.run_flood("stray ACKs to transfer ports")

    def test_garbage_to_transfer_ports(self):
        self.run_flood("garbage to transfer ports")

    def test_one_address_is_bounded(self):
        """4,096 half-open transfers of one address; another one is served meanwhile."""
        def test():
            wire = Wire()
            with Server(self.root, wire.address) as server:
                flood = wire.flood("rrq", [server.port], name="image", hosts=1, rate=20_000)
                server.wait_until(lambda: server.statistics()["unanswered"] > 1000, "no bound")
                active = server.statistics()["active"]
                told(f"one address: {active} half-open transfers")
                self.assertEqual(active, 4096)
                result = wire.load(server, op="read", name="image", size=SIZE, clients=4).result()
                end_flood(flood)
                whole(result, 4)
        in_child(test)

    def test_descriptors_are_left_to_others(self):
        """WRQs without DATA take an eighth of the descriptors, not all: a file that is not cached
        yet can be opened."""
        def test():
            wire = Wire()
            with Server(self.root, wire.address, descriptors=256) as server:
                flood = wire.flood("wrq", [server.port], rate=5_000)
                server.wait_until(lambda: server.statistics()["unanswered"] > 1000, "no bound")
                held = server.descriptors
                result = wire.load(server, op="read", name="image", size=SIZE, clients=4).result()
                end_flood(flood)
                told(f"256 descriptors, WRQs that never send: {held} taken")
                self.assertLess(held, 160)
                whole(result, 4)
        in_child(test)

    def amplification(self, wire, server, kind, **options):
        """Returns the ratio of bytes sent to bytes received, IP headers included, until the server
        has given up."""
        before, bytes_before = wire.sent()
        flood = wire.flood(kind, [server.port], rate=2_000, **options)
        server.wait_until(lambda: wire.sent()[0] - before > 500, "no answer")
        sent = end_flood(flood)
        server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left", 90)
        packets, answered = wire.sent()
        ratio = (answered - bytes_before - 14 * (packets - before)) / sent["bytes"]
        told(f"amplification of {kind} {options}: {ratio:.1f} in bytes, {(packets - before) / sent['packets']:.1f} in packets")
        return ratio, (packets - before) / sent["packets"]

    def test_amplification(self):
        """A request without a client is answered with one packet, its retransmissions (7 by
        default) and an ERROR."""
        def test():
            wire = Wire()
            properties = {} if LONG else HASTE
            most = 8 if LONG else 3
            with Server(self.root, wire.address, properties=properties) as server:
                for kind, options, size in (("rrq", {"name": "image"}, 544), ("wrq", {}, 32), ("rrq", {"name": "absent"}, 60)):
                    ratio, packets = self.amplification(wire, server, kind, **options)
                    # A few ARP packets and those of the neighbourhood come on top.
                    self.assertLessEqual(packets, most * 1.05)
                    self.assertLessEqual(ratio, most * size / 40 * 1.05)
                self.silence(wire, server)
        in_child(test)

    def silence(self, wire, server):
        """ACKs and garbage on the listening port are not answered at all."""
        for kind in ("ack", "garbage"):
            before = wire.sent()[0]
            flood = wire.flood(kind, [server.port], rate=5_000)
            time.sleep(0.3)
            packets = end_flood(flood)["packets"]
            # A request after them is answered once they have been handled.
            whole(wire.load(server, op="read", name="small", size=100).result(), 1)
            self.assertLess(wire.sent()[0] - before, 100, f"of {packets}")

"""Loss on a real stack: nftables drops what arrives in a network of the test's own; real clients
and the load, both ways.

A client that gives up by itself is no failure of the server: then the file on the server is whole
or absent.
"""
import concurrent.futures
import importlib.util
import os
import shutil
import subprocess
import tempfile
import unittest

import net
import support
from net import in_child, needs_network
from support import LONG, Server, load, told, whole

spec = importlib.util.spec_from_file_location(
    "real_clients", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients", "run.py"))
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)

ROUNDS = 5 if LONG else 1
# Bytes by percent: clients wait for seconds where something is lost.
SIZES = {1: 200_000, 5: 60_000, 20: 10_000} if LONG else {1: 60_000, 5: 10_000, 20: 4_000}
# The retransmission timeout of the load, in milliseconds.
SOON = 1000 if LONG else 150
PATIENCE = 400 if LONG else 60
CLIENTS = [client for client in real.CLIENTS if real.installed(client)]
MISSING = [client.name for client in real.CLIENTS if not real.installed(client)]

RRQ, WRQ, DATA, ACK, OACK = 1, 2, 3, 4, 6
# Real clients wait for seconds: in the short form they lose these, and the load everything.
MIDDLE = [(DATA, 3), (ACK, 4)]

# A second OACK is what atftp ends at. curl does not repeat the first block of an upload by itself,
# nor the last one while the server is still there to hear of it.
GIVES_UP = [("atftp", ACK, 0), ("curl", DATA, 1), ("curl", ACK, 6)]


def nft(text):
    done = subprocess.run(["nft", "-f", "-"], input=text, text=True, capture_output=True)
    if "Operation not" in done.stderr or "Protocol error" in done.stderr:
        raise unittest.SkipTest(f"nft: {done.stderr.strip().splitlines()[0]}")
    if done.returncode != 0:
        raise AssertionError(done.stderr + text)


def lose(rules, sets=""):
    """Drops UDP packets at their arrival, so that no sender gets an error."""
    nft("add table inet loss\ndelete table inet loss\n"
        f"table inet loss {{\n{sets}\nchain arriving {{\ntype filter hook input priority 0;\n{rules}\n}}\n}}\n")


def lose_percent(percent):
    lose(f"meta l4proto udp numgen random mod 100 < {percent} drop")


def lose_first(opcode, block=None):
    """The first copy of one packet, of each transfer; requests have no block."""
    which = f"@th,64,16 {opcode}" + (f" @th,80,16 {block}" if block is not None else "")
    flow = "udp sport . udp dport"
    lose(f"meta l4proto udp {which} {flow} @seen accept\nmeta l4proto udp {which} add @seen {{ {flow} }} drop",
         "set seen { type inet_service . inet_service; flags dynamic; size 65535; }")


def dropped():
    """Whether the rule of `lose_first` has found its packet."""
    done = subprocess.run(["nft", "list", "set", "inet", "loss", "seen"], capture_output=True, text=True, check=True)
    return "elements" in done.stdout


@needs_network
@unittest.skipUnless(shutil.which("nft"), "loss on a real stack, which needs nftables")
class Loss:
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def run_here(self, test):
        """With a server in a network that has nothing but lo."""
        def body():
            net.unshare()
            with Server(self.root) as server:
                server.path = lambda name: os.path.join(self.root, name)
                server.read = lambda name: open(server.path(name), "rb").read()
                test(server)
                if LONG:
                    # A download whose last ACK was lost takes its time: every repetition of the
                    # last block.
                    server.wait_until(lambda: server.statistics()["active"] == 0, "transfers are left", PATIENCE)
                left = [name for name in os.listdir(self.root) if name.endswith(".part")]
                assert not left, left
        in_child(body)

    def file(self, name, data):
        with open(os.path.join(self.root, name), "wb") as file:
            file.write(data)

    def read(self, client, server, data, name, **options):
        """Returns how the download ended."""
        try:
            real.read(client, server, name, data, PATIENCE, **options)
            return "whole"
        except real.Failure as failure:
            if "different" in str(failure):
                raise AssertionError(f"{client.name}: {failure}") from None
            return "given up"

    def write(self, client, server, data, name, **options):
        try:
            real.write(client, server, name, data, data, PATIENCE, **options)
            return "whole"
        except FileNotFoundError:
            raise AssertionError(f"{client.name} believes that {name} was written") from None
        except real.Failure as failure:
            if "different" in str(failure):
                raise AssertionError(f"{client.name}: {failure}") from None
        path = server.path(name)
        if os.path.exists(path) and server.read(name) != data:
            raise AssertionError(f"{client.name}: {name} is not whole")
        return "given up"

    def real_clients(self, server, data, rounds):
        """All at once, both ways; {client: [whole, given up]}"""
        jobs = {}
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for client in CLIENTS:
                options = {"blksize": 1024} if client.blksize else {}
                options |= {"windowsize": 4} if client.windowsize else {}
                for number in range(rounds):
                    jobs[pool.submit(self.read, client, server, data, "image", **options)] = client.name
                    jobs[pool.submit(self.write, client, server, data, f"{client.name}-{number}", **options)] = client.name
            ends = {client.name: [0, 0] for client in CLIENTS}
            for job, name in jobs.items():
                ends[name][job.result() != "whole"] += 1
        return ends


# Two classes, which run at the same time: what they do is wait for clients that repeat themselves.
class Share(Loss, unittest.TestCase):
    def percent(self, percent):
        data = support.pattern(SIZES[percent])

        def test(server):
            self.file("image", data)
            lose_percent(percent)
            ends = self.real_clients(server, data, 2 * ROUNDS) if LONG or percent == 5 else {}
            told(f"{percent} % lost, {len(data)} bytes, whole and given up: {ends}")
            for name, (good, given_up) in ends.items():
                if percent == 1:
                    self.assertEqual(given_up, 0, name)
                self.assertGreater(good, 0, name)
            for options in ({"window": 1}, {"window": 16, "blksize": 1428}):
                for way in ({"op": "read", "name": "image"}, {"op": "write", "dir": self.root}):
                    size = len(data)
                    # A client that loses all four first packets is answered again once its transfer
                    # has lived 30 s.
                    options["tries"] = 60_000 // SOON
                    result = load(server, size=size, clients=50 * ROUNDS, **way, **options, **{"patience-ms": SOON}).result()
                    whole(result, 50 * ROUNDS)
                    told(f"{percent} % lost, {way['op']}, {options}: {result['done']} whole in {result['seconds']:.1f} s")
        self.run_here(test)

    def test_1_percent(self):
        self.percent(1)

    def test_5_percent(self):
        self.percent(5)

    def test_20_percent(self):
        self.percent(20)


class OnePacket(Loss, unittest.TestCase):
    def chosen(self, what, opcode, block=None, needs_options=False):
        """One packet of each transfer; in short form real clients have what waits for seconds left
        to the load."""
        data = support.pattern(5 * 1024 + 100)

        def test(server):
            self.file("image", data)
            lose_first(opcode, block)
            ends = self.real_clients(server, data, ROUNDS) if LONG or (opcode, block) in MIDDLE else {}
            for name, (_, given_up) in ends.items():
                if (name, opcode, block) not in GIVES_UP:
                    self.assertEqual(given_up, 0, f"{name}: {what}")
            for window in (1, 4):
                for way in ({"op": "read", "name": "image"}, {"op": "write", "dir": self.root}):
                    options = way | {"patience-ms": SOON}
                    whole(load(server, size=len(data), blksize=1024, window=window, clients=20, **options).result(), 20)
            self.assertTrue(dropped(), f"{what} never came")
            told(f"{what} lost: {ends}, and the load")
        self.run_here(test)

    def test_a_request(self):
        for opcode in (RRQ, WRQ):
            with self.subTest(opcode=opcode):
                self.chosen("the request", opcode)

    def test_the_oack(self):
        self.chosen("the OACK", OACK)

    def test_the_first_data(self):
        self.chosen("the first DATA", DATA, 1)

    def test_data_in_the_middle(self):
        self.chosen("the third DATA", DATA, 3)

    def test_the_last_data(self):
        self.chosen("the last DATA", DATA, 6)

    def test_the_first_ack(self):
        self.chosen("ACK 0", ACK, 0)

    def test_an_ack_in_the_middle(self):
        self.chosen("ACK 4", ACK, 4)

    def test_the_last_ack(self):
        self.chosen("the last ACK", ACK, 6)

    def test_every_client_is_there(self):
        if MISSING:
            self.assertNotEqual(os.environ.get("TFTP_CLIENTS_REQUIRED"), "1", MISSING)
            self.skipTest(" ".join(MISSING) + " under loss: not installed")

"""Two servers behind one address: nftables sends each client's packets to one of them, by a hash
(docs/scale.md)."""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import unittest

import net
from lib import LOCAL_PORT, Server, in_child, pattern, request

FRONT, PORT = "10.9.0.1", 69
SERVERS = ("10.9.1.2", "10.9.2.2")
CLIENTS = 64
BLKSIZE = 1428

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "..", "..", "docs", "scale.md"), encoding="utf-8") as page:
    BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", page.read(), re.M | re.S)
RULES = [block for block in BLOCKS if block.startswith("table ip fleet")]
SCRIPTS = [block for block in BLOCKS if block not in RULES]

# The rules of the page in order: the settings of the servers, and the ports that they answer from.
WAYS = [({"SinglePort": "True"}, {"SinglePort": "True"}, range(PORT, PORT + 1)),
        ({"TransferPorts": "41000-41999"}, {"TransferPorts": "42000-42999"}, range(41000, 43000))]


def load_rules(rules):
    subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True, stderr=subprocess.DEVNULL)


def may_balance():
    """Returns whether this machine lets a child make a network with such rules."""
    def attempt():
        net.unshare()
        for rules in RULES:
            load_rules(rules)
    return shutil.which("nft") is not None and net.child_can(attempt)


def network(rules):
    """This process gets the network of the balancer; those of the clients and of the servers are
    returned."""
    net.unshare()
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as forward:
        forward.write("1")
    spaces = [net.Namespace() for _ in range(3)]
    for number, space in enumerate(spaces):
        net.ip(f"link add near{number} type veth peer name far{number}")
        net.ip(f"link set far{number} netns {space.path}")
        net.ip(f"addr add 10.9.{number}.1/24 dev near{number}")
        net.ip(f"link set near{number} up")
        with space:
            net.ip(f"addr add 10.9.{number}.2/24 dev far{number}")
            net.ip(f"link set far{number} up")
            net.ip(f"route add default via 10.9.{number}.1")
    load_rules(rules)
    return spaces[0], spaces[1:]


class Process:
    """A server in a process and a network of its own, from `with` to `result`."""

    def __init__(self, space, host, settings, data):
        ready, tell = os.pipe()
        stop, self.stop = os.pipe()
        self.results, result = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.stop)
                with space, Server(host, start=False, **settings) as server:
                    server.set(LOCAL_PORT, PORT)
                    server.file("file", data)
                    server.start()
                    os.write(tell, b"!")
                    os.read(stop, 1)
                    files = {name: content_of(server.root, name) for name in os.listdir(server.root) if name != "file"}
                    told = {"completed": json.loads(server.config("Statistics"))["completed"],
                            "whole": sorted(name for name, content in files.items() if content == data),
                            "other": sorted(name for name, content in files.items() if content != data)}
                    os.write(result, json.dumps(told).encode())
            finally:
                os._exit(0)
        for fd in (tell, stop, result):
            os.close(fd)
        assert os.read(ready, 1) == b"!", "the server did not start"
        os.close(ready)

    def result(self):
        """Ends the server. Returns the number of completed transfers, and its files."""
        os.write(self.stop, b"!")
        os.close(self.stop)
        with os.fdopen(self.results, "rb") as results:
            told = results.read()
        os.waitpid(self.pid, 0)
        return json.loads(told)


def content_of(root, name):
    with open(os.path.join(root, name), "rb") as file:
        return file.read()


class Client:
    """A client that retransmits after a second of silence. Every packet to it must come from the
    one address."""

    def __init__(self, opened, window, ports):
        self.socket, self.window, self.ports, self.last = opened, window, ports, []
        self.peer, self.answered = (FRONT, PORT), False
        self.socket.settimeout(10)  # a request repeated after a second begins a new transfer

    def say(self, *packets):
        self.last = packets
        for packet in packets:
            self.socket.sendto(packet, self.peer)

    def hear(self):
        """Opcode, number, the rest."""
        for _ in range(30):
            try:
                packet, peer = self.socket.recvfrom(2048)
            except TimeoutError:
                self.say(*self.last)
                continue
            if not self.answered:
                assert peer[0] == FRONT and peer[1] in self.ports, f"answered from {peer}"
                self.peer, self.answered = peer, True
                self.socket.settimeout(1)
            assert peer == self.peer, f"{peer} instead of {self.peer}"
            opcode, number = struct.unpack("!HH", packet[:4])
            assert opcode != 5, packet
            return opcode, number, packet[4:]
        raise AssertionError("silence")

    def ask(self, opcode, name):
        options = {"blksize": BLKSIZE} | ({"windowsize": self.window} if self.window > 1 else {})
        self.say(request(name, opcode, **options))
        opcode, number, rest = self.hear()
        assert opcode == 6
        fields = (struct.pack("!H", number) + rest).decode().split("\0")
        # SinglePort grants four blocks at most.
        self.window = int(dict(zip(fields[::2], fields[1::2])).get("windowsize", 1))

    def read(self, name):
        self.ask(1, name)
        self.say(struct.pack("!HH", 4, 0))
        got, since = [], 0
        while not got or len(got[-1]) == BLKSIZE:
            opcode, number, rest = self.hear()
            if (opcode, number) != (3, len(got) + 1):
                continue
            got.append(rest)
            since += 1
            if since == self.window or len(rest) < BLKSIZE:
                self.say(struct.pack("!HH", 4, number))
                since = 0
        return b"".join(got)

    def write(self, name, data):
        self.ask(2, name)
        blocks = [struct.pack("!HH", 3, at // BLKSIZE + 1) + data[at:at + BLKSIZE] for at in range(0, len(data) + 1, BLKSIZE)]
        done = 0
        while done < len(blocks):
            self.say(*blocks[done:done + self.window])
            while True:
                opcode, number, _ = self.hear()
                if opcode == 4 and done < number <= done + self.window:
                    done = number
                    break


def run_all(space, ports, data):
    """Every client reads or writes, every other one in windows; returns what went wrong."""
    wrong = []
    with space:
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(CLIENTS)]

    def one(number):
        client = Client(sockets[number], 4 if number % 2 else 1, ports)  # no more with SinglePort
        try:
            if number % 4 < 2:
                assert client.read("file") == data, "another content"
            else:
                client.write(f"new{number}", data)
        except (AssertionError, OSError) as error:
            wrong.append(f"client {number}: {error!r}")
        finally:
            sockets[number].close()

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return wrong + [f"client {number} hangs" for number, thread in enumerate(threads) if thread.is_alive()]


def tried(script):
    """The commands, in a network with what they name."""
    net.unshare()
    other = net.Namespace()
    net.ip("link add eth1 type veth peer name far")
    net.ip(f"link set far netns {other.path}")
    net.ip("addr add 192.0.2.254/24 dev eth1")
    net.ip("link set eth1 up")
    with other:
        net.ip("link set far up")
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Fleet(unittest.TestCase):
    needs_network = unittest.skipUnless(
        may_balance(), "two servers behind one address, which needs root, network namespaces and nftables with jhash and nat")

    @needs_network
    def test_two_servers_behind_one_address(self):
        for rules, (first, second, ports) in zip(RULES, WAYS, strict=True):
            with self.subTest(**first):
                in_child(lambda rules=rules, settings=(first, second), ports=ports: self.serve(rules, settings, ports))

    def serve(self, rules, settings, ports):
        data = pattern(60 * BLKSIZE + 100)
        clients, spaces = network(rules)
        servers = [Process(space, host, its, data) for space, host, its in zip(spaces, SERVERS, settings)]
        wrong = run_all(clients, ports, data)
        told = [server.result() for server in servers]
        assert not wrong, wrong
        assert all(one["completed"] for one in told), f"one server did nothing: {told}"
        assert not any(one["other"] for one in told), f"files that are not whole: {told}"
        # Each upload is on one server, and only there.
        uploads = sorted(name for one in told for name in one["whole"])
        assert uploads == sorted(f"new{number}" for number in range(CLIENTS) if number % 4 >= 2), uploads


class Page(unittest.TestCase):
    """Every command of docs/scale.md."""

    def test_commands(self):
        self.assertEqual(len(SCRIPTS), 3)
        for script in SCRIPTS:
            with self.subTest(script.splitlines()[0]):
                programs = {line.split()[0] for line in script.splitlines() if not line.startswith("#")}
                absent = [program for program in programs if not shutil.which(program)]
                if absent or not net.may_isolate():
                    self.skipTest(f"commands of docs/scale.md, which need root and {' '.join(sorted(programs))}")
                try:
                    in_child(lambda script=script: tried(script))
                except AssertionError as error:
                    if not re.search("not supported|initialize ipvs", str(error)):
                        raise
                    self.skipTest(f"commands of docs/scale.md, which need a kernel with them ({script.splitlines()[1]})")

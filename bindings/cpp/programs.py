"""C++ programs against the installed library: the samples written for IPWorks, unchanged, and the
examples.

usage: programs.py SOURCE BUILD SERVE_CPP
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SOURCE, BUILD, SERVE = (os.path.abspath(argument) for argument in sys.argv[1:])
CMAKE, CXX = os.environ.get("CMAKE", "cmake"), os.environ.get("CXX", "c++")
PKG_CONFIG = os.environ.get("PKG_CONFIG", "pkg-config")
COMPAT = os.path.join(SOURCE, "bindings", "cpp", "compat")
SECONDS = 60
failures = []


def check(held, what):
    if not held:
        failures.append(what)
        print(f"FAILED: {what}", flush=True)


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise SystemExit(f"FAILED: {command}\n{done.stdout[-3000:]}")
    return done.stdout


def curl(port, name, *more):
    return subprocess.run(["curl", "--silent", "--max-time", str(SECONDS), f"tftp://127.0.0.1:{port}/{name}", *more],
                          stdout=subprocess.PIPE, timeout=2 * SECONDS)


class Installed:
    def __init__(self, here):
        self.prefix = os.path.join(here, "prefix")
        run(CMAKE, "--install", BUILD, "--prefix", self.prefix)
        self.include = os.path.join(self.prefix, "include")
        for place, _, names in os.walk(self.prefix):
            if "tftpserver.pc" in names:
                self.lib = os.path.dirname(place)
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(self.lib, "pkgconfig")}
        self.flags = run(PKG_CONFIG, "--cflags", "--libs", "tftpserver", env=environment).split()

    def build(self, source, program, *flags):
        run(CXX, "-Wall", "-Werror", source, *flags, *self.flags, *[flag for flag in flags if flag.startswith("-l")],
            "-o", program)
        return program


class Running:
    """A program that prints the port on which it listens; `text` is its whole output, once it has
    ended."""

    def __init__(self, lib, *command):
        self.process = subprocess.Popen(command, env={**os.environ, "LD_LIBRARY_PATH": lib}, stdout=subprocess.PIPE,
                                        text=True)
        self.text = ""
        while "istening on port" not in self.text:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"FAILED: {command} printed {self.text!r}")
            self.text += line
        self.port = int(re.search(r"istening on port (\d+)", self.text).group(1))

    def until(self, pattern):
        while not re.search(pattern, self.text):
            line = self.process.stdout.readline()
            if not line:
                break
            self.text += line

    def end(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        try:
            self.text += self.process.communicate(timeout=SECONDS)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            check(False, f"{self.process.args} did not end")
        return self.process.returncode


def headers_are_installed(installed, _here):
    for name in ("tftpserver.h", "tftpserver.hpp", "ipworks/ipworks.h", "ipworks/ipworks_tftpserver.h"):
        with open(os.path.join(SOURCE, "include", name), "rb") as ours, \
                open(os.path.join(installed.include, name), "rb") as theirs:
            check(ours.read() == theirs.read(), f"{name} is installed as it is")
    for place, _, names in os.walk(installed.prefix):
        check("libipworks.so" not in names, f"libipworks.so is in {place}")
    check(not os.path.exists(os.path.join(installed.include, "ipworks.h")), "the opt-in header was installed")


def in_every_way(installed, here):
    """Each sample in its place, and copied into a tree without files of this project."""
    foreign = os.path.join(here, "foreign", "demos", "x")
    os.makedirs(foreign)
    names = sorted(os.listdir(os.path.join(COMPAT, "cpp")))
    check(names == ["clayer", "recorder", "tftpserver"], f"the samples are {names}")
    for name in names:
        source = os.path.join(COMPAT, "cpp", name, name + ".cpp")
        with open(source, encoding="utf-8") as file:
            check('#include "../../include/ipworks.h"' in file.read(), f"{name} includes what such programs include")
        installed.build(source, os.path.join(here, name))
        copy = shutil.copy(source, foreign)
        unix = ("-DUNIX", "-I" + os.path.join(COMPAT, "cpp", "tftpserver"), "-L" + os.path.join(COMPAT, "lib"),
                "-lipworks")
        for standard in ("c++11", "c++17", "c++20"):
            installed.build(copy, os.path.join(here, name), "-std=" + standard, *unix)


def sample_tftpserver(installed, here):
    directory, data = os.path.join(here, "served"), random.Random(1).randbytes(100000)
    os.mkdir(directory)
    with open(os.path.join(directory, "f"), "wb") as file:
        file.write(data)
    running = Running(installed.lib, os.path.join(here, "tftpserver"), directory, "0")
    check(curl(running.port, "f").stdout == data, "a download")
    check(curl(running.port, ".hidden").returncode == 69, "a refusal")
    check(curl(running.port, "none").returncode == 68, "a missing file")
    check(curl(running.port, "new", "-T", os.path.join(directory, "f")).returncode == 0, "an upload")
    running.until(r"(?s)Upload ends.*disconnected: 0 OK")
    running.end(signal.SIGKILL)
    with open(os.path.join(directory, "new"), "rb") as file:
        check(file.read() == data, "what was uploaded")
    wrong = subprocess.run([os.path.join(here, "tftpserver"), "/no/such/directory", "0"], stdout=subprocess.PIPE,
                           env={**os.environ, "LD_LIBRARY_PATH": installed.lib}, text=True, timeout=SECONDS)
    check(wrong.returncode != 0 and "Error: 905 - " in wrong.stdout, f"a missing directory: {wrong}")
    for line in (r"127\.0\.0\.1:\d+ asks for f \(mode 0, operation 1\)\n1000001 connected: 0 OK\n"
                 r"1000001 Download begins: f for 127\.0\.0\.1\n1000001 100000 bytes, the last block has 160\n1000001 Download ends\n"
                 r"1000001 disconnected: 0 OK\n", r"\d+ connected: 10013 ", r"error 127: ", r"\d+ Upload ends\n"):
        check(re.search(line, running.text), f"{line!r} is not in {running.text!r}")


def sample_recorder(installed, here):
    running = Running(installed.lib, os.path.join(here, "recorder"), "0")
    check(curl(running.port, "abc").stdout == b"for 127.0.0.1: abc\0\n", "a download from memory")
    data, total = random.Random(2).randbytes(70000), 0
    for byte in data:
        total = (total * 31 + byte) % 2**32
    source = os.path.join(here, "upload")
    with open(source, "wb") as file:
        file.write(data)
    check(curl(running.port, "up", "-T", source).returncode == 0, "an upload to memory")
    check(running.end() == 0, "it ends")
    check(running.text.endswith(f"Upload: up, 70000 bytes, sum {total}\n"), f"it said {running.text!r}")


def sample_clayer(installed, here):
    running = Running(installed.lib, os.path.join(here, "clayer"), os.path.join(here, "served"))
    check(curl(running.port, ".f").returncode == 69, "the sink refuses")
    check(len(curl(running.port, "f").stdout) == 100000, "a download through the C layer")
    check(running.end() == 0, "it ends")
    check("MaxWindowSize is 64\n" in running.text and running.text.endswith("disconnected: 0 OK\n100000 bytes\n"),
          f"it said {running.text!r}")


def example_serve(installed, here):
    program = installed.build(os.path.join(SOURCE, "examples", "serve.cpp"), os.path.join(here, "serve"), "-std=c++17")
    for command in (program, SERVE):
        running = Running(installed.lib, command, os.path.join(SOURCE, "examples", "files"), "0")
        with open(os.path.join(SOURCE, "examples", "files", "hello.txt"), "rb") as file:
            check(curl(running.port, "hello.txt").stdout == file.read(), "serve_cpp serves")
        check(curl(running.port, "motd").stdout.startswith(b"Welcome! It is "), "serve_cpp makes a file up")
        check(curl(running.port, ".x").returncode == 69, "serve_cpp refuses")
        running.until(r"motd: OK")
        check(running.end(signal.SIGINT) == 0, "serve_cpp ends by Ctrl-C")
        check("127.0.0.1 asks for motd\n" in running.text and "motd: OK\n" in running.text, f"it said {running.text!r}")
    usage = subprocess.run([SERVE], stderr=subprocess.PIPE, text=True)
    check(usage.returncode == 2 and usage.stderr.startswith("usage: "), "serve_cpp without a directory")
    wrong = subprocess.run([SERVE, "/no/such/directory"], stderr=subprocess.PIPE, text=True)
    check(wrong.returncode == 1 and "error 905" in wrong.stderr, f"serve_cpp with a wrong one: {wrong}")


def example_asio(installed, here):
    if not os.path.exists("/usr/include/asio.hpp"):
        print("NOT RUN: examples/asio.cpp, for Asio is not installed")
        check(not os.environ.get("TFTP_CLIENTS_REQUIRED"), "Asio is not installed")
        return
    source = os.path.join(SOURCE, "examples", "asio.cpp")
    program = installed.build(source, os.path.join(here, "asio"), "-std=c++17", "-pthread")
    running = Running(installed.lib, program, os.path.join(here, "served"), "0")
    for _ in range(20):
        check(len(curl(running.port, "f").stdout) == 100000, "the Asio example serves")
    running.until(r"(127\.0\.0\.1: OK\n){20}")
    check(running.end(signal.SIGTERM) == 0, "the Asio example ends by SIGTERM")
    check(running.text.count("127.0.0.1: OK\n") == 20, f"it said {running.text!r}")


def every_error_has_its_name(_installed, _here):
    """tftp::errc and events::all have what the C header has."""
    with open(os.path.join(SOURCE, "include", "tftpserver.h"), encoding="utf-8") as file:
        c = file.read()
    with open(os.path.join(SOURCE, "include", "tftpserver.hpp"), encoding="utf-8") as file:
        cpp = file.read()
    for name in re.findall(r"#define TFTPSERVER_ERROR_(\w+) ", c):
        check(f" {name.lower()} = TFTPSERVER_ERROR_{name}," in cpp, f"errc has no {name.lower()}")
    # Without the methods whose property number is used instead.
    for name in re.findall(r"\b(tftpserver_do_\w+)\(", c):
        check(f"::{name}(" in cpp, f"{name} has no method")


def main():
    if not shutil.which("curl"):
        print("NOT RUN: curl is not installed")
        return 1 if os.environ.get("TFTP_CLIENTS_REQUIRED") else 77
    with tempfile.TemporaryDirectory() as here:
        installed = Installed(here)
        for test in (headers_are_installed, in_every_way, sample_tftpserver, sample_recorder, sample_clayer,
                     example_serve, example_asio, every_error_has_its_name):
            print(test.__name__, flush=True)
            test(installed, here)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

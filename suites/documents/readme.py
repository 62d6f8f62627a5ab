"""Every code block of README.md is compiled and run; a block of an unknown kind is a failure.

usage: readme.py SOURCE BUILD
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from listening import await_bound, free_port  # noqa: E402

SOURCE, BUILD = (os.path.abspath(argument) for argument in sys.argv[1:])
CMAKE, CC, CXX = (os.environ.get(name, other) for name, other in (("CMAKE", "cmake"), ("CC", "cc"), ("CXX", "c++")))
CONSUMER = "#include <tftpserver.h>\nint main(void) { return tftpserver_version() == 0; }\n"


def blocks():
    text = open(os.path.join(SOURCE, "README.md"), encoding="utf-8").read()
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M)


def prose():
    """Returns the text without its code blocks, because a lambda in C++ looks like a link."""
    text = open(os.path.join(SOURCE, "README.md"), encoding="utf-8").read()
    return re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)


def run(command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=1500)
    if done.returncode != 0:
        raise SystemExit(f"FAILED: {command}\n{done.stdout[-3000:]}")
    return done.stdout


def fetch(process, port, name, seconds=30):
    """Reads one small file from a program that begins to listen; repeats the request until it
    answers."""
    await_bound(process, port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(0.5)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                one.sendto(b"\0\1" + name.encode() + b"\0octet\0", ("127.0.0.1", port))
                packet, peer = one.recvfrom(600)
            except (TimeoutError, ConnectionError):
                continue
            one.sendto(b"\0\4" + packet[2:4], peer)
            return packet[4:]
    raise SystemExit(f"FAILED: nobody answers on port {port}")


class Work:
    """An installation of the library, and a directory that looks like a consumer's."""

    def __init__(self, here):
        self.here = here
        self.prefix = os.path.join(here, "prefix")
        self.seen = []
        with open(os.path.join(here, "program.c"), "w", encoding="utf-8") as file:
            file.write(CONSUMER)
        os.symlink(SOURCE, os.path.join(here, "libtftpserver"))
        os.mkdir(os.path.join(here, "examples"))
        shutil.copytree(os.path.join(SOURCE, "examples", "files"), os.path.join(here, "examples", "files"))

    def environment(self):
        lib = os.path.join(self.prefix, "lib")
        for place, _, names in os.walk(self.prefix):  # lib, lib64 or lib/x86_64-linux-gnu
            if "tftpserver.pc" in names:
                lib = os.path.dirname(place)
        return {"PREFIX": self.prefix, "PKG_CONFIG_PATH": os.path.join(lib, "pkgconfig"), "LD_LIBRARY_PATH": lib}

    def shell(self, text, cwd=None):
        return run(["sh", "-euc", text], cwd or self.here, **self.environment())

    # One method for each kind of block; README names no other.

    def front_door(self, text):
        """Checks that the targets exist. `make test` runs this test itself; `make serve` is run
        with a free port."""
        for line in text.splitlines():
            run(["make", "-n", *line.split("#")[0].split()[1:]], SOURCE)
        port = free_port()
        process = subprocess.Popen([os.path.join(BUILD, "examples", "serve"), "--host", "127.0.0.1", "--port",
                                    str(port), "examples/files"], cwd=SOURCE, stdout=subprocess.DEVNULL)
        try:
            got = fetch(process, port, "hello.txt")
            assert got == open(os.path.join(SOURCE, "examples/files/hello.txt"), "rb").read()
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0

    def curl(self, text):
        port = free_port()
        process = subprocess.Popen([os.path.join(BUILD, "examples", "serve"), "--host", "127.0.0.1", "--port",
                                    str(port), os.path.join(SOURCE, "examples/files")], stdout=subprocess.DEVNULL)
        try:
            fetch(process, port, "hello.txt")
            if shutil.which("curl"):
                got = self.shell(text.replace(":6969/", f":{port}/"))
                assert "Hello" in got, got
            else:
                print("NOT RUN: curl is not installed")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)

    def command(self, text):
        """Checks that the command accepts every line. Those of servers are started on a free port,
        and serve."""
        program = os.path.join(SOURCE, os.environ.get("CARGO_TARGET_DIR", "target"), "debug", "tftpserver")
        if not os.path.exists(program):
            print("NOT RUN: the command is not built: cargo build --workspace")
            return
        client = [line.split("#")[0].split()[1:] for line in text.splitlines() if line.startswith("tftpserver get")]
        for line in text.splitlines():
            words = line.split("#")[0].split()[1:]
            if words in client:
                continue
            port = free_port()
            words = [word.replace(":6969", f"127.0.0.1:{port}") for word in words]
            # Without root's rights it might not reach these sources.
            rights = ["--user", "root"] if os.geteuid() == 0 else []
            server = subprocess.Popen([program, *rights, *words], cwd=SOURCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                await_bound(server, port)
                for get in client:
                    assert "Hello" in run([program, *(word.replace(":6969", f":{port}") for word in get)], self.here)
            finally:
                server.terminate()
                assert server.wait(60) == 0

    def picture(self, text):
        """A picture of the view; there is nothing to run."""

    def install(self, text):
        """Runs steps one and two on the build that this test was started from, and the third
        unchanged."""
        assert text.splitlines()[0] == "cmake -S . -B build"
        self.shell(text.replace("-B build", f'-B "{BUILD}"').replace("--build build", f'--build "{BUILD}"')
                   .replace("--install build", f'--install "{BUILD}"').replace("cmake ", f'"{CMAKE}" '), SOURCE)

    def pkg_config(self, text):
        self.shell(text.replace("cc ", f"{CC} ", 1) + "./program\n")

    def cmake(self, text):
        alone = "find_package" not in text
        options = ["-DTFTPSERVER_CARGO_TARGET_DIR=" + cargo_dir()] if alone else ["-DCMAKE_PREFIX_PATH=" + self.prefix]
        other = {"tftpserver::shared": "tftpserver::static", "tftpserver::static": "tftpserver::shared"}
        for swap in (False, True):  # the block, and what its comment says instead
            body = re.sub(r"PRIVATE (\S+)\)", lambda m: f"PRIVATE {other[m[1]] if swap else m[1]})", text)
            first, rest = body.split("\n", 1)
            with open(os.path.join(self.here, "CMakeLists.txt"), "w", encoding="utf-8") as file:
                file.write("cmake_minimum_required(VERSION 3.16)\nproject(reader LANGUAGES C)\n"
                           f"{first}\nadd_executable(program program.c)\n{rest}")
            build = os.path.join(self.here, f"build-{alone}-{swap}")
            run([CMAKE, "-S", self.here, "-B", build, *options], self.here)
            run([CMAKE, "--build", build], self.here)
            run([os.path.join(build, "program")], self.here)

    def program(self, text):
        self.twenty_lines(text, "minimal.c", f"{CC} -std=c99")

    def program_cpp(self, text):
        if shutil.which(CXX.split()[0]):
            self.twenty_lines(text, "minimal.cpp", f"{CXX} -std=c++17")
        else:
            print("NOT RUN: no C++ compiler is installed")

    def rust(self, text):
        """Checks that the block equals the crate's example, which Cargo compiles with its tests and
        crates/tftp-serve/tests runs."""
        path = os.path.join(SOURCE, "crates", "tftp-serve", "examples", "minimal.rs")
        example = open(path, encoding="utf-8").read()
        assert text == re.sub(r"\A(//!.*\n)*\n", "", example), "not minimal.rs"

    def twenty_lines(self, text, name, compiler):
        """Checks that the block equals the example, compiles without a warning, and serves."""
        assert text == open(os.path.join(SOURCE, "examples", name), encoding="utf-8").read(), f"not {name}"
        assert len(text.splitlines()) <= 22, "twenty lines, more or less"
        port = free_port()
        with open(os.path.join(self.here, name), "w", encoding="utf-8") as file:
            file.write(text.replace("6969", str(port)))
        self.shell(f"{compiler} -Wall -pedantic -Werror {name} $(pkg-config --cflags --libs tftpserver) -o minimal")
        process = subprocess.Popen([os.path.join(self.here, "minimal")], cwd=self.here,
                                   env={**os.environ, **self.environment()})
        try:
            assert fetch(process, port, "hello.txt").startswith(b"Hello")
        finally:
            process.kill()
            process.wait()
        # A missing directory is not silent.
        done = subprocess.run([os.path.join(self.here, "minimal")], cwd=self.prefix, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **self.environment()}, timeout=60)
        assert done.returncode != 0 and "examples/files" in done.stderr, f"{name} without its directory: {done}"

    def php(self, text):
        """Runs the block with the package in the tree in the place of Composer's."""
        if not shutil.which("php") or subprocess.run(["php", "-r", "exit(extension_loaded('ffi') ? 0 : 1);"], check=False).returncode:
            print("NOT RUN: no PHP with ffi is installed")
            return
        port = free_port()
        os.mkdir(os.path.join(self.here, "vendor"))
        os.symlink(os.path.join(SOURCE, "bindings", "php", "autoload.php"), os.path.join(self.here, "vendor", "autoload.php"))
        with open(os.path.join(self.here, "minimal.php"), "w", encoding="utf-8") as file:
            file.write(text.replace("6969", str(port)))
        process = subprocess.Popen(["php", "minimal.php"], cwd=self.here, stderr=subprocess.DEVNULL,
                                   env={**os.environ, "TFTPSERVER_LIBRARY": os.path.join(BUILD, "lib", "libtftpserver.so.0")})
        try:
            assert fetch(process, port, "hello.txt").startswith(b"Hello")
        finally:
            process.kill()
            process.wait()

    def python(self, text):
        """Runs the block with the library of the C programs, through the package in the tree."""
        port = free_port()
        environment = {**os.environ, "PYTHONPATH": os.path.join(SOURCE, "bindings", "python"),
                       "PYTHONDONTWRITEBYTECODE": "1",
                       "TFTPSERVER_LIBRARY": os.path.join(BUILD, "lib", "libtftpserver.so.0")}
        process = subprocess.Popen([sys.executable, "-c", text.replace("6969", str(port))], cwd=SOURCE,
                                   env=environment, stderr=subprocess.DEVNULL)
        try:
            assert fetch(process, port, "hello.txt").startswith(b"Hello")
        finally:
            process.kill()
            process.wait()


def cargo_dir():
    for line in open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8"):
        if line.startswith("TFTPSERVER_CARGO_TARGET_DIR:"):
            return line.split("=", 1)[1].strip()
    raise SystemExit("the build directory has no Cargo directory")


KINDS = [("sh", "make ", "front_door"), ("sh", "curl ", "curl"), ("sh", "tftpserver ", "command"),
         ("text", "$ tftpserver ", "picture"), ("c", "#include", "program"),
         ("cpp", "#include", "program_cpp"), ("rust", "use tftp_serve", "rust"),
         ("sh", "cmake ", "install"), ("sh", "cc ", "pkg_config"), ("cmake", "", "cmake"),
         ("php", "<?php", "php"), ("python", "import tftpserver", "python")]


def main():
    found = blocks()
    with tempfile.TemporaryDirectory() as here:
        work = Work(here)
        # Installation comes first, because the other blocks need it.
        for text in [text for language, text in found if language == "sh" and text.startswith("cmake ")]:
            work.install(text)
        for language, text in found:
            for known, begins, method in KINDS:
                if language == known and text.startswith(begins):
                    if method != "install":
                        getattr(work, method)(text)
                    print(f"ok: {method}")
                    break
            else:
                raise SystemExit(f"FAILED: nobody knows how to try this {language!r} block:\n{text}")
    for link in re.findall(r"\]\(([^)#]+)\)", prose()):
        if not link.startswith("http") and not os.path.exists(os.path.join(SOURCE, link)):
            raise SystemExit(f"FAILED: README leads to {link}, which is not there")
    with open(os.path.join(SOURCE, "Cargo.toml"), encoding="utf-8") as file:
        needed = re.search(r'^rust-version = "([0-9.]+)"', file.read(), flags=re.M)[1]
    if f"Rust {needed} or newer" not in open(os.path.join(SOURCE, "README.md"), encoding="utf-8").read():
        raise SystemExit(f"FAILED: README asks for another Rust than Cargo.toml, which says {needed}")
    print(f"{len(found)} blocks tried")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Tests the packages of scripts/dist.py for Linux on another machine, under qemu-user, and for
other C libraries than this system's.

usage: linux.py DIRECTORY [--machine MACHINE] [--root ROOT] [--unpack PLACE] PART...
DIRECTORY: the packages; PLACE: where they are unpacked, and stay; PART: deb, command, wheel,
binary, musl-wheel; ROOT: a Debian for MACHINE, with Python.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

SUITES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.dirname(SUITES)
sys.path += [os.path.join(SUITES, name) for name in ("lib", "packages")]

import packaged_command  # noqa: E402
from dist import VERSION, Failed, field, names_no_place, run, same  # noqa: E402
from listening import await_bound, free_port  # noqa: E402

MACHINES = {"x86_64": ("Advanced Micro Devices X86-64", "amd64"), "aarch64": ("AArch64", "arm64")}
GLIBC = (2, 17)  # manylinux2014
CONTENT = os.urandom(300_000)
AUDITWHEEL = os.path.join(SOURCE, "build", "zig", "bin", "auditwheel")


class Elf:
    """The headers of a linked file: machine, needed libraries, the newest version of glibc's
    symbols."""

    def __init__(self, path):
        text = run("readelf", "-W", "-h", "-l", "-d", "-V", path, LC_ALL="C")
        self.machine = re.search(r"Machine: +(.*)", text)[1]
        self.needed = set(re.findall(r"NEEDED.*\[(.*)\]", text))
        self.interpreter = (re.findall(r"program interpreter: (.*)\]", text) or [None])[0]
        versions = [tuple(map(int, one.split("."))) for one in re.findall(r"GLIBC_([0-9.]+)", text)]
        self.glibc = max(versions, default=None)
        # Without a version the linker has not found it in the C library: with an older one the file
        # does not load.
        undefined = re.findall(r"GLOBAL +DEFAULT +UND +(\S+)", run("readelf", "-W", "--dyn-syms", path, LC_ALL="C"))
        self.without_version = [name for name in undefined if "@" not in name]


def exported(library):
    """Returns the names that a shared library exports."""
    text = run("readelf", "-W", "--dyn-syms", library, LC_ALL="C")
    return sorted(re.findall(r"FUNC +GLOBAL +DEFAULT +\d+ (\w+)", text))


def check_library(path, machine):
    with open(os.path.join(SOURCE, "c-tests", "exports.txt"), encoding="utf-8") as file:
        functions = sorted(line.strip() for line in file if line.strip() and not line.startswith("#"))
    same(f"exports of {path}", exported(path), functions)
    same(f"machine of {path}", Elf(path).machine, MACHINES[machine][0])


class Parts:
    """The packages in `made` for one machine. `emulator` runs programs for it, and is empty for
    this machine."""

    def __init__(self, made, place, machine, root):
        self.made, self.place, self.machine, self.root = made, place, machine, root
        self.is_foreign = machine != os.uname().machine
        self.emulator = [f"qemu-{machine}", *(["-L", root] if root else [])] if self.is_foreign else []
        self.unpacked = os.path.join(place, f"root-{machine}")

    def package(self, name):
        path = os.path.join(self.made, f"{name}_{VERSION}-1_{MACHINES[self.machine][1]}.deb")
        same("Architecture", field(path, "Architecture"), MACHINES[self.machine][1])
        for line in run("dpkg-deb", "--contents", path).splitlines():
            same(f"owner in {line}", line.split()[1], "root/root")
        os.makedirs(self.unpacked, exist_ok=True)
        run("dpkg-deb", "--extract", path, self.unpacked)
        return path

    def deb(self):
        shutil.rmtree(self.unpacked, ignore_errors=True)
        library, development = self.package("libtftpserver0"), self.package("libtftpserver-dev")
        same("Depends", field(library, "Depends"), "libc6 (>= %d.%d)" % GLIBC)
        same("Depends", field(development, "Depends"), f"libtftpserver0 (= {VERSION}-1)")
        place = f"{self.unpacked}/usr/lib/{self.machine}-linux-gnu"
        check_library(f"{place}/libtftpserver.so.0", self.machine)
        same("symbols that glibc 2.17 lacks", Elf(f"{place}/libtftpserver.so.0").without_version, [])
        same("members", set(re.findall(r"Machine: +(.*)", run("readelf", "-h", f"{place}/libtftpserver.a", LC_ALL="C"))),
             {MACHINES[self.machine][0]})
        for name in ("pkgconfig/tftpserver.pc", "cmake/tftpserver/tftpserver-config.cmake", "libtftpserver.so"):
            if not os.path.exists(os.path.join(place, name)):
                raise Failed(f"{development} lacks {name}: {sorted(os.listdir(place))}")
        names_no_place(os.path.join(self.unpacked, "usr"))

    def command(self):
        path = self.package("tftpserver")
        same("Depends", field(path, "Depends"), "libc6 (>= %d.%d)" % GLIBC)
        program = f"{self.unpacked}/usr/bin/tftpserver"
        elf = Elf(program)
        same("the command", (elf.machine, elf.without_version), (MACHINES[self.machine][0], []))
        names_no_place(self.unpacked)
        self.exchange(program)

    def exchange(self, program):
        """Downloads and uploads, with the command as server and as client."""
        port = free_port()
        with tempfile.TemporaryDirectory() as place:
            os.makedirs(f"{place}/served")
            os.chmod(place, 0o755)
            os.chmod(f"{place}/served", 0o777)
            for name in ("served/image", "ours"):
                with open(os.path.join(place, name), "wb") as file:
                    file.write(CONTENT)
            log = open(f"{place}/log", "w+", encoding="utf-8")
            server = subprocess.Popen([*self.emulator, program, f"{place}/served", "--listen", f"127.0.0.1:{port}", "--create"],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                await_bound(server, port)
                client, url = [*self.emulator, program], f"tftp://127.0.0.1:{port}"
                for words in ([], ["--no-options"], ["--blksize", "64", "--windowsize", "1"], ["--blksize", "65464"]):
                    got = subprocess.run([*client, "get", *words, f"{url}/image", "-"], check=True, capture_output=True, timeout=120)
                    same(f"a download with {words}", got.stdout == CONTENT, True)
                    name = "copy" + "".join(words)
                    run(*client, "put", *words, f"{place}/ours", f"{url}/{name}")
                    with open(f"{place}/served/{name}", "rb") as file:
                        same(f"an upload with {words}", file.read() == CONTENT, True)
                refused = subprocess.run([*client, "get", f"{url}/../ours", "-"], capture_output=True, timeout=120, check=False)
                same("a name outside the directory", (refused.returncode != 0, refused.stdout), (True, b""))
                server.terminate()
                same("the server's end", server.wait(60), 0)
            except BaseException:
                log.seek(0)
                print(log.read())
                raise
            finally:
                server.kill()
                server.wait()
                log.close()

    def alone(self, archive, member):
        """The program serves as root in a root directory that holds nothing but it and a file: no
        users, no libraries."""
        if os.geteuid() != 0:
            print("NOT RUN: the static program in an empty root, which takes chroot")
            return
        port = free_port()
        with tempfile.TemporaryDirectory() as root:
            with tarfile.open(os.path.join(self.made, archive)) as tar, open(f"{root}/program", "wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file)
            os.chmod(f"{root}/program", 0o755)
            os.mkdir(f"{root}/served")
            with open(f"{root}/served/image", "wb") as file:
                file.write(CONTENT)
            os.chmod(root, 0o755)
            server = subprocess.Popen(["chroot", root, "/program", "/served", "--listen", f"127.0.0.1:{port}"], text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                await_bound(server, port)
                got = subprocess.run(["chroot", root, "/program", "get", f"tftp://127.0.0.1:{port}/image", "-"], check=True,
                                     stdout=subprocess.PIPE, timeout=120).stdout
                same("a download from an empty root", got == CONTENT, True)
            finally:
                server.kill()
                server.communicate()

    def unpack_wheel(self, tag, name):
        paths = glob.glob(os.path.join(self.made, f"tftpserver-{VERSION}-py3-none-*{self.machine}.whl"))
        path = os.path.join(self.made, f"tftpserver-{VERSION}-py3-none-{tag}.whl")
        if path not in paths:
            raise Failed(f"no wheel {path}: {paths}")
        tree = os.path.join(self.place, name)
        shutil.rmtree(tree, ignore_errors=True)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(tree)
            text = archive.read(f"tftpserver-{VERSION}.dist-info/WHEEL").decode()
        same("tags", set(re.findall(r"^Tag: (.*)$", text, re.M)), {f"py3-none-{one}" for one in tag.split(".")})
        names_no_place(tree)
        check_library(f"{tree}/tftpserver/libtftpserver.so.0", self.machine)
        return path, tree

    def wheel(self):
        suffix = f"-{self.machine}" if self.is_foreign else ""
        path, tree = self.unpack_wheel(f"manylinux_2_17_{self.machine}.manylinux2014_{self.machine}", f"wheel{suffix}")
        elf = Elf(f"{tree}/tftpserver/libtftpserver.so.0")
        same("symbols that glibc 2.17 lacks", elf.without_version, [])
        if elf.glibc > GLIBC or not all(re.fullmatch(r"lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux.*", one) for one in elf.needed):
            raise Failed(f"the wheel's library needs glibc {elf.glibc} and {elf.needed}")
        if os.path.exists(AUDITWHEEL):
            print(run(AUDITWHEEL, "show", path))
        else:
            print("NOT RUN: auditwheel is not installed")
        python = [*self.emulator, f"{self.root}/usr/bin/python3"] if self.is_foreign else [sys.executable]
        said = run(*python, os.path.join(SUITES, "systems", "with_wheel.py"), cwd=tree, PYTHONPATH=tree, PYTHONDONTWRITEBYTECODE="1")
        same("the wheel", said.split(), [VERSION, self.machine])

    def musl_wheel(self):
        _, tree = self.unpack_wheel(f"musllinux_1_2_{self.machine}", "musl-wheel" + (f"-{self.machine}" if self.is_foreign else ""))
        elf = Elf(f"{tree}/tftpserver/libtftpserver.so.0")
        same("what the library for musl needs", (elf.needed, elf.glibc), ({"libc.so"}, None))

    def binary(self):
        """One program that needs nothing, and on this machine serves alone in a root of its own."""
        name = f"tftpserver-{VERSION}-linux-{self.machine}"
        with tempfile.TemporaryDirectory() as place:
            with tarfile.open(os.path.join(self.made, f"{name}.tar.gz")) as tar:
                tar.extractall(place)
            elf = Elf(f"{place}/{name}/tftpserver")
            same("the static program", (elf.machine, elf.needed, elf.interpreter, elf.glibc),
                 (MACHINES[self.machine][0], set(), None, None))
            names_no_place(f"{place}/{name}")
            with open(f"{place}/{name}/tftpserver", "rb") as file:
                same("the C library is musl's", b"GNU C Library" in file.read(), False)
            self.exchange(f"{place}/{name}/tftpserver")
        if not self.is_foreign:
            self.alone(f"{name}.tar.gz", f"{name}/tftpserver")
            with tempfile.TemporaryDirectory() as place:
                packaged_command.binary(self.made, place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("made")
    parser.add_argument("--machine", default=os.uname().machine)
    parser.add_argument("--root", default="")
    parser.add_argument("--unpack")
    parser.add_argument("parts", nargs="+")
    told = parser.parse_intermixed_args()
    if told.unpack:
        return check(told, told.unpack)
    with tempfile.TemporaryDirectory() as place:
        return check(told, place)


def check(told, place):
    parts = Parts(os.path.abspath(told.made), os.path.abspath(place), told.machine, told.root and os.path.abspath(told.root))
    try:
        for name in told.parts:
            getattr(parts, name.replace("-", "_"))()
            print(f"ok: {name} for {told.machine}")
    except (Failed, AssertionError) as failure:
        print(f"FAILED: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

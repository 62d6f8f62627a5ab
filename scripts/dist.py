#!/usr/bin/env python3
"""Makes what is published, in DIRECTORY (dist): the source archive, the Debian packages of the
library and of the command, the command as one static program in an archive, the Python wheel and
source distribution, the Composer archive, and SHA256SUMS over them all.

usage: dist.py [--output DIRECTORY] [--machine MACHINE] [--local] [PART...]
PART: source, deb, command, binary, wheel, musl-wheel, sdist, composer; without one, all of them.
MACHINE: x86_64 or aarch64; without one, this machine's, and if no part is named, also the parts for
the other one that can be built here. --local: this system's compiler links the Debian packages,
which then need a glibc as new as this system's.

The same commit makes the same bytes: every date is the commit's (or SOURCE_DATE_EPOCH), every owner
is root, every list is sorted. What a part needs and is missing ends it with a sentence; a part that
this tree does not have is left out.
"""
import argparse
import glob
import hashlib
import os
import shutil
import sys
import tempfile

import dist_command
from packing import ROOT, VERSION, archive, depends, documents, epoch, in_git, need, pack, run, third_party, write
from targets import Target, native_machine, other_machines

LEFT_OUT = {".git", "build", "target", "dist", "__pycache__", ".ci"}


def files_of(below=""):
    """Returns the files of the source, from git's list or, in an unpacked archive, from the
    directory."""
    if in_git():
        listed = run("git", "ls-files", "-z", "--", below or ".").split("\0")
        return sorted(name for name in listed if name and name.split("/")[0] not in LEFT_OUT)
    found = []
    for place, directories, names in os.walk(os.path.join(ROOT, below)):
        directories[:] = [name for name in directories if name not in LEFT_OUT]
        found += [os.path.relpath(os.path.join(place, name), ROOT) for name in names if not name.endswith(".pyc")]
    return sorted(found)


# ---- the source archive ----

def source(output, _machine):
    if in_git() and run("git", "status", "--porcelain", "--untracked-files=no").strip():
        print("dist: what is not committed yet is in the packages too")
    name = f"libtftpserver-{VERSION}"
    files = [(path, os.path.join(ROOT, path)) for path in files_of()]
    return [archive(os.path.join(output, f"{name}.tar.gz"), name, files)]


# ---- the Debian packages of the library ----

ABOUT = """ libtftpserver is a TFTP server inside your program. It serves a directory, or
 whatever your callbacks supply, to any TFTP client, and takes uploads the same
 way. It speaks RFC 1350 with the options blksize, timeout, tsize (RFC 2347 to
 2349) and windowsize (RFC 7440)."""


def build_tree(target=None):
    """Makes a build that is configured for /usr. It shares Cargo's output with `make build`, so
    nothing is compiled twice; for a `target` it contains the libraries that were built for that."""
    tree = os.path.join(ROOT, "build", "dist" + (f"-{target.triple}" if target else ""))
    cargo = os.environ.get("TFTPSERVER_CARGO_TARGET_DIR", os.path.join(ROOT, "build", "release", "cargo"))
    more = []
    if target:
        # CMake only has to pick the libraries up.
        cargo, more = os.path.dirname(os.path.dirname(target.library())), [f"-DTFTPSERVER_CARGO={shutil.which('true')}"]
    cmake = os.environ.get("CMAKE", "cmake")
    run(cmake, "-S", ROOT, "-B", tree, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_INSTALL_PREFIX=/usr",
        f"-DCMAKE_INSTALL_LIBDIR=lib/{multiarch(target)}", "-DTFTPSERVER_MAN=ON", "-DTFTPSERVER_RELOCATABLE=OFF",
        "-DTFTPSERVER_BUILD_TESTS=OFF", "-DTFTPSERVER_BUILD_EXAMPLES=OFF", f"-DTFTPSERVER_CARGO_TARGET_DIR={cargo}", *more,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    run(cmake, "--build", tree, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    return tree


def multiarch(target=None):
    if target:
        return f"{target.machine}-linux-gnu"
    for command in (["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], [os.environ.get("CC", "cc"), "-print-multiarch"]):
        if shutil.which(command[0]):
            found = run(*command).strip()
            if found:
                return found
    return f"{os.uname().machine}-linux-gnu"


def deb(output, machine):
    need("dpkg-deb", "dpkg")
    need("readelf", "binutils")
    target = Target(machine)
    by_zig = target if target.uses_zig else None
    build = build_tree(by_zig)
    cmake, soversion = os.environ.get("CMAKE", "cmake"), VERSION.split(".")[0]
    licences = third_party(target=target.triple)
    with tempfile.TemporaryDirectory() as place:
        trees = {}
        for component, package in (("runtime", f"libtftpserver{soversion}"), ("development", "libtftpserver-dev")):
            trees[component] = os.path.join(place, package)
            run(cmake, "--install", build, "--component", component, env={**os.environ, "DESTDIR": trees[component]})
            documents(trees[component], package, licences)
        library = os.path.join(trees["runtime"], "usr", "lib", multiarch(by_zig), f"libtftpserver.so.{VERSION}")
        static = os.path.join(trees["development"], "usr", "lib", multiarch(by_zig), "libtftpserver.a")
        target.strip("--remove-section=.comment", "--remove-section=.note", "--strip-unneeded", library)
        target.strip("--strip-debug", "--remove-section=.comment", "--enable-deterministic-archives", static)
        needs = depends(library, by_zig=target.uses_zig)
        runtime = pack(
            trees["runtime"], output,
            {"triggers": "activate-noawait ldconfig\n",
             "shlibs": f"libtftpserver {soversion} libtftpserver{soversion} (>= {VERSION})\n"},
            package=f"libtftpserver{soversion}", section="libs", depends=needs, multi_arch="same", architecture=target.architecture,
            description=f"embeddable TFTP server\n{ABOUT}\n .\n This package contains the shared library.")
        development = pack(
            trees["development"], output, {}, package="libtftpserver-dev", section="libdevel",
            depends=f"libtftpserver{soversion} (= {VERSION}-1)", multi_arch="same",
            architecture=target.architecture,
            description=f"embeddable TFTP server (development files)\n{ABOUT}\n .\n This package contains the header, the static"
                        " library, the files for\n pkg-config and CMake, and the manual pages.")
    return [runtime, development]


# ---- the other languages ----

def made_by(output, pattern, *command, **environment):
    """Runs the command that makes a package, and returns the files in `output` that have the
    package's name."""
    run(*command, env={**os.environ, **environment, "SOURCE_DATE_EPOCH": str(epoch())})
    made = sorted(glob.glob(os.path.join(glob.escape(output), pattern)))
    if not made:
        raise SystemExit(f"dist: {' '.join(map(str, command))} left no {pattern} in {output}")
    return made


def wheel(output, machine):
    target = Target(machine)
    return wheel_of(output, target, portable_library(target), f"linux*_{machine}")


def musl_wheel(output, machine):
    """Makes the wheel for systems with musl, such as Alpine Linux."""
    target = Target(machine, "musl")
    if target.missing():
        print(f"dist: no wheel for musl on {machine}, which needs {target.missing()}")
        return []
    return wheel_of(output, target, target.library(), f"musllinux*_{machine}")


def wheel_of(output, target, library, tag):
    script = os.path.join(ROOT, "scripts", "wheel.sh")
    if not os.path.exists(script):
        return None
    return made_by(output, f"tftpserver-{VERSION}-py3-none-*{tag}.whl", script, library, output, STRIP=target.strip_program())


def sdist(output, _machine):
    script = os.path.join(ROOT, "scripts", "sdist.py")
    if not os.path.exists(os.path.join(ROOT, "bindings", "python")):
        return None
    return made_by(output, f"tftpserver-{VERSION}.tar.gz", sys.executable, script, output)


def portable_library(target):
    """Returns the shared library for systems as old as glibc 2.17 (manylinux2014), if zig is there
    to link it; otherwise the one for this system."""
    if target.is_native and not target.uses_zig:
        print("dist: without zig and cargo-zigbuild (scripts/setup.sh dist) the wheel needs a glibc as new as this one")
        return os.path.join(build_tree(), "lib", f"libtftpserver.so.{VERSION.split('.')[0]}")
    return target.library()


def composer(output, _machine):
    """Makes the Composer archive with the PHP package's own script."""
    script = os.path.join(ROOT, "bindings", "php", "bin", "make-archive.php")
    if not os.path.exists(script):
        return None
    need("php", "php-cli")
    return made_by(output, "tftpserver-php-*", "php", script, output)


PARTS = {"source": source, "deb": deb, "command": dist_command.deb, "binary": dist_command.binary, "wheel": wheel,
         "musl-wheel": musl_wheel, "sdist": sdist, "composer": composer}
# The parts that contain machine code.
OF_A_MACHINE = ["deb", "command", "binary", "wheel", "musl-wheel"]


def wanted(asked):
    """Returns pairs of a part and a machine."""
    machine = asked.machine or native_machine()
    chosen = [(part, machine) for part in asked.parts or (OF_A_MACHINE if machine != native_machine() else PARTS)]
    if not asked.parts and not asked.machine:
        for other in other_machines():
            missing = Target(other).missing()
            if missing:
                print(f"dist: nothing for {other}, which needs {missing}")
            else:
                chosen += [(part, other) for part in OF_A_MACHINE]
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", default=os.path.join(ROOT, "dist"))
    parser.add_argument("--machine", choices=[native_machine(), *other_machines()])
    parser.add_argument("--local", action="store_true", help="link the Debian packages for this system's glibc, without zig")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part}: {', '.join(PARTS)}")
    Target.local = asked.local
    output = os.path.abspath(asked.output)
    os.makedirs(output, exist_ok=True)
    os.umask(0o022)
    for part, machine in wanted(asked):
        made = PARTS[part](output, machine)
        for path in made or []:
            print(f"{os.path.relpath(path)}  {os.path.getsize(path)} bytes")
        if made is None:
            print(f"dist: this tree has no {part}")
    sums = []
    for name in sorted(os.listdir(output)):
        if name != "SHA256SUMS" and os.path.isfile(os.path.join(output, name)):
            with open(os.path.join(output, name), "rb") as file:
                sums.append(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n")
    write(os.path.join(output, "SHA256SUMS"), "".join(sums))


if __name__ == "__main__":
    main()

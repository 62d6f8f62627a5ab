#!/usr/bin/env python3
"""Makes what is published, in DIRECTORY (dist): the source archive, the Debian packages of the library and of the
command, the command as one static program in an archive, the Python wheel and source distribution, the Composer archive, and SHA256SUMS over them all.

usage: dist.py [--output DIRECTORY] [source] [deb] [command] [binary] [wheel] [sdist] [composer]   (without a name: all of them)

The same commit makes the same bytes: every date is the commit's (or SOURCE_DATE_EPOCH), every owner is root, every list
is sorted. What a part needs and is missing ends it with a sentence; a part that this tree does not have is left out.
"""
import argparse
import hashlib
import os
import shutil
import sys
import tempfile

import dist_command
from packing import ROOT, VERSION, archive, cargo, depends, documents, epoch, in_git, need, pack, run, third_party, write

LEFT_OUT = {".git", "build", "target", "dist", "__pycache__", ".ci"}


def files_of(below=""):
    """Returns the files of the source, from git's list or, in an unpacked archive, from the directory."""
    if in_git():
        listed = run("git", "ls-files", "-z", "--", below or ".").split("\0")
        return sorted(name for name in listed if name and name.split("/")[0] not in LEFT_OUT)
    found = []
    for place, directories, names in os.walk(os.path.join(ROOT, below)):
        directories[:] = [name for name in directories if name not in LEFT_OUT]
        found += [os.path.relpath(os.path.join(place, name), ROOT) for name in names if not name.endswith(".pyc")]
    return sorted(found)


# ---- the source archive ----

def source(output):
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


def build_tree():
    """Makes a build that is configured for /usr. It shares Cargo's output with `make build`, so nothing is compiled
    twice."""
    tree = os.path.join(ROOT, "build", "dist")
    cargo = os.environ.get("TFTPSERVER_CARGO_TARGET_DIR", os.path.join(ROOT, "build", "release", "cargo"))
    cmake = os.environ.get("CMAKE", "cmake")
    run(cmake, "-S", ROOT, "-B", tree, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_INSTALL_PREFIX=/usr",
        f"-DCMAKE_INSTALL_LIBDIR=lib/{multiarch()}", "-DTFTPSERVER_MAN=ON", "-DTFTPSERVER_RELOCATABLE=OFF",
        "-DTFTPSERVER_BUILD_TESTS=OFF", "-DTFTPSERVER_BUILD_EXAMPLES=OFF", f"-DTFTPSERVER_CARGO_TARGET_DIR={cargo}",
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    run(cmake, "--build", tree, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    return tree


def multiarch():
    for command in (["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], [os.environ.get("CC", "cc"), "-print-multiarch"]):
        if shutil.which(command[0]):
            found = run(*command).strip()
            if found:
                return found
    return f"{os.uname().machine}-linux-gnu"


def deb(output):
    need("dpkg-deb", "dpkg")
    need("readelf", "binutils")
    build = build_tree()
    cmake, soversion = os.environ.get("CMAKE", "cmake"), VERSION.split(".")[0]
    licences = third_party()
    with tempfile.TemporaryDirectory() as place:
        trees = {}
        for component, package in (("runtime", f"libtftpserver{soversion}"), ("development", "libtftpserver-dev")):
            trees[component] = os.path.join(place, package)
            run(cmake, "--install", build, "--component", component, env={**os.environ, "DESTDIR": trees[component]})
            documents(trees[component], package, licences)
        library = os.path.join(trees["runtime"], "usr", "lib", multiarch(), f"libtftpserver.so.{VERSION}")
        static = os.path.join(trees["development"], "usr", "lib", multiarch(), "libtftpserver.a")
        run("strip", "--remove-section=.comment", "--remove-section=.note", "--strip-unneeded", library)
        run("strip", "--strip-debug", "--remove-section=.comment", "--enable-deterministic-archives", static)
        runtime = pack(
            trees["runtime"], output,
            {"triggers": "activate-noawait ldconfig\n",
             "shlibs": f"libtftpserver {soversion} libtftpserver{soversion} (>= {VERSION})\n"},
            package=f"libtftpserver{soversion}", section="libs", depends=depends(library), multi_arch="same",
            description=f"embeddable TFTP server\n{ABOUT}\n .\n This package contains the shared library.")
        development = pack(
            trees["development"], output, {}, package="libtftpserver-dev", section="libdevel",
            depends=f"libtftpserver{soversion} (= {VERSION}-1)", multi_arch="same",
            description=f"embeddable TFTP server (development files)\n{ABOUT}\n .\n This package contains the header, the static"
                        " library, the files for\n pkg-config and CMake, and the manual pages.")
    return [runtime, development]


# ---- the other languages ----

def made_by(output, begin, *command, ending=""):
    """Runs the command that makes a package, and returns the files in `output` that have the package's name."""
    run(*command, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    made = sorted(name for name in os.listdir(output) if name.startswith(begin) and name.endswith(ending))
    if not made:
        raise SystemExit(f"dist: {' '.join(map(str, command))} left no {begin}*{ending} in {output}")
    return [os.path.join(output, name) for name in made]


def wheel(output):
    script = os.path.join(ROOT, "scripts", "wheel.sh")
    if not os.path.exists(script):
        return None
    return made_by(output, "tftpserver-", script, portable_library(), output, ending=".whl")


def sdist(output):
    script = os.path.join(ROOT, "scripts", "sdist.py")
    if not os.path.exists(os.path.join(ROOT, "bindings", "python")):
        return None
    return made_by(output, f"tftpserver-{VERSION}", sys.executable, script, output, ending=".tar.gz")


def portable_library():
    """Returns the shared library for systems as old as glibc 2.17 (manylinux2014), if zig is there to link it;
    otherwise the one for this system."""
    zig = os.path.join(ROOT, "build", "zig", "bin")
    if not os.path.exists(os.path.join(zig, "cargo-zigbuild")):
        print("dist: without zig and cargo-zigbuild (scripts/setup.sh dist) the wheel needs a glibc as new as this one")
        return os.path.join(build_tree(), "lib", f"libtftpserver.so.{VERSION.split('.')[0]}")
    place, target = os.path.join(ROOT, "build", "portable"), f"{os.uname().machine}-unknown-linux-gnu"
    # Zig's cache belongs into the build directory, not into the user's home.
    os.environ.update(PATH=f"{zig}:{os.environ['PATH']}", CARGO_ZIGBUILD_ZIG_PATH=os.path.join(zig, "python-zig"),
                      ZIG_GLOBAL_CACHE_DIR=os.path.join(place, "zig"))
    cargo(place, "zigbuild", "--lib", "-p", "tftpserver", "--target", f"{target}.2.17")
    return os.path.join(place, target, "release", "libtftpserver.so")


def composer(output):
    """Makes the Composer archive with the PHP package's own script."""
    script = os.path.join(ROOT, "bindings", "php", "bin", "make-archive.php")
    if not os.path.exists(script):
        return None
    need("php", "php-cli")
    return made_by(output, "tftpserver-php-", "php", script, output)


def main():
    parts = {"source": source, "deb": deb, "command": dist_command.deb, "binary": dist_command.binary, "wheel": wheel, "sdist": sdist,
             "composer": composer}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", default=os.path.join(ROOT, "dist"))
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in parts:
            parser.error(f"there is no part {part}: {', '.join(parts)}")
    output = os.path.abspath(asked.output)
    os.makedirs(output, exist_ok=True)
    os.umask(0o022)
    for part in asked.parts or parts:
        made = parts[part](output)
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

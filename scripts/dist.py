#!/usr/bin/env python3
"""Makes what is published, in DIRECTORY (dist): the source archive, the Debian packages, the Python wheel, the Composer
archive, and SHA256SUMS over them all.

usage: dist.py [--output DIRECTORY] [source] [deb] [wheel] [composer]      (without a name: all of them)

The same commit makes the same bytes: every date is the commit's (or SOURCE_DATE_EPOCH), every owner is root, every list
is sorted. What a part needs and is missing ends it with a sentence; a part that this tree does not have is left out.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAINTAINER = "The libtftpserver contributors <libtftpserver@users.noreply.github.com>"
HOMEPAGE = "https://github.com/libtftpserver/libtftpserver"
LEFT_OUT = {".git", "build", "target", "dist", "__pycache__", ".ci"}


def run(*command, cwd=ROOT, **more):
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"dist: {' '.join(map(str, command))} failed\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
    return done.stdout


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
    os.chmod(path, mode)


def need(command, package):
    if not shutil.which(command):
        raise SystemExit(f"dist: {command} is missing; on Debian or Ubuntu:  apt-get install {package}")


VERSION = re.search(r'^version = "([0-9.]+)"', read("Cargo.toml"), flags=re.M)[1]


def in_git():
    return os.path.exists(os.path.join(ROOT, ".git"))


def epoch():
    """The moment that everything is dated to."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    if in_git():
        return int(run("git", "log", "-1", "--format=%ct"))
    return int(os.stat(os.path.join(ROOT, "Cargo.toml")).st_mtime)  # as the source archive has set it


def gzipped(data):
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def files_of(below=""):
    """What belongs to the source, from git's list or, in an unpacked archive, from what is there."""
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
    name, when = f"libtftpserver-{VERSION}", epoch()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in files_of():
            full = os.path.join(ROOT, path)
            entry = tar.gettarinfo(full, f"{name}/{path}")
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = when
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            with open(full, "rb") as file:
                tar.addfile(entry, file if entry.isreg() else None)
    path = os.path.join(output, f"{name}.tar.gz")
    write(path, gzipped(plain.getvalue()))
    return [path]


# ---- the Debian packages ----

CONTROL = """Package: {package}
Source: libtftpserver
Version: {version}-1
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Section: {section}
Priority: optional
Multi-Arch: same
Homepage: {homepage}
Description: embeddable TFTP server{short}
 libtftpserver is a TFTP server inside your program. It serves a directory, or
 whatever your callbacks supply, to any TFTP client, and takes uploads the same
 way. It speaks RFC 1350 with the options blksize, timeout, tsize (RFC 2347 to
 2349) and windowsize (RFC 7440).
 .
{long}
"""

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libtftpserver
Source: {homepage}
Comment: The library contains the Rust crates that THIRD-PARTY.gz beside this
 file names, each under the licence that is printed there.

Files: *
Copyright: 2026 The libtftpserver contributors
License: Expat or Apache-2.0

License: Expat
{mit}

License: Apache-2.0
 On Debian systems, the full text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
"""


def third_party():
    """The crates inside the library, with their licences, as Cargo.lock has them."""
    data = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", host_triple()))
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    waiting, seen = [data["resolve"]["root"]], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        waiting += [dep["pkg"] for dep in nodes[one]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
    parts = ["What libtftpserver is built from, besides its own sources and the Rust standard library.\n"]
    for package in sorted((packages[one] for one in seen if packages[one]["source"]),
                          key=lambda one: (one["name"], one["version"])):
        place = os.path.dirname(package["manifest_path"])
        texts = sorted(name for name in os.listdir(place) if re.match(r"(LICEN[CS]E|COPY|NOTICE)", name, flags=re.I)
                       and os.path.isfile(os.path.join(place, name)))
        parts.append(f"{'=' * 78}\n{package['name']} {package['version']}: {package['license']}\n"
                     f"{package.get('repository') or ''}\n{', '.join(package['authors'])}\n")
        for name in texts:
            with open(os.path.join(place, name), encoding="utf-8", errors="replace") as file:
                parts.append(f"{'-' * 20} {name}\n{file.read().strip()}\n")
    return "\n".join(parts)


def host_triple():
    return re.search(r"^host: (.*)$", run("rustc", "-vV"), flags=re.M)[1]


def build_tree():
    """A build that is configured for /usr. Cargo's output is shared with `make build`: nothing is compiled twice."""
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


def library_depends(library):
    """The packages that the library needs, with the versions whose symbols it uses."""
    if shutil.which("dpkg-shlibdeps"):
        with tempfile.TemporaryDirectory() as place:
            write(os.path.join(place, "debian", "control"), "Source: x\n\nPackage: x\nArchitecture: any\n")
            text = run("dpkg-shlibdeps", "-O", "--ignore-missing-info", f"-e{library}", cwd=place)
        return re.search(r"shlibs:Depends=(.*)", text)[1]
    versions = re.findall(r"Name: GLIBC_([0-9.]+)", run("readelf", "-V", library))
    newest = max(versions, key=lambda version: [int(part) for part in version.split(".")])
    return f"libc6 (>= {newest}), libgcc-s1"


def documents(tree, package, licences):
    place = os.path.join(tree, "usr", "share", "doc", package)
    mit = "\n".join(" " + (line or ".") for line in read("LICENSE-MIT").strip().split("\n\n", 2)[2].splitlines())
    write(os.path.join(place, "copyright"), COPYRIGHT.format(homepage=HOMEPAGE, mit=mit))
    write(os.path.join(place, "THIRD-PARTY.gz"), gzipped(licences.encode()))
    write(os.path.join(place, "changelog.gz"), gzipped(read("CHANGELOG.md").encode()))
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch()))
    write(os.path.join(place, "changelog.Debian.gz"), gzipped(
        f"libtftpserver ({VERSION}-1) unstable; urgency=medium\n\n  * Made from the sources of {VERSION};"
        f" changelog.gz tells what is new.\n\n -- {MAINTAINER}  {date}\n".encode()))


def pack(tree, output, when, extra, **fields):
    """Gives a tree its control files, and makes the package."""
    for place, directories, names in os.walk(tree):
        for name in directories:
            os.chmod(os.path.join(place, name), 0o755)
        for name in names:
            full = os.path.join(place, name)
            if os.path.islink(full):
                continue
            os.chmod(full, 0o644)
            if "/man/" in full and not name.endswith(".gz"):
                with open(full, "rb") as file:
                    write(full + ".gz", gzipped(file.read()))
                os.remove(full)
    listed, size = [], 0
    for place, _, names in os.walk(tree):
        size += 1
        for name in names:
            full = os.path.join(place, name)
            if not os.path.islink(full):
                with open(full, "rb") as file:
                    listed.append((os.path.relpath(full, tree), hashlib.md5(file.read()).hexdigest()))
                size += -(-os.path.getsize(full) // 1024)
    control = os.path.join(tree, "DEBIAN")
    write(os.path.join(control, "control"), CONTROL.format(version=VERSION, maintainer=MAINTAINER, homepage=HOMEPAGE,
                                                           size=size, **fields))
    write(os.path.join(control, "md5sums"), "".join(f"{digest}  {name}\n" for name, digest in sorted(listed)))
    for name, text in extra.items():
        write(os.path.join(control, name), text)
    os.chmod(tree, 0o755)
    os.chmod(control, 0o755)
    path = os.path.join(output, f"{fields['package']}_{VERSION}-1_{fields['architecture']}.deb")
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, path,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(when)})
    return path


def deb(output):
    need("dpkg-deb", "dpkg")
    need("readelf", "binutils")
    build, architecture, when = build_tree(), run("dpkg", "--print-architecture").strip(), epoch()
    cmake, soversion = os.environ.get("CMAKE", "cmake"), VERSION.split(".")[0]
    licences = third_party()
    common = {"architecture": architecture}
    with tempfile.TemporaryDirectory() as place:
        trees = {}
        for component, package in (("runtime", f"libtftpserver{soversion}"), ("development", "libtftpserver-dev")):
            trees[component] = os.path.join(place, package)
            run(cmake, "--install", build, "--component", component, env={**os.environ, "DESTDIR": trees[component]})
            documents(trees[component], package, licences)
        library = os.path.join(trees["runtime"], "usr", "lib", multiarch(), f"libtftpserver.so.{VERSION}")
        archive = os.path.join(trees["development"], "usr", "lib", multiarch(), "libtftpserver.a")
        run("strip", "--remove-section=.comment", "--remove-section=.note", "--strip-unneeded", library)
        run("strip", "--strip-debug", "--remove-section=.comment", "--enable-deterministic-archives", archive)
        runtime = pack(
            trees["runtime"], output, when,
            {"triggers": "activate-noawait ldconfig\n",
             "shlibs": f"libtftpserver {soversion} libtftpserver{soversion} (>= {VERSION})\n"},
            package=f"libtftpserver{soversion}", section="libs", depends=library_depends(library), short="",
            long=" This package contains the shared library.", **common)
        development = pack(
            trees["development"], output, when, {}, package="libtftpserver-dev", section="libdevel",
            depends=f"libtftpserver{soversion} (= {VERSION}-1)", short=" (development files)",
            long=" This package contains the header, the static library, the files for\n pkg-config and CMake, and"
                 " the manual pages.", **common)
    return [runtime, development]


# ---- the other languages ----

def made_by(output, begin, *command, ending=""):
    """Runs what makes a package, and says which of its name are there now."""
    run(*command, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    made = sorted(name for name in os.listdir(output) if name.startswith(begin) and name.endswith(ending))
    if not made:
        raise SystemExit(f"dist: {' '.join(map(str, command))} left no {begin}*{ending} in {output}")
    return [os.path.join(output, name) for name in made]


def wheel(output):
    script = os.path.join(ROOT, "scripts", "wheel.sh")
    if not os.path.exists(script):
        return None
    library = os.path.join(build_tree(), "lib", f"libtftpserver.so.{VERSION.split('.')[0]}")
    return made_by(output, "tftpserver-", script, library, output, ending=".whl")


def composer(output):
    """The PHP package lays itself out."""
    script = os.path.join(ROOT, "bindings", "php", "bin", "make-archive.php")
    if not os.path.exists(script):
        return None
    need("php", "php-cli")
    return made_by(output, "tftpserver-php-", "php", script, output)


def main():
    parts = {"source": source, "deb": deb, "wheel": wheel, "composer": composer}
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

"""Tests the output of `make dist`. Without --full it makes the source archive and the Debian
packages in a temporary directory, from an existing build; with --full it takes the files in dist/,
and builds the whole archive.

usage: dist.py [--full]
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import packaged_command

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CMAKE, CC = os.environ.get("CMAKE", "cmake"), os.environ.get("CC", "cc")
VERSION = re.search(r'^version = "([0-9.]+)"', open(os.path.join(SOURCE, "Cargo.toml"), encoding="utf-8").read(),
                    flags=re.M)[1]
DIST = os.path.join(SOURCE, "scripts", "dist.py")
# A Debian for arm64, which scripts/test-systems.sh unpacks.
QEMU_ROOT = os.path.join(SOURCE, "build", "systems", "arm64", "root")
CONSUMER = os.path.join(SOURCE, "c-tests", "consumer")


class Failed(Exception):
    pass


def run(*command, cwd=SOURCE, timeout=1500, **environment):
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}")
    return done.stdout


def same(what, have, wanted):
    if have != wanted:
        raise Failed(f"{what}: {have!r}, not {wanted!r}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def builders_places():
    """Returns paths that no published file may contain."""
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    cargo = os.environ.get("TFTPSERVER_CARGO_TARGET_DIR", SOURCE)
    return [place for place in {SOURCE, home, os.path.realpath(SOURCE), cargo} if len(place) > 3]


def names_no_place(tree):
    for place, _, names in os.walk(tree):
        for name in names:
            full = os.path.join(place, name)
            if os.path.islink(full):
                same(f"{full} leads to an absolute path", os.path.isabs(os.readlink(full)), False)
                continue
            with open(full, "rb") as file:
                data = file.read()
            for secret in builders_places():
                if secret.encode() in data:
                    at = data.index(secret.encode())
                    raise Failed(f"{full} names {secret}: {data[at - 40:at + 120]!r}")


# ---- the source archive ----

def source_archive(made, place):
    archive = os.path.join(made, f"libtftpserver-{VERSION}.tar.gz")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        same("owners", {(one.uid, one.gid, one.uname) for one in members}, {(0, 0, "root")})
        same("dates", len({one.mtime for one in members}), 1)
        same("modes", {one.mode for one in members} <= {0o644, 0o755}, True)
        tar.extractall(place)
    tree = os.path.join(place, f"libtftpserver-{VERSION}")
    for name in ("Cargo.lock", "CMakeLists.txt", "include/tftpserver.h", "scripts/test.sh", "LICENSE-MIT"):
        if not os.path.exists(os.path.join(tree, name)):
            raise Failed(f"the source archive lacks {name}")
    for name in ("target", "build", "dist", ".git"):
        same(f"{name} in the source archive", os.path.exists(os.path.join(tree, name)), False)
    run("cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", os.path.join(tree, "Cargo.toml"),
        cwd=place)
    print("ok: the source archive")
    return tree


def archive_again(made, tree, place):
    """The archive is the same the second time, and from itself too."""
    wanted = digest(os.path.join(made, f"libtftpserver-{VERSION}.tar.gz"))
    for where in (SOURCE, tree):
        again = os.path.join(place, "again")
        stamp = str(int(os.stat(os.path.join(tree, "Cargo.toml")).st_mtime))
        run(sys.executable, os.path.join(where, "scripts", "dist.py"), "--output", again, "source", cwd=where,
            SOURCE_DATE_EPOCH=stamp)
        same(f"the archive from {where}", digest(os.path.join(again, f"libtftpserver-{VERSION}.tar.gz")), wanted)
        shutil.rmtree(again)
    print("ok: the same sources make the same archive")


def archive_configures(tree, place):
    run(CMAKE, "-S", tree, "-B", os.path.join(place, "configured"), "-DCMAKE_BUILD_TYPE=Release")
    print("ok: the source archive configures")


def archive_builds(tree, place):
    build, prefix = os.path.join(place, "whole"), os.path.join(place, "prefix")
    run(CMAKE, "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DTFTPSERVER_BUILD_TESTS=OFF")
    run(CMAKE, "--build", build)
    run(CMAKE, "--install", build, "--prefix", prefix)
    names_no_place(prefix)
    run(CMAKE, "-S", CONSUMER, "-B", os.path.join(place, "user"), f"-DCMAKE_PREFIX_PATH={prefix}")
    run(CMAKE, "--build", os.path.join(place, "user"))
    run(os.path.join(place, "user", "consumer_shared"))
    run(os.path.join(place, "user", "consumer_static"))
    print("ok: the source archive builds, installs and serves")


# ---- the Debian packages ----

def debs(made):
    """The packages of the library, its development files and the command, in this order."""
    ours = run("dpkg", "--print-architecture").strip()
    names = sorted(name for name in os.listdir(made) if name.endswith(f"_{ours}.deb"))
    same("packages", [name.split("_")[0] for name in names], ["libtftpserver-dev", "libtftpserver0", "tftpserver"])
    development, library, command = (os.path.join(made, name) for name in names)
    return library, development, command


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


def control_files(library, development):
    same("Version", {field(one, "Version") for one in (library, development)}, {f"{VERSION}-1"})
    if not re.search(r"\blibc6 \(>= 2\.\d+\)", field(library, "Depends")):
        raise Failed(f"libtftpserver0 depends on {field(library, 'Depends')}")
    same("Depends", field(development, "Depends"), f"libtftpserver0 (= {VERSION}-1)")
    for package in (library, development):
        same("Multi-Arch", field(package, "Multi-Arch"), "same")
        for line in run("dpkg-deb", "--contents", package).splitlines():
            same(f"owner in {line}", line.split()[1], "root/root")
    print("ok: the packages' control files")


def installed(root, **packages):
    """dpkg itself puts them into a root of their own, with nothing else in it; its scripts run
    outside."""
    database = os.path.join(root, "var", "lib", "dpkg")
    os.makedirs(os.path.join(database, "updates"))
    os.makedirs(os.path.join(database, "info"))
    open(os.path.join(database, "status"), "w", encoding="utf-8").close()
    options = ["--root", root, "--force-not-root", "--force-depends", "--force-bad-path",
               "--force-script-chrootless", "--log=/dev/null"]
    run("dpkg", *options, "--install", *packages.values())
    listed = run("dpkg", *options, "--list", COLUMNS="200")
    same("installed", sorted(re.findall(r"^.i +([^: ]+)", listed, flags=re.M)),
         sorted(name.replace("_", "-") for name in packages))
    return options


def consumers(root, place):
    libdir = os.path.dirname(next(os.path.join(where, "libtftpserver.so") for where, _, names in os.walk(root)
                                  if "libtftpserver.so" in names))
    same("SONAME", re.search(r"SONAME.*\[(.*)\]", run("readelf", "-d", f"{libdir}/libtftpserver.so"))[1],
         "libtftpserver.so.0")
    same("debugging symbols", ".debug_info" in run("readelf", "-S", f"{libdir}/libtftpserver.so.0"), False)
    flags = {"PKG_CONFIG_LIBDIR": f"{libdir}/pkgconfig", "PKG_CONFIG_SYSROOT_DIR": root,
             "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    if shutil.which("pkg-config"):
        same("pkg-config", run("pkg-config", "--modversion", "tftpserver", **flags).strip(), VERSION)
        words = run("pkg-config", "--cflags", "--libs", "tftpserver", **flags).split()
        run(CC, os.path.join(CONSUMER, "main.c"), "-o", os.path.join(place, "by-pkg-config"), *words)
        run(os.path.join(place, "by-pkg-config"), LD_LIBRARY_PATH=libdir)
        print("ok: pkg-config and the packages")
    else:
        print("NOT RUN: pkg-config is not installed")
    build = os.path.join(place, "by-cmake")
    run(CMAKE, "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={root}/usr")
    cache = open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8").read()
    same("find_package", re.search(r"tftpserver_DIR:PATH=(.*)", cache)[1], f"{libdir}/cmake/tftpserver")
    run(CMAKE, "--build", build)
    run(os.path.join(build, "consumer_shared"))
    run(os.path.join(build, "consumer_static"))
    print("ok: find_package and the packages")
    manual = os.path.join(root, "usr", "share", "man", "man3")
    with open(os.path.join(SOURCE, "c-tests", "exports.txt"), encoding="utf-8") as file:
        functions = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    same("man pages missing", [name for name in functions if not os.path.exists(f"{manual}/{name}.3.gz")], [])


def removed(root, options, *names):
    run("dpkg", *options, "--purge", *names)
    left = [os.path.join(place, name) for place, _, names in os.walk(root) for name in names
            if "/var/lib/dpkg" not in place]
    same("left behind", left, [])
    print("ok: the packages install and leave")


def lintian(packages):
    if not shutil.which("lintian"):
        print("NOT RUN: lintian is not installed")
        return
    # They are not packages of Debian, so there is no intent to package (ITP) that they could close.
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags",
                           "initial-upload-closes-no-bugs", *packages], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300)
    if done.returncode != 0:
        raise Failed(f"lintian:\n{done.stdout}")
    print("ok: lintian")


def all_again(made, place):
    """The same sources, built in the same place, make the same bytes."""
    again = os.path.join(place, "again")
    run(sys.executable, DIST, "--output", again)
    same("made again", sorted(os.listdir(again)), sorted(os.listdir(made)))
    for name in os.listdir(made):
        same(f"{name}, made again", digest(os.path.join(again, name)), digest(os.path.join(made, name)))
    print("ok: the same sources make the same packages")


# ---- the other languages ----

def wheel(made, place):
    """It is unpacked, as pip would, and serves as the class of that library."""
    names = [name for name in os.listdir(made) if re.search(rf"-(manylinux|linux)\w+_{os.uname().machine}\.whl$", name)]
    if not os.path.exists(os.path.join(SOURCE, "scripts", "wheel.sh")):
        print("NOT RUN: this tree has no wheel")
        return
    same("wheels", [re.match(rf"tftpserver-{re.escape(VERSION)}-py3-none-[\w.]+\.whl$", name) is not None for name in names],
         [True])
    tree = os.path.join(place, "wheel")
    with zipfile.ZipFile(os.path.join(made, names[0])) as archive:
        archive.extractall(tree)
    names_no_place(tree)
    said = run(sys.executable, "-c", "import tftpserver; print(tftpserver.__file__, tftpserver.TFTPServer().version)",
               cwd=place, PYTHONPATH=tree)
    same("the wheel", said.split(), [os.path.join(tree, "tftpserver", "__init__.py"), VERSION])
    print("ok: the wheel")


def for_others(made):
    """Tries the packages for other machines and C libraries, as far as this machine can run
    them."""
    here = os.uname().machine
    wanted = {here: {"musl-wheel": f"-musllinux_1_2_{here}.whl"}}
    if shutil.which("dpkg-deb") and os.path.exists(QEMU_ROOT) and shutil.which("qemu-aarch64") and here != "aarch64":
        wanted["aarch64"] = {"deb": "_arm64.deb", "command": "_arm64.deb", "wheel": "manylinux2014_aarch64.whl",
                             "musl-wheel": "-musllinux_1_2_aarch64.whl", "binary": "-linux-aarch64.tar.gz"}
    elif here != "aarch64":
        print("NOT RUN: the packages for arm64, which take what scripts/test-systems.sh installs")
    for machine, parts in wanted.items():
        there = [part for part, ending in parts.items() if any(name.endswith(ending) for name in os.listdir(made))]
        if there:
            print(run(sys.executable, os.path.join(SOURCE, "suites", "systems", "linux.py"), made, "--machine", machine,
                      "--root", QEMU_ROOT if machine != here else "", *there))
        print("".join(f"NOT RUN: {part} for {machine}, which is not in dist\n" for part in parts if part not in there), end="")


def composer(made, place):
    if not os.path.exists(os.path.join(SOURCE, "bindings", "php", "bin", "make-archive.php")):
        print("NOT RUN: this tree has no Composer archive")
        return
    with tarfile.open(os.path.join(made, f"tftpserver-php-{VERSION}.tar.gz")) as tar:
        tar.extractall(place)
    tree = os.path.join(place, f"tftpserver-php-{VERSION}")
    with open(os.path.join(tree, "composer.json"), encoding="utf-8") as file:
        same("the version in composer.json", json.load(file)["version"], VERSION)
    names_no_place(tree)
    run("php", "-l", os.path.join(tree, "src", "Server.php"))
    print("ok: the Composer archive")


def checksums(made):
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=made)


def packages(made, place):
    if not shutil.which("dpkg-deb"):
        print("NOT RUN: dpkg-deb is not installed")
        return
    library, development, command = debs(made)
    control_files(library, development)
    root = os.path.join(place, "root")
    options = installed(root, libtftpserver0=library, libtftpserver_dev=development)
    names_no_place(os.path.join(root, "usr"))
    consumers(root, place)
    removed(root, options, "libtftpserver-dev", "libtftpserver0")
    root = os.path.join(place, "fresh")
    options = installed(root, tftpserver=command)
    names_no_place(root)
    packaged_command.in_a_fresh_root(root)
    print("ok: the command serves, reloads and stops with its package alone")
    removed(root, options, "tftpserver")
    lintian((library, development, command))


def main():
    full = sys.argv[1:] == ["--full"]
    with tempfile.TemporaryDirectory() as place:
        made = os.path.join(SOURCE, "dist")
        try:
            if not full:
                made = os.path.join(place, "dist")
                run(sys.executable, DIST, "--output", made, "--local", "source", *(["deb", "command"] if shutil.which("dpkg-deb") else []))
            checksums(made)
            tree = source_archive(made, place)
            archive_again(made, tree, place)
            (archive_builds if full else archive_configures)(tree, place)
            packages(made, place)
            if full:
                packaged_command.binary(made, place)
                wheel(made, place)
                for_others(made)
                composer(made, place)
            if full and shutil.which("dpkg-deb"):
                all_again(made, place)
        except (Failed, AssertionError) as failure:
            print(f"FAILED: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

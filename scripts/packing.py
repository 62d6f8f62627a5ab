"""Shared by the parts of dist.py: reproducible dates, archives and Debian packages."""
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAINTAINER = "The libtftpserver contributors <libtftpserver@users.noreply.github.com>"
HOMEPAGE = "https://github.com/libtftpserver/libtftpserver"


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
    """Returns the time, in seconds since 1970, that all packed files are dated to."""
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


def cargo(target_dir, *words, flags=(), command=("cargo",), more=None):
    """Runs Cargo, with `more` in its environment, so that what it makes has no paths of this
    machine (as cmake/cargo.cmake does for the library), and returns what it prints."""
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    places = {home: "/usr/src/cargo", os.path.realpath(ROOT): f"/usr/src/tftpserver-{VERSION}",
              target_dir: f"/usr/src/tftpserver-{VERSION}/target"}
    words_of_rustc = [*(f"--remap-path-prefix={place}={name}" for place, name in places.items()), *flags]
    environment = {key: value for key, value in os.environ.items() if key not in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")}
    return run(*command, *words, "--release", "--locked", "--config", f"build.rustflags={json.dumps(words_of_rustc)}",
               env={**environment, "CARGO_TARGET_DIR": target_dir, "SOURCE_DATE_EPOCH": str(epoch()), **(more or {})})


def archive(path, name, files):
    """Makes a .tar.gz of `files`, pairs of a path below the folder `name` and the file that is put
    there."""
    when, plain = epoch(), io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for inside, full in sorted(files):
            entry = tar.gettarinfo(full, f"{name}/{inside}")
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = when
            entry.mode = 0o755 if entry.mode & 0o100 else 0o644
            with open(full, "rb") as file:
                tar.addfile(entry, file if entry.isreg() else None)
    write(path, gzipped(plain.getvalue()))
    return path


CONTROL = """Package: {package}
Source: libtftpserver
Version: {version}-1
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {depends}
Section: {section}
Priority: optional
Multi-Arch: {multi_arch}
Homepage: {homepage}
Description: {description}
"""

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: libtftpserver
Source: {homepage}
Comment: The package contains the Rust crates that THIRD-PARTY.gz beside this
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


def third_party(crate="tftpserver", target=None):
    """Returns a text with the crates inside the library (or another `crate` of the workspace) and
    their licences, as Cargo.lock has them."""
    data = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform",
                          target or host_triple()))
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    waiting, seen = [one for one in data["workspace_members"] if packages[one]["name"] == crate], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        waiting += [dep["pkg"] for dep in nodes[one]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
    parts = [f"Crates compiled into {crate}, besides its own sources and the Rust standard library.\n"]
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


def depends(binary, by_zig=False):
    """Returns the packages that a library or program depends on, with the versions whose symbols it
    uses. `by_zig`: it is linked for another system than this one, whose packages are of no use."""
    if shutil.which("dpkg-shlibdeps") and not by_zig:
        with tempfile.TemporaryDirectory() as place:
            write(os.path.join(place, "debian", "control"), "Source: x\n\nPackage: x\nArchitecture: any\n")
            text = run("dpkg-shlibdeps", "-O", "--ignore-missing-info", f"-e{binary}", cwd=place)
        return re.search(r"shlibs:Depends=(.*)", text)[1]
    versions = re.findall(r"Name: GLIBC_([0-9.]+)", run("readelf", "-V", binary))
    newest = max(versions, key=lambda version: [int(part) for part in version.split(".")])
    return f"libc6 (>= {newest})" + (", libgcc-s1" if "libgcc_s" in run("readelf", "-d", binary) else "")


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


SCRIPTS = {"preinst", "postinst", "prerm", "postrm"}


def pack(tree, output, extra, **fields):
    """Gives a tree its control files (`extra` by name, beside those that every package has), and
    makes the package. `architecture` is this system's unless it is given."""
    for place, directories, names in os.walk(tree):
        for name in directories:
            os.chmod(os.path.join(place, name), 0o755)
        for name in names:
            full = os.path.join(place, name)
            if os.path.islink(full):
                continue
            os.chmod(full, 0o755 if os.path.dirname(full).endswith("/bin") else 0o644)
            if "/man/" in full and not name.endswith(".gz"):
                with open(full, "rb") as file:
                    write(full + ".gz", gzipped(file.read()))
                os.remove(full)
    fields.setdefault("architecture", run("dpkg", "--print-architecture").strip())
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
        write(os.path.join(control, name), text, 0o755 if name in SCRIPTS else 0o644)
    os.chmod(tree, 0o755)
    os.chmod(control, 0o755)
    path = os.path.join(output, f"{fields['package']}_{VERSION}-1_{fields['architecture']}.deb")
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, path,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch())})
    return path



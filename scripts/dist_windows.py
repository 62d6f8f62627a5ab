#!/usr/bin/env python3
"""Makes the archive for Windows from what Cargo has built: DLL, import libraries, headers, CMake
package, command, licences.

usage: dist_windows.py BUILT OUTPUT [--target TRIPLE]

BUILT is Cargo's directory with tftpserver.dll and, where that was built too, tftpserver.exe. Writes
OUTPUT/tftpserver-VERSION-windows-ARCHITECTURE.zip and prints its path. The import libraries are
made from packaging/windows/tftpserver.def: libtftpserver.dll.a for MinGW, tftpserver.lib for MSVC.
Needs dlltool and strip of MinGW-w64, llvm-dlltool and cmake; the same files and the same commit
make the same bytes.
"""
import argparse
import os
import re
import shutil
import tempfile
import time
import zipfile

from packing import ROOT, VERSION, epoch, need, read, run, third_party, write

# The names that tools have for an architecture, by the first part of the target's name.
MACHINES = {"x86_64": ("x86_64-w64-mingw32", "i386:x86-64", 8), "i686": ("i686-w64-mingw32", "i386", 4)}

README = """libtftpserver {version} for Windows ({architecture}).

bin\\tftpserver.dll          the library; put it beside your program, or its directory into PATH
bin\\tftpserver.exe          the command:  tftpserver.exe --help
include\\                    tftpserver.h is the C interface and its manual, tftpserver.hpp is for C++, ipworks\\ for ported programs
lib\\tftpserver.lib          import library for MSVC and clang-cl
lib\\libtftpserver.dll.a     import library for MinGW
lib\\tftpserver.def          the exported functions, from which other import libraries can be made
lib\\cmake\\                 find_package(tftpserver CONFIG), target tftpserver::shared; CMAKE_PREFIX_PATH is this directory

Functions are cdecl, their names are not decorated. What differs on Windows: docs\\platforms.md.
"""


def import_libraries(place, architecture):
    mingw, machine, _ = MACHINES[architecture]
    need(f"{mingw}-dlltool", f"gcc-mingw-w64-{architecture.replace('_', '-')}")
    need("llvm-dlltool", "llvm")
    definitions = os.path.join(ROOT, "packaging", "windows", "tftpserver.def")
    os.makedirs(place)
    run(f"{mingw}-dlltool", "--deterministic-libraries", "-d", definitions, "-l", os.path.join(place, "libtftpserver.dll.a"))
    run("llvm-dlltool", "-m", machine, "-d", definitions, "-l", os.path.join(place, "tftpserver.lib"))
    shutil.copy(definitions, place)


def programs(tree, built, architecture):
    strip = f"{MACHINES[architecture][0]}-strip"
    for name in ("tftpserver.dll", "tftpserver.exe"):
        made = os.path.join(built, name)
        if os.path.exists(made):
            os.makedirs(os.path.join(tree, "bin"), exist_ok=True)
            run(strip, "-o", os.path.join(tree, "bin", name), made)
        elif name.endswith(".dll"):
            raise SystemExit(f"dist: {made} is not there: build it with cargo build --target ...-pc-windows-gnu")


def documents(tree, target):
    licences = {third_party(crate, target) for crate in ("tftpserver", "tftpserver-cli")}
    write(os.path.join(tree, "THIRD-PARTY.txt"), "\n".join(sorted(licences)))
    for name in ("LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"):
        write(os.path.join(tree, name + ("" if name.endswith(".md") else ".txt")), read(name))
    for name in ("platforms.md", "command.md", "porting-from-ipworks.md"):
        write(os.path.join(tree, "docs", name), read("docs", name))


def tree_of(tree, built, target):
    architecture = target.split("-")[0]
    programs(tree, built, architecture)
    import_libraries(os.path.join(tree, "lib"), architecture)
    shutil.copytree(os.path.join(ROOT, "include"), os.path.join(tree, "include"))
    need("cmake", "cmake")
    run(os.environ.get("CMAKE", "cmake"), f"-DOUTPUT={os.path.join(tree, 'lib', 'cmake', 'tftpserver')}", f"-DVERSION={VERSION}",
        f"-DPOINTER_SIZE={MACHINES[architecture][2]}", "-P", os.path.join(ROOT, "cmake", "windows-package.cmake"))
    documents(tree, target)
    write(os.path.join(tree, "README.txt"),
          README.format(version=VERSION, architecture=architecture).replace("\n", "\r\n"))


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("built")
    words.add_argument("output")
    words.add_argument("--target", default="x86_64-pc-windows-gnu")
    given = words.parse_args()
    if not re.fullmatch(r"(x86_64|i686)-pc-windows-(gnu|msvc)", given.target):
        words.error(f"{given.target} is no target that this script knows")
    name = f"tftpserver-{VERSION}-windows-{given.target.split('-')[0]}"
    os.makedirs(given.output, exist_ok=True)
    path = os.path.join(given.output, f"{name}.zip")
    with tempfile.TemporaryDirectory() as place:
        tree_of(place, given.built, given.target)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
            for full in sorted(os.path.join(folder, file) for folder, _, files in os.walk(place) for file in files):
                entry = zipfile.ZipInfo(f"{name}/{os.path.relpath(full, place)}", time.gmtime(max(epoch(), 315619200))[:6])
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with open(full, "rb") as file:
                    made.writestr(entry, file.read())
    print(path)


if __name__ == "__main__":
    main()

"""The wheel's tag: any Python 3, and, where the shared library is in the package, the platform that
it runs on.

Everything else is in pyproject.toml. scripts/wheel.sh copies the library into the package before it
builds. A package that is built from the source distribution contains the library that
TFTPSERVER_LIBRARY names; without that it uses the system's.
"""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import sysconfig

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

# System libraries that the manylinux policies (PEP 600) and those for musl (PEP 656) allow a wheel
# to link to.
ALLOWED = r"(libc|libm|libgcc_s|libdl|libpthread|librt|ld-linux.*)\.so\.\d+"
ALLOWED_MUSL = r"libc\.so|libc\.musl-.*|ld-musl-.*"
MACHINES = {"AArch64": "aarch64", "Advanced Micro Devices X86-64": "x86_64"}
# Names of some manylinux tags before PEP 600, which the pip of Python 3.9.0 looks for.
OLD_NAMES = {17: "manylinux2014"}

# Mach-O (loader.h): the magic number of 64-bit files, processors, and the load command with the
# oldest macOS.
MACHO, PROCESSORS, BUILD_VERSION, MIN_MACOS = 0xFEEDFACF, {0x01000007: "x86_64", 0x0100000C: "arm64"}, 0x32, 0x24


def macos_platform(library):
    """Returns macosx_VERSION_PROCESSOR for a Mach-O library of one processor; None for other files.

    What `sysconfig` says describes the Python that builds, which may be made for both processors
    and for another macOS.
    """
    with open(library, "rb") as file:
        header = file.read(32)
        if len(header) < 32 or struct.unpack("<I", header[:4])[0] != MACHO:
            return None
        processor = PROCESSORS.get(struct.unpack("<I", header[4:8])[0])
        count, size = struct.unpack("<II", header[16:24])
        commands = file.read(size)
    at = 0
    for _ in range(count):
        kind, length = struct.unpack_from("<II", commands, at)
        if kind in (BUILD_VERSION, MIN_MACOS):
            version = struct.unpack_from("<I", commands, at + (12 if kind == BUILD_VERSION else 8))[0]
            major, minor = version >> 16, version >> 8 & 0xFF
            # Since macOS 11 a wheel's tag has no minor version.
            return f"macosx_{major}_{0 if major > 10 else minor}_{processor}" if processor else None
        at += length
    return None


def platform_of(library):
    """Returns the platform tag: for an ELF file its machine, and manylinux_2_N if it needs only
    system libraries, with symbols of glibc 2.N at most, or musllinux_1_2 if it needs only musl.
    Otherwise the tag of the system that builds."""
    macos = macos_platform(library)
    if macos:
        return macos
    ours = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    try:
        told = subprocess.run(["readelf", "-W", "-h", "-d", "-V", library], capture_output=True, text=True, check=True,
                              env={**os.environ, "LC_ALL": "C"}).stdout
    except (OSError, subprocess.CalledProcessError):
        return ours  # no ELF file, or no binutils
    machine = MACHINES.get(re.search(r"Machine: +(.*)", told)[1])
    needed = re.findall(r"NEEDED.*\[(.*)\]", told)
    if not machine:
        return ours
    if needed and all(re.fullmatch(ALLOWED_MUSL, name) for name in needed):
        return f"musllinux_1_2_{machine}"
    versions = [int(minor) for minor in re.findall(r"GLIBC_2\.(\d+)", told)]
    if not versions or not all(re.fullmatch(ALLOWED, name) for name in needed):
        return f"linux_{machine}"
    newest = max(versions)
    names = [f"manylinux_2_{newest}"] + ([OLD_NAMES[newest]] if newest in OLD_NAMES else [])
    return ".".join(f"{name}_{machine}" for name in names)


class Package(Distribution):
    def has_ext_modules(self):
        return bool(libraries())  # installs into the platform's directory of packages


class Build(build_py):
    def run(self):
        super().run()
        name = {"win32": "tftpserver.dll", "darwin": "libtftpserver.0.dylib"}.get(sys.platform, "libtftpserver.so.0")
        for library in libraries():
            target = os.path.join(self.build_lib, "tftpserver", name)
            if not os.path.exists(target):
                shutil.copyfile(library, target)


class Wheel(bdist_wheel):
    def get_tag(self):
        found = libraries()
        return ("py3", "none", platform_of(found[0]) if found else "any")


def libraries():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tftpserver")
    found = glob.glob(os.path.join(here, "libtftpserver.*")) + glob.glob(os.path.join(here, "tftpserver.dll"))
    named = os.environ.get("TFTPSERVER_LIBRARY")
    return found or ([named] if named else [])


if __name__ == "__main__":
    setup(distclass=Package, cmdclass={"bdist_wheel": Wheel, "build_py": Build})

"""The wheel's tag: any Python 3, and, where the shared library is in the package, the platform that it runs on.

Everything else is in pyproject.toml. scripts/wheel.sh copies the library into the package before it builds. A package
that is built from the source distribution contains the library that TFTPSERVER_LIBRARY names; without that it uses the
system's.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

# System libraries that the manylinux policies (PEP 600) allow a wheel to link to.
ALLOWED = r"libc|libm|libgcc_s|libdl|libpthread|librt|ld-linux.*"


def platform_of(library):
    """Returns manylinux_2_N if the library needs only system libraries, with symbols of glibc 2.N at most."""
    machine = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    try:
        told = subprocess.run(["objdump", "-p", "-T", library], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return machine  # no ELF file, or no binutils
    needed = re.findall(r"NEEDED +(\S+)", told)
    versions = [int(minor) for minor in re.findall(r"GLIBC_2\.(\d+)", told)]
    if not versions or not all(re.fullmatch(rf"({ALLOWED})\.so\.\d+", name) for name in needed):
        return machine
    return machine.replace("linux", f"manylinux_2_{max(versions)}", 1)


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


setup(distclass=Package, cmdclass={"bdist_wheel": Wheel, "build_py": Build})

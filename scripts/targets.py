"""The targets of what is published for Linux: machine and C library, which compiler makes them, how
they are stripped.

zig links everything that is published, so that packages run with an old glibc, and a program for
another machine or C library needs no second C compiler. Without zig the native packages need a
glibc as new as this system's. Rust's standard library for a target is that of rustup, or of
Debian's Rust, which scripts/test-systems.sh unpacks in build/systems.
"""
import glob
import os
import shutil

from packing import ROOT, cargo, host_triple, run

ZIG = os.path.join(ROOT, "build", "zig", "bin")
UNPACKED = os.path.join(ROOT, "build", "systems", "rust", "usr")
PLACE = os.environ.get("TFTPSERVER_ZIG_TARGET_DIR", os.path.join(ROOT, "build", "portable"))
# The oldest glibc that linked files run with: that of manylinux2014.
GLIBC = "2.17"
DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}


class Target:
    """A machine (x86_64, aarch64) with a C library (gnu, musl)."""

    # True if this system's compiler links the native packages, although zig is there.
    local = False

    def __init__(self, machine, libc="gnu"):
        self.machine, self.libc, self.triple = machine, libc, f"{machine}-unknown-linux-{libc}"

    @property
    def is_native(self):
        return self.triple == host_triple()

    @property
    def uses_zig(self):
        """True if zig links this target; False for this system's own compiler."""
        return not self.is_native or not (Target.local or self.missing())

    @property
    def is_foreign(self):
        """True if this machine cannot run it."""
        return self.machine != native_machine()

    @property
    def architecture(self):
        return DEBIAN[self.machine]

    def missing(self):
        """Returns what this target cannot be built without, as the rest of a sentence, or None."""
        if not os.path.exists(os.path.join(ZIG, "cargo-zigbuild")):
            return "zig and cargo-zigbuild (scripts/setup.sh dist)"
        if not self._is_installed() and not os.path.exists(os.path.join(UNPACKED, "bin", "rustc")):
            return f"Rust's standard library for it (rustup target add {self.triple})"
        return None

    def build(self, *words, flags=()):
        """Builds for release with zig as the linker, and returns the directory of the results."""
        self._cargo("zigbuild", *words, flags=flags)
        return os.path.join(PLACE, self.triple, "release")

    def test(self, *words):
        """Runs tests, which this machine must be able to run, and returns their output."""
        return self._cargo("test", *words)

    def _cargo(self, *words, flags=()):
        # Zig's cache belongs into the build directory, not into the user's home.
        environment = {"PATH": f"{ZIG}:{os.environ['PATH']}", "CARGO_ZIGBUILD_ZIG_PATH": os.path.join(ZIG, "python-zig"),
                       "ZIG_GLOBAL_CACHE_DIR": os.path.join(PLACE, "zig")}
        more = []
        if not self._is_installed():
            libraries = glob.glob(os.path.join(UNPACKED, "lib", "*-linux-gnu"))
            environment.update(RUSTC=os.path.join(UNPACKED, "bin", "rustc"), RUSTC_BOOTSTRAP="1",
                               LD_LIBRARY_PATH=":".join(libraries))
            if not glob.glob(os.path.join(UNPACKED, "lib", "rustlib", self.triple, "lib", "libstd-*.rlib")):
                more = ["-Zbuild-std=std,panic_unwind"]
        if self.libc == "musl":
            # zig brings the start files of musl.
            flags = [*flags, "-Clink-self-contained=no"]
        pinned = self.triple + (f".{GLIBC}" if self.libc == "gnu" else "")
        command = (os.path.join(ZIG, "cargo-zigbuild"),)
        return cargo(PLACE, *words, "--target", pinned, *more, flags=flags, command=command, more=environment)

    def library(self):
        """Builds the library and returns the path of the shared one; the static one is beside
        it."""
        flags = ["-Ctarget-feature=-crt-static"] if self.libc == "musl" else []
        return os.path.join(self.build("--lib", "-p", "tftpserver", flags=flags), "libtftpserver.so")

    def strip(self, *words):
        run(self.strip_program(), *words)

    def strip_program(self):
        """Returns a `strip` that knows the machine."""
        names = ["llvm-strip", f"{self.machine}-linux-gnu-strip"] if self.is_foreign else ["strip"]
        found = [name for name in names if shutil.which(name)]
        if not found:
            raise SystemExit(f"dist: {' or '.join(names)} is missing; on Debian or Ubuntu:  apt-get install llvm")
        return found[0]

    def _is_installed(self):
        place = run("rustc", "--print", "target-libdir", "--target", self.triple).strip()
        return bool(glob.glob(os.path.join(place, "libstd-*.rlib")))


def native_machine():
    return host_triple().split("-")[0]


def other_machines():
    return [machine for machine in DEBIAN if machine != native_machine()]

"""The command `tftpserver` as a Debian package and as one static program in an archive."""
import os
import shutil
import tempfile

from packing import HOMEPAGE, ROOT, VERSION, archive, cargo, depends, documents, host_triple, need, pack, run, third_party, write
from targets import Target, native_machine

DESCRIPTION = """TFTP server with a live view, rules for names and metrics
 tftpserver serves a directory by TFTP: to network boot, phones, switches and
 anything else that speaks RFC 1350, with the options blksize, timeout, tsize
 (RFC 2347 to 2349) and windowsize (RFC 7440). Uploads are refused unless they
 are enabled. It shows transfers as they run, rewrites names by rules, and
 exports metrics for Prometheus.
 .
 The service is installed but not enabled:  systemctl enable --now tftpserver"""

# /srv is no place for a package's own files, so a script makes the directory of the packaged
# configuration.
POSTINST = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    [ -e "$DPKG_ROOT/srv/tftp" ] || mkdir -p "$DPKG_ROOT/srv/tftp"
    if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null || true
        [ -z "$2" ] || deb-systemd-invoke try-restart tftpserver.service >/dev/null || true
    fi
fi
"""

PRERM = """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop tftpserver.socket tftpserver.service >/dev/null || true
fi
"""

POSTRM = """#!/bin/sh
set -e
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
    if [ -z "$DPKG_ROOT" ] && command -v deb-systemd-helper >/dev/null; then
        deb-systemd-helper purge tftpserver.socket tftpserver.service >/dev/null || true
    fi
    rmdir --ignore-fail-on-non-empty "$DPKG_ROOT/srv/tftp" 2>/dev/null || true
fi
"""


def program(target):
    """Builds the program for release and returns its path. With musl it is static, and needs no
    library at run time."""
    words = ("-p", "tftpserver-cli", "--bin", "tftpserver")
    if target.is_native and not target.uses_zig:
        # Shared with the library's build: the crates that both need are compiled once.
        place = os.environ.get("TFTPSERVER_CARGO_TARGET_DIR", os.path.join(ROOT, "build", "release", "cargo"))
        cargo(place, "build", *words)
        made = os.path.join(place, "release", "tftpserver")
    elif target.libc == "musl" and target.missing() and not target.is_foreign:
        print("dist: the static program is linked with glibc: musl needs", target.missing())
        # --target, because a static program cannot load procedural macros: with it they are built
        # for the host.
        place, triple = os.path.join(ROOT, "build", "static"), host_triple()
        cargo(place, "build", *words, "--target", triple, flags=["-Ctarget-feature=+crt-static"])
        made = os.path.join(place, triple, "release", "tftpserver")
    else:
        made = os.path.join(target.build(*words), "tftpserver")
    stripped = f"{made}.stripped"
    target.strip("--remove-section=.comment", "--remove-section=.note", "-o", stripped, made)
    return stripped


def installed(tree, target):
    """Installs into `tree` the files that `make install` puts below /usr and /etc."""
    made = program(target)
    # The manual page and the completions are the same on every machine, and written by the program
    # itself.
    writer = os.environ.get("TFTPSERVER_COMMAND_HERE") or program(Target(native_machine())) if target.is_foreign else made
    run(os.path.join(ROOT, "scripts", "install-command.sh"), "/usr",
        env={**os.environ, "DESTDIR": tree, "SYSCONFDIR": "/etc", "TFTPSERVER_COMMAND": made, "TFTPSERVER_COMMAND_HERE": writer})
    return tree


def deb(output, machine):
    need("dpkg-deb", "dpkg")
    need("strip", "binutils")
    target = Target(machine)
    with tempfile.TemporaryDirectory() as place:
        tree = installed(os.path.join(place, "tftpserver"), target)
        # Debian's zsh looks there. The units are in place as long as /lib is an alias of /usr/lib.
        shutil.move(os.path.join(tree, "usr/share/zsh/site-functions"), os.path.join(tree, "usr/share/zsh/vendor-completions"))
        shutil.move(os.path.join(tree, "usr/lib"), os.path.join(tree, "lib"))
        documents(tree, "tftpserver", third_party("tftpserver-cli", target.triple))
        return [pack(tree, output,
                     {"conffiles": "/etc/tftpserver.toml\n", "postinst": POSTINST, "prerm": PRERM, "postrm": POSTRM},
                     package="tftpserver", section="net", multi_arch="foreign", architecture=target.architecture,
                     depends=depends(os.path.join(tree, "usr/bin/tftpserver"), target.uses_zig), description=DESCRIPTION)]


README = """tftpserver {version}: one program that needs nothing of the system it runs on.

    ./tftpserver DIR          serves DIR on port 69, or 6969 where that is not allowed
    ./tftpserver --help       every option in a line; man ./tftpserver.1 has the manual page

To install it below /usr/local, as root:

    install tftpserver /usr/local/bin/
    install -m 644 tftpserver.1 /usr/local/share/man/man1/
    install -m 644 tftpserver.toml /etc/
    install -m 644 tftpserver.service tftpserver.socket /etc/systemd/system/

completions/ has a file for bash, zsh and fish. {homepage}
User and host names are looked up in files and by DNS only: a static program loads no other name service.
"""


def binary(output, machine):
    need("strip", "binutils")
    target = Target(machine, "musl")
    name = f"tftpserver-{VERSION}-linux-{machine}"
    with tempfile.TemporaryDirectory() as place:
        tree = installed(os.path.join(place, "tree"), target)
        for unit in ("tftpserver.service", "tftpserver.socket"):
            path = os.path.join(tree, "usr/lib/systemd/system", unit)
            with open(path, encoding="utf-8") as file:
                write(path, file.read().replace("/usr/bin/", "/usr/local/bin/"))
        extra = os.path.join(place, "extra")
        write(os.path.join(extra, "README"), README.format(version=VERSION, homepage=HOMEPAGE))
        write(os.path.join(extra, "THIRD-PARTY"), third_party("tftpserver-cli", target.triple))
        inside = {"tftpserver": "usr/bin/tftpserver", "tftpserver.1": "usr/share/man/man1/tftpserver.1",
                  "tftpserver.toml": "etc/tftpserver.toml",
                  "tftpserver.service": "usr/lib/systemd/system/tftpserver.service",
                  "tftpserver.socket": "usr/lib/systemd/system/tftpserver.socket",
                  "completions/tftpserver.bash": "usr/share/bash-completion/completions/tftpserver",
                  "completions/_tftpserver": "usr/share/zsh/site-functions/_tftpserver",
                  "completions/tftpserver.fish": "usr/share/fish/vendor_completions.d/tftpserver.fish"}
        files = [(path, os.path.join(tree, full)) for path, full in inside.items()]
        files += [(path, os.path.join(extra, path)) for path in ("README", "THIRD-PARTY")]
        files += [(path, os.path.join(ROOT, path)) for path in ("LICENSE-MIT", "LICENSE-APACHE")]
        return [archive(os.path.join(output, f"{name}.tar.gz"), name, files)]

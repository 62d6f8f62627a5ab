#!/bin/sh
# Looks for the programs that building (`setup.sh build`), packing (`setup.sh dist`), testing
# (`setup.sh test`) or its long forms (`setup.sh soak`) needs, or zig alone (`setup.sh zig`). As root
# on Debian or Ubuntu it installs missing ones; elsewhere it lists them. Quick and silent if
# everything is there.
set -eu
cd "$(dirname "$0")/.."
what=${1:-test}

have() { command -v "$1" >/dev/null 2>&1 || { [ "${1#/}" != "$1" ] && [ -e "$1" ]; }; }

packages='' essential='' optional=''
# command or absolute path, Debian package, whether nothing works without it
want() {
    have "$1" && return
    packages="$packages $2"
    if [ "$3" = essential ]; then essential="$essential $1"; else optional="$optional $1"; fi
}

look() {
    packages='' essential='' optional=''
    have cc || have gcc || want gcc gcc essential
    want cmake cmake essential
    want make make essential
    if [ "$what" = dist ] || [ "$what" = test ]; then
        want dpkg-shlibdeps dpkg-dev optional
        want lintian lintian optional
    fi
    if [ "$what" = dist ]; then
        want python3 python3 essential
        want readelf binutils essential
        want dpkg-deb dpkg essential
        want php php-cli essential
    fi
    if [ "$what" = test ]; then
        want man man-db optional
        want python3 python3 essential
        want readelf binutils essential
        want pkg-config pkg-config optional
        want g++ g++ optional
        want clang clang optional
        want valgrind valgrind optional
        want abidiff abigail-tools optional
        want gdb gdb optional
        want curl curl optional
        want atftp atftp optional
        want tftp tftp-hpa optional
        want busybox busybox optional
        want ip iproute2 optional
        want dnsmasq dnsmasq-base optional
        want nft nftables optional
        want strace strace optional
        # For tests with failing disks and quotas, which only root can mount.
        if [ "$(id -u)" = 0 ]; then
            want mkfs.ext4 e2fsprogs optional
            want mkfs.btrfs btrfs-progs optional
        fi
        want php php-cli optional
        want phpunit phpunit optional
        want composer composer optional
        want /usr/share/php/Psr/Log/autoload.php php-psr-log optional
        # Not every release has it.
        if have apt-cache && apt-cache show php-amphp-amp >/dev/null 2>&1; then
            want /usr/share/php/Amp/Loop.php php-amphp-amp optional
        fi
        want tmux tmux optional
        want /usr/include/asio.hpp libasio-dev optional
        want systemd-analyze systemd optional
        want shellcheck shellcheck optional
        want doxygen doxygen optional
    fi
    # On Debian, virtual environments need a separate package.
    if [ "$what" != build ] && have python3 && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        packages="$packages python3-venv"
        optional="$optional python3-venv"
    fi
    # Linking needs the C library's headers; a bare gcc package does not bring them.
    if have gcc && ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then
        packages="$packages libc6-dev"
        essential="$essential libc6-dev"
    fi
}

look
if [ -n "$packages" ]; then
    if [ "$(id -u)" = 0 ] && have apt-get; then
        echo "setup: installing$packages"
        log=$(mktemp)
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086 # words are packages
        if ! { apt-get update && apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $packages; } >"$log" 2>&1; then
            tail -n 20 "$log" >&2
            echo "setup: apt-get failed" >&2
        fi
        rm -f "$log"
        look
    fi
fi
if [ -n "$packages" ]; then
    echo "setup: missing:$essential$optional"
    echo "setup: on Debian or Ubuntu:  apt-get install$packages"
fi
if [ -n "$optional" ]; then
    echo "setup: without$optional some tests are left out; each says so"
fi

# Rust comes from rustup or from the distribution, but must be new enough.
wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' Cargo.toml | head -n 1)
rust='' present=''
if have cargo && have rustc; then
    present=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
    older=$(printf '%s\n%s\n' "$wanted" "$present" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)
    [ "$older" = "$wanted" ] || rust="Rust $wanted or newer is needed, $present is here"
else
    rust="Rust $wanted or newer is needed: no cargo was found"
fi
if [ -n "$rust" ]; then
    echo "setup: $rust. Install it from https://rustup.rs" >&2
    exit 1
fi
if [ "$what" = test ]; then
    for part in fmt clippy; do
        if ! cargo $part --version >/dev/null 2>&1; then
            echo "setup: cargo $part is missing:  rustup component add rustfmt clippy" >&2
            essential="$essential cargo-$part"
        fi
    done
fi
# The tools that build and test the Python package, in a virtual environment: the system's Python is
# left alone.
if [ "$what" != build ] && [ "$what" != zig ] && have python3 && ! build/python/bin/python -c 'import anyio, check_jsonschema, clang_format, mypy, pyright, ruff, setuptools, trio, uvloop' 2>/dev/null; then
    mkdir -p build
    rm -rf build/python
    if ! { python3 -m venv build/python \
        && build/python/bin/python -m pip install --disable-pip-version-check 'setuptools>=77' mypy 'pyright[nodejs]' anyio trio uvloop \
        ruff==0.17.6 typos==1.52.0 clang-format==23.1.5 check-jsonschema==0.39.0; } \
        >build/python.log 2>&1; then
        tail -n 5 build/python.log >&2
        echo "setup: without what scripts/setup.sh takes from PyPI some tests are left out; each says so"
    fi
fi
# zig links the wheel's library for old systems: hundreds of megabytes that only `make dist` uses.
zig_packages() {
    echo ziglang==0.17.1
    [ "$what" != dist ] || echo cargo-zigbuild==0.24.1
}
has_zig() {
    build/zig/bin/python -c 'import ziglang' 2>/dev/null && { [ "$what" != dist ] || [ -x build/zig/bin/cargo-zigbuild ]; }
}
if { [ "$what" = dist ] || [ "$what" = zig ]; } && ! has_zig; then
    mkdir -p build
    build/zig/bin/python -c '' 2>/dev/null || rm -rf build/zig
    # shellcheck disable=SC2046 # words are packages
    if ! { python3 -m venv build/zig \
        && build/zig/bin/python -m pip install --disable-pip-version-check $(zig_packages); } >build/zig.log 2>&1; then
        tail -n 5 build/zig.log >&2
        echo "setup: without zig from PyPI the wheel needs a glibc as new as this system's"
    fi
fi
# Servers that the client is tested against: unpacked in the build directory, for installed they
# would start to serve.
if [ "$what" = test ]; then
    scripts/servers.sh || echo "setup: without them some tests are left out; each says so"
fi

# Compares Rust interfaces. Building it takes ten minutes on two processors, so it is not for
# `make test`.
if [ "$what" = soak ] && ! cargo semver-checks --version >/dev/null 2>&1; then
    echo "setup: building cargo-semver-checks, which takes ten minutes"
    place=$PWD/build/semver-checks
    mkdir -p build
    CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$place" cargo install cargo-semver-checks --locked --debug >build/semver-checks.log 2>&1 \
        || { tail -n 5 build/semver-checks.log >&2; echo "setup: without it the comparison of Rust interfaces is left out"; }
    rm -rf "$place"
fi

[ -z "$essential" ]

#!/bin/sh
# Tests other systems as far as Debian or Ubuntu allow: compiles the library for macOS, FreeBSD and Windows, runs the C tests
# against the Windows library under wine and, in steps that must be named, builds and runs the packages for arm64, musl and glibc 2.17. Not part of
# `make test`, because it needs a gigabyte of packages that nothing else uses. docs/platforms.md describes what this shows and
# what it cannot show.
#
# As root it installs missing packages. Where that is not possible it prints a message and exits with 0, or with 1 if
# TFTP_SYSTEMS_REQUIRED is set.
set -u
cd "$(dirname "$0")/.." || exit 1
place=$PWD/build/systems
logs=build/logs
mkdir -p "$place" "$logs"
passed=0 failed=0

not_run() {
    echo "NOT RUN: other systems: $1"
    [ -z "${TFTP_SYSTEMS_REQUIRED:-}" ]
    exit
}

# A compiler with the sources of its standard library, which rustup's has only with network access. It is unpacked, not
# installed, so that it does not conflict with another.
compiler="rustc-web rust-web-src libstd-rust-web-dev"
sources=$place/rust/usr/lib/rustlib/src/rust/library/std/src/lib.rs
setup() {
    tools=''
    command -v x86_64-w64-mingw32-gcc-posix >/dev/null 2>&1 || tools="$tools gcc-mingw-w64-x86-64-posix"
    command -v x86_64-w64-mingw32-g++-posix >/dev/null 2>&1 || tools="$tools g++-mingw-w64-x86-64-posix"
    command -v i686-w64-mingw32-gcc-posix >/dev/null 2>&1 || tools="$tools gcc-mingw-w64-i686-posix"
    command -v llvm-dlltool >/dev/null 2>&1 || tools="$tools llvm"
    command -v clang >/dev/null 2>&1 || tools="$tools clang"
    command -v lld-link >/dev/null 2>&1 || tools="$tools lld"
    command -v wine >/dev/null 2>&1 || tools="$tools wine wine64"
    [ -n "$tools" ] || [ ! -e "$sources" ] || return 0
    command -v apt-get >/dev/null 2>&1 || return 1
    apt-get update || return 1
    if [ -n "$tools" ]; then
        # shellcheck disable=SC2086 # words are packages
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $tools || return 1
    fi
    [ ! -e "$sources" ] || return 0
    rm -rf "$place/rust" "$place/debs"
    mkdir -p "$place/debs"
    std=$(apt-cache depends libstd-rust-web-dev | sed -n 's/^ *Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p' | head -n 1)
    llvm=$(apt-cache depends "$std" | sed -n 's/^ *Depends: \(libllvm[0-9]*\)$/\1/p' | head -n 1)
    [ -n "$std" ] && [ -n "$llvm" ] || return 1
    # shellcheck disable=SC2086
    (cd "$place/debs" && apt-get download $compiler "$std" "$llvm") || return 1
    for package in "$place"/debs/*.deb; do
        dpkg -x "$package" "$place/rust" || return 1
    done
    rm -rf "$place/debs"
    [ -e "$sources" ]
}
setup >"$logs/systems-setup.log" 2>&1 || not_run "mingw-w64, wine and a Rust with the sources of its standard library could not be had (see $logs/systems-setup.log)"

cross() {
    LD_LIBRARY_PATH=$place/rust/usr/lib/x86_64-linux-gnu RUSTC=$place/rust/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="${CROSS_FLAGS:-}" \
        CARGO_TARGET_DIR=$place/target CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc-posix \
        CARGO_TARGET_I686_PC_WINDOWS_GNU_LINKER=i686-w64-mingw32-gcc-posix \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine \
        cargo "$@"
}
# Outside this directory: a wine prefix has links to the system's root, which Cargo would follow.
WINEPREFIX=$(mktemp -d)
export WINEPREFIX WINEDEBUG=-all
trap 'wineserver -k 2>/dev/null; rm -rf "$WINEPREFIX"' EXIT
LD_LIBRARY_PATH=$place/rust/usr/lib/x86_64-linux-gnu "$place/rust/usr/bin/rustc" --version >>"$logs/systems-setup.log" 2>&1 || not_run "the compiler does not run here"

# step NAME COMMAND...     (where the script has arguments, only those of that name)
only=" $* "
step() {
    name=$1 log=$logs/systems-$1.log
    shift
    [ "$only" = "  " ] || case $only in *" $name "*) ;; *) return ;; esac
    begin=$(date +%s)
    printf '%-12s ' "$name"
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %4d s  %s\n' $(($(date +%s) - begin)) "$(awk '/ checks, /{n += $1} END {if (n) printf "%d checks", n}' "$log")"
    else
        failed=$((failed + 1))
        printf 'FAILED  %4d s  see %s\n' $(($(date +%s) - begin)) "$log"
        tail -n 60 "$log"
    fi
}

check() { cross check --package tftpserver --package tftpserver-cli -Zbuild-std=std,panic_unwind --target "$1"; }

# left_out NAME REASON: prints that a step is left out.
left_out() {
    [ "$only" = "  " ] || case $only in *" $1 "*) ;; *) return ;; esac
    printf '%-12s NOT RUN: %s\n' "$1" "$2"
    [ -z "${TFTP_SYSTEMS_REQUIRED:-}" ] || failed=$((failed + 1))
}

. scripts/systems/windows.sh
. scripts/systems/apple.sh
. scripts/systems/linux.sh

step macos check aarch64-apple-darwin
step macos-intel check x86_64-apple-darwin
step macos-link macos_linked aarch64-apple-darwin 11.0
step macos-names macos_names
step freebsd check x86_64-unknown-freebsd
step linux-32 check i686-unknown-linux-gnu
step windows windows
step exports exports
step c-windows c_tests
step archive archive
step msvc msvc
step ported ported
step command command_suite
step python python_tests
step win32 win32
# Only if they are named, as in `scripts/test-systems.sh arm64 arm64-c`: building the packages takes many minutes.
case $only in
    *glibc* | *musl* | *arm64*) linux=true ;;
    *) linux=false ;;
esac
if ! $linux; then
    :
elif setup_zig >>"$logs/systems-setup.log" 2>&1; then
    step glibc-2.17 old_glibc
    step musl musl
    step musl-c musl_c
    if setup_arm64 >>"$logs/systems-setup.log" 2>&1; then
        step arm64 arm64_packages
        step arm64-c arm64_c
        step arm64-pages arm64_pages
        step arm64-suites arm64_suites
        step arm64-musl arm64_musl
    else
        left_out arm64 "qemu-user or the packages of Debian for arm64 could not be had (see $logs/systems-setup.log)"
    fi
else
    left_out musl "zig could not be had from PyPI (see $logs/systems-setup.log)"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

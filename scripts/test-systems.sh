#!/bin/sh
# Tests other systems as far as Debian or Ubuntu allow: links the library and the command for macOS
# and FreeBSD, runs the C tests against the Windows library under wine, and builds and runs packages
# for arm64 and glibc 2.17. Not part of `make test`, because it needs gigabytes of packages that
# nothing else uses. docs/platforms.md describes what this shows and what it cannot show.
#
# usage: test-systems.sh [STEP...]     (all steps but those in `only_named`)
#
# As root it installs missing packages. Where that is not possible it prints a message and exits
# with 0, or with 1 if TFTP_SYSTEMS_REQUIRED is set.
set -u
cd "$(dirname "$0")/.." || exit 1
place=$PWD/build/systems
logs=build/logs
mkdir -p "$place" "$logs"
passed=0 failed=0
# Registries fail at times.
export CARGO_NET_RETRY=10 PIP_RETRIES=10

not_run() {
    echo "NOT RUN: other systems: $1"
    [ -z "${TFTP_SYSTEMS_REQUIRED:-}" ]
    exit
}

# A compiler with the sources of its standard library, which rustup's has only with network access.
# It is unpacked, not installed, so that it does not conflict with another.
get() {
    apt-get -o Acquire::Retries=5 update || return 1
    # Another run may be installing packages.
    [ $# -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}
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
    # shellcheck disable=SC2086 # words are packages
    get $tools || return 1
    [ ! -e "$sources" ] || return 0
    rm -rf "$place/rust" "$place/debs"
    mkdir -p "$place/debs"
    std=$(apt-cache depends libstd-rust-web-dev | sed -n 's/^ *Depends: \(libstd-rust-web-[0-9.]*\)$/\1/p' | head -n 1)
    llvm=$(apt-cache depends "$std" | sed -n 's/^ *Depends: \(libllvm[0-9]*\)$/\1/p' | head -n 1)
    [ -n "$std" ] && [ -n "$llvm" ] || return 1
    # shellcheck disable=SC2086
    (cd "$place/debs" && apt-get -o Acquire::Retries=5 download $compiler "$std" "$llvm") || return 1
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
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="timeout 900 wine" \
        cargo "$@"
}
# Outside this directory: a wine prefix has links to the system's root, which Cargo would follow.
WINEPREFIX=$(mktemp -d)
export WINEPREFIX WINEDEBUG=-all
trap 'wineserver -k 2>/dev/null; rm -rf "$WINEPREFIX"' EXIT
trap 'exit 1' HUP INT TERM
LD_LIBRARY_PATH=$place/rust/usr/lib/x86_64-linux-gnu "$place/rust/usr/bin/rustc" --version >>"$logs/systems-setup.log" 2>&1 || not_run "the compiler does not run here"

# Prints the seconds of processor time in the output of `times`.
processor() { tr ms '  ' <"$place/times" | awk 'NR == 2 {printf "%d", $1 * 60 + $2 + $3 * 60 + $4}'; }

# Steps that run only if they are arguments of the script.
only_named=" glibc-2.17 musl musl-units musl-c arm64 arm64-command arm64-c arm64-pages arm64-suites arm64-musl "
only=" $* "
# wanted NAME
wanted() {
    if [ "$only" = "  " ]; then
        case $only_named in *" $1 "*) return 1 ;; esac
    else
        case $only in *" $1 "*) ;; *) return 1 ;; esac
    fi
}
any_wanted() {
    for one; do
        ! wanted "$one" || return 0
    done
    return 1
}

# step NAME COMMAND...     (where the script has arguments, only those of that name)
step() {
    name=$1 log=$logs/systems-$1.log
    shift
    wanted "$name" || return 0
    begin=$(date +%s)
    times >"$place/times"
    used=$(processor)
    printf '%-12s ' "$name"
    result=ok
    "$@" >"$log" 2>&1 || result=FAILED
    times >"$place/times"
    printf '%-6s %5d s  processor %4d s  ' $result $(($(date +%s) - begin)) $(($(processor) - used))
    if [ $result = ok ]; then
        passed=$((passed + 1))
        printf '%s\n' "$(awk 'match($0, /[0-9]+ checks, /) {n += substr($0, RSTART)} END {if (n) printf "%d checks", n}' "$log")"
    else
        failed=$((failed + 1))
        printf 'see %s\n' "$log"
        tail -n 60 "$log"
    fi
}

check() { cross check --package tftpserver --package tftpserver-cli -Zbuild-std=std,panic_unwind --target "$1"; }

# left_out NAME REASON: prints that a step is left out.
left_out() {
    wanted "$1" || return 0
    printf '%-12s NOT RUN: %s\n' "$1" "$2"
    [ -z "${TFTP_SYSTEMS_REQUIRED:-}" ] || failed=$((failed + 1))
}

. scripts/systems/windows.sh
. scripts/systems/apple.sh
. scripts/systems/linux.sh

has_zig=false
# shellcheck disable=SC2086 # words are names
if any_wanted macos-link macos-intel freebsd $only_named; then
    setup_zig >>"$logs/systems-setup.log" 2>&1 && has_zig=true
fi
step macos check aarch64-apple-darwin
if $has_zig; then
    step macos-link macos_linked aarch64-apple-darwin 11.0
    step macos-intel macos_linked x86_64-apple-darwin 10.12
    step freebsd freebsd_linked
else
    left_out macos-link "zig could not be had from PyPI (see $logs/systems-setup.log)"
    step macos-intel check x86_64-apple-darwin
    step freebsd check x86_64-unknown-freebsd
fi
step macos-names macos_names
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
if $has_zig; then
    step glibc-2.17 old_glibc
    step musl musl
    step musl-units musl_units
    step musl-c musl_c
    case $only in
        *arm64*)
            if setup_arm64 >>"$logs/systems-setup.log" 2>&1; then
                step arm64 arm64_packages
                step arm64-command arm64_command
                step arm64-c arm64_c
                step arm64-pages arm64_pages
                step arm64-suites arm64_suites
                step arm64-musl arm64_musl
            else
                left_out arm64 "qemu-user or the packages of Debian for arm64 could not be had (see $logs/systems-setup.log)"
            fi
            ;;
    esac
else
    left_out glibc-2.17 "zig could not be had from PyPI (see $logs/systems-setup.log)"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

# The steps of scripts/test-systems.sh that are about Linux on arm64, run under qemu-user, and about
# other C libraries (glibc 2.17 and musl); read by that script, whose variables and functions they
# use. They test the packages of scripts/dist.py.

# Little optimised: speed is not tested here.
packed=$place/linux
export TFTPSERVER_ZIG_TARGET_DIR="${TFTPSERVER_ZIG_TARGET_DIR:-$place/zig}"
# The manual page and the completions in the packages are written by the command for this machine.
if [ -x "${CARGO_TARGET_DIR:-target}/debug/tftpserver" ]; then
    TFTPSERVER_COMMAND_HERE=$(realpath "${CARGO_TARGET_DIR:-target}/debug/tftpserver")
    export TFTPSERVER_COMMAND_HERE
fi
quickly() {
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
        CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_INCREMENTAL=0 "$@"
}
dist() { quickly python3 scripts/dist.py --output "$packed" "$@"; }
inspect() { python3 suites/systems/linux.py "$packed" --unpack "$packed/unpacked" "$@"; }

zig=$PWD/build/zig/bin
setup_zig() {
    # shellcheck disable=SC2086 # words are names
    if ! any_wanted $only_named; then
        "$zig/python" -c 'import ziglang' || scripts/setup.sh zig
        "$zig/python" -c 'import ziglang'
        return
    fi
    # The steps that make packages.
    [ -x "$zig/cargo-zigbuild" ] || scripts/setup.sh dist
    [ -x "$zig/cargo-zigbuild" ] || return 1
    [ -e "/lib/ld-musl-$(uname -m).so.1" ] || get musl
    # Judges wheels by the rules of PyPI.
    "$zig/auditwheel" --version || "$zig/python" -m pip install --disable-pip-version-check auditwheel || true
}

# A Debian for arm64 with Python in a directory of its own, of which the system's package manager
# knows nothing, and Rust's standard library for arm64 beside that of $place/rust.
arm64=$place/arm64
setup_arm64() {
    command -v qemu-aarch64 || get qemu-user || return 1
    command -v llvm-strip || return 1
    [ ! -x "$arm64/root/usr/bin/python3" ] || return 0
    rm -rf "$arm64"
    mkdir -p "$arm64/apt/lists/partial" "$arm64/apt/cache/archives/partial" "$arm64/debs" "$arm64/root"
    : >"$arm64/apt/status"
    cat >"$arm64/apt/conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State "$arm64/apt";
Dir::State::status "$arm64/apt/status";
Dir::State::lists "$arm64/apt/lists";
Dir::Cache "$arm64/apt/cache";
CONF
    (
        export APT_CONFIG="$arm64/apt/conf"
        apt-get -o Acquire::Retries=5 update \
            && apt-get -o Acquire::Retries=5 install -y --download-only --no-install-recommends python3 \
            && cd "$arm64/debs" && apt-get -o Acquire::Retries=5 download libstd-rust-web-dev
    ) || return 1
    for package in "$arm64"/apt/cache/archives/*.deb; do
        dpkg -x "$package" "$arm64/root" || return 1
    done
    dpkg -x "$arm64"/debs/libstd-rust-web-dev_*.deb "$place/rust" || return 1
    rm -rf "$arm64/apt" "$arm64/debs"
    printf '#!/bin/sh\nexec qemu-aarch64 -L "%s" "%s" "$@"\n' "$arm64/root" "$arm64/root/usr/bin/python3" >"$arm64/python"
    chmod +x "$arm64/python"
    "$arm64/python" -c 'import platform; assert platform.machine() == "aarch64"'
}

# programs TARGET LIBRARY DIRECTORY NOUN...: compiles C tests for a target of zig against a library.
programs() {
    target=$1 library=$2 directory=$3
    case $target in *musl) target="$target -dynamic" ;; esac
    shift 3
    mkdir -p "$directory"
    cp "$library" "$directory/libtftpserver.so.0" && ln -sf libtftpserver.so.0 "$directory/libtftpserver.so" || return 1
    for part in client fixture guest real_client resources watchdog; do
        zig_cc -c -o "$directory/$part.o" "c-tests/$part.c" || return 1
    done
    for noun; do
        zig_cc -o "$directory/test_$noun" "c-tests/test_$noun.c" "$directory"/*.o -L"$directory" -ltftpserver -lpthread || return 1
    done
}
zig_cc() {
    # shellcheck disable=SC2086 # the target has options behind it
    ZIG_GLOBAL_CACHE_DIR=$place/zig/zig "$zig/python" -m ziglang cc -target $target -fno-sanitize=undefined -std=c99 -Wall -Wextra -Werror \
        -pedantic -g -Iinclude -Ic-tests "$@"
}

# run_programs DIRECTORY [COMMAND...]: runs every C test there, several at a time, by a command (an
# emulator). CHECK_SLOWNESS multiplies the tests' own time limits.
run_programs() {
    directory=$1 slowness=${CHECK_SLOWNESS:-4}
    shift
    find "$directory" -name 'test_*' -type f ! -name '*.log' | sort |
        CHECK_SLOWNESS=$slowness LIMIT=$((75 * slowness)) TFTP_CYCLES=20 TFTP_CHURN_SECONDS=12 TFTP_FORKS=10 \
            xargs -n 1 -P "$((2 * $(nproc)))" sh -c '
            program=$(eval "printf %s \"\${$#}\"") log=$program.log
            timeout "$LIMIT" "$@" >"$log" 2>&1
            code=$?
            echo "== $(basename "$program"): $(tail -n 1 "$log")"
            grep "NOT RUN: " "$log"
            [ "$code" -eq 0 ] || { echo "FAILED $program ($code)"; cat "$log"; exit 1; }' run "$@"
}

# Without `process`, for qemu-user does not survive a fork of a program with threads.
for_arm64="open_close properties config events decisions conn_arrays errors handles reentry threads wire transfers methods log
    endings progress application slow inside listeners figures later cycles churn fed"
emulate() { TFTPSERVER_EMULATED=1 "$@"; }
arm64_packages() { dist --machine aarch64 deb wheel && inspect deb wheel --machine aarch64 --root "$arm64/root"; }
arm64_command() { dist --machine aarch64 command && inspect command --machine aarch64 --root "$arm64/root"; }
arm64_c() {
    # shellcheck disable=SC2086 # words are names
    programs aarch64-linux-gnu.2.17 "$packed/unpacked/root-aarch64/usr/lib/aarch64-linux-gnu/libtftpserver.so.0" "$arm64/c" $for_arm64 \
        && emulate run_programs "$arm64/c" qemu-aarch64 -L "$arm64/root" -E "LD_LIBRARY_PATH=$arm64/c"
}
# With the largest pages that arm64 has. The emulator only reports that size to the program.
arm64_pages() {
    mkdir -p "$arm64/pages"
    for noun in wire transfers application inside fed; do ln -f "$arm64/c/test_$noun" "$arm64/pages/"; done
    emulate run_programs "$arm64/pages" qemu-aarch64 -p 65536 -L "$arm64/root" -E "LD_LIBRARY_PATH=$arm64/c"
}
arm64_suites() {
    export TFTPSERVER_EMULATED=1 TFTPSERVER_TEST_PYTHON="$arm64/python" PYTHONDONTWRITEBYTECODE=1
    bad=0
    library=$arm64/c/libtftpserver.so.0
    "$arm64/python" suites/lib/run.py "$library" settings || bad=1
    for word in test_jail test_uploads; do
        "$arm64/python" suites/lib/run.py "$library" -k "$word" files || bad=1
    done
    unset TFTPSERVER_EMULATED TFTPSERVER_TEST_PYTHON
    return $bad
}

old_glibc() { dist deb wheel && inspect deb wheel; }
musl() { dist binary musl-wheel && inspect binary musl-wheel; }
# The unit tests that depend on the C library's structures: its control messages have other fields
# than glibc's.
musl_units() {
    quickly python3 -c "import sys; sys.path.insert(0, 'scripts'); import targets
print(targets.Target(targets.native_machine(), 'musl').test('-p', 'tftp-udp', '--lib'))"
}
musl_c() {
    # shellcheck disable=SC2086
    programs "$(uname -m)-linux-musl" "$packed/unpacked/musl-wheel/tftpserver/libtftpserver.so.0" "$place/musl-c" $for_arm64 process \
        && LD_LIBRARY_PATH=$place/musl-c run_programs "$place/musl-c"
}
arm64_musl() { dist --machine aarch64 binary && inspect binary --machine aarch64; }

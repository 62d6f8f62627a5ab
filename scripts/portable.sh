#!/bin/sh
# Tests on Linux the code for other systems: the library compiled with `--cfg portable` (cfg(linux)
# in crates/tftp-udp and crates/tftp-files) goes through the Rust tests, every C test and the
# suites. Tests of Linux-only features skip themselves (TFTPSERVER_PORTABLE).
#
# usage: portable.sh [--long]     after the C tests were built (build/release): they take the library that they find first.
# --long: the suite abuse too.
set -u
cd "$(dirname "$0")/.." || exit 1
export RUSTFLAGS='--cfg portable -D warnings' CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/portable" CARGO_PROFILE_DEV_DEBUG=0
export TFTPSERVER_PORTABLE=1
failed=0

cargo test -p tftp-udp -p tftp-files -p tftpserver --lib --test budget --test transfers --no-fail-fast || exit 1
cargo build --package tftpserver || exit 1
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp "$CARGO_TARGET_DIR/debug/libtftpserver.so" "$place/libtftpserver.so.0"

# Without the programs that have a library of their own, and without the huge transfers. Half of
# their time is waiting.
programs=$(find build/release/c-tests -maxdepth 1 -name 'test_*' -type f ! -name '*_static' ! -name test_unload ! -name test_huge | sort)
[ -n "$programs" ] || { echo "there are no C tests in build/release" >&2; exit 1; }
# 77: a program that the test needs is not installed. Only a timeout detects clients that are gone
# here, so the churn needs half of its time to come to rest.
LD_LIBRARY_PATH="$place" TFTP_CYCLES=20 TFTP_CHURN_SECONDS=24 TFTP_FORKS=10 PLACE="$place" \
    xargs -n 1 -P "$((2 * $(nproc 2>/dev/null || echo 2)))" sh -c '
        log=$PLACE/$(basename "$0").log
        timeout 300 "$0" >"$log" 2>&1
        code=$?
        echo "== $0: $(tail -n 1 "$log")"
        grep "NOT RUN: " "$log"
        [ "$code" -eq 0 ] || [ "$code" -eq 77 ] || { echo "FAILED $0 ($code)"; cat "$log"; exit 1; }' <<PROGRAMS || failed=1
$programs
PROGRAMS

python3 suites/lib/run.py "$place/libtftpserver.so.0" || failed=1
if [ "${1:-}" = --long ]; then
    cargo build --locked --manifest-path benches/Cargo.toml && python3 suites/abuse/run.py "$CARGO_TARGET_DIR/debug" || failed=1
fi
exit $failed

#!/bin/sh
# Compares the C interface with that of an earlier commit (abidiff): functions and fields may be added, nothing else may change.
#
#   scripts/abi.sh [COMMIT]        (default: TFTP_BASELINE, the last tag, or the parent of HEAD)
#
# Both libraries are built without optimisation, for their debug information describes every type then. The libraries are in build/abi.
set -eu
cd "$(dirname "$0")/.."
if ! command -v abidiff >/dev/null 2>&1; then
    echo "NOT RUN: the comparison of binary interfaces, which needs abidiff (Debian's abigail-tools)"
    exit 0
fi
base=${1:-${TFTP_BASELINE:-$(git describe --tags --abbrev=0 2>/dev/null || echo HEAD^)}}
base=$(git rev-parse --verify --quiet "$base^{commit}") || { echo "FAILED: there is no commit ${1:-}"; exit 1; }
place=$PWD/build/abi
old=$place/old

# The sources of that commit, in a directory that stays the same: Cargo compiles what differs only.
rm -rf "$old"
mkdir -p "$old"
git archive "$base" | tar -x -C "$old"

# build DIRECTORY NAME: its shared library as build/abi/NAME.so.
build() {
    (cd "$1" && CARGO_TARGET_DIR="$place/target" CARGO_PROFILE_DEV_DEBUG=2 CARGO_INCREMENTAL=0 \
        cargo build --quiet --locked --package tftpserver --lib)
    cp "$place/target/debug/libtftpserver.so" "$place/$2.so"
}
build "$old" old
build "$PWD" new

# The types of the interface are those of the header: what Rust has inside is nobody's concern.
headers="--headers-dir1 $old/include --headers-dir2 $PWD/include"
code=0
# shellcheck disable=SC2086 # Words are options.
abidiff $headers --no-added-syms --suppressions scripts/abi.abignore "$place/old.so" "$place/new.so" || code=$?
if [ "$code" -ne 0 ]; then
    echo "FAILED: the interface is not that of $base with additions (abidiff: $code)"
    exit 1
fi
added=$(abidiff "$place/old.so" "$place/new.so" --suppressions scripts/abi.abignore | sed -n "s/.*\[A\] 'function [^ ]* \([a-z_]*\)(.*/\1/p")
echo "figure: the interface of $(git rev-parse --short "$base") and nothing else, but for added functions: ${added:-none}" | tr '\n' ' '
echo

#!/bin/sh
# Compares the C interface with that of an earlier commit: functions and trailing fields may be
# added, nothing else may change.
#
#   scripts/abi.sh [--header] [COMMIT]     (COMMIT: TFTP_BASELINE, the last tag, or the parent of HEAD by default)
#
# Types come from include/tftpserver.h, through a C library that defines the functions that it
# declares: with Rust's debug information abidiff does not reach the parameters of callbacks. The
# symbols are those of both Rust libraries, which are built for the comparison; --header skips that
# and takes a second. Constants are checked by api/numbers.txt.
set -eu
cd "$(dirname "$0")/.."
for tool in abidiff python3 cc git; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "NOT RUN: the comparison of binary interfaces, which needs $tool (abidiff: Debian's abigail-tools)"
        exit 0
    fi
done
library=yes
if [ "${1:-}" = --header ]; then
    library=no
    shift
fi
wanted=${1:-${TFTP_BASELINE:-$(git describe --tags --abbrev=0 2>/dev/null || echo HEAD^)}}
base=$(git rev-parse --verify --quiet "$wanted^{commit}") || { echo "NOT RUN: the comparison of binary interfaces: there is no commit $wanted"; exit 0; }
place=$PWD/build/abi
old=$place/old

# The sources of that commit, dated now (-m): with older dates Cargo would take them for compiled
# already.
rm -rf "$old"
mkdir -p "$old"
git archive "$base" | tar -x -m -C "$old"

# defined DIRECTORY NAME: a library with each function that its header declares, as
# build/abi/NAME-header.so.
defined() {
    python3 - "$1/include/tftpserver.h" <<'END' >"$place/$2.c"
import re, sys
text = re.sub(r"/\*.*?\*/|^#.*?$", "", open(sys.argv[1], encoding="utf-8").read(), flags=re.S | re.M)
declared = re.findall(r"\bTFTPSERVER_API\b([^;]+);", text)
print("#include <tftpserver.h>")
for declaration in declared:
    print(f"{declaration.strip()} {{ return 0; }}")
END
    "${CC:-cc}" -g -shared -fPIC -w -I "$1/include" -o "$place/$2-header.so" "$place/$2.c"
}

# built DIRECTORY NAME: its shared library as build/abi/NAME.so. Each has its own target directory:
# to Cargo, crates at the same place of two workspaces are the same.
built() {
    (cd "$1" && CARGO_TARGET_DIR="$place/$2-target" CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 \
        cargo build --quiet --locked --package tftpserver --lib)
    cp "$place/$2-target/debug/libtftpserver.so" "$place/$2.so"
}

failed=no
# same OLD NEW: the interfaces are the same but for what is added. abidiff answers 0 where they are.
same() {
    abidiff --no-added-syms --suppressions scripts/abi.abignore "$1" "$2" || failed=yes
}

defined "$old" old
defined "$PWD" new
same "$place/old-header.so" "$place/new-header.so"
if [ "$library" = yes ]; then
    built "$old" old
    built "$PWD" new
    same "$place/old.so" "$place/new.so"
fi
if [ "$failed" = yes ]; then
    echo "FAILED: the interface is not that of $(git rev-parse --short "$base") with additions"
    exit 1
fi
added=$(abidiff "$place/old-header.so" "$place/new-header.so" | sed -n 's/.*\[A\].*{\(.*\)}$/ \1/p' | tr -d '\n' || true)
echo "figure: the interface is that of $(git rev-parse --short "$base"); added:${added:- nothing}"

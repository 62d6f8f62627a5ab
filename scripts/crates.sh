#!/bin/sh
# Packs every crate as the Rust registry would get it and looks at what is inside; with --long each
# is compiled from its package as well, and the public interface of tftp-serve is compared with that
# of a commit before (TFTP_BASELINE; the last tag by default, or the parent of HEAD).
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
long=no verify=--no-verify
case "${1:-}" in
    --long) long=yes verify= ;;
    "") ;;
    *) echo "usage: $0 [--long]" >&2; exit 64 ;;
esac

rm -f "$target"/package/*.crate
# shellcheck disable=SC2086 # No option, or one.
cargo package --workspace --exclude tftp-sim --exclude tftpserver-api --allow-dirty --quiet $verify
count=0
for archive in "$target"/package/*.crate; do
    # Paths without the leading name and version of the crate.
    files=" $(tar -tzf "$archive" | sed 's,^[^/]*/,,' | tr '\n' ' ')"
    for file in Cargo.toml README.md LICENSE-MIT LICENSE-APACHE src/; do
        case "$files" in
            *" $file"*) ;;
            *) echo "FAILED: $archive has no $file"; exit 1 ;;
        esac
    done
    # The package must not have files that tests of this repository need, or files of another crate.
    case "$files" in
        *" tests/"* | *" crates/"*) echo "FAILED: $archive has too much"; exit 1 ;;
    esac
    count=$((count + 1))
done
echo "$count crates packed"

# The oldest Rust that Cargo.toml promises. Two things are checked without having it: no dependency
# declares that it needs a newer one (here), and no later part of the standard library is used
# (clippy's incompatible_msrv, in the step clippy). Only that Rust itself could check whether it
# knows the language of every line.
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
cargo metadata --format-version 1 --locked | python3 -c '
import json, sys
def number(version):
    return [int(part) for part in version.split(".")[:2]]
needed, packages = sys.argv[1], json.load(sys.stdin)["packages"]
newer = [package for package in packages if number(package["rust_version"] or "1.0") > number(needed)]
for package in newer:
    print("FAILED: {name} {version} needs Rust {rust_version}".format(**package))
print(f"{len(packages)} packages say that they need no newer Rust than {needed}, or nothing" if not newer else "")
sys.exit(bool(newer))' "$needed"
if RUSTUP_AUTO_INSTALL=0 cargo "+$needed" --version >/dev/null 2>&1; then
    CARGO_TARGET_DIR="$target/msrv" cargo "+$needed" check --locked --workspace --exclude tftp-sim --exclude tftpserver-api
else
    echo "NOT RUN: a check with Rust $needed, which is not installed (rustup toolchain install $needed)"
fi

[ "$long" = yes ] || exit 0
if cargo semver-checks --version >/dev/null 2>&1; then
    base=${TFTP_BASELINE:-$(git describe --tags --abbrev=0 2>/dev/null || echo HEAD^)}
    CARGO_TARGET_DIR="$target" cargo semver-checks --package tftp-serve --baseline-rev "$base"
    echo "figure: the interface of tftp-serve is that of $(git rev-parse --short "$base") with additions"
else
    echo "NOT RUN: cargo semver-checks, which is not installed (scripts/setup.sh soak, or cargo install cargo-semver-checks)"
fi

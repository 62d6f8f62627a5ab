#!/bin/sh
# Makes the archive for Windows x86-64 in dist/, on Linux with MinGW-w64. rustup installs the
# target's standard library. Needs gcc-mingw-w64-x86-64, llvm and cmake.
set -eu
cd "$(dirname "$0")/.."
target=x86_64-pc-windows-gnu
rustup target add "$target"
cargo build --release --locked --target "$target" --package tftpserver --package tftpserver-cli
python3 scripts/dist_windows.py "${CARGO_TARGET_DIR:-target}/$target/release" dist --target "$target"

#!/bin/sh
# Compiles the workspace with the oldest Rust that Cargo.toml names (rust-version). rustup installs
# that version if needed.
set -eu
cd "$(dirname "$0")/.."
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
rustup toolchain install --profile minimal "$oldest"
cargo "+$oldest" check --locked --workspace

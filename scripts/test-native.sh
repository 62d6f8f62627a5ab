#!/bin/sh
# Runs the tests that macOS and Windows run too: those of the Rust packages, and the C programs.
# `make test` contains them. On Windows a POSIX shell runs this, as Git for Windows has one.
set -eu
cd "$(dirname "$0")/.."
build=build/native
cargo test --locked --workspace --no-fail-fast
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DTFTPSERVER_BUILD_TESTS=ON -DTFTPSERVER_BUILD_EXAMPLES=ON
# Generators with several configurations ignore CMAKE_BUILD_TYPE and need it here; the others ignore
# it here.
cmake --build "$build" --config Release --parallel
ctest --test-dir "$build" --build-config Release --output-on-failure --no-tests=error

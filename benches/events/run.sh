#!/bin/sh
# Builds the release library and measures what events cost: benches/events/run.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build/release}
: "${CMAKE:=cmake}" "${CC:=cc}"
mkdir -p build
"$CMAKE" -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >build/bench.log 2>&1 && "$CMAKE" --build "$build" >>build/bench.log 2>&1 \
    || { tail -n 60 build/bench.log; exit 1; }
"$CC" -std=c11 -O2 -g -Wall -Wextra -Werror -Iinclude -o build/bench-events benches/events/events.c \
    "$build/lib/libtftpserver.so" "-Wl,-rpath,$(cd "$build/lib" && pwd)" -lpthread
exec build/bench-events "$@"

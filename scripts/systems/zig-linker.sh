#!/bin/sh
# Links for the system in ZIG_TARGET with zig, which carries lists of the symbols of its libraries.
zig=$(dirname "$0")/../../build/zig/bin/python
exec "$zig" -m ziglang cc -target "$ZIG_TARGET" "$@"

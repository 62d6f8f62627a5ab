#!/bin/sh
# Mutation testing, with what it needs: see scripts/mutants.py, which gets the arguments.
set -u
cd "$(dirname "$0")/.." || exit 1

if ! cargo mutants --version >/dev/null 2>&1; then
    echo "NOT RUN: mutation testing, which needs cargo-mutants: cargo install cargo-mutants --locked"
    exit 0
fi
exec python3 scripts/mutants.py "$@"

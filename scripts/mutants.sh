#!/bin/sh
# Mutation testing: checks that cargo-mutants is installed, then runs scripts/mutants.py with the
# arguments.
set -u
cd "$(dirname "$0")/.." || exit 1

if ! cargo mutants --version >/dev/null 2>&1; then
    echo "NOT RUN: mutation testing, which needs cargo-mutants: cargo install cargo-mutants --locked"
    exit 0
fi
exec python3 scripts/mutants.py "$@"

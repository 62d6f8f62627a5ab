#!/bin/sh
# Prints the section of CHANGELOG.md about a version: changes.sh 0.1.0. Fails if there is none.
set -eu
cd "$(dirname "$0")/.."
found=$(awk -v wanted="[$1]" '/^## / { inside = ($2 == wanted); next } /^\[.*\]: / { next } inside' CHANGELOG.md)
[ -n "$found" ] || { echo "changes.sh: CHANGELOG.md has no section for $1" >&2; exit 1; }
printf '%s\n' "$found"

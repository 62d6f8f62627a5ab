#!/bin/sh
# Builds the Python wheel with the shared library in it.
#
# usage: wheel.sh [LIBRARY [DIRECTORY]]     (build/release/lib/libtftpserver.so.0, dist)
#
# STRIP is the command that removes debug symbols. TFTPSERVER_PYTHON is the interpreter; the one
# that setup.sh prepared has setuptools, with any other pip fetches that.
set -eu
cd "$(dirname "$0")/.."
library=${1:-build/release/lib/libtftpserver.so.0}
out=${2:-dist}
python=${TFTPSERVER_PYTHON:-build/python/bin/python}
[ -x "$python" ] || python=python3

if [ ! -f "$library" ]; then
    echo "wheel: $library is missing: make build" >&2
    exit 1
fi
# A separate directory for each run, because several may run at once.
mkdir -p build "$out"
stage=$(mktemp -d build/wheel.XXXXXX)
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$stage/tftpserver"
for name in pyproject.toml setup.py README.md LICENSE-MIT LICENSE-APACHE; do
    cp -L "bindings/python/$name" "$stage/$name"
done
cp bindings/python/tftpserver/*.py bindings/python/tftpserver/py.typed "$stage/tftpserver/"
mkdir "$stage/compat"
cp bindings/python/compat/*.py "$stage/compat/"
# The licences of the crates that are compiled into the library.
(cd scripts && python3 -B -c 'import packing; print(packing.third_party(), end="")') >"$stage/LICENSE-THIRD-PARTY"
case $(uname -s) in
    Darwin) name=libtftpserver.0.dylib ;;
    *) name=libtftpserver.so.0 ;;
esac
cp -L "$library" "$stage/tftpserver/$name"
# Debug symbols are most of the file.
strip=${STRIP:-strip}
command -v "$strip" >/dev/null 2>&1 && "$strip" -S "$stage/tftpserver/$name"

isolation=
"$python" -c 'import setuptools, sys; sys.exit(int(setuptools.__version__.split(".")[0]) < 77)' 2>/dev/null \
    && isolation=--no-build-isolation
# The time in the archive is fixed, so that the same tree gives the same wheel.
: "${SOURCE_DATE_EPOCH:=315532800}"
export SOURCE_DATE_EPOCH
# shellcheck disable=SC2086 # an option or nothing
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps $isolation --wheel-dir "$out" "./$stage"
ls -1t "$out"/tftpserver-*.whl | head -n 1

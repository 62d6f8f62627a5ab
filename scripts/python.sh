#!/bin/sh
# Tests the Python package, with python3 and with the oldest and the newest Python that are
# installed, at the same time.
#
# usage: python.sh [LIBRARY]     (build/release/lib/libtftpserver.so.0)
#
# PYTHONS names other interpreters. mypy and setuptools come from build/python, which setup.sh
# makes.
set -u
cd "$(dirname "$0")/.." || exit 1
library=${1:-build/release/lib/libtftpserver.so.0}
case $library in /*) ;; *) library=$PWD/$library ;; esac
if [ ! -f "$library" ]; then
    echo "python.sh: $library is missing" >&2
    exit 1
fi
export TFTPSERVER_LIBRARY="$library" PYTHONDONTWRITEBYTECODE=1
[ -x build/python/bin/python ] && export TFTPSERVER_PYTHON="$PWD/build/python/bin/python"

# The interpreters from 3.9 on, oldest first, each version once.
installed() {
    for program in python3 "$HOME"/.pyenv/versions/3.*/bin/python3 /usr/local/bin/python3.? /usr/local/bin/python3.?? \
        /usr/bin/python3.? /usr/bin/python3.??; do
        "$program" -c 'import ctypes, sys, venv
if sys.version_info >= (3, 9): print(sys.version_info[1], sys.executable)' 2>/dev/null
    done | sort -s -n -k1,1 | awk '!seen[$1]++ { print $2 }'
}

if [ -z "${PYTHONS:-}" ]; then
    all=$(installed)
    PYTHONS=$({ python3 -c 'import sys; print(sys.executable)'; echo "$all" | sed -n '1p;$p'; } | awk '!seen[$0]++')
fi

# All versions run at the same time, for most of the tests wait for a client; the output of each is
# shown when those before it have ended. A shell's background programs ignore Ctrl-C, which the
# tests send, so its default is restored.
tests='import signal, unittest; signal.signal(signal.SIGINT, signal.default_int_handler); unittest.main(None)'
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'kill $running 2>/dev/null; exit 1' HUP INT TERM
running='' failed=0 number=0
for python in $PYTHONS; do
    number=$((number + 1))
    (cd bindings/python && exec "$python" -W error -c "$tests" discover -t . -s tests) >"$logs/$number" 2>&1 &
    running="$running $!"
done
set -- $running
number=0
for python in $PYTHONS; do
    number=$((number + 1))
    version=$("$python" -c 'import platform; print(platform.python_version())') || { failed=1; version="of $python"; }
    echo "== Python $version"
    wait "$1" || failed=1
    shift
    cat "$logs/$number"
done
exit "$failed"

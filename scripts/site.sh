#!/bin/sh
# Makes the site of documents in build/site: the pages of this repository by Sphinx, the headers by
# Doxygen, the Rust library by rustdoc. With --check a warning is a failure, and the Rust
# documentation is left out.
set -eu
cd "$(dirname "$0")/.."
check=no
[ "${1:-}" != --check ] || check=yes
command -v doxygen >/dev/null 2>&1 || { echo "NOT RUN: the site needs doxygen (on Debian or Ubuntu: apt-get install doxygen)"; [ $check = yes ]; exit; }
if ! build/site-python/bin/python -c 'import breathe, furo, myst_parser, sphinx' 2>/dev/null; then
    rm -rf build/site-python
    mkdir -p build
    if ! { python3 -m venv build/site-python && build/site-python/bin/python -m pip install --disable-pip-version-check --quiet \
        sphinx==9.0.4 myst-parser==5.2.0 breathe==5.1.0 furo==2025.12.19; } >build/site-python.log 2>&1; then
        tail -n 5 build/site-python.log
        echo "NOT RUN: the site needs Sphinx, MyST, Breathe and Furo from PyPI"
        [ $check = yes ]
        exit
    fi
fi
mkdir -p build/doxygen
# Pages that no longer exist must not stay.
rm -rf build/site
doxygen docs/site/Doxyfile 2>build/doxygen.log
cat build/doxygen.log >&2
if [ $check = yes ] && [ -s build/doxygen.log ]; then
    exit 1
fi
strict=''
[ $check = no ] || strict=-W
# shellcheck disable=SC2086 # No option, or one.
build/site-python/bin/sphinx-build -q $strict --keep-going -c docs/site -d build/doxygen/trees -b html . build/site
[ $check = yes ] || {
    cargo doc --quiet --no-deps -p tftp-serve
    rm -rf build/site/rust
    cp -R "${CARGO_TARGET_DIR:-target}/doc" build/site/rust
}
printf '<!doctype html><meta charset="utf-8"><title>libtftpserver</title><meta http-equiv="refresh" content="0; url=docs/site/index.html">\n' \
    >build/site/index.html
python3 suites/documents/site.py build/site
echo "build/site/index.html"

#!/usr/bin/env python3
"""Writes a new version into every file that has it, and dates its section of CHANGELOG.md.

usage: version.py X.Y.Z [--date YYYY-MM-DD]

`make bless` and `cargo update --workspace` follow: they carry the version into generated files and
Cargo.lock.
"""
import argparse
import datetime
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def edit(name, *changes):
    """Applies (pattern, replacement, how often it must match; None: at least once) to a file."""
    path = os.path.join(ROOT, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for pattern, replacement, expected in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.M)
        if count != expected and (expected is not None or count == 0):
            sys.exit(f"version.py: {name}: {pattern} matches {count} times")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("version")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    given = parser.parse_args()
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", given.version):
        parser.error(f"{given.version} is no version: three numbers are expected, as in 0.2.0")
    major, minor, patch = map(int, given.version.split("."))

    edit("Cargo.toml",
         (r'(?<=^version = ")[^"]*', given.version, 1),
         (r'(?<=", version = ")[^"]*(?=" \}$)', given.version, None))
    constant = r"(?<=TFTPSERVER_VERSION_{}: i32 = )\d+".format
    edit("src/ffi/constants.rs",
         (constant("MAJOR"), str(major), 1), (constant("MINOR"), str(minor), 1), (constant("PATCH"), str(patch), 1),
         (constant("NUMBER"), str(major * 1_000_000 + minor * 1000 + patch), 1),
         (r'(?<=TFTPSERVER_VERSION_STRING: &str = ")[^"]*', given.version, 1))
    # The PHP package declares every function, so it needs the library of its own release.
    edit("bindings/php/src/Library.php", (r"(?<=NEEDS = ')[^']*", given.version, 1))
    edit("CHANGELOG.md", (r"^## \[Unreleased\]$", f"## [Unreleased]\n\n## [{given.version}] - {given.date}", 1))
    print(f"{given.version}; then: cargo update --workspace && make bless")


if __name__ == "__main__":
    main()

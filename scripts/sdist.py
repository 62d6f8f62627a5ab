#!/usr/bin/env python3
"""Makes the source distribution of the Python package.

usage: sdist.py [DIRECTORY]     (dist)

TFTPSERVER_PYTHON is the interpreter with setuptools 77 or newer; otherwise the one that setup.sh
prepared is taken.
"""
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

import packing

PACKAGE = os.path.join(packing.ROOT, "bindings", "python")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE-MIT", "LICENSE-APACHE")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


def stage(place):
    """Copies the files of the package to `place`, with files in place of links."""
    for name in FILES:
        shutil.copyfile(os.path.join(PACKAGE, name), os.path.join(place, name))
    for folder in ("tftpserver", "compat"):
        os.mkdir(os.path.join(place, folder))
        for name in sorted(os.listdir(os.path.join(PACKAGE, folder))):
            if name.endswith(".py") or name == "py.typed":
                shutil.copyfile(os.path.join(PACKAGE, folder, name), os.path.join(place, folder, name))


def main():
    output = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(packing.ROOT, "dist"))
    prepared = os.path.join(packing.ROOT, "build", "python", "bin", "python")
    python = os.environ.get("TFTPSERVER_PYTHON", prepared if os.path.exists(prepared) else sys.executable)
    os.makedirs(output, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        tree, made, unpacked = (os.path.join(place, name) for name in ("tree", "made", "unpacked"))
        for directory in (tree, made):
            os.mkdir(directory)
        stage(tree)
        done = subprocess.run([python, "-c", BUILD, made], cwd=tree, capture_output=True, text=True,
                              env={key: value for key, value in os.environ.items() if key != "TFTPSERVER_LIBRARY"})
        if done.returncode:
            raise SystemExit(f"sdist: {done.stderr[-2000:]}")
        (name,) = os.listdir(made)
        with tarfile.open(os.path.join(made, name)) as tar:
            tar.extractall(unpacked)
        # Packed again with the times of the commit, so that the same sources make the same bytes.
        (folder,) = os.listdir(unpacked)
        root = os.path.join(unpacked, folder)
        files = [(os.path.relpath(os.path.join(at, file), root), os.path.join(at, file))
                 for at, _, names in os.walk(root) for file in names]
        print(packing.archive(os.path.join(output, name), folder, files))


if __name__ == "__main__":
    main()

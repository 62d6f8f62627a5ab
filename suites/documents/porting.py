"""The commands on docs/porting-from-ipworks.md work as the page describes, and its links have
targets. The tests that its tables name are checked where docs/tests.md is made of them (api/).

usage: porting.py SOURCE LIBRARY        (LIBRARY: the shared library that is tried)
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, LIBRARY = (os.path.abspath(argument) for argument in sys.argv[1:])


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


# ---- the commands ----

def run(text, place, **environment):
    done = subprocess.run(["sh", "-euc", text], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "TFTPSERVER_LIBRARY": LIBRARY, **environment}, timeout=120)
    return [] if done.returncode == 0 else [f"{text}\n{done.stdout}"]


def cpp(text, place):
    """Builds a program such as the page describes, in a directory that looks like the sources."""
    shutil.copy(os.path.join(SOURCE, "bindings", "cpp", "compat", "cpp", "tftpserver", "tftpserver.cpp"),
                os.path.join(place, "program.cpp"))
    flags = f"-I'{SOURCE}/include' -L'{os.path.dirname(LIBRARY)}' -ltftpserver"
    text = text.replace("$(pkg-config --cflags --libs tftpserver)", flags)
    return run(re.sub("^c[+][+]", os.environ.get("CXX", "c++"), text, flags=re.M), place)


def installed(text, place):
    """Builds and runs a program whose `#include "ipworks.h"` is found below an installation's
    prefix."""
    os.symlink(os.path.join(SOURCE, "include"), os.path.join(place, "include"))
    os.symlink(os.path.dirname(LIBRARY), os.path.join(place, "lib"))
    with open(os.path.join(place, "program.cpp"), "w", encoding="utf-8") as file:
        file.write('#include "ipworks.h"\nint main() { TFTPServer server; return server.GetLocalPort() == 69 ? 0 : 1; }\n')
    text = re.sub("^c[+][+]", os.environ.get("CXX", "c++"), text.replace("PREFIX", place), flags=re.M)
    return run(text, place) or run("./a.out", place)


def php(text, place):
    os.makedirs(os.path.join(place, "vendor", "tftpserver"))
    os.symlink(os.path.join(SOURCE, "bindings", "php"), os.path.join(place, "vendor", "tftpserver", "tftpserver"))
    os.mkdir(os.path.join(place, "program"))
    with open(os.path.join(place, "program", "program.php"), "w", encoding="utf-8") as file:
        file.write("<?php require_once('../include/ipworks_tftpserver.php'); require_once('../include/ipworks_const.php');"
                   "$server = new IPWorks_TFTPServer(); exit($server->getLocalPort() === 69 ? 0 : 1);")
    return run(text, place) or run("cd program && php program.php", place)


def python(text, place):
    with open(os.path.join(place, "program.py"), "w", encoding="utf-8") as file:
        file.write("from ipworks import *\nserver = TFTPServer()\nassert server.get_local_port() == 69\n"
                   "assert issubclass(IPWorksError, Exception)\n")
    # The package is "installed" by being on the path too.
    return run(text.replace("=bindings/python/compat", f"=bindings/python/compat:'{SOURCE}/bindings/python'"), place)


TRIES = [("compat=", "c++", cpp), ("c++ ", "c++", installed), ("ln ", "php", php), ("PYTHONPATH=", "python3", python)]


def commands(text):
    wrong = []
    for number, block in enumerate(re.findall(r"^```sh\n(.*?)^```$", text, flags=re.S | re.M)):
        for begins, program, tries in TRIES:
            if not block.startswith(begins):
                continue
            if not shutil.which(program):
                print(f"NOT RUN: {program} is not installed")
                break
            with tempfile.TemporaryDirectory() as place:
                os.symlink(os.path.join(SOURCE, "bindings"), os.path.join(place, "bindings"))
                wrong += tries(block, place)
            break
        else:
            wrong.append(f"nobody knows how to try block {number}: {block}")
    return wrong


def documents():
    """Checks that every page with code on it has a test: tests/interface/reference,
    suites/documents/tutorial.py, suites/fleet/test_fleet.py, crates/tftpserver-cli/tests, or this
    one."""
    tried = {"reference.md", "tutorial.md", "porting-from-ipworks.md", "scale.md", "command.md"}
    return [f"nobody tries the code on docs/{name}" for name in os.listdir(os.path.join(SOURCE, "docs"))
            if name.endswith(".md") and name not in tried and "\n```" in read("docs", name)]


def main():
    text, wrong = read("docs", "porting-from-ipworks.md"), []
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not link.startswith("http") and not os.path.exists(os.path.join(SOURCE, "docs", link)):
            wrong.append(f"the page leads to {link}, which is not there")
    wrong += commands(text) + documents()
    for line in wrong:
        print(f"FAILED: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

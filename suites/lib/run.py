"""The tests in directories of suites/ that are made of lib.py, a process for each class, some at a
time.

usage: run.py LIBRARY [-k WORD] [SUITE...]     (LIBRARY: libtftpserver.so; -k: only the tests whose name has WORD in it;
SUITE: settings, forgery, admission, fleet, files; all of them without one)
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = os.path.dirname(HERE)
WORKERS = 4
# The interpreter of the tests, which may be one for another machine under an emulator.
PYTHON = os.environ.get("TFTPSERVER_TEST_PYTHON", sys.executable)
# The long ones begin first, so that the short ones fill the other workers at the end.
LONGEST = ("test_forgery.", "test_faults.", "test_half_open.", "test_kills.", "test_resets.", "test_idle.")
# The time limit of a class in seconds; the long forms set it.
SECONDS = int(os.environ.get("TFTP_TEST_SECONDS", "300"))


def tests_in(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_in(part)
        else:
            yield part


def groups(directory, word):
    """Returns the names of tests by class; a module that cannot be imported is a failing test."""
    found = {}
    # A loader of its own: one looks for tests below one directory alone.
    for test in tests_in(unittest.TestLoader().discover(directory, "test_*.py")):
        if word in test.id():
            found.setdefault(type(test).__module__ + "." + type(test).__qualname__, []).append(test.id())
    return found


def run(directory, names, seconds):
    begin = time.monotonic()
    try:
        done = subprocess.run([PYTHON, "-m", "unittest", "-v", *names], cwd=directory, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode(errors="replace")
        return 1, f"{output}\nnot ended after {seconds} seconds", time.monotonic() - begin
    return done.returncode, done.stdout, time.monotonic() - begin


def run_all(directories, word="", workers=WORKERS, seconds=SECONDS, first=""):
    """Runs the tests of these directories whose name contains `word`, and returns the exit code.
    Figures are shown. Tests whose name begins with one of `first` start first, because long ones
    would end last."""
    count, failed, skipped = 0, [], set()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        found = [(group, directory, names) for directory in directories for group, names in groups(directory, word).items()]
        found.sort(key=lambda one: not one[0].startswith(first))
        running = {pool.submit(run, directory, names, seconds): group for group, directory, names in found}
        for future in concurrent.futures.as_completed(running):
            code, output, seconds = future.result()
            ran = re.search(r"^Ran (\d+) tests?", output, re.M)
            count += int(ran[1]) if ran else 0
            skipped |= set(re.findall(r"skipped ['\"](.*)['\"]", output))
            print(f"{'ok    ' if code == 0 else 'FAILED'} {running[future]} ({seconds:.1f} s)", flush=True)
            for figure in re.findall(r"^(?:.*\.\.\. )?(figure: .*)", output, re.M):
                print("  " + figure)
            if code:
                failed.append(running[future])
                print(output, flush=True)
    for reason in sorted(skipped):
        print(f"NOT RUN: {reason}")
    print(f"Ran {count} tests" + (f", failed: {' '.join(failed)}" if failed else ""))
    return 1 if failed or not count else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("-k", dest="word", default="")
    parser.add_argument("suites", nargs="*", default=["settings", "forgery", "admission", "fleet", "files"])
    told = parser.parse_intermixed_args()
    os.environ["TFTPSERVER_LIBRARY"] = os.path.abspath(told.library)
    os.environ["PYTHONPATH"] = HERE
    return run_all([os.path.join(SUITES, suite) for suite in told.suites], told.word, first=LONGEST)


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    sys.exit(main())

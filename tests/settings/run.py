"""Every test of the settings, a process for each class, some at a time.

usage: run.py LIBRARY [-k WORD]     (LIBRARY: libtftpserver.so; -k: only the tests whose name has WORD in it)
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS = 4


def tests_in(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_in(part)
        else:
            yield part


def groups(word, directory):
    """Names of tests by class; what could not be imported is a test that fails."""
    found = {}
    for test in tests_in(unittest.defaultTestLoader.discover(directory, "test_*.py")):
        if word in test.id():
            found.setdefault(type(test).__module__ + "." + type(test).__qualname__, []).append(test.id())
    return found


def run(names, directory, seconds):
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "unittest", "-v", *names], cwd=directory, timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout, time.monotonic() - begin


def main(directory=HERE, workers=WORKERS, seconds=300):
    """Runs every test of a directory; the exit code. Figures are shown."""
    word = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "-k" else ""
    count, failed, skipped = 0, [], set()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(run, names, directory, seconds): group for group, names in groups(word, directory).items()}
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


if __name__ == "__main__":
    os.environ["TFTPSERVER_LIBRARY"] = os.path.abspath(sys.argv[1])
    sys.path.insert(0, HERE)
    sys.exit(main())

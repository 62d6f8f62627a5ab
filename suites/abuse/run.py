"""Load, abuse, exhaustion, a hung disk and loss: every test, a process for each class.

usage: run.py DIRECTORY [-k WORD]     (DIRECTORY: has serve, load and flood, as `cargo build` makes them in benches/)

ABUSE_LONG=1: the long form. TFTP_TEST_SECONDS: the time limit of a class otherwise. ABUSE_SEED: the
seed that a run printed.
"""
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIB = os.path.join(os.path.dirname(HERE), "lib")


def main():
    os.environ["ABUSE_BIN"] = os.path.abspath(sys.argv[1])
    os.environ["PYTHONPATH"] = os.pathsep.join([HERE, LIB])
    sys.path[:0] = [HERE, LIB]
    spec = importlib.util.spec_from_file_location("lib_run", os.path.join(LIB, "run.py"))
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    long = os.environ.get("ABUSE_LONG") == "1"
    # Classes that compare speeds run one after the other.
    word = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == "-k" else ""
    return runner.run_all([HERE], word, workers=1 if long else 3, seconds=3600 if long else runner.SECONDS,
                          first="test_loss.")


if __name__ == "__main__":
    sys.exit(main())

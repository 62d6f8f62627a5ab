#!/usr/bin/env python3
"""Mutation testing: makes each change that cargo-mutants lists for crates/tftp-proto and
crates/tftp-machine, one at a time, and runs that crate's tests. A change that no test notices has
to be in the crate's mutants.md, which says why it makes no difference; ends with 1 where one is
not, and names it.

usage: mutants.py [ARGUMENT...]   (for `cargo mutants --list`: `-f negotiate.rs` tries what is in that file)

The changes are woven into one copy of the tree (weaving.py), so that it is built once; the few that
cannot be are left to cargo-mutants. TFTP_MUTANT_SECONDS: so long a random part is tried. Everything
is in build/mutants; results.json is the result.
"""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter

import weaving

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/mutants"
TREE = BUILD / "tree"
PACKAGES = ["tftp-proto", "tftp-machine"]
CHOSEN = [word for package in PACKAGES for word in ("--package", package)]
ENV = dict(
    os.environ,
    CARGO_TARGET_DIR=str(BUILD / "target"),
    CARGO_INCREMENTAL="0",
    CARGO_PROFILE_DEV_DEBUG="0",
    CARGO_TERM_COLOR="never",
    RUSTFLAGS="--cap-lints=allow",
    RUST_BACKTRACE="0",
    # Enough transfers to find a fault, not enough to prove that there is none.
    TFTP_TRANSFERS=os.environ.get("TFTP_TRANSFERS", "500"),
    TFTP_DEPTH=os.environ.get("TFTP_DEPTH", "6"),
)
# A test that exceeds its time limit has noticed the change: TIMES its usual time, and at least
# LEAST seconds.
TIMES, LEAST = 12, 10
MEMORY = 2_500_000


def name(mutant):
    """Returns the name of a change as mutants.md has it: without line and column."""
    return re.sub(r":\d+:\d+: ", ": ", mutant["name"])


def explained():
    """Returns the changes that are listed in the mutants.md of each crate."""
    texts = ((ROOT / "crates" / package / "mutants.md").read_text() for package in PACKAGES)
    return {entry for text in texts for entry in re.findall(r"^- `(crates/.*?: .*?)`: ", text, re.M)}


def listed(arguments):
    command = ["cargo", "mutants", "--list", "--json", *CHOSEN, *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def copy_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(ROOT, TREE, ignore=shutil.ignore_patterns("target", "build", ".git", "dist", "node_modules", "vendor"))


def cargo(*arguments):
    command = ["cargo", *arguments, "--message-format=json"]
    return subprocess.run(command, cwd=TREE, env=ENV, capture_output=True, text=True)


def test_programs(package):
    built = cargo("test", "--no-run", "--package", package)
    if built.returncode:
        sys.exit(built.stderr)
    artifacts = (json.loads(line) for line in built.stdout.splitlines() if line.startswith("{"))
    return [it["executable"] for it in artifacts if it.get("executable") and it.get("profile", {}).get("test")]


def run(program, package, number, limit):
    """Runs one test program with one change and returns "ok", "caught" or "timeout"."""
    command = ["sh", "-c", f'ulimit -v {MEMORY}; exec "$0" --quiet', program]
    place = TREE / "crates" / package
    env = dict(ENV, TFTP_MUTANT=str(number), CARGO_MANIFEST_DIR=str(place))
    try:
        ran = subprocess.run(command, cwd=place, env=env, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return "timeout"
    return "ok" if ran.returncode == 0 else "caught"


class Programs:
    """The test programs of a crate, the fastest first."""

    def __init__(self, package):
        self.package = package
        self.times = {}
        for program in test_programs(package):
            begin = time.monotonic()
            if run(program, package, 0, 3600) != "ok":
                sys.exit(f"{program} fails without a change")
            self.times[program] = time.monotonic() - begin
        self.last = None

    def judge(self, number):
        """Runs the test programs against a change, beginning with the one that caught the previous
        change."""
        for program in sorted(self.times, key=lambda program: (program != self.last, self.times[program])):
            result = run(program, self.package, number, max(LEAST, TIMES * self.times[program]))
            if result != "ok":
                self.last = program
                return result
        return "missed"


def try_apart(mutants):
    """Leaves changes to cargo-mutants, in the tree as it was before anything was woven into it."""
    copy_tree()
    pattern = "^(" + "|".join(re.escape(mutant["name"]) for mutant in mutants) + ")$"
    command = ["cargo", "mutants", "--in-place", "--baseline=skip", "--timeout=120", "--no-times", "--colors=never", *CHOSEN]
    subprocess.run([*command, "--output", str(BUILD), "--re", pattern], cwd=TREE, env=ENV, stdout=subprocess.DEVNULL)
    results = {}
    for result in ("caught", "missed", "timeout", "unviable"):
        lines = (BUILD / "mutants.out" / f"{result}.txt").read_text().splitlines()
        results |= {line: result for line in lines}
    return results


def try_all(mutants, seconds):
    """Returns the result of each change by its name with line and column."""
    copy_tree()
    weaver = weaving.Weaver(ROOT, TREE, PACKAGES, mutants)
    weaver.weave(lambda: cargo("check", "--lib", *CHOSEN))
    results = {it["name"]: "unviable" for it in weaver.woven if it["number"] in weaver.unviable}
    left = [it for it in weaver.woven if it["number"] not in weaver.unviable]
    if seconds:
        random.shuffle(left)
    else:
        left.sort(key=lambda it: it["package"])
    end = time.monotonic() + seconds if seconds else None
    programs = {package: Programs(package) for package in sorted({it["package"] for it in left})}
    for mutant in left:
        if end and time.monotonic() > end:
            return results
        results[mutant["name"]] = result = programs[mutant["package"]].judge(mutant["number"])
        if result != "caught":
            print(f"{result}: {mutant['name']}", flush=True)
    return results | try_apart(weaver.apart) if weaver.apart else results


def main():
    mutants = listed(sys.argv[1:])
    known = {name(mutant) for mutant in (listed([]) if sys.argv[1:] else mutants)}
    reasons = explained()
    results = try_all(mutants, int(os.environ.get("TFTP_MUTANT_SECONDS", "0")))
    (BUILD / "results.json").write_text(json.dumps(results, indent=1))
    for package in PACKAGES:
        of_it = [result for mutant, result in results.items() if mutant.startswith(f"crates/{package}/")]
        counts = ", ".join(f"{count} {result}" for result, count in sorted(Counter(of_it).items()))
        print(f"figure: {package}: {len(of_it)} changes tried: {counts or 'none'}")
    missed = {re.sub(r":\d+:\d+: ", ": ", mutant) for mutant, result in results.items() if result == "missed"}
    failures = [f"neither caught by a test nor explained in mutants.md: {it}" for it in sorted(missed - reasons)]
    failures += [f"explained in mutants.md, but no such change exists: {it}" for it in sorted(reasons - known)]
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

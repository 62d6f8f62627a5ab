#!/usr/bin/env python3
"""Builds the workspace's protocol, machine and world with one thing taken out, for each patch
beside this file, and runs worlds until a judge speaks: it must be the one that the patch names.
Writes caught.md. Ends with 1 where a mutation lived, or another judge spoke.

    run.py [NAME...]   only these
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[4]
CRATES = ["tftp-budget", "tftp-files", "tftp-machine", "tftp-proto", "tftp-serve", "tftp-sim", "tftp-sync", "tftp-udp"]


def copy(to: pathlib.Path) -> None:
    """Copies the needed parts of the workspace, as a workspace of its own."""
    manifest = (ROOT / "Cargo.toml").read_text()
    shared = manifest[: manifest.index("\n[package]")]
    members = ", ".join(f'"crates/{crate}"' for crate in CRATES)
    shared = re.sub(r"members = \[.*?\]", f"members = [{members}]", shared, flags=re.S)
    profiles = "".join(
        f"\n[profile.dev.package.{crate}]\nopt-level = 2\n" for crate in CRATES
    )
    (to / "Cargo.toml").write_text(shared + "\n" + profiles)
    for name in ["Cargo.lock", "clippy.toml"]:
        shutil.copy(ROOT / name, to / name)
    for crate in CRATES:
        shutil.copytree(ROOT / "crates" / crate, to / "crates" / crate)


def apply(patch: pathlib.Path, to: pathlib.Path, *options: str) -> None:
    command = ["git", "apply", *options, str(patch)]
    subprocess.run(command, cwd=to, check=True, env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(to.parent)})


def heading(text: str, name: str) -> str:
    return re.search(rf"^{name}: (.+)$", text, re.M).group(1)


def run(patch: pathlib.Path, where: pathlib.Path) -> tuple[str, str]:
    """The judge that spoke, and at which seed."""
    test = heading(patch.read_text(), "test")
    apply(patch, where)
    try:
        command = ["cargo", "test", "--offline", "-p", "tftp-sim", "--test", "world", test]
        said = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=1200)
    finally:
        apply(patch, where, "--reverse")
    text = said.stdout + said.stderr
    if "could not compile" in text:
        sys.exit(f"{patch.name} does not compile:\n{text[-3000:]}")
    judge = re.search(r"^judge (\w+)", text, re.M)
    seed = re.search(r"TFTP_SEED=(\d+)", text)
    return (judge.group(1) if judge else "nobody"), (seed.group(1) if seed else "-")


def main() -> int:
    wanted = sys.argv[1:]
    patches = [patch for patch in sorted(HERE.glob("*.patch")) if not wanted or patch.stem in wanted]
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix="mutations-") as directory:
        where = pathlib.Path(directory)
        copy(where)
        for patch in patches:
            text = patch.read_text()
            expected, (judge, seed) = heading(text, "judge"), run(patch, where)
            failed |= judge != expected
            print(f"{patch.stem}: {judge} at seed {seed}" + ("" if judge == expected else f", not {expected}"), flush=True)
            rows.append(f"| {patch.stem} | {text.splitlines()[0]} | {judge} | `{heading(text, 'test')}` | {seed} |")
    if not wanted:
        head = "# Mutations, and the judges that caught them\n\nWritten by `run.py`.\n\n| mutation | what is taken out | judge | test | seed |\n|---|---|---|---|---|\n"
        (HERE / "caught.md").write_text(head + "\n".join(rows) + "\n")
    print(f"figure: {len(rows)} mutations, " + ("not all caught" if failed else "all caught"))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

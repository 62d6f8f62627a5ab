"""RELEASING.md can be followed: scripts/version.py finds every place of the version, and the shell
steps of .github/workflows/release.yml that need no network do with the names of real packages what
they should.

usage: release.py SOURCE
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

SOURCE = os.path.abspath(sys.argv[1])
NEW = "9.8.7"
# The names of what `make dist`, `make dist-windows` and `make sbom` make; suites/packages/dist.py
# checks the first of them.
BOTH = [f"libtftpserver-{NEW}.tar.gz", f"tftpserver-{NEW}.tar.gz", f"tftpserver-php-{NEW}.tar.gz", "SHA256SUMS"]
EACH = {"ubuntu-24.04": ("amd64", "x86_64"), "ubuntu-24.04-arm": ("arm64", "aarch64")}
OF_A_MACHINE = ["libtftpserver9_{V}-1_{deb}.deb", "libtftpserver-dev_{V}-1_{deb}.deb", "tftpserver_{V}-1_{deb}.deb",
                "tftpserver-{V}-linux-{cpu}.tar.gz", "tftpserver-{V}-py3-none-manylinux2014_{cpu}.whl",
                "tftpserver-{V}-py3-none-musllinux_1_2_{cpu}.whl"]
ALONE = [f"tftpserver-{NEW}-windows-x86_64.zip", "libtftpserver.cdx.json", "tftpserver.cdx.json"]


def fail(text):
    raise SystemExit(f"FAILED: {text}")


def same(subject, have, wanted):
    if have != wanted:
        fail(f"{subject}: {have!r}, not {wanted!r}")


def run(command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    if done.returncode:
        fail(f"{command}\n{done.stdout}")
    return done.stdout


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def copy(place):
    """Copies the tracked text files, without the corpora, which no version is in."""
    names = run(["git", "ls-files"], SOURCE).splitlines()
    for name in names:
        if name.split("/")[0] not in ("fuzz", "tests", "suites", "benches") and os.path.isfile(os.path.join(SOURCE, name)):
            os.makedirs(os.path.dirname(os.path.join(place, name)), exist_ok=True)
            shutil.copy(os.path.join(SOURCE, name), os.path.join(place, name))


def version(place):
    """Every place that the compiler or a test holds against Cargo.toml has the new version
    afterwards."""
    before = open(os.path.join(place, "CHANGELOG.md"), encoding="utf-8").read()
    run([sys.executable, "scripts/version.py", NEW, "--date", "2031-02-03"], place)
    manifest = open(os.path.join(place, "Cargo.toml"), encoding="utf-8").read()
    same("path dependencies of another version", re.findall(r'^.*path = .*version = "(?!9\.8\.7").*$', manifest, flags=re.M), [])
    same("version of the workspace", re.search(r'^version = "(.*)"', manifest, flags=re.M)[1], NEW)
    constants = open(os.path.join(place, "src", "ffi", "constants.rs"), encoding="utf-8").read()
    same("constants of the header", re.findall(r"TFTPSERVER_VERSION_\w+: .* = (.*);", constants),
         ["9", "8", "7", f'"{NEW}"', "9008007"])
    changes = open(os.path.join(place, "CHANGELOG.md"), encoding="utf-8").read()
    same("CHANGELOG.md", changes, before.replace("## [Unreleased]\n", f"## [Unreleased]\n\n## [{NEW}] - 2031-02-03\n"))
    if len(run(["scripts/changes.sh", NEW], place)) < 100:
        fail("changes.sh prints no section")
    wrong = subprocess.run([sys.executable, "scripts/version.py", "1.2"], cwd=place, capture_output=True)
    same("exit code for 1.2", wrong.returncode, 2)
    if shutil.which("cargo"):
        os.makedirs(os.path.join(place, "benches"), exist_ok=True)
        done = subprocess.run(["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"], cwd=place,
                              capture_output=True, text=True)
        if done.returncode == 0:
            same("versions of the packages", {one["version"] for one in json.loads(done.stdout)["packages"]}, {NEW})


def step(workflow, name):
    """Returns the commands of the step of this name."""
    found = re.search(rf"^ *- name: {re.escape(name)}\n(?: +(?:if|env|id):.*\n(?: {{10}}.*\n)*)*? +run: (\|\n(?: {{10}}.*\n)+|.*\n)",
                      workflow, flags=re.M)
    if not found:
        fail(f"release.yml has no step {name!r} with commands")
    return textwrap.dedent(found[1].removeprefix("|\n"))


def publishing(place):
    """Runs the steps of the job `publish` that prepare files, in a directory with the downloaded
    parts."""
    with open(os.path.join(SOURCE, ".github", "workflows", "release.yml"), encoding="utf-8") as file:
        workflow = file.read()
    every = set(BOTH) | set(ALONE)
    for runner, (deb, cpu) in EACH.items():
        names = BOTH + [name.format(V=NEW, deb=deb, cpu=cpu) for name in OF_A_MACHINE] + (ALONE if runner == "ubuntu-24.04" else [])
        every |= set(names)
        for name in names:
            write(os.path.join(place, "parts", f"packages-{runner}", name), name)
    tag = {"GITHUB_REF_NAME": f"v{NEW}"}
    bash = lambda name: run(["bash", "-e", "-o", "pipefail", "-c", step(workflow, name)], place, **tag)  # noqa: E731
    bash("The tag is the version")
    bash("One directory, one list of checksums")
    same("published files", set(os.listdir(os.path.join(place, "dist"))), every)
    run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], os.path.join(place, "dist"))
    with open(os.path.join(place, "dist", "SHA256SUMS"), encoding="utf-8") as file:
        same("checksums", {line.split("  ", 1)[1].rstrip("\n") for line in file}, every - {"SHA256SUMS"})
    bash("Wheels to PyPI")
    wheels = [name.format(V=NEW, cpu=cpu) for _, cpu in EACH.values() for name in OF_A_MACHINE if name.endswith(".whl")]
    same("files for PyPI", set(os.listdir(os.path.join(place, "wheels"))), {f"tftpserver-{NEW}.tar.gz", *wheels})


def main():
    with tempfile.TemporaryDirectory() as place:
        copy(place)
        version(place)
        publishing(place)
    print("ok: version, steps of release.yml")
    return 0


if __name__ == "__main__":
    sys.exit(main())

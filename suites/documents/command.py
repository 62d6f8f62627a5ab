"""The examples of docs/command.md work: the server accepts each command line, get and put move
files, --explain prints what the page shows, and objects of JSON have the fields of the page.
Options that any document names exist.

usage: command.py SOURCE COMMAND        (COMMAND: the program tftpserver)
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from listening import await_bound, free_port  # noqa: E402

SOURCE, COMMAND = (os.path.abspath(argument) for argument in sys.argv[1:])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
ROOT = os.geteuid() == 0


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def fail(text):
    raise SystemExit(f"FAILED: {text}")


def same(subject, have, wanted):
    if have != wanted:
        fail(f"{subject}: {have!r}, not {wanted!r}")


def run(command, cwd, expected=0):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != expected:
        fail(f"{command} ends with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Place:
    """A directory with what the examples name: a directory `boot`, a configuration, and files to
    move."""

    def __init__(self, path, blocks):
        self.path = path
        os.chmod(path, 0o755)
        self.boot = os.path.join(path, "boot")
        write(os.path.join(self.boot, "hosts", "192.0.2.7.cfg"), b"x" * 412)
        write(os.path.join(self.boot, "images", "boot.img"), bytes(range(256)) * 165)
        write(os.path.join(self.boot, "boot.img"), subprocess.run(["xz", "-c"], input=b"image", capture_output=True).stdout
              if shutil.which("xz") else b"image")
        write(os.path.join(self.boot, "pxelinux.0"), b"loader")
        write(os.path.join(self.boot, "backup", "other"), b"")
        write(os.path.join(path, "config.txt"), b"hostname switch-7\n")
        rules = next(text for _, text in blocks if text.startswith("# operation"))
        write(os.path.join(path, "rules"), rules.encode())
        self.config = os.path.join(path, "tftpserver.toml")
        write(self.config, f'dir = "{self.boot}"\nmap = "rules"\nallow = "192.0.2.0/24"\n'.encode())

    def words(self, line):
        line = line.replace("/etc/tftpserver.toml", self.config).replace("/srv/tftp", self.boot)
        return [COMMAND, *shlex.split(line)[1:]]

    def served(self, *options):
        """Starts a server on a free port and returns it with the port."""
        port = free_port()
        rights = ["--user", "root"] if ROOT else []
        server = subprocess.Popen([COMMAND, "--listen", f"127.0.0.1:{port}", *rights, *options, self.boot], cwd=self.path,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        await_bound(server, port)
        return server, port


# ---- command lines ----

def serving(place, line):
    """--check-config reads the whole line, and everything that it names, without serving."""
    words = place.words(line.split(" && ")[0])
    if "--explain" in words:
        return
    given = ["--user", "root"] if ROOT and "--user" not in words else []
    run([*words, *given, *([] if "--check-config" in words else ["--check-config"])], place.path)


def client(place, line):
    """get and put, from and to a server on another port."""
    if "|" in line and not shutil.which("xz"):
        print("NOT RUN: xz is not installed")
        return
    server, port = place.served("--create")
    try:
        line = re.sub(r"tftp://192\.0\.2\.1(?::\d+)?/", f"tftp://127.0.0.1:{port}/", line)
        shown = run(["sh", "-c", re.sub(r"^tftpserver", shlex.quote(COMMAND), line)], place.path)
    finally:
        server.terminate()
        server.communicate(timeout=60)
    if "|" in line:
        same(line, shown, "image")
    elif " get " in line:
        name = line.rsplit("/", 1)[1]
        original = os.path.join(place.boot, "images" if name == "boot.img" else "", name)
        with open(os.path.join(place.path, name), "rb") as got, open(original, "rb") as wanted:
            same(line, got.read(), wanted.read())
    else:
        same(line, open(os.path.join(place.boot, "backup", "config.txt"), "rb").read(), b"hostname switch-7\n")


def docker(place, line):
    words = shlex.split(line)
    if words[1] == "build":
        same(line, os.path.exists(os.path.join(SOURCE, words[words.index("-f") + 1])), True)
        return
    # The words after the image's name are the command's.
    serving(place, shlex.join(["tftpserver", *words[words.index("tftpserver") + 1:], "boot"]))


def systemctl(place, line):
    unit = shlex.split(line)[-1]
    if not os.path.exists(os.path.join(SOURCE, "packaging", "systemd", unit if "." in unit else unit + ".service")):
        fail(f"{line}: packaging/systemd has no such unit")


def make(place, line):
    run(["make", "--dry-run", *shlex.split(line)[1:]], SOURCE)


def cargo(place, line):
    words = shlex.split(line)
    same(line, f'name = "{words[words.index("-p") + 1]}"' in read("crates", words[words.index("-p") + 1], "Cargo.toml"), True)


def nothing(place, line):
    """For what tests of packages try (apt install), and for files of other packages."""


KINDS = [("tftpserver get ", client), ("tftpserver put ", client), ("tftpserver", serving), ("docker ", docker),
         ("systemctl ", systemctl), ("make ", make), ("cargo ", cargo), ("apt ", nothing), ("mkdir ", nothing), ("cp ", nothing)]


def shell(place, text):
    lines = [line.split("  #")[0].rstrip() for line in text.splitlines()]
    for line in filter(None, lines):
        for begins, tries in KINDS:
            if line.startswith(begins):
                tries(place, line)
                break
        else:
            fail(f"docs/command.md has a command that this test does not know: {line}")


def dnsmasq(place, text):
    if not shutil.which("dnsmasq"):
        print("NOT RUN: dnsmasq is not installed")
        return
    write(os.path.join(place.path, "dnsmasq.conf"), text.encode())
    run(["dnsmasq", "--test", "--conf-file=" + os.path.join(place.path, "dnsmasq.conf")], place.path)
    for name in re.findall(r"^dhcp-boot=(?:tag:!?\w+,)*([\w.]+),", text, flags=re.M):
        same(f"{name} on the page", f"/{name}" in read("docs", "command.md"), True)


# ---- output ----

def explain(place, text):
    command, *wanted = text.splitlines()
    shown = run(place.words(command.removeprefix("$ ")), place.path).replace(place.boot, "/srv/tftp").splitlines()
    if not ROOT:  # looked up as the one who runs this
        shown, wanted = ([line for line in lines if not line.startswith("looked up")] for lines in (shown, wanted))
    same(command, shown, wanted)


def objects(place, documented):
    """Compares the fields of the documented objects with those that the program prints."""
    server, port = place.served("--json")
    try:
        get = run([COMMAND, "get", "--json", f"tftp://127.0.0.1:{port}/images/boot.img", "fetched"], place.path)
    finally:
        server.terminate()
        lines = server.communicate(timeout=60)[0].splitlines()
    printed = [json.loads(line) for line in [*lines, get]]
    fields = {one["event"]: list(one) for one in printed}
    for one in documented:
        same(f"fields of {one['event']}", list(one), fields.get(one["event"]))


def options():
    """Every long option beside the command's name, in any document, is one of its options."""
    known = set()
    for words in ([], ["get"], ["put"]):
        known |= set(re.findall(r"--[a-z][a-z0-9-]+", run([COMMAND, *words, "--help"], SOURCE)))
    names = [name for name in subprocess.run(["git", "ls-files", "*.md", ".github"], cwd=SOURCE, capture_output=True, text=True)
             .stdout.splitlines() if not name.startswith(("fuzz/", "bindings/"))]
    wrong = [f"{name}: {line.strip()}" for name in names for line in read(name).splitlines()
             for command in re.findall(r"(?<![\w/.-])(?<!package )tftpserver((?: +[\w:./\[\]-]+)*)", line)
             for option in re.findall(r"(?<= )--[a-z][a-z0-9-]+", command) if option not in known]
    same("options that there are not", wrong, [])
    page = re.sub(r"^```(?:bat|sh)\n.*?^```$", "", read("docs", "command.md"), flags=re.S | re.M)
    others = {"--help", "--stop-timeout", "--network", "--cap-drop", "--secure", "--map-file", "--release"}
    wrong = [option for option in re.findall(r"`(--[a-z][a-z0-9-]+)", page) if option not in known | others]
    same("options on docs/command.md that there are not", wrong, [])


def main():
    blocks = BLOCK.findall(read("docs", "command.md"))
    documented, tried = [], 0
    with tempfile.TemporaryDirectory() as path:
        place = Place(path, blocks)
        for language, text in blocks:
            if language == "sh":
                shell(place, text)
            elif language == "console":
                explain(place, text)
            elif language == "json":
                documented += [json.loads(line) for line in text.splitlines()]
            elif language == "conf":
                dnsmasq(place, text)
            elif language not in ("", "toml", "bat", "text"):  # rules and configuration: crates/tftpserver-cli/tests/operation/packaging.rs
                fail(f"docs/command.md has a block that this test does not know: {language}\n{text}")
            tried += 1
        objects(place, documented)
    options()
    print(f"{tried} blocks, {len(documented)} objects")
    return 0 if tried > 10 and len(documented) > 2 else 1


if __name__ == "__main__":
    sys.exit(main())

"""docs/tutorial.md is correct: its blocks are examples/provision.c, every block is compiled or run,
and the program serves, logs, makes configurations, takes backups, refuses what it should and ends
as described.

usage: tutorial.py SOURCE INCLUDE LIBRARY        (LIBRARY: the shared library that is tried)
"""
import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from client import Answer, Client  # noqa: E402
from listening import await_bound, free_port  # noqa: E402

SOURCE, INCLUDE, LIBRARY = (os.path.abspath(argument) for argument in sys.argv[1:])
CC, CXX = os.environ.get("CC", "cc"), os.environ.get("CXX", "c++")
TUTORIAL = open(os.path.join(SOURCE, "docs", "tutorial.md"), encoding="utf-8").read()
EXAMPLE = open(os.path.join(SOURCE, "examples", "provision.c"), encoding="utf-8").read()


def fail(text):
    raise SystemExit(f"FAILED: {text}")


def same(what, have, wanted):
    if have != wanted:
        fail(f"{what}: {have!r}, not {wanted!r}")


def section(title):
    """Returns the text below "## title", up to the next heading of that rank."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TUTORIAL, flags=re.S | re.M)
    return found[1] if found else fail(f"there is no section {title}")


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M)


def shell(text, cwd):
    done = subprocess.run(["sh", "-euc", text], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120)
    if done.returncode != 0:
        fail(f"{text}\n{done.stdout[-3000:]}")
    return done.stdout


def compiled(text, place):
    """Runs a `cc` line as it stands, except for pkg-config, whose output the package tests
    check."""
    same("pkg-config in a cc line", text.count("$(pkg-config --cflags --libs tftpserver)"), 1)
    flags = f"-I'{INCLUDE}' '{LIBRARY}' -Wl,-rpath,'{os.path.dirname(LIBRARY)}'"
    text = text.replace("$(pkg-config --cflags --libs tftpserver)", flags)
    text = re.sub(r"^cc ", f"{CC} -std=c99 -Wall -Wextra -pedantic -Werror ", text, flags=re.M)
    shell(re.sub(r"^c\+\+ ", f"{CXX} -Wall -Wextra -pedantic -Werror ", text, flags=re.M), place)


# ---- a client ----

def read(port, name, seconds=20):
    """Returns the file, or ("error", code)."""
    return outcome(port, seconds, lambda client: client.read(name))


def write(port, name, data):
    """Returns None, or ("error", code)."""
    return outcome(port, 20, lambda client: client.write(name, data))


def outcome(port, seconds, call):
    with Client(("127.0.0.1", port), source="127.0.0.1", seconds=seconds) as client:
        try:
            return call(client)
        except Answer as answer:
            return "error", answer.code


class Program:
    """A program that prints "... on port N" when it is ready."""

    def __init__(self, command, cwd):
        self.process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.first = self.process.stdout.readline()
        found = re.search(r" on port (\d+)$", self.first)
        if not found:
            self.process.kill()
            fail(f"{command} said {self.first + self.process.stdout.read()!r}")
        self.port = int(found[1])

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        said = self.process.communicate(timeout=30)[0]
        same("how the program ended", self.process.returncode, 0)
        return said


def fill(place):
    root, backups = os.path.join(place, "root"), os.path.join(place, "backups")
    os.makedirs(root)
    os.makedirs(backups)
    with open(os.path.join(root, "pxelinux.0"), "wb") as file:
        file.write(bytes(range(256)) * 10)
    return root, backups


def provisions(program, place):
    """The seven steps of the tutorial; every language's program takes the same arguments and passes
    the same test."""
    root, backups = fill(place)
    server = Program([*program, root, backups, "LocalPort=0", "LocalHost=127.0.0.1"], place)
    same("pxelinux.0", read(server.port, "pxelinux.0"), bytes(range(256)) * 10)
    same("a missing file", read(server.port, "memtest"), ("error", 1))
    same("a way out", read(server.port, "../backups/x")[0], "error")
    made = read(server.port, "pxelinux.cfg/01-52-54-00-AB-cd-Ef").decode()
    for line in ("DEFAULT install\n", "  KERNEL vmlinuz\n", "hostname=node-52-54-00-ab-cd-ef lab.address=127.0.0.1\n"):
        if line not in made:
            fail(f"the configuration lacks {line!r}: {made!r}")
    same("a name that is like one", read(server.port, "pxelinux.cfg/01-52-54-00-ab-cd-eg"), ("error", 1))
    same("a longer one", read(server.port, "pxelinux.cfg/01-52-54-00-ab-cd-ef-00"), ("error", 1))
    same("a backup", write(server.port, "switch-7.cfg", b"hostname switch-7\n"), None)
    same("a newer backup", write(server.port, "switch-7.cfg", b"hostname switch-8\n"), None)
    for name in ("../root/pxelinux.0", "/etc/passwd", "a/b", ".profile", "a" * 65, "a b", "a\\b"):
        same(f"an upload to {name!r}", write(server.port, name, b"x"), ("error", 2))
    with open(os.path.join(backups, "127.0.0.1", "switch-7.cfg"), "rb") as file:
        same("what was kept", file.read(), b"hostname switch-8\n")
    same("what is in the backups", [os.listdir(backups), os.listdir(os.path.join(backups, "127.0.0.1"))],
         [["127.0.0.1"], ["switch-7.cfg"]])
    same("what is in the root", os.listdir(root), ["pxelinux.0"])
    said = server.end()
    for line in ("127.0.0.1 pxelinux.0: OK", "127.0.0.1 pxelinux.cfg/01-52-54-00-AB-cd-Ef: OK",
                 "127.0.0.1 switch-7.cfg: OK", "127.0.0.1 memtest: Can't open local file. File not found",
                 "127.0.0.1 ../root/pxelinux.0: [10013] Access denied."):
        if line not in said:
            fail(f"the log lacks {line!r}:\n{said}")
    figures = json.loads(said.strip().splitlines()[-1])
    same("figures", isinstance(figures, dict) and bool(figures), True)


# ---- the parts of the page ----

def other_part(title, language, suffix, place):
    """C++, PHP or Python: the first program by itself, the others as the example. None where it
    cannot be tried."""
    whole = [text for known, text in blocks(section(title)) if known == language]
    with open(os.path.join(SOURCE, "examples", "provision" + suffix), encoding="utf-8") as file:
        example = file.read()
    squeezed = lambda text: re.sub(r"\n+", "\n", text)  # noqa: E731
    same(f"the blocks of the {title} part", squeezed("".join(whole[1:])), squeezed(example))
    for text, name in ((whole[0], "first" + suffix), (example, "provision" + suffix)):
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write(text)


def cpp_part(place):
    place = os.path.join(place, "cpp")
    os.mkdir(place)
    other_part("C++", "cpp", ".cpp", place)
    if not os.path.exists(os.path.join(INCLUDE, "tftpserver.hpp")) or not shutil.which(CXX):
        print("NOT RUN: the C++ part: no tftpserver.hpp in this tree, or no C++ compiler")
        return
    for _, text in [block for block in blocks(section("C++")) if block[0] == "sh"]:
        compiled(text, place)
    first(place, "cpp", "c++ -std=c++17 first.cpp $(pkg-config --cflags --libs tftpserver) -o first\n", ["./first"])
    provisions([os.path.join(place, "provision")], place)
    print("ok: C++")


def php_part(place):
    place = os.path.join(place, "php")
    os.mkdir(place)
    other_part("PHP", "php", ".php", place)
    package = os.path.join(SOURCE, "bindings", "php")
    if not os.path.exists(os.path.join(package, "autoload.php")) or not shutil.which("php") or subprocess.run(
            ["php", "-r", "exit(extension_loaded('ffi') && extension_loaded('pcntl') ? 0 : 1);"]).returncode:
        print("NOT RUN: the PHP part: no bindings/php in this tree, or no PHP with ffi and pcntl")
        return
    os.mkdir(os.path.join(place, "vendor"))
    os.symlink(os.path.join(package, "autoload.php"), os.path.join(place, "vendor", "autoload.php"))
    os.environ["TFTPSERVER_LIBRARY"] = LIBRARY
    first(place, "php", None, ["php", "first.php"])
    provisions(["php", os.path.join(place, "provision.php")], place)
    print("ok: PHP")


def python_part(place):
    place = os.path.join(place, "python")
    os.mkdir(place)
    other_part("Python", "python", ".py", place)
    package = os.path.join(SOURCE, "bindings", "python")
    if not os.path.exists(os.path.join(package, "tftpserver", "__init__.py")):
        print("NOT RUN: the Python part: no bindings/python in this tree")
        return
    os.environ.update(TFTPSERVER_LIBRARY=LIBRARY, PYTHONPATH=package)
    first(place, "py", None, [sys.executable, "first.py"])
    provisions([sys.executable, os.path.join(place, "provision.py")], place)
    print("ok: Python")


def c_part(place):
    found = blocks(section("C"))
    whole = [text for language, text in found if language == "c"]
    for text, name in ((whole[0], "first.c"), ("\n".join(whole[1:]), "provision.c")):
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write(text)
    same("the blocks of the C part", "\n".join(whole[1:]), EXAMPLE)
    for language, text in found:
        if language == "sh":
            compiled("".join(line + "\n" for line in text.splitlines() if line.startswith("cc ")), place)
    first(place, "c", "cc first.c $(pkg-config --cflags --libs tftpserver) -o first\n", ["./first"])
    provisions([os.path.join(place, "provision")], os.path.join(place, "c"))
    print("ok: C")


def first(place, suffix, build, command):
    """The first program, with a directory and a port that there are; it serves until Enter."""
    root, _ = fill(os.path.join(place, "first-lab"))
    port = free_port()
    path = os.path.join(place, "first." + suffix)
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("/srv/tftp", root).replace("6969", str(port))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    if build:
        compiled(build, place)
    process = subprocess.Popen(command, cwd=place, stdin=subprocess.PIPE)
    try:
        await_bound(process, port)
        for _ in range(60):
            try:
                same("the first program", read(port, "pxelinux.0", 0.5), bytes(range(256)) * 10)
                break
            except (TimeoutError, ConnectionError):
                continue
        else:
            fail("the first program does not serve")
        process.communicate(b"\n", timeout=20)
        same("how the first program ended", process.returncode, 0)
    finally:
        if process.poll() is None:
            process.kill()


def command_line(text, place, number):
    """Runs ./provision as the page does, except for the directories and, if the page names none,
    the port."""
    lab = os.path.join(place, f"line-{number}")
    root, backups = fill(lab)
    words = text.split()
    same("the beginning of a command line", words[:3], ["./provision", "/srv/tftp", "/var/lib/provision"])
    settings = [word for word in words[3:] if not word.startswith("LocalPort=")]
    server = Program([os.path.join(place, "provision"), root, backups, *settings, "LocalPort=0"], place)
    same(f"with {settings}", read(server.port, "pxelinux.0"), bytes(range(256)) * 10)
    server.end(signal.SIGINT)


def around_part(place):
    for number, (language, text) in enumerate(blocks(section("Around the program"))):
        if language == "sh":
            command_line(text, place, number)
        elif language == "ini":
            unit(text, place)
        elif language == "nft":
            firewall(text, place)
        else:
            fail(f"nobody knows how to try this {language!r} block:\n{text}")
    print("ok: around the program")


def unit(text, place):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    command_line("./provision " + parser["Service"]["ExecStart"].split(" ", 1)[1], place, "unit")
    if not shutil.which("systemd-analyze"):
        print("NOT RUN: systemd-analyze is not installed")
        return
    path = os.path.join(place, "provision.service")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("/usr/local/bin/provision", os.path.join(place, "provision")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, timeout=60)
    same("systemd-analyze", [line for line in done.stderr.splitlines() if "provision.service" in line], [])


def firewall(text, place):
    path = os.path.join(place, "rules.nft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("nft") or subprocess.run([*alone, "nft", "list", "ruleset"], capture_output=True,
                                                 timeout=60).returncode:
        print("NOT RUN: nft is not installed, or may not be used")
        return
    shell(" ".join([*alone, "nft", "--check", "--file", "rules.nft"]), place)


def preparation():
    """The block before the first section creates what the programs name, and the file that the page
    fetches."""
    (language, text), = blocks(TUTORIAL[:TUTORIAL.index("\n## ")])
    same("language of the preparation", language, "sh")
    with tempfile.TemporaryDirectory() as place:
        shell(text.replace("/srv/", f"{place}/srv/").replace("/var/", f"{place}/var/"), place)
        same("what is prepared", sorted(os.path.relpath(os.path.join(folder, name), place)
                                        for folder, folders, names in os.walk(place) for name in folders + names),
             ["srv", "srv/tftp", "srv/tftp/hello.txt", "var", "var/lib", "var/lib/provision"])
    for name in re.findall(r"curl tftp://127\.0\.0\.1:6969/(\S+?)`", TUTORIAL):
        same("the file that is fetched", name, "hello.txt")


def page():
    """Checks that links have targets and that every section with steps has blocks."""
    prose = re.sub(r"^```.*?^```$", "", TUTORIAL, flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        if not os.path.exists(os.path.join(SOURCE, "docs", link)):
            fail(f"the tutorial leads to {link}, which is not there")
    known = {"C", "C++", "PHP", "Python", "Around the program"}
    same("sections", set(re.findall(r"^## (.*)$", TUTORIAL, flags=re.M)), known)


def main():
    page()
    preparation()
    with tempfile.TemporaryDirectory() as place:
        c_part(place)
        cpp_part(place)
        php_part(place)
        python_part(place)
        around_part(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())

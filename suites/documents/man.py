"""Every function has its manual page, and man reads each page without a warning.

usage: man.py SOURCE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(sys.argv[1])


def man_db():
    """Returns whether man is man-db's: others lack --warnings, and minimal images have a stub that
    prints a notice."""
    return bool(shutil.which("man")) and "man 2" in subprocess.run(["man", "--version"], capture_output=True,
                                                                   text=True).stdout


MAN = man_db()


def generate(directory):
    subprocess.run([sys.executable, os.path.join(SOURCE, "scripts", "man.py"),
                    os.path.join(SOURCE, "include", "tftpserver.h"), directory], check=True)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def complaints(place, name):
    """Returns the warnings of man and mandoc about one page."""
    said = []
    if MAN:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", name], cwd=place,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        said += done.stderr.splitlines() or ([f"man ends with {done.returncode}"] if done.returncode else [])
    if shutil.which("mandoc") and not read(os.path.join(place, name)).startswith(".so "):  # which it warns of
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", name], cwd=place, capture_output=True, text=True,
                              timeout=60)
        said += done.stdout.splitlines()
    return said


def rendered(place, name):
    done = subprocess.run(["man", "-E", "UTF-8", "-l", name], cwd=place, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "200"}, timeout=60)
    return re.sub(".\b", "", done.stdout)


def content(place, names):
    """Checks that the pages have the header's content: each constant, each parameter of one
    function, code verbatim."""
    everything = "".join(read(os.path.join(place, "man3", name + ".3")) for name in names)
    header = read(os.path.join(SOURCE, "include", "tftpserver.h"))
    wrong = [f"{name} is on no page" for name in re.findall(
        r"#define (TFTPSERVER_(?:EVENT|PROPERTY|ERROR|DIRECTION|OPERATION)_\w+) \d", header) if name not in everything]
    shown = {
        "tftpserver_set_bytes": ("const void *data, size_t length);", "property_id", "As tftpserver_set(3).",
                                 "May be NULL if length is 0."),
        "tftpserver": ('fprintf(stderr, "%s\\n", tftpserver_get_last_error(server));', "QUICK START",
                       "NULL, a closed handle", "tftpserver_do_interrupt(3)"),
    }
    for name, parts in shown.items() if MAN else ():
        text = rendered(place, os.path.join("man3", name + ".3"))
        wrong += [f"{name} shows no {part!r}" for part in parts if part not in text]
    return wrong


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as place:
        pages = os.path.join(place, "man3")
        generate(pages)
        names = sorted(name[:-2] for name in os.listdir(pages))
        functions = [line for line in read(os.path.join(SOURCE, "c-tests", "exports.txt")).split("\n")
                     if line and not line.startswith("#")]
        wrong += [f"{name} has no page" for name in functions if name not in names]
        wrong += [f"{name} is a page, but no function" for name in names if name not in functions and name not in
                  ("tftpserver", "tftpserver_callback", "tftpserver_event", "tftpserver_events",
                   "tftpserver_properties", "tftpserver_settings", "tftpserver_errors")]
        for name in names:
            text = read(os.path.join(pages, name + ".3"))
            wrong += [f"{name}: {line}" for line in complaints(place, os.path.join("man3", name + ".3"))]
            if name in functions:
                wrong += [f"{name} has no {part}" for part in ("NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUE", "NOTES",
                                                               "SEE ALSO") if f"\n.SH {part}\n" not in text]
            wrong += [f"{name} leads to {other}(3), which is not there"
                      for other in re.findall(r"^\.BR (\w+) \(3\)", text, flags=re.M) if other not in names]
        wrong += content(place, names)
        # The same header makes the same pages.
        again = os.path.join(place, "again")
        generate(again)
        wrong += [f"{name} is another one the second time" for name in names
                  if read(os.path.join(again, name + ".3")) != read(os.path.join(pages, name + ".3"))]
    for line in wrong:
        print(f"FAILED: {line}")
    if not MAN:
        print("NOT RUN: man-db is not installed")
    print(f"{len(names)} pages")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

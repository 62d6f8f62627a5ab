"""Every row of the tables in docs/porting-from-ipworks.md names a test, and that test exists and is run.

usage: porting.py SOURCE
"""
import os
import re
import sys

SOURCE = os.path.abspath(sys.argv[1])
# How a test of each kind is defined; a C test, moreover, is run by name.
KINDS = {
    ".c": r"^static void {0}\(void\)(?=[\s\S]*RUN\({0}\))",
    ".rs": r"#\[test\](?:\s*#\[[^\]]*\])*\s*(?:async )?fn {0}\(",
    ".py": r"^\s*def {0}\(",
    ".json": r'"name": "{0}"',
    ".php": r"public function {0}\(",
    ".cpp": r"^void {0}\(\)(?=[\s\S]*\b{0}\b)",
}


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding="utf-8") as file:
        return file.read()


def exists(path, name):
    if not os.path.exists(os.path.join(SOURCE, path)):
        return False
    pattern = KINDS[os.path.splitext(path)[1]].format(re.escape(name))
    return re.search(pattern, read(path), flags=re.M) is not None


def rows(text):
    """The rows of the tables whose last column says where they are shown."""
    table = False
    for line in text.splitlines():
        if not line.startswith("|"):
            table = False
        elif line.startswith("| The specification |"):
            table = True
        elif table and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def main():
    text, wrong, count, absent = read("docs", "porting-from-ipworks.md"), [], 0, set()
    for row in rows(text):
        count += 1
        match = re.fullmatch(r"`([\w./-]+): (\w+)`", row[-1])
        if len(row) != 3 or not match:
            wrong.append(f"this row is not what, what and a test: {row}")
        elif (binding := re.match(r"bindings/\w+/", match[1])) and not os.path.isdir(os.path.join(SOURCE, binding[0])):
            absent.add(binding[0])
        elif not exists(*match.groups()):
            wrong.append(f"{match[1]} has no test {match[2]}")
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not link.startswith("http") and not os.path.exists(os.path.join(SOURCE, "docs", link)):
            wrong.append(f"the page leads to {link}, which is not there")
    if count < 50:
        wrong.append(f"only {count} rows were understood")
    if exists("c-tests/test_methods.c", "no_such_test") or not exists("c-tests/test_methods.c", "reset"):
        wrong.append("this check cannot tell a test that exists from one that does not")
    for line in wrong:
        print(f"FAILED: {line}")
    for name in sorted(absent):
        print(f"NOT RUN: the rows of {name}, which this tree does not have")
    print(f"{count} rows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Counts words that hide the subject of a sentence, for each 1000 lines of comment or of a
document's text, and finds lines of documents that are too long.

usage: prose.py [--list] [DIRECTORY...]     --list shows each place; without DIRECTORY the whole project

CONTRIBUTING.md, "Prose", gives the reasons. Ends with 1 if a limit is exceeded in a directory that
FINISHED names, or if a line of a document is too long.
"""
import re
import subprocess
import sys

# The counted patterns, and the limit of each per 1000 lines of comment.
LIMITS = {
    "told": (re.compile(r"\b(?:told|tells?|said|says?|asked)\b", re.IGNORECASE), 5),
    "What ...": (re.compile(r"^\W*What\b(?!.*\?)"), 2),
    "nobody": (re.compile(r"\b(?:nobody|somebody)\b", re.IGNORECASE), 2),
}
# Directories to which the limits apply; the others are only counted.
FINISHED = ("*.md", ".github", "api", "benches", "bindings", "c-tests", "docs", "docs/reference", "docs/site",
            "docs/tests.md", "examples", "fuzz", "include", "scripts", "src/class", "src/ffi", "suites", "tests",
            "crates/tftp-budget", "crates/tftp-codepage", "crates/tftp-files", "crates/tftp-machine",
            "crates/tftp-proto", "crates/tftp-serve", "crates/tftp-sim", "crates/tftp-sync",
            "crates/tftp-udp", "crates/tftpserver-cli")
COMMENT = {
    "rs": re.compile(r"^\s*//[/!]?\s?(.*)|\s//\s(.*)"),
    "c": re.compile(r"^\s*(?:/?\*+|//)\s?(.*)|\s//\s(.*)|/\*\s(.*)\*/"),
    "py": re.compile(r"^\s*#(?!!)\s?(.*)|^\s*\"\"\"(.*)"),
}
# The longest line of a document. Tables and code are as wide as they need to be, and so is one long
# word.
COLUMNS = 100
UNBREAKABLE = re.compile(r"^\s*(?:[-*+]|\d+[.)]|>)*\s*(?:\S+|`[^`]+`\S*)$|^<!--")
FENCE = re.compile(r"^\s*(?:```|~~~)")
KINDS = {"rs": "rs", "c": "c", "h": "c", "hpp": "c", "cpp": "c", "php": "c", "py": "py", "sh": "py"}


def prose(name):
    """Yields the lines of prose in a file, as (number, text). Code between backquotes is removed
    from the text."""
    lines = document(name) if name.endswith(".md") else comments(name)
    for number, text in lines:
        yield number, re.sub(r"`[^`]*`", "`", text)


def document(name):
    """Yields the lines of a Markdown file that are neither empty nor code nor headings."""
    inside = False
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if FENCE.match(line):
                inside = not inside
            elif line.strip() and not inside and not line.startswith("#"):
                yield number, line


def too_long(name):
    """Yields the number of each line of a Markdown file that is too long."""
    for number, line in document(name):
        line = line.rstrip("\n")
        if len(line) > COLUMNS and not line.lstrip().startswith("|") and not UNBREAKABLE.match(line):
            yield number


def comments(name):
    """Yields the lines of comment in a file of code."""
    pattern = COMMENT.get(KINDS.get(name.rsplit(".", 1)[-1], ""))
    if pattern is None:
        return
    with open(name, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            found = pattern.search(line)
            if found:
                yield number, next((group for group in found.groups() if group), "")


def directory(name):
    parts = name.split("/")
    if len(parts) == 1 and name.endswith(".md"):
        return "*.md"
    if name == "docs/tests.md":  # made from api/behaviours.toml
        return name
    return "/".join(parts[:2]) if parts[0] in ("crates", "src", "docs") and len(parts) > 2 else parts[0]


def main():
    arguments = [one for one in sys.argv[1:] if one != "--list"]
    listing = "--list" in sys.argv
    names = subprocess.run(["git", "ls-files", "--", *arguments], check=True, capture_output=True, text=True).stdout.split("\n")
    counts = {}
    exceeded = False
    for name in filter(None, names):
        for number in too_long(name) if name.endswith(".md") else ():
            print(f"{name}:{number}: longer than {COLUMNS} columns")
            exceeded = True
        for number, text in prose(name):
            count = counts.setdefault(directory(name), dict.fromkeys(["lines", *LIMITS], 0))
            count["lines"] += 1
            for word, (pattern, _) in LIMITS.items():
                hits = len(pattern.findall(text))
                count[word] += hits
                if hits and listing:
                    print(f"{name}:{number}: {text.strip()}")
    print(f"{'':26}{'lines':>7}" + "".join(f"{word:>12}" for word in LIMITS) + "   each 1000 lines")
    for place, count in sorted(counts.items()):
        rates = [count[word] * 1000 / count["lines"] for word in LIMITS]
        wrong = place in FINISHED and any(rate > limit for rate, (_, limit) in zip(rates, LIMITS.values()))
        exceeded = exceeded or wrong
        print(f"{place:26}{count['lines']:7}" + "".join(f"{rate:12.1f}" for rate in rates) + ("   too many" if wrong else ""))
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Counts words that hide the subject of a sentence, for each 1000 lines of comment.

usage: prose.py [--list] [DIRECTORY...]     --list shows each place; without DIRECTORY the whole project

CONTRIBUTING.md, "Prose", says why. Ends with 1 where a limit is exceeded in a directory that FINISHED names.
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
FINISHED = ("benches", "c-tests", "suites", "crates/tftp-budget", "crates/tftp-codepage", "crates/tftp-files", "crates/tftp-machine",
            "crates/tftp-proto", "crates/tftp-serve", "crates/tftp-sync", "crates/tftp-udp", "crates/tftpserver-cli")
COMMENT = {
    "rs": re.compile(r"^\s*//[/!]?\s?(.*)|\s//\s(.*)"),
    "c": re.compile(r"^\s*(?:/?\*+|//)\s?(.*)|\s//\s(.*)|/\*\s(.*)\*/"),
    "py": re.compile(r"^\s*#(?!!)\s?(.*)|^\s*\"\"\"(.*)"),
}
KINDS = {"rs": "rs", "c": "c", "h": "c", "hpp": "c", "cpp": "c", "php": "c", "py": "py", "sh": "py"}


def comments(name):
    """Yields the lines of comment in a file, as (number, text). Code between backquotes is removed from the text."""
    pattern = COMMENT.get(KINDS.get(name.rsplit(".", 1)[-1], ""))
    if pattern is None:
        return
    with open(name, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            found = pattern.search(line)
            if found:
                text = next((group for group in found.groups() if group), "")
                yield number, re.sub(r"`[^`]*`", "`", text)


def directory(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] in ("crates", "src") and len(parts) > 2 else parts[0]


def main():
    arguments = [one for one in sys.argv[1:] if one != "--list"]
    listing = "--list" in sys.argv
    names = subprocess.run(["git", "ls-files", "--", *arguments], check=True, capture_output=True, text=True).stdout.split("\n")
    counts = {}
    for name in filter(None, names):
        for number, text in comments(name):
            count = counts.setdefault(directory(name), dict.fromkeys(["lines", *LIMITS], 0))
            count["lines"] += 1
            for word, (pattern, _) in LIMITS.items():
                hits = len(pattern.findall(text))
                count[word] += hits
                if hits and listing:
                    print(f"{name}:{number}: {text.strip()}")
    exceeded = False
    print(f"{'':26}{'lines':>7}" + "".join(f"{word:>12}" for word in LIMITS) + "   each 1000 lines of comment")
    for place, count in sorted(counts.items()):
        rates = [count[word] * 1000 / count["lines"] for word in LIMITS]
        wrong = place in FINISHED and any(rate > limit for rate, (_, limit) in zip(rates, LIMITS.values()))
        exceeded = exceeded or wrong
        print(f"{place:26}{count['lines']:7}" + "".join(f"{rate:12.1f}" for rate in rates) + ("   too many" if wrong else ""))
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main())

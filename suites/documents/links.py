"""Every link between the documents leads to a file that exists, and to a heading that it has, and
every example that they run is there. Each of the frequent questions has an answer of a few lines
and a link to the rest, and both front pages lead to them within their first screen.

usage: links.py SOURCE
"""
import os
import re
import subprocess
import sys

SOURCE = os.path.abspath(sys.argv[1])
FENCE = re.compile(r"^(```|~~~).*?^\1$", re.S | re.M)


def text_of(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return FENCE.sub("", file.read())


def anchors(name):
    """Returns the anchors that GitHub and the site give to the headings of a page."""
    found = set(re.findall(r'<a (?:id|name)="([^"]*)"', text_of(name)))
    for heading in re.findall(r"^#{1,6} +(.*?) *$", text_of(name), flags=re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        while slug in found:
            slug += "-1"
        found.add(slug)
    return found


def examples():
    """Yields the mistakes in commands `cargo run ... --example NAME`, which only work with the
    package that has the example."""
    listed = subprocess.run(["git", "grep", "-hoE", r"cargo run [^`]*--example [a-z_]+", "--", "*.md", "*.rs"], cwd=SOURCE,
                            capture_output=True, text=True, check=False).stdout
    for command in listed.splitlines():
        package = re.search(r"(?:-p|--package) (\S+)", command)
        name = command.rsplit(" ", 1)[1]
        if not package or not os.path.exists(os.path.join(SOURCE, "crates", package[1], "examples", name + ".rs")):
            yield f"{command}: there is no such example, or its package is not named"


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=SOURCE, check=True,
                            capture_output=True, text=True).stdout
    names = [name for name in listed.split("\n") if name and os.path.exists(os.path.join(SOURCE, name))]
    wrong, count = list(examples()), 0
    for name in names:
        plain = re.sub(r"`[^`\n]*`", "`", text_of(name))
        for target in re.findall(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: +(\S+)", plain, flags=re.M):
            target = next(filter(None, target))
            if re.match(r"[a-z]+:", target):
                continue
            count += 1
            path, _, anchor = target.partition("#")
            there = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if not os.path.exists(os.path.join(SOURCE, there)):
                wrong.append(f"{name}: {target}: there is no such file")
            elif anchor and there.endswith(".md") and anchor not in anchors(there):
                wrong.append(f"{name}: {target}: there is no such heading")
    questions = re.split(r"^## ", text_of("docs/questions.md"), flags=re.M)[1:]
    for question in questions:
        title, _, answer = question.partition("\n")
        if not 100 < len(answer) < 900 or not re.search(r"^More: \[", answer, flags=re.M):
            wrong.append(f"docs/questions.md: {title}: an answer of a few lines and a link to the rest are wanted")
    for name in ("README.md", "docs/site/index.md"):
        if "questions.md)" not in "\n".join(text_of(name).split("\n")[:40]):
            wrong.append(f"{name}: its first screen has no link to the frequent questions")
    for line in wrong:
        print(f"FAILED: {line}")
    print(f"{count} links in {len(names)} pages, {len(questions)} questions")
    return 1 if wrong or len(questions) < 10 or count < 100 else 0


if __name__ == "__main__":
    sys.exit(main())

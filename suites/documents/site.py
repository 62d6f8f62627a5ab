"""Every link inside the rendered site leads to a page that is there, and to an anchor that it has.

usage: site.py SITE        (SITE: build/site, made by scripts/site.sh)
"""
import html
import os
import re
import sys
import urllib.parse

SITE = os.path.abspath(sys.argv[1])
LINK = re.compile(r'<(?:a|img|link|script)\b[^>]*?\b(?:href|src)="([^"]+)"')
ANCHOR = re.compile(r'\b(?:id|name)="([^"]+)"')


def pages():
    for place, folders, names in os.walk(SITE):
        folders[:] = [name for name in folders if name not in ("_static", "rust")]  # Sphinx's and rustdoc's own
        for name in names:
            if name.endswith(".html"):
                path = os.path.join(place, name)
                with open(path, encoding="utf-8") as file:
                    yield path, file.read()


def main():
    texts = dict(pages())
    anchors = {path: set(ANCHOR.findall(text)) for path, text in texts.items()}
    rust = os.path.join(SITE, "rust")
    count, wrong = 0, set()
    for path, text in texts.items():
        for link in map(html.unescape, LINK.findall(text)):
            if re.match(r"[a-z]+:|//", link):
                continue
            count += 1
            target, _, anchor = link.partition("#")
            target = urllib.parse.unquote(target.split("?")[0])
            there = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if there.startswith(rust) and not os.path.exists(rust):
                continue  # scripts/site.sh --check leaves rustdoc out
            if not os.path.exists(there) or (anchor and there in anchors and urllib.parse.unquote(anchor) not in anchors[there]):
                wrong.add(f"{os.path.relpath(path, SITE)}: {link}")
    for line in sorted(wrong):
        print(f"FAILED: {line}")
    print(f"{count} links in {len(texts)} pages of the site")
    return 1 if wrong or count < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())

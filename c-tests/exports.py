"""Checks that the library exports exactly the functions of the header, which are those of the
committed list.

usage: exports.py LIBRARY HEADER LIST SONAME
"""
import re
import subprocess
import sys

library, header, listed, soname = sys.argv[1:]

exported = set()
for line in subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True,
                           text=True).stdout.splitlines():
    exported.add(line.split()[-1].split("@")[0])

text = re.sub(r"/\*.*?\*/", "", open(header, encoding="utf-8").read(), flags=re.S)
text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
declared = set(re.findall(r"\b(tftpserver_\w+)\s*\([^)]*\)\s*;", text)) - {"tftpserver_callback"}

with open(listed, encoding="utf-8") as file:
    names = [line.strip() for line in file if line.strip() and not line.startswith("#")]

bad = 0
for what, have in (("exported", exported), ("declared", declared)):
    for name in sorted(have - set(names)):
        print(f"{name} is {what}, but not listed")
        bad += 1
    for name in names:
        if name not in have:
            print(f"{name} is listed, but not {what}")
            bad += 1

dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
if f"[{soname}]" not in dynamic:
    print(f"the SONAME is not {soname}")
    bad += 1
print(f"{len(names)} functions, {bad} differences")
sys.exit(1 if bad else 0)

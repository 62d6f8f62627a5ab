"""Puts many changes of Rust functions into one source tree, so that one build serves for all of
them.

A function with changes becomes a `match` over their numbers, each arm a copy of its body with one
change. A program built of the tree makes the change whose number is in TFTP_MUTANT, and none where
that is not set.
"""
import json
import re
import sys
from collections import defaultdict

SWITCH = '''
#[doc(hidden)]
#[inline]
pub fn mutant__() -> u32 {
    static NUMBER: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *NUMBER.get_or_init(|| std::env::var("TFTP_MUTANT").ok().and_then(|it| it.parse().ok()).unwrap_or(0))
}
'''
# Parts of the source whose braces do not count: comments, raw and plain strings, characters (a
# lifetime is none).
PASSED_OVER = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | \bb?r(\#*)".*?"\1 | b?"(?:\\.|[^"\\])*" | b?'(?:\\[^']*|[^\\'])'""", re.X | re.S
)


def body_of(function):
    """Returns the offset of the brace that opens the body of this function, whose last character
    closes it."""
    open_braces, at = [], 0
    while at < len(function):
        passed = PASSED_OVER.match(function, at)
        if passed:
            at = passed.end()
            continue
        if function[at] == "{":
            open_braces.append(at)
        elif function[at] == "}":
            opened = open_braces.pop()
            if at == len(function) - 1:
                return opened
        at += 1
    raise ValueError(f"no body: {function[:80]}")


def can_be_woven(mutant, source, offset):
    """Returns whether the mutant is in a function whose body can be chosen at run time: not const,
    and of one type."""
    function = mutant.get("function")
    if not function:
        return False
    start, end = offset(function["span"]["start"]), offset(function["span"]["end"])
    head = source[start : start + body_of(source[start:end])]
    head = re.sub(r"(?m)^\s*(//.*|#\[.*)$", "", head)
    return not re.search(r"\bconst\s+fn\b", head) and "-> impl" not in head


class Weaver:
    """The mutants of some packages, as `cargo mutants --list --json` lists them, woven into `tree`,
    a copy of `root`."""

    def __init__(self, root, tree, packages, mutants):
        self.root, self.tree, self.packages = root, tree, packages
        self.unviable = set()
        self.apart = []
        self.woven = []
        self.functions = defaultdict(lambda: defaultdict(list))
        for number, mutant in enumerate(mutants, 1):
            mutant["number"] = number
            source, offset = self.source(mutant["file"])
            if can_be_woven(mutant, source, offset):
                span = mutant["function"]["span"]
                self.woven.append(mutant)
                self.functions[mutant["file"]][offset(span["start"]), offset(span["end"])].append(mutant)
            else:
                self.apart.append(mutant)

    def source(self, name):
        """Returns the text of a file, and a function from line and column to an offset in it."""
        source = (self.root / name).read_text()
        starts = [0]
        for line in source.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return source, lambda place: starts[place["line"] - 1] + place["column"] - 1

    def text(self, name):
        """Returns a file with all its changes except those that do not compile."""
        source, offset = self.source(name)
        parts, at = [], 0
        for (start, end), mutants in sorted(self.functions[name].items()):
            body = start + body_of(source[start:end])
            parts += [source[at:body], "{ match crate::mutant__() {"]
            for mutant in mutants:
                if mutant["number"] not in self.unviable:
                    first, last = (offset(mutant["span"][edge]) for edge in ("start", "end"))
                    changed = source[body:first] + mutant["replacement"] + source[last:end]
                    parts.append(f"\n/*{mutant['number']}*/ {mutant['number']}u32 => {changed}\n/*0*/")
            parts.append(f"\n_ => {source[body:end]} }} }}")
            at = end
        return "".join(parts) + source[at:]

    def write(self):
        """Writes the tree. Returns for each file the change that each of its lines belongs to."""
        owners = {}
        libraries = [f"crates/{package}/src/lib.rs" for package in self.packages]
        for name in sorted({*self.functions, *libraries}):
            text = self.text(name)
            if name in libraries:
                text = re.sub(r"#!\[(cfg_attr\([^\]]*)?\bno_std\b\)?\]", "", text) + SWITCH
            (self.tree / name).write_text(text)
            owner, owners[name] = 0, [0]
            for line in text.split("\n"):
                marked = re.match(r"/\*(\d+)\*/", line)
                owner = int(marked[1]) if marked else owner
                owners[name].append(owner)
        return owners

    def weave(self, check):
        """Weaves the changes, leaving out those that do not compile. `check` builds the tree and
        returns JSON lines."""
        while True:
            owners = self.write()
            built = check()
            errors = set()
            for line in built.stdout.splitlines():
                message = json.loads(line).get("message", {}) if line.startswith("{") else {}
                if isinstance(message, dict) and message.get("level") == "error":
                    spans = (it for it in message["spans"] if it["is_primary"] and it["file_name"] in owners)
                    errors |= {owners[span["file_name"]][span["line_start"]] for span in spans}
            if built.returncode == 0:
                return
            errors.discard(0)
            if not errors:
                sys.exit(f"does not compile, for none of the changes:\n{built.stderr}")
            self.unviable |= errors

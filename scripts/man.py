#!/usr/bin/env python3
"""Writes the manual pages, section 3, from include/tftpserver.h: one for each function, and the
overviews.

usage: man.py HEADER DIRECTORY

The pages are made when the library is built and are not committed, because the header is the
manual. Their date is SOURCE_DATE_EPOCH or, without it, the header's own.
"""
import os
import re
import sys
import time

OVERVIEWS = {
    "tftpserver": "an embeddable TFTP server",
    "tftpserver_events": "the events of a TFTP server and their callbacks",
    "tftpserver_properties": "the properties of a TFTP server",
    "tftpserver_settings": "the settings of a TFTP server",
    "tftpserver_errors": "the error numbers of a TFTP server",
}
ALIASES = {"tftpserver_callback": "tftpserver_events", "tftpserver_event": "tftpserver_events"}
# Functions that are read about together.
FAMILIES = [
    ["open", "close"],
    ["get", "set", "get_int", "set_int", "get_bytes", "set_bytes"],
    ["get_last_error", "get_last_error_code", "strerror"],
    ["register_callback", "do_doevents", "do_interrupt", "get_event_fd", "get_event_handle"],
    ["do_startlistening", "do_stoplistening", "do_shutdown", "do_disconnect", "do_reset"],
]


# ---- the header, taken apart ----

def strip_stars(comment):
    lines = [re.sub(r"^ ?\* ?", "", line.rstrip()) for line in comment.splitlines()]
    return "\n".join(lines).strip("\n")


class Function:
    def __init__(self, comment, declaration):
        self.declaration = re.sub(r"\s+", " ", declaration).replace("( ", "(").strip()
        self.name = re.search(r"(\w+)\(", self.declaration)[1]
        paragraphs = re.split(r"\n\s*\n", comment)
        tags = [p for p in paragraphs if p.lstrip().startswith("@")]
        notes = [p for p in paragraphs if re.match(r"(Memory|Threads): ", p)]
        self.text = [join(p) for p in paragraphs if p not in tags and p not in notes]
        self.params, self.returns = [], ""
        for tag in re.findall(r"@(param|return)\s+((?:(?!^@).*\n?)+)", "\n".join(tags), flags=re.M):
            if tag[0] == "param":
                name, about = tag[1].split(None, 1)
                self.params.append((name, join(about)))
            else:
                self.returns = join(tag[1])
        self.notes = re.findall(r"(Memory|Threads): (.*?)(?= (?:Memory|Threads): |$)", join(" ".join(notes)))


class Header:
    def __init__(self, text):
        self.version = re.search(r'TFTPSERVER_VERSION_STRING "([^"]+)"', text)[1]
        self.head = strip_stars(re.match(r"/\*\n(.*?)\n \*/", text, flags=re.S)[1])
        self.functions = [Function(strip_stars(comment), declaration) for comment, declaration in re.findall(
            r"/\*\*\n((?:(?!\*/).)*)\n \*/\nTFTPSERVER_API\s+([^;{}]*?);", text, flags=re.S)]
        self.names = {function.name for function in self.functions}
        self.constants = [(name, int(value), strip_stars(comment)) for comment, name, value in re.findall(
            r"/\*\*\n((?:(?!\*/).)*)\n \*/\n#define (TFTPSERVER_\w+) (\d+)$", text, flags=re.S | re.M)]
        self.errors = [row for row in self.constants if row[0].startswith("TFTPSERVER_ERROR_")]
        self.structs = {name: (strip_stars(comment), self.fields(body)) for comment, body, name in re.findall(
            r"/\*\*\n((?:(?!\*/).)*)\n \*/\ntypedef struct \w+ \{\n(.*?)\n\} (\w+);", text, flags=re.S)}
        found = re.search(r"/\*\*\n((?:(?!\*/).)*)\n \*/\n(typedef int32_t \(\*tftpserver_callback\)[^;]*;)", text,
                          flags=re.S)
        self.callback = strip_stars(found[1]), re.sub(r"\s+", " ", found[2])

    @staticmethod
    def fields(body):
        rows = re.findall(r"/\*\*\n(.*?)\n\s*\*/\n\s*([^;]+);", body, flags=re.S)
        return [(declaration, join(re.sub(r"^\s*\* ?", "", about, flags=re.M))) for about, declaration in rows]

    def sections(self):
        """The head comment: (title, text) for each; the title is "" for what comes before the
        first."""
        parts = re.split(r"\n\n([A-Z][A-Z ]{3,}(?:, .*)?)\n\n", self.head)
        return list(zip([""] + parts[1::2], parts[0::2]))

    def constant(self, number, prefix):
        return next((name for name, value, _ in self.constants if value == number and name.startswith(prefix)), None)


def join(text):
    return " ".join(text.split())


# ---- roff ----

def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    return text.replace("'", "\\(aq").replace("`", "\\(ga")


def guard(line):
    return "\\&" + line if line.startswith(".") else line


class Page:
    def __init__(self, header, name, about, date):
        self.header, self.name = header, name
        self.lines = ['.\\" Made from tftpserver.h by scripts/man.py: change that.',
                      f'.TH {name} 3 {date} "libtftpserver {header.version}" "Library Functions Manual"']
        self.section("NAME")
        also = "".join(f", {alias}" for alias, page in ALIASES.items() if page == name)
        self.lines.append(f"{name}{also} \\- {escape(about)}")
        self.section("LIBRARY")
        self.lines.append("An embeddable TFTP server (libtftpserver, \\-ltftpserver)")

    def section(self, title):
        self.lines.append(f".SH {title}")

    def inline(self, text):
        """Running text: functions in bold with their section, what stands in back-ticks in bold."""
        text = re.sub(r"`(\w+)`", "\x01\\1\x02", text)
        text = re.sub(r"(?<![\w\x01])(tftpserver_\w+)", "\x01\\1\x02", text)

        def bold(match):
            name = match[1]
            if name == self.name:
                return f"\\fB{name}\\fP()"
            known = name in self.header.names or name in OVERVIEWS or name in ALIASES
            return f"\\fB{name}\\fP(3)" if known else f"\\fB{escape(name)}\\fP"

        return guard(re.sub("\x01(\\w+)\x02", bold, escape(text)))

    def begin(self):
        """A new paragraph, where a heading has not begun one."""
        if not self.lines[-1].startswith((".SH", ".SS")):
            self.lines.append(".PP")

    def paragraph(self, text):
        self.begin()
        self.lines.append(self.inline(join(text)))

    def tagged(self, tag, *texts):
        self.lines += [".TP", tag]
        for number, text in enumerate(texts):
            if number:
                self.lines.append(".br")
            self.lines.append(self.inline(text))

    def verbatim(self, text):
        self.begin()
        self.lines += [".RS 4", ".nf"]
        self.lines += [guard(escape(line)) for line in text.splitlines()]
        self.lines += [".fi", ".RE"]

    def prose(self, text):
        """The header's own small markup: paragraphs, lists (" 1. "), and indented lines that stay
        as they are."""
        blocks = []
        for block in re.split(r"\n\s*\n", text.strip("\n")):
            if blocks and block.startswith("    ") and blocks[-1].startswith("    "):
                blocks[-1] += "\n\n" + block
            else:
                blocks.append(block)
        for block in blocks:
            if block.startswith("    "):
                self.verbatim(re.sub(r"^    ", "", block, flags=re.M))
            elif re.match(r" *\d\. ", block):
                for number, item in re.findall(r"^ *(\d\.) ((?:(?! *\d\. ).*\n?)+)", block, flags=re.M):
                    self.tagged(number, join(item))
            else:
                self.paragraph(block)

    def see_also(self, names):
        self.section("SEE ALSO")
        names = [name for name in names if name != self.name]
        for position, name in enumerate(names):
            self.lines.append(f".BR {name} (3)" + ("," if position + 1 < len(names) else ""))

    def text(self):
        return "\n".join(self.lines) + "\n"


def synopsis(page, declaration):
    page.section("SYNOPSIS")
    page.lines += [".nf", ".B #include <tftpserver.h>", ".PP"]
    before, rest = declaration.split("(", 1)
    lines = [before + "("]
    for parameter in rest.rsplit(")", 1)[0].split(", "):
        if len(lines[-1]) + len(parameter) > 72:
            lines.append("    ")
        lines[-1] += parameter + ", "
    lines[-1] = lines[-1][:-2] + ");"
    page.lines += [f"\\fB{escape(line.rstrip())}\\fP" for line in lines] + [".fi"]


def function_page(header, function, date):
    about = function.text[0].split(". ")[0].rstrip(".")
    page = Page(header, function.name, summary(about), date)
    synopsis(page, function.declaration)
    page.section("DESCRIPTION")
    for text in function.text:
        page.paragraph(text)
    if function.params:
        page.section("PARAMETERS")
        for name, about in function.params:
            page.tagged(f".I {name}", about)
    page.section("RETURN VALUE")
    # "...: 901 not a handle; 902 ..." becomes a list of its own.
    head, listed, tail = function.returns.partition("901 not a handle")
    head = head.strip().rstrip(";:") + "." if listed else head
    page.paragraph("0, or an error number." if head == "0." else head)
    if listed:
        errors(page, listed + tail)
    if function.notes:
        page.section("NOTES")
        for kind, text in function.notes:
            page.tagged(f".B {kind}", text[0].upper() + text[1:])
    family = [f"tftpserver_{name}" for row in FAMILIES for name in row if function.name[11:] in row]
    page.see_also(sorted({*family, *OVERVIEWS}))
    return page.text()


def errors(page, text):
    page.section("ERRORS")
    text, _, rest = text.partition(". ")
    for item in text.rstrip(".").split("; "):
        match = re.match(r"(\d+(?:, \d+)*) (.*)", item)
        if match:
            macro = ".TP"
            for number in match[1].split(", "):
                name = page.header.constant(int(number), "TFTPSERVER_ERROR_")
                page.lines += [macro, f'.BR {number} " ({name})"']
                macro = ".TQ"
            page.lines.append(page.inline(match[2][0].upper() + match[2][1:] + "."))
        else:
            page.tagged(".B others", item[0].upper() + item[1:] + ".")
    if rest:
        page.paragraph(rest)


def summary(text):
    """The line that apropos shows: short, and without what roff or apropos would stumble over."""
    text = re.split(r": |; |, without|, by |, and ", re.sub(r"[`\"]", "", text))[0]
    return text[0].lower() + text[1:] if not re.match(r"[A-Z]{2}|Boolean|Shutdown", text) else text


def overview_page(header, date):
    page = Page(header, "tftpserver", OVERVIEWS["tftpserver"], date)
    page.section("DESCRIPTION")
    for title, text in header.sections():
        title = title.split(",")[0]
        if title in ("PROPERTIES", "SETTINGS"):
            page.section(title)
            page.paragraph(f"They are listed in `tftpserver_{title.lower()}`.")
            continue
        if title:
            page.section(title)
        page.prose(re.sub(r"^libtftpserver: ", "libtftpserver is ", text) if not title else text)
    page.section("FUNCTIONS")
    for function in header.functions:
        page.tagged(f".BR {function.name} (3)", function.text[0].split(". ")[0].rstrip(".") + ".")
    page.see_also(sorted(OVERVIEWS))
    return page.text()


def event_page(header, date):
    page = Page(header, "tftpserver_events", OVERVIEWS["tftpserver_events"], date)
    about, declaration = header.callback
    synopsis(page, declaration)
    page.section("DESCRIPTION")
    page.prose(next(text for title, text in header.sections() if title == "EVENTS"))
    page.section("THE CALLBACK")
    page.prose(about)
    page.section("THE EVENT")
    text, fields = header.structs["tftpserver_event"]
    page.prose(text)
    for declaration, about in fields:
        page.tagged(f".B {escape(declaration)}", about)
    page.section("EVENTS")
    for name, value, _ in header.constants:
        if not name.startswith("TFTPSERVER_EVENT_"):
            continue
        member = name[len("TFTPSERVER_EVENT_"):].lower()
        text, fields = header.structs[f"tftpserver_{member}_event"]
        page.lines += [f'.SS "{name} ({value})"', f"Member \\fBdata.{member}\\fP, a struct "
                       f"\\fBtftpserver_{member}_event\\fP."]
        page.prose(text)
        for declaration, about in fields:
            page.tagged(f".B {escape(declaration)}", about)
    page.see_also(["tftpserver", "tftpserver_do_doevents", "tftpserver_get_event_fd", "tftpserver_register_callback"])
    return page.text()


def table_page(header, title, date):
    """PROPERTIES or SETTINGS: a heading, rows of two lines each, and what follows them."""
    page = Page(header, f"tftpserver_{title.lower()}", OVERVIEWS[f"tftpserver_{title.lower()}"], date)
    page.section("DESCRIPTION")
    text = next(text for name, text in header.sections() if name.split(",")[0] == title)
    row = re.compile(r"^ +(\d* +\S.*?\S)\n {8}(\S.*)$", flags=re.M)
    table = re.search(r"^ +(?:id +)?(?:property|setting) .*\n", text, flags=re.M)
    rest = text[table.end():]
    columns = {name: table[0].index(name) for name in ("type, range", "default", "changes")}
    listed, last = [], 0
    for match in row.finditer(rest):
        line, last = match[0].split("\n")[0], match.end()
        cut = [columns["type, range"], columns["default"], columns["changes"], None]
        cells = [line[:cut[0]].strip()] + [line[a:b].strip() for a, b in zip(cut, cut[1:])]
        listed.append((cells, match[2]))
    if text[:table.start()].strip():
        page.prose(text[:table.start()])
    page.prose(rest[last:])
    page.section(title)
    for (name, kind, default, changes), about in listed:
        number, name = name.split(None, 1) if name[0].isdigit() else (None, name)
        constant = header.constant(int(number), "TFTPSERVER_PROPERTY_") if number else None
        tag = f".BR {escape(name.split()[0])}" + (f' " ({constant}, {number})"' if constant else "")
        details = [kind + (", indexed by connection" if "(i)" in name else "")]
        details += [f"default {default}"] if default else []
        page.tagged(tag, about, "; ".join(details + [f"changes: {changes}"]) + ".")
    page.see_also(["tftpserver", "tftpserver_do_config", "tftpserver_get", "tftpserver_set"])
    return page.text(), len(listed)


def error_page(header, date):
    page = Page(header, "tftpserver_errors", OVERVIEWS["tftpserver_errors"], date)
    page.section("DESCRIPTION")
    page.prose(next(text for title, text in header.sections() if title == "ERRORS"))
    page.section("ERRORS")
    for name, value, about in sorted(header.errors, key=lambda row: row[1]):
        page.tagged(f'.BR {value} " ({name})"', join(about))
    page.see_also(["tftpserver", "tftpserver_get_last_error", "tftpserver_strerror"])
    return page.text()


def pages(header, date):
    made = {function.name: function_page(header, function, date) for function in header.functions}
    made["tftpserver"] = overview_page(header, date)
    made["tftpserver_events"] = event_page(header, date)
    made["tftpserver_errors"] = error_page(header, date)
    for title, prefix in (("PROPERTIES", "TFTPSERVER_PROPERTY_"), ("SETTINGS", None)):
        text, rows = table_page(header, title, date)
        wanted = sum(name.startswith(prefix) for name, _, _ in header.constants) if prefix else 30
        if rows < wanted:
            raise SystemExit(f"man.py: {rows} rows of {title} were understood, not {wanted}")
        made[f"tftpserver_{title.lower()}"] = text
    for alias, page in ALIASES.items():
        made[alias] = f".so man3/{page}.3\n"
    return made


def main(header_path, directory):
    stamp = os.environ.get("SOURCE_DATE_EPOCH") or os.stat(header_path).st_mtime
    date = time.strftime("%Y-%m-%d", time.gmtime(int(stamp)))
    with open(header_path, encoding="utf-8") as file:
        header = Header(file.read())
    os.makedirs(directory, exist_ok=True)
    for name, text in pages(header, date).items():
        with open(os.path.join(directory, name + ".3"), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])

"""Writes tftpserver/_generated.py from include/tftpserver.h: constants, structs, functions.

usage: generate.py            write it
       generate.py --check    print whether it is current; exit status 1 if not

The header is the only source. A declaration that this script does not understand is an error, so
that none is left out.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(HERE, "..", "..", "include", "tftpserver.h")
OUTPUT = os.path.join(HERE, "tftpserver", "_generated.py")
SETTINGS = os.path.join(HERE, "tftpserver", "_settings.py")

# Each of these is one word of a name, although it is written in capitals.
CAPITALS = ("IPv6", "QOS", "DSCP", "API", "IP")

# The constants of each prefix become an IntEnum: the name of its class and its docstring.
ENUMS = {
    "EVENT": ("EventId", "The events."),
    "PROPERTY": ("PropertyId", "The properties, as the C interface numbers them."),
    "DIRECTION": ("Direction", "Which way the bytes of a transfer go."),
    "OPERATION": ("Operation", "The operation that a client requests."),
    "ACCEPT": ("Accept", "The answers to a ConnectionRequest."),
    "ERROR": ("ErrorCode", "The error numbers; the same on every platform."),
}

# C type -> (ctypes type, Python type of a field)
TYPES = {
    "int32_t": ("ctypes.c_int32", "int"),
    "int64_t": ("ctypes.c_int64", "int"),
    "int": ("ctypes.c_int", "int"),
    "size_t": ("ctypes.c_size_t", "int"),
    "const char *": ("ctypes.c_char_p", "bytes"),
    "const uint8_t *": ("ctypes.c_void_p", "int"),
    "const void *": ("ctypes.c_void_p", "int"),
    "void *": ("ctypes.c_void_p", "int"),
    "size_t *": ("ctypes.POINTER(ctypes.c_size_t)", ""),
    "tftpserver *": ("ctypes.c_void_p", "int"),
    "tftpserver_event *": ("ctypes.POINTER(Event)", ""),
    "tftpserver_callback": ("Callback", ""),
}


def python_name(c_name):
    return "".join(part.capitalize() for part in c_name.replace("tftpserver_", "", 1).split("_"))


def declared(text):
    """'const char *name' -> ('const char *', 'name')"""
    match = re.fullmatch(r"(.*?)(\w+)", " ".join(text.split()))
    if not match:
        raise SystemExit(f"cannot read the declaration {text!r}")
    return match[1].replace("struct ", "").replace("union ", "").strip(), match[2]


def ctype(name):
    if name in TYPES:
        return TYPES[name][0]
    raise SystemExit(f"no ctypes type is known for {name!r}")


def constants(header):
    found = re.findall(r"/\*\*\n((?: \*[^\n]*\n)+?) \*/\n#define TFTPSERVER_(\w+) (-?\d+)$", header, flags=re.M)
    groups = {prefix: [] for prefix in ENUMS}
    for comment, name, value in found:
        prefix, _, rest = name.partition("_")
        if prefix in groups:
            groups[prefix].append((rest, int(value), " ".join(re.sub(r"^ \* ?", "", comment, flags=re.M).split())))
        elif prefix != "VERSION":
            raise SystemExit(f"TFTPSERVER_{name} belongs to no group")
    if sum(map(len, groups.values())) + 4 != len(re.findall(r"^#define TFTPSERVER_\w+ -?\d+$", header, flags=re.M)):
        raise SystemExit("a constant has no comment, or was not understood")
    return groups


def structs(code):
    """(kind, C name, [(type, field)]) in the header's order; the handle is opaque and not among
    them."""
    for kind, name, body in re.findall(r"typedef (struct|union) (\w+) \{(.*?)\}", code, flags=re.S):
        yield kind, name, [declared(field) for field in body.split(";") if field.strip()]


def functions(code):
    for result, name, arguments in re.findall(r"^TFTPSERVER_API\s+([\w ]+?[ *]+)(\w+)\(([^;]*)\);", code, flags=re.M):
        listed = [] if arguments.strip() == "void" else [declared(one)[0] for one in arguments.split(",")]
        yield name, result.strip(), listed


def field_lines(fields, known):
    for c_type, field in fields:
        ours, seen = (python_name(c_type), python_name(c_type)) if c_type in known else TYPES[c_type]
        yield field, ours, seen


def write(header):
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    version = re.search(r'#define TFTPSERVER_VERSION_STRING "([^"]+)"', header)[1]
    out = [
        '"""Made from include/tftpserver.h by generate.py. Not to be edited: change the header, and run that."""',
        "import ctypes",
        "import enum",
        "from typing import Any, Dict, List, Tuple",
        "",
        f'VERSION = "{version}"',
    ]
    for prefix, members in constants(header).items():
        name, what = ENUMS[prefix]
        out += ["", "", f"class {name}(enum.IntEnum):", f'    """{what}"""', ""]
        for member, value, comment in members:
            out += [f"    #: {comment}", f"    {member} = {value}"]
    known = set()
    for kind, c_name, fields in structs(code):
        base = "ctypes.Structure" if kind == "struct" else "ctypes.Union"
        out += ["", "", f"class {python_name(c_name)}({base}):"]
        lines = list(field_lines(fields, known))
        out += [f"    {field}: {seen}" for field, _, seen in lines]
        out += ["    _fields_ = ["] + [f'        ("{field}", {ours}),' for field, ours, _ in lines] + ["    ]"]
        known.add(c_name)
    signature = re.search(r"typedef int32_t \(\*tftpserver_callback\)\((.*?)\);", code, flags=re.S)
    arguments = [ctype(declared(one)[0]) for one in signature[1].split(",")]
    out += ["", "", f"Callback = ctypes.CFUNCTYPE(ctypes.c_int32, {', '.join(arguments)})", ""]
    out += ["#: name: (result, arguments)", "FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {"]
    found = list(functions(code))
    if len(found) != len(re.findall(r"^TFTPSERVER_API\b", code, flags=re.M)):
        raise SystemExit("a function was not understood")
    for name, result, listed in found:
        out.append(f'    "{name}": (')
        out += [f"        {ctype(result)},", f"        [{', '.join(map(ctype, listed))}],", "    ),"]
    out += ["}", ""]
    return "\n".join(out)


def attribute(setting):
    """MaxBlockSize -> max_block_size"""
    for capitals in CAPITALS:
        setting = setting.replace(capitals, capitals.capitalize())
    return re.sub(r"(?<!^)(?=[A-Z])", "_", setting).lower()


def settings(header):
    """(name, Python type, may be set, description) in the order of the header's table. Leaves out
    properties."""
    table = header.partition(" *       setting                 type")[2].partition('\n *\n')[0].partition("\n")[2]
    rows = re.findall(r"^ \*       (\w+) +(.+?)  +(.*)\n \*         (.*)$", table, flags=re.M)
    if 2 * len(rows) != len(table.splitlines()) or not rows:
        raise SystemExit("the table of settings was not understood")
    for name, kind, rest, text in rows:
        if text != "The property of this name.":
            python = {"Boolean": "bool", "text": "str"}.get(kind, "int")
            yield name, python, not rest.endswith("never"), text


# Properties that the constructors of Server and AsyncServer take like settings.
PROPERTIES = (("timeout", "int"), ("max_retransmits", "int"), ("retransmit_timeout", "int"))


def write_settings(header):
    rows = list(settings(header))
    out = [
        '"""Made from include/tftpserver.h by generate.py. Not to be edited: change the header, and run that."""',
        "import operator",
        "from typing import Any, Dict, TypedDict, Union",
        "",
        "#: The library's names.",
        "NAMES: Dict[str, str] = {",
        *(f'    "{attribute(name)}": "{name}",' for name, _, _, _ in rows),
        "}",
        "",
        "",
        "class Settings(TypedDict, total=False):",
        '    """The keyword arguments of the constructors of Server and AsyncServer."""',
        "",
        *(f"    {name}: {kind}" for name, kind in PROPERTIES),
        *(f"    {attribute(name)}: {kind}" for name, kind, is_free, _ in rows if is_free),
        "",
        "",
        "class SettingAttributes:",
        '    """The settings as attributes."""',
        "",
        "    def _read_setting(self, name: str) -> str:",
        "        raise NotImplementedError",
        "",
        "    def _write_setting(self, name: str, value: Any) -> None:",
        "        raise NotImplementedError",
    ]
    for name, kind, is_free, text in rows:
        read = f'self._read_setting("{name}")'
        read = {"bool": f'{read} == "True"', "int": f"int({read})", "str": read}[kind]
        value = {"bool": "bool(operator.index(value))", "int": "operator.index(value)", "str": "value"}[kind]
        out += ["", "    @property", f"    def {attribute(name)}(self) -> {kind}:", f'        """{text}"""', f"        return {read}"]
        if is_free:
            out += ["", f"    @{attribute(name)}.setter", f"    def {attribute(name)}(self, value: {kind}) -> None:",
                    f'        self._write_setting("{name}", {value})']
    return "\n".join([*out, ""]).replace("Dict, TypedDict, Union", "Dict, TypedDict")


def main():
    with open(HEADER, encoding="utf-8") as file:
        header = file.read()
    texts = {OUTPUT: write(header), SETTINGS: write_settings(header)}
    if "--check" in sys.argv[1:]:
        is_current = True
        for path, text in texts.items():
            with open(path, encoding="utf-8") as file:
                is_current = is_current and file.read() == text
        print("current" if is_current else f"not current: run {os.path.relpath(__file__)}")
        return 0 if is_current else 1
    for path, text in texts.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The package is generated from the header, has the library's version and types, installs; manual
and example run."""
import ast
import importlib.util
import inspect
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

import tftpserver
from tftpserver import _events, _ffi, _generated

from .support import HOST, LARGE, PACKAGE, ROOT, SECONDS, Case, await_bound, free_port

FILES = os.path.join(ROOT, "examples", "files")


class Made(unittest.TestCase):
    def test_the_definitions_are_those_of_the_header(self):
        done = subprocess.run([sys.executable, os.path.join(PACKAGE, "generate.py"), "--check"],
                              capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual((done.returncode, done.stdout), (0, "current\n"), done.stderr)

    def test_the_version_is_the_library_s(self):
        self.assertEqual(tftpserver.__version__, _ffi.lib.tftpserver_version().decode())
        with open(os.path.join(ROOT, "Cargo.toml"), encoding="utf-8") as file:
            self.assertIn(f'version = "{tftpserver.__version__}"', file.read())

    def test_the_library_s_name_on_every_system(self):
        names = {"linux": "libtftpserver.so.0", "freebsd14": "libtftpserver.so.0", "darwin": "libtftpserver.0.dylib",
                 "win32": "tftpserver.dll"}
        self.assertEqual({platform: _ffi.file_name(platform) for platform in names}, names)

    def test_the_tag_of_a_wheel_for_macos(self):
        """It comes from the library: the Python that builds may be made for other processors and
        another macOS."""
        python = os.environ.get("TFTPSERVER_PYTHON", sys.executable)
        if subprocess.run([python, "-c", "import setuptools.command.bdist_wheel"], capture_output=True).returncode:
            self.skipTest("setuptools is not installed, or is old")
        arm, intel = 0x0100000C, 0x01000007
        other = struct.pack("<IIII", 0x1B, 16, 0, 0)
        oldest = struct.pack("<IIII", 0x24, 16, 10 << 16 | 12 << 8, 0)
        newer = struct.pack("<IIIIII", 0x32, 24, 1, 11 << 16 | 3 << 8, 0, 0)
        files, tags = [os.path.realpath(sys.executable)], ["None"]
        with tempfile.TemporaryDirectory() as place:
            for processor, commands, tag in ((arm, [other, newer], "macosx_11_0_arm64"),
                                             (intel, [oldest, other], "macosx_10_12_x86_64"),
                                             (7, [oldest], "None"), (arm, [other], "None")):
                body = b"".join(commands)
                files.append(os.path.join(place, str(len(files))))
                tags.append(tag)
                with open(files[-1], "wb") as file:
                    file.write(struct.pack("<IIIIIIII", 0xFEEDFACF, processor, 0, 6, len(commands), len(body), 0, 0) + body)
            done = subprocess.run([python, "-c", "import setup, sys; print(*map(setup.macos_platform, sys.argv[1:]))", *files],
                                  cwd=PACKAGE, capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual((done.stdout.split(), done.stderr), (tags, ""))

    def test_events_have_the_fields_of_the_c_structs(self):
        for event in tftpserver.EventId:
            name = "".join(part.capitalize() for part in event.name.split("_")) + "Event"
            fields = [field for field, _ in getattr(_generated, name)._fields_ if field != "text_length"]
            self.assertEqual(list(getattr(_events, name).__slots__), fields)
            self.assertIn(event, _events.FROM_C)

    def test_every_function_of_the_library_is_used(self):
        text = ""
        for name in ("_class.py", "_dispatch.py", "_ffi.py"):
            with open(os.path.join(PACKAGE, "tftpserver", name), encoding="utf-8") as file:
                text += file.read()
        unused = {name for name in _generated.FUNCTIONS if not re.search(rf"\b{name}\b", text)}
        # Numbers and text are passed as bytes, whose functions report failures and allow NULs.
        # release is for callbacks on other threads than that of do_events, which ctypes does not
        # have.
        self.assertEqual(unused, {"tftpserver_get_int", "tftpserver_set_int", "tftpserver_set", "tftpserver_release"})

    def test_properties_are_those_of_the_library(self):
        ours = {name for name, value in vars(tftpserver.TFTPServer).items() if isinstance(value, property)}
        conn = {f"conn_{name}" for name, value in vars(tftpserver.Conn).items() if isinstance(value, property)}
        # Used by compat/ipworks.py.
        ported = {"runtime_license"}
        theirs = {name.lower() for name in tftpserver.PropertyId.__members__}
        self.assertEqual(theirs - ported, ours - {"conn", "closed"} | conn)

    def test_everything_public_is_documented(self):
        missing = []
        for name in tftpserver.__all__:
            thing = getattr(tftpserver, name)
            if inspect.isclass(thing):
                missing += [] if thing.__doc__ else [name]
                missing += [f"{name}.{key}" for key, value in vars(thing).items()
                            if not key.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
                            and not value.__doc__]
        self.assertEqual(missing, [])

    def test_nothing_but_the_standard_library_is_imported(self):
        for name in os.listdir(os.path.join(PACKAGE, "tftpserver")):
            if name.endswith(".py"):
                with open(os.path.join(PACKAGE, "tftpserver", name), encoding="utf-8") as file:
                    tree = ast.parse(file.read(), feature_version=(3, 9))
                for node in ast.walk(tree):
                    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    if isinstance(node, ast.ImportFrom) and node.level == 0:
                        names = [node.module]
                    for module in names:
                        if module == "typing_extensions":
                            continue  # for type checkers only
                        origin = importlib.util.find_spec(module.split(".")[0]).origin or ""
                        self.assertNotIn("site-packages", origin, f"{name} imports {module}")

    def test_types(self):
        python = os.environ.get("TFTPSERVER_PYTHON", sys.executable)
        if subprocess.run([python, "-c", "import mypy"], capture_output=True).returncode:
            self.skipTest("mypy is not installed")
        self.check([python, "-m", "mypy", "--cache-dir", os.devnull, "--strict"], "mypy")

    def test_types_by_pyright(self):
        python = os.environ.get("TFTPSERVER_PYTHON", sys.executable)
        pyright = [python, "-m", "pyright"]
        # It downloads its parts when it first runs.
        if subprocess.run([*pyright, "--version"], capture_output=True, timeout=300).returncode:
            self.skipTest("pyright is not installed")
        self.check(pyright, "pyright")

    def check(self, checker, name):
        """The type checker accepts the programs and reports each mistake on its line."""
        done = subprocess.run([*checker, "tftpserver", os.path.join("tests", "typed_programs.py")],
                              cwd=PACKAGE, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        mistakes = os.path.join("tests", "typed_mistakes.py")
        done = subprocess.run([*checker, mistakes], cwd=PACKAGE, capture_output=True, text=True, timeout=300)
        found = {int(number) for number in re.findall(r"typed_mistakes\.py:(\d+)(?::\d+)?(?:: error| - error)", done.stdout)}
        with open(os.path.join(PACKAGE, mistakes), encoding="utf-8") as file:
            marked = {number: line for number, line in enumerate(file, 1) if "  # mistake" in line}
        wanted = {number for number, line in marked.items() if "alone" not in line or f"to {name} alone" in line}
        self.assertEqual(found, wanted, done.stdout + done.stderr)


class Running(Case):
    """Programs that serve until a signal ends them."""

    def start(self, command, cwd=ROOT, **environment):
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "PYTHONPATH": PACKAGE, "PYTHONUNBUFFERED": "1", **environment})
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        return process

    def fetch(self, process, port, name):
        """Sends a request once the program listens."""
        await_bound(process, port)
        client = self.get(port, name).wait()
        self.assertEqual(client.code, 0, client.errors)
        return client.data

    def end(self, process, code=0):
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=SECONDS)
        self.assertIn(process.returncode, (code, -signal.SIGINT), errors)
        return out

    def file(self, name):
        with open(os.path.join(FILES, name), "rb") as file:
            return file.read()


class Example(Running):
    def test_it_says_what_happens(self):
        self.write("file", LARGE)
        process = self.start([sys.executable, os.path.join("examples", "serve.py"), "--port", "0", "--host", HOST,
                              self.root])
        line = process.stdout.readline()
        self.assertRegex(line, r"^listening on 127\.0\.0\.1:\d+\n$")
        port = int(line.split(":")[1])
        self.assertEqual(self.get(port, "file").wait().data, LARGE)
        self.assertEqual(self.put(port, "up", LARGE).code, 0)
        self.assertEqual(self.get(port, "nothing").code, 68)
        out = "".join(process.stdout.readline() for _ in range(6))
        for text in (r"^127\.0\.0\.1:\d+ reads 'file'$", r"reads 'file': done, 1000000 bytes$",
                     r"writes 'up': done, 1000000 bytes$", r"reads 'nothing': Can't open local file\..*, 0 bytes$"):
            self.assertRegex(out, re.compile(text, re.M))
        process.terminate()
        self.assertEqual(process.wait(SECONDS), 0)

    def test_its_errors(self):
        process = self.start([sys.executable, os.path.join("examples", "serve.py"), self.path("nothing")])
        _, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, errors.startswith("serve.py: ")), (1, True), errors)


class Readme(Running):
    """Every code block of README.md is run; a block without a way to run it is a failure."""

    def test_every_block(self):
        with open(os.path.join(PACKAGE, "README.md"), encoding="utf-8") as file:
            text = file.read()
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.S | re.M)
        known = [("serve_forever()\n", "directory"), ("received", "handler"), ("AsyncServer", "asyncio"),
                 ("server.do_events()", "events"), ("INVALID_VALUE", "error"), ("pip install", "install"),
                 ("compat/samples", "compat")]
        tried = []
        for _, block in blocks:
            names = [name for mark, name in known if mark in block and name not in tried]
            self.assertTrue(names, f"nobody knows how to try this:\n{block}")
            # The asyncio block contains the mark of the directory block as well.
            name = "asyncio" if "AsyncServer" in block else names[0]
            with self.subTest(name):
                getattr(self, name)(block)
            tried.append(name)
        self.assertEqual(sorted(tried), sorted(name for _, name in known))
        links = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r"^\[\w+\]: (\S+)$", text, flags=re.M)
        self.assertTrue(links)
        for link in links:
            # PyPI shows this page without the repository.
            base = "https://github.com/libtftpserver/libtftpserver/blob/main/"
            self.assertTrue(link.startswith(base) and os.path.exists(os.path.join(ROOT, link[len(base):])), link)

    def run_block(self, block):
        port = free_port()
        self.assertIn("6969", block)
        return self.start([sys.executable, "-c", block.replace("6969", str(port))]), port

    def directory(self, block):
        process, port = self.run_block(block)
        self.assertEqual(self.fetch(process, port, "hello.txt"), self.file("hello.txt"))
        self.assertEqual(self.put(port, "up", b"x").code, 69)
        self.end(process)

    def handler(self, block):
        process, port = self.run_block(block + "\nimport threading\nthreading.Event().wait()\n")
        self.assertEqual(self.fetch(process, port, "pxelinux.cfg/default"), b"# made for 127.0.0.1\nDEFAULT linux\n")
        self.assertEqual(self.fetch(process, port, "hello.txt"), self.file("hello.txt"))
        self.assertEqual(self.put(port, "up", LARGE).code, 0)
        self.assertFalse(os.path.exists(os.path.join(FILES, "up")))
        told = [process.stdout.readline() for _ in range(3)]
        self.assertEqual(told, ["pxelinux.cfg/default whole\n", "hello.txt whole\n", "up whole\n"])
        self.end(process)

    def asyncio(self, block):
        process, port = self.run_block(block)
        self.assertEqual(self.fetch(process, port, "name"), b"made for name")
        self.end(process)

    def events(self, block):
        process, port = self.run_block(block)
        self.assertEqual(self.fetch(process, port, "motd"), b"Hello from a program\n")
        self.assertEqual(self.put(port, "up", b"x").code, 69)
        self.assertEqual(process.stdout.readline(), "1000001 OK\n")
        self.end(process)

    def error(self, block):
        process = self.start([sys.executable, "-c", block])
        out, errors = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, bool(out)), (0, True), errors)

    def compat(self, block):
        done = subprocess.run(["sh", "-euc", block.replace("PYTHONPATH=", f"PYTHONPATH={PACKAGE}:")
                               .replace(" python ", f" {sys.executable} ")], cwd=ROOT, capture_output=True, text=True,
                              timeout=SECONDS)
        self.assertTrue(done.stdout.startswith("10048|"), done.stderr)

    def install(self, block):
        """Installs into a fresh environment, without network, compiler or anything else on the
        path."""
        made = subprocess.run([os.path.join(ROOT, "scripts", "wheel.sh"), library(), self.path("dist")],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(made.returncode, 0, made.stderr)
        wheel = os.path.basename(made.stdout.strip())
        self.assertRegex(wheel, rf"^tftpserver-{re.escape(tftpserver.__version__)}-py3-none-(many)?linux_\w+\.whl$")
        subprocess.run([sys.executable, "-m", "venv", self.path("fresh")], check=True, timeout=300)
        programs = self.path("fresh", "bin")
        clean = {"PATH": programs, "HOME": self.place.name, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        install, serve = block.splitlines()
        done = subprocess.run([shutil.which("sh"), "-euc", install], cwd=self.path("dist"), env=clean,
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("not a supported wheel", done.stdout)
        where = subprocess.run([os.path.join(programs, "python"), "-c",
                                "import tftpserver._ffi as f; print(f.find(), f.lib.tftpserver_version().decode())"],
                               cwd=self.place.name, env=clean, capture_output=True, text=True, check=True).stdout
        self.assertIn(os.path.join("fresh", "lib"), where)
        port = free_port()
        command = serve.split("#")[0].replace("6969", str(port)).split()
        self.assertEqual(command[0], "python")
        process = subprocess.Popen([os.path.join(programs, "python"), *command[1:]], cwd=ROOT, env=clean,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stdout.close(), process.stderr.close()))
        self.assertEqual(self.fetch(process, port, "hello.txt"), self.file("hello.txt"))
        self.end(process)
        self.licences(self.path("dist", wheel))
        self.compat_of(os.path.join(programs, "python"), clean)
        for name in ("ipworks", "tests"):
            found = subprocess.run([os.path.join(programs, "python"), "-c", f"import {name}"], cwd=self.place.name,
                                   env=clean, capture_output=True)
            self.assertNotEqual(found.returncode, 0, f"{name} must not be installed")


    def licences(self, wheel):
        """The wheel contains the licenses of everything that is compiled into it."""
        with zipfile.ZipFile(wheel) as archive:
            texts = {os.path.basename(name): archive.read(name).decode() for name in archive.namelist() if "LICENSE" in name}
        self.assertEqual(sorted(texts), ["LICENSE-APACHE", "LICENSE-MIT", "LICENSE-THIRD-PARTY"])
        for crate in ("hashbrown", "encoding_rs", "crossbeam-channel"):
            self.assertIn(f"\n{crate} ", texts["LICENSE-THIRD-PARTY"])
        self.assertIn("Permission is hereby granted", texts["LICENSE-THIRD-PARTY"])

    def compat_of(self, python, environment):
        """The IPWorks module is in the package and can be imported from the printed directory."""
        where = subprocess.run([python, "-c", "import tftpserver.compat as c; print(*c.__path__)"], cwd=self.place.name,
                               env=environment, capture_output=True, text=True, check=True).stdout.strip()
        said = subprocess.run([python, "-c", "from ipworks import *; print(TFTPServer().local_port, IPWorksError.__module__)"],
                              cwd=self.place.name, env={**environment, "PYTHONPATH": where}, capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(said, "69 ipworks\n")


class SourceDistribution(Case):
    """The source distribution builds alone, with the named library or without one."""

    def test_it_builds_and_has_everything(self):
        python = os.environ.get("TFTPSERVER_PYTHON", sys.executable)
        if subprocess.run([python, "-c", "import setuptools; assert int(setuptools.__version__.split('.')[0]) >= 77"],
                          capture_output=True).returncode:
            self.skipTest("setuptools 77 is not installed")
        made = [subprocess.run([sys.executable, os.path.join(ROOT, "scripts", "sdist.py"), self.path(name)], text=True,
                               capture_output=True, timeout=300) for name in ("one", "two")]
        self.assertEqual([one.returncode for one in made], [0, 0], made[0].stderr)
        paths = [one.stdout.strip() for one in made]
        contents = []
        for path in paths:
            with open(path, "rb") as file:
                contents.append(file.read())
        self.assertEqual(contents[0], contents[1], "the same sources make the same bytes")
        with tarfile.open(paths[0]) as tar:
            names = {name.split("/", 1)[1] for name in tar.getnames()}
            self.assertTrue(all(member.isfile() for member in tar.getmembers()), "links would lead nowhere")
        self.assertLessEqual({"PKG-INFO", "LICENSE-MIT", "LICENSE-APACHE", "compat/ipworks.py", "tftpserver/py.typed"}, names)
        for named, pattern, has_library in (("", "none-any", False), (library(), r"none-\w*linux_\w+", True)):
            out = self.path(f"wheels{len(named)}")
            environment = {key: value for key, value in os.environ.items() if key not in ("TFTPSERVER_LIBRARY", "PYTHONPATH")}
            done = subprocess.run([python, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", out,
                                   paths[0]], capture_output=True, text=True, timeout=300, cwd=self.place.name,
                                  env={**environment, **({"TFTPSERVER_LIBRARY": named} if named else {})})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            (wheel,) = os.listdir(out)
            self.assertRegex(wheel, pattern)
            with zipfile.ZipFile(os.path.join(out, wheel)) as archive:
                self.assertEqual("tftpserver/libtftpserver.so.0" in archive.namelist(), has_library)
                self.assertIn("tftpserver/compat/ipworks.py", archive.namelist())


def library():
    """Returns the path of the loaded library."""
    path = _ffi.find()
    if os.path.sep in path:
        return path
    with open("/proc/self/maps", encoding="utf-8") as file:
        return re.search(r"\S*libtftpserver\S*", file.read())[0]


if __name__ == "__main__":
    unittest.main()

"""The command as its packages bring it, in a root that holds nothing else: it serves, reloads and
stops."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from listening import await_bound, free_port  # noqa: E402

NOBODY = 65534
CONTENT = os.urandom(100_000)


def in_a_fresh_root(root):
    """`root` holds the installed Debian package; beside it the program gets the libraries it
    depends on, and no more."""
    if os.geteuid() != 0:
        print("NOT RUN: the command in a root of its own, which takes chroot")
        return
    libraries = subprocess.run(["ldd", f"{root}/usr/bin/tftpserver"], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+)", libraries):
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)
    serve_reload_and_stop(root, ["/usr/bin/tftpserver"])
    for library in re.findall(r"(/\S+)", libraries):
        os.remove(root + library)


def binary(made, place):
    """The static program for this machine, alone in its root."""
    machine = os.uname().machine
    archives = [name for name in os.listdir(made) if re.fullmatch(rf"tftpserver-[0-9.]+-linux-{machine}\.tar\.gz", name)]
    assert len(archives) == 1, archives
    with tarfile.open(os.path.join(made, archives[0])) as tar:
        tar.extractall(place)
    root = os.path.join(place, archives[0].removesuffix(".tar.gz"))
    for name in ("README", "THIRD-PARTY", "LICENSE-MIT", "tftpserver.1", "tftpserver.service", "completions/_tftpserver"):
        assert os.path.getsize(os.path.join(root, name)) > 0, name
    needed = subprocess.run(["readelf", "--dynamic", f"{root}/tftpserver"], check=True, capture_output=True, text=True).stdout
    assert "NEEDED" not in needed, needed
    if os.geteuid() == 0:
        os.makedirs(f"{root}/etc")
        os.makedirs(f"{root}/srv/tftp")
        shutil.copy(f"{root}/tftpserver.toml", f"{root}/etc/tftpserver.toml")
        serve_reload_and_stop(root, ["/tftpserver"])
    print("ok: the static program")


def serve_reload_and_stop(root, program):
    """With the packaged configuration, but for the port."""
    with open(f"{root}/etc/passwd", "w", encoding="ascii") as file:
        file.write(f"root:x:0:0::/:/\nnobody:x:{NOBODY}:{NOBODY}::/:/\n")
    directory, configuration = f"{root}/srv/tftp", f"{root}/etc/tftpserver.toml"
    os.chown(directory, NOBODY, NOBODY)
    with open(f"{directory}/image", "wb") as file:
        file.write(CONTENT)
    port = free_port()
    with open(configuration, "a", encoding="utf-8") as file:
        file.write(f'\nlisten = "127.0.0.1:{port}"\n')
    log = open(f"{root}/log", "w+", encoding="utf-8")
    server = subprocess.Popen(["chroot", root, *program, "--config", "/etc/tftpserver.toml"], stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log)
    try:
        await_bound(server, port)
        client = [f"{root}{program[0]}"]
        url = f"tftp://127.0.0.1:{port}"
        got = subprocess.run([*client, "get", f"{url}/image", "-"], check=True, capture_output=True, timeout=60).stdout
        assert got == CONTENT, len(got)
        put = [*client, "put", f"{directory}/image", f"{url}/copy"]
        assert subprocess.run(put, capture_output=True, timeout=60).returncode != 0, "uploads are refused by default"
        with open(configuration, "a", encoding="utf-8") as file:
            file.write("create = true\n")
        server.send_signal(signal.SIGHUP)
        # It takes a moment until the new configuration applies.
        for _ in range(300):
            if subprocess.run(put, capture_output=True, timeout=60).returncode == 0:
                break
        with open(f"{directory}/copy", "rb") as file:
            assert file.read() == CONTENT
        server.terminate()
        assert server.wait(60) == 0
    except Exception:
        log.seek(0)
        print(log.read())
        raise
    finally:
        server.kill()
        server.wait()
        log.close()
    for path in (f"{directory}/image", f"{directory}/copy", f"{root}/etc/passwd", f"{root}/log"):
        os.remove(path)


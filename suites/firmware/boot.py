#!/usr/bin/env python3
"""Real firmware boots from the server: U-Boot, and UEFI (OVMF) with iPXE behind it, each in QEMU in
a network of its own.

    boot.py COMMAND...      the command that serves `{dir}` at `{address}` port 69

U-Boot loads an image in lockstep and in windows and tells its CRC-32. UEFI asks a DHCP server
(dnsmasq, which serves no files here) and loads iPXE, which loads a script and an image. What is not
installed is told and left out; what is started is ended, by id. Exits with 1 where a boot failed.
On Debian: qemu-system-x86 u-boot-qemu ovmf ipxe dnsmasq-base.
"""
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
import net  # noqa: E402

SERVER, BOARD = "10.9.0.1", "10.9.0.2"
PATIENCE = 240
U_BOOT = Path("/usr/lib/u-boot/qemu-x86/u-boot.rom")
UEFI = Path("/usr/share/ovmf/OVMF.fd")
IPXE = Path("/usr/lib/ipxe/ipxe.efi")


class Machine:
    """One virtual machine and its serial line."""

    def __init__(self, *arguments):
        self.said = ""
        command = ["qemu-system-x86_64", "-m", "512", "-display", "none", "-monitor", "none",
                   "-serial", "stdio", "-no-reboot", "-netdev", "tap,id=lan,ifname=tap0,script=no,downscript=no", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def expect(self, text, never="\0"):
        """Waits until the output contains `text` and returns the output up to there; fails if it
        contains `never`."""
        until = time.monotonic() + PATIENCE
        while text not in self.said:
            assert never not in self.said, self.said[-2000:]
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"{text!r} did not come; last:\n{self.said[-2000:]}")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise AssertionError(f"ended before {text!r}:\n{self.said[-2000:]}")
            self.said += more.decode(errors="replace")
        before, self.said = self.said.split(text, 1)
        return before + text

    def type(self, line):
        # A serial line without flow control: one key after the other.
        for key in line + "\r":
            self.process.stdin.write(key.encode())
            time.sleep(0.002)


class Commands:
    """U-Boot's prompt."""

    def __init__(self, machine):
        self.machine = machine
        machine.expect("Hit any key to stop autoboot")
        machine.type("")
        machine.expect("=> ")

    def run(self, line):
        self.machine.type(line)
        self.machine.expect("\r")
        return self.machine.expect("\n=> ")


def u_boot(directory, image):
    (directory / "image.bin").write_bytes(image)
    crc = f"{zlib.crc32(image):08x}"
    with Machine("-device", "e1000,netdev=lan", "-bios", U_BOOT) as machine:
        board = Commands(machine)
        for setting in (f"ipaddr {BOARD}", f"serverip {SERVER}", "netmask 255.255.255.0", "autoload no"):
            board.run(f"setenv {setting}")
        for blksize, window in ((512, 1), (1468, 1), (1468, 16)):
            board.run(f"setenv tftpblocksize {blksize}")
            board.run(f"setenv tftpwindowsize {window}")
            said = board.run("tftpboot 0x2000000 image.bin")
            assert f"Bytes transferred = {len(image)}" in said, said
            said = board.run("crc32 0x2000000 ${filesize}")
            assert crc in said, f"{crc} expected: {said}"
            print(f"u-boot: {len(image)} bytes, blksize {blksize}, windowsize {window}: whole", flush=True)
        said = board.run("tftpboot 0x4000000 missing.bin")
        assert "Bytes transferred" not in said, said


def uefi(directory, image):
    nonce = random.randbytes(8).hex()
    shutil.copy(IPXE, directory / "ipxe.efi")
    (directory / "image.bin").write_bytes(image)
    script = f"""#!ipxe
imgfetch --name image tftp://{SERVER}/image.bin || goto failed
imgstat
echo BOOTED {nonce}
exit
:failed
echo FAILED
"""
    (directory / "script.ipxe").write_text(script)
    dhcp = subprocess.Popen(
        ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=tap0", "--bind-interfaces", "--pid-file=",
         f"--dhcp-range={BOARD},10.9.0.20,255.255.255.0,1h", "--dhcp-leasefile=/dev/null", "--log-facility=/dev/null", "--user=root",
         "--dhcp-match=set:ipxe,175", f"--dhcp-boot=tag:!ipxe,ipxe.efi,,{SERVER}", f"--dhcp-boot=tag:ipxe,script.ipxe,,{SERVER}"])
    try:
        with Machine("-bios", UEFI, "-device", "virtio-net-pci,netdev=lan,romfile=", "-boot", "n") as machine:
            said = machine.expect(f"BOOTED {nonce}", never="FAILED")
            assert str(len(image)) in said, said
            print(f"uefi: iPXE, its script and {len(image)} bytes: booted", flush=True)
    finally:
        dhcp.kill()
        dhcp.wait()


BOOTS = (
    ("u-boot", u_boot, ("qemu-system-x86_64",), (U_BOOT,)),
    ("uefi", uefi, ("qemu-system-x86_64", "dnsmasq"), (UEFI, IPXE)),
)


def missing(programs, files):
    return [name for name in programs if not shutil.which(name)] + [str(path) for path in files if not path.exists()]


def serve(command, directory):
    words = [word.replace("{dir}", str(directory)).replace("{address}", SERVER) for word in command]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def boot(name, run, command, image):
    with tempfile.TemporaryDirectory() as directory:
        server = serve(command, directory)
        try:
            run(Path(directory), image)
            assert server.poll() is None, "the server ended"
            left = [path.name for path in Path(directory).iterdir() if path.name.startswith(".tftpserver")]
            assert not left, left
        except AssertionError as error:
            print(f"{name}: failed: {error}")
            return 1
        finally:
            server.kill()
            server.wait()
    return 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if not net.may_isolate() or not Path("/dev/net/tun").exists():
        print("NOT RUN: firmware, which needs root, network namespaces and /dev/net/tun")
        return 0
    net.unshare()
    net.ip("tuntap add tap0 mode tap")
    net.ip(f"addr add {SERVER}/24 dev tap0")
    net.ip("link set tap0 up")
    seed = int(os.environ.get("TFTP_SEED", random.randrange(1 << 32)))
    print(f"TFTP_SEED={seed}", flush=True)
    random.seed(seed)
    failed = 0
    for name, run, programs, files in BOOTS:
        if lacking := missing(programs, files):
            print(f"NOT RUN: {name}, which needs {', '.join(lacking)}")
            continue
        failed += boot(name, run, sys.argv[1:], random.randbytes(3 * 1024 * 1024 + 77))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Ctrl-C in programs of Python for Windows, under wine: it ends a wait for events at once.

usage: ctrl_c.py PYTHON.EXE     (WINDOWS_HOME and WINDOWS_PATH: its PYTHONHOME and PYTHONPATH, with the package tftpserver)
"""
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

PYTHON = ""
SECONDS = 120  # a busy machine and an emulator

PROGRAMS = {
    # The longest wait that can be set.
    "do_events": """
server = tftpserver.TFTPServer()
server.config("SelectWaitMillis=60000")
print("ready", flush=True)
while True:
    server.do_events()
""",
    "serve_forever": """
with tftpserver.Server(lambda request: b"x", "127.0.0.1", 0) as server:
    print("ready", flush=True)
    server.serve_forever()
""",
    "asyncio": """
import asyncio
async def main():
    async with tftpserver.AsyncServer(lambda request: b"x", "127.0.0.1", 0) as server:
        print("ready", flush=True)
        await server.serve_forever()
asyncio.run(main())
""",
}


def environment():
    return {**os.environ, "PYTHONHOME": os.environ["WINDOWS_HOME"], "PYTHONPATH": os.environ["WINDOWS_PATH"]}


class CtrlC(unittest.TestCase):
    def test_it_ends_a_wait(self):
        for name, program in PROGRAMS.items():
            with self.subTest(name):
                process = subprocess.Popen(["wine", PYTHON, "-S", "-c", "import tftpserver\n" + program], env=environment(), text=True,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                limit = threading.Timer(SECONDS, process.kill)
                limit.start()
                try:
                    first = process.stdout.readline()
                    self.assertEqual(first, "ready\n", first if first == "ready\n" else process.communicate()[0])
                    begin = time.monotonic()
                    process.send_signal(signal.SIGINT)  # wine hands it on as Ctrl-C
                    output, _ = process.communicate()
                    self.assertLess(time.monotonic() - begin, 45)
                finally:
                    limit.cancel()
                    process.kill()
                    process.communicate()
                self.assertTrue(output.endswith("KeyboardInterrupt\n"), output)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    PYTHON = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)

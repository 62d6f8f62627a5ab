"""python -m tftpserver [DIR] [-p PORT] [-b ADDRESS] [--create]"""
import argparse
import logging
import os
import sys
from typing import List, Optional

from . import Server, TFTPServerError, __version__


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tftpserver", description="Serves a directory by TFTP.")
    parser.add_argument("directory", nargs="?", default=os.curdir, metavar="DIR", help="what to serve (%(default)s)")
    parser.add_argument("-p", "--port", type=int, default=6969, help="UDP port; 0: any (%(default)s)")
    parser.add_argument("-b", "--bind", default="", metavar="ADDRESS", help="address to listen on (every one, IPv4 and IPv6)")
    parser.add_argument("--create", action="store_true", help="take uploads; they may replace files (refused)")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")
    parser.add_argument("--version", action="version", version=__version__)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.verbose else logging.INFO, stream=sys.stderr,
                        format="%(asctime)s %(message)s")
    try:
        with Server(options.directory, options.bind, options.port, create=options.create) as server:
            host, port = server.address
            print(f"Serving {os.path.abspath(options.directory)} on {host or 'every address'} port {port} "
                  f"(tftp://{f'[{host}]' if ':' in host else host or 'localhost'}:{port}/) ...", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        print("\nKeyboard interrupt received, exiting.")
    except TFTPServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

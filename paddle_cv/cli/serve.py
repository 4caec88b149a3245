"""Serves modules as `hub serving` does, at the same address and with the same replies, but with limits (docs/serving.md).

    paddle-cv serve rdn_x4 lenet_mnist
    paddle-cv serve rdn_x4 --host 0.0.0.0 --token-file token.txt --queue 4 --timeout 60

After Ctrl-C or SIGTERM it refuses what comes, finishes what is under way, and ends with the exit code 0. It is 1 if a module cannot
be loaded, 2 for wrong arguments.
"""

import argparse
import logging
import os
import re
import socket
import sys
from pathlib import Path

from paddle_cv.hub.server import Limits, Server, Service, installed_module


def positive(text: str) -> float:
    """Also 0.5, but no infinity."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return float(text)


def whole(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def token(path: str) -> str:
    """What stands in the file; long enough not to be guessed, and of characters that a header may have."""
    try:
        text = Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None
    if not re.fullmatch(r"[!-~]{16,}", text):
        raise argparse.ArgumentTypeError(f"{path}: a token of 16 or more visible ASCII characters is needed")
    return text


def main() -> int:
    limits = Limits()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME", help="modules of this project that are installed")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=whole, default=8866, help="0 takes any that is free (%(default)s)")
    parser.add_argument(
        "--token-file", dest="token", type=token, metavar="FILE", help="holds what clients have to send"
    )
    parser.add_argument(
        "--max-body", type=positive, default=limits.body / 2**20, help="MiB of a request's body (%(default)g)"
    )
    parser.add_argument(
        "--queue", type=whole, default=limits.queue, help="requests that may wait for each module (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=positive, default=limits.timeout, help="seconds to wait for a result (%(default)g)"
    )
    parser.add_argument(
        "--transfer-timeout",
        type=positive,
        default=limits.transfer,
        help="seconds that a client may take to send a request, and to fetch its reply (%(default)g)",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name by which clients call this server, beside localhost and numbers; may be repeated, * allows all",
    )
    parser.add_argument("--log-level", default="info", choices=["error", "warning", "info"])
    arguments = parser.parse_args()
    logging.basicConfig(format="%(levelname)s: %(message)s", level=arguments.log_level.upper())
    try:
        modules = [installed_module(name) for name in dict.fromkeys(arguments.names)]
        family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
        listener = socket.create_server((arguments.host, arguments.port), family=family)
    except (OSError, OverflowError, ValueError) as error:
        parser.error(str(error))
    host, port = listener.getsockname()[:2]
    if arguments.token is None and host not in ("127.0.0.1", "::1"):
        logging.warning("everybody who reaches %s may use this server; --token-file asks for a token", host)
    limits = Limits(int(arguments.max_body * 2**20), arguments.queue, arguments.timeout, arguments.transfer_timeout)
    service = Service(modules, limits, arguments.token, [arguments.host, *arguments.allow_host])
    address = f"[{host}]" if family == socket.AF_INET6 else host
    print(f"{', '.join(module.name for module in modules)} at http://{address}:{port}/predict/NAME", flush=True)
    Server(service, arguments.log_level).run([listener])
    if service.failure:
        print(f"error: {service.failure}", file=sys.stderr)
        return 1
    if service.working:  # for somebody who was told that it takes too long: nobody will have the result
        sys.stdout.flush()
        os._exit(0)
    return 0

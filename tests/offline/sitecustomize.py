"""On PYTHONPATH it lets no Python program but pip reach anything beyond this machine."""

import socket
import sys

_connect = socket.socket.connect


def _only_here(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0])
        if not (host.startswith("127.") or host in ("::1", "localhost", "0.0.0.0")):
            raise ConnectionRefusedError(f"no network in this test: {host}")
    return _connect(self, address)


if not any("pip" in part for part in sys.orig_argv):
    socket.socket.connect = _only_here

"""Which names of this server are believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

__all__ = ["Hosts"]


class Hosts:
    """The names by which clients may call the server.

    The page of another site, open in a browser, may let its own name point to this machine (DNS rebinding). The browser then takes
    what it fetches from here for that site's, but sends the site's name as `Host`. An address made of numbers cannot be pointed
    elsewhere: all of them are believed.

    Args:
        names: Names beside `localhost`; "*" believes all.
    """

    def __init__(self, names: Iterable[str] = ()):
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)}

    def believes(self, host: str | None) -> bool:
        """Whether a header `Host` is one of these names or a number, with a port or without; None is what HTTP 1.0 sends."""
        if host is None or "*" in self._names:
            return True
        if host.startswith("["):
            name, bracket, port = host[1:].partition("]")
            if not bracket:
                return False
            port = port.removeprefix(":")
        else:
            name, _, port = host.partition(":")
        if port and not port.isdecimal():
            return False
        if name.lower().rstrip(".") in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

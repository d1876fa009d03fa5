"""Which addresses a message may go to.

A name is looked up for each connection, and what it resolves to is checked then. So a name that leads into the private
network of the service, or to the metadata service of a cloud, is refused, also when it is changed later.
"""

import ipaddress
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_forbidden(address: Address, *, allow_private: bool) -> str | None:
    """Why a message must not go to an address, in words; None: it may.

    Args:
        address: that a connection would be made to.
        allow_private: whether private networks and this machine are allowed.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_forbidden(inner, allow_private=allow_private)
    if address.is_loopback:
        return None if allow_private else "this machine; set allow_private = true if that is meant"
    if address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        return f"{address}, which no receiver has"
    if not address.is_global and not allow_private:
        return "in a private network; set allow_private = true if that is meant"
    return None


class CheckedResolver(AbstractResolver):
    """Resolves names, and leaves out addresses that are forbidden.

    Args:
        allow_private: as for `is_forbidden`.
        resolver: looks names up.
    """

    def __init__(self, *, allow_private: bool, resolver: AbstractResolver | None = None) -> None:
        self._allow_private = allow_private
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host that are allowed.

        Raises:
            PermissionError: none of them is. It has no `errno`, unlike those of the system.
            OSError: the name is not known.
        """
        found = await self._resolver.resolve(host, port, family)
        kept, refused = [], ""
        for one in found:
            why = is_forbidden(ipaddress.ip_address(one["host"]), allow_private=self._allow_private)
            if why is None:
                kept.append(one)
            else:
                refused = why
        if not kept:
            raise PermissionError(f"{host} is {refused}")
        return kept

    async def close(self) -> None:
        """Release the resolver."""
        await self._resolver.close()

"""Addresses that no receiver has, and at which a cloud's metadata service may answer."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Final, TypeAlias

from reconciler.domain.errors import PermanentError

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA: Final = frozenset({"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"})
"""Of Alibaba, Azure, Oracle and AWS, beside 169.254.169.254, which all link-local are."""
_LOOK_UP_S: Final = 5.0
"""Behind a proxy there is often no name server, and nothing says so."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def refuse_literal(channel: str, host: str) -> None:
    """Return unless `host` is itself such an address, however it is written. No name is asked for.

    Raises:
        PermanentError: it is.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return  # a name: where it leads is looked at when it is connected
    for *_, place in found:
        refuse_peer(channel, host, str(place[0]))


async def refuse_name(channel: str, host: str) -> None:
    """Return unless `host` leads to such an address from here; for what a proxy connects to.

    A name that only the proxy can look up is the proxy's to refuse.

    Raises:
        PermanentError: it does.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        return
    for *_, place in found:
        refuse_peer(channel, host, str(place[0]))


def refuse_peer(channel: str, host: str, address: str) -> None:
    """Return unless `address`, which `host` led to, is such an address.

    Asked of the connection itself: a name that was looked up before may lead elsewhere by then.

    Raises:
        PermanentError: it is.
    """
    peer = ipaddress.ip_address(address.partition("%")[0])
    for reached in (peer, _within(peer)):
        if reached is not None and _is_forbidden(reached):
            raise PermanentError(
                f"channel {channel}: {host} leads to {reached}, which is no receiver's address",
                remedy="set the address of the receiver as `url`",
            )


def _is_forbidden(address: _Address) -> bool:
    is_reserved = address.is_link_local or address.is_multicast or address.is_unspecified
    return is_reserved or str(address) in _METADATA


def _within(address: _Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a gateway makes of an IPv6 address, if any would."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour

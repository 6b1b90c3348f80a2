"""Addresses that no receiver has, and at which a cloud's metadata service may answer."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from typing import Final, TypeAlias

from reconciler.domain.errors import PermanentError

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_METADATA: Final = frozenset(
    {"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"}
)
"""Of Alibaba, Azure, Oracle, AWS and Google, beside 169.254.169.254, which all link-local are."""
_LOOK_UP_S: Final = 5.0
"""Behind a proxy there is often no name server, and nothing says so."""
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def refuse_literal(channel: str, host: str) -> None:
    """Return unless `host` is itself such an address, however it is written. No name is asked for.

    Raises:
        PermanentError: it is.
    """
    # A name: where it leads is looked at when it is connected.
    _refuse_found(channel, host, socket.AI_NUMERICHOST)


def refuse_name(channel: str, host: str) -> None:
    """Return unless `host` leads to such an address from here; for what a proxy connects to.

    A name that only the proxy can look up is the proxy's to refuse. It may take long.

    Raises:
        PermanentError: it does.
    """
    _refuse_found(channel, host, 0)


async def refuse_name_soon(channel: str, host: str) -> None:
    """Do the same without keeping others waiting; a name that takes long is the proxy's as well.

    Raises:
        PermanentError: see `refuse_name`.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_UP_S):
            await asyncio.to_thread(refuse_name, channel, host)


def refuse_peer(channel: str, host: str, address: str) -> None:
    """Return unless `address`, which `host` led to, is such an address.

    Asked of the connection itself: a name that was looked up before may lead elsewhere by then.

    Raises:
        PermanentError: it is.
    """
    peer = ipaddress.ip_address(address.partition("%")[0])
    for reached in (peer, *_within(peer)):
        if _is_forbidden(reached):
            leads = f" leads to {reached}, which" if host != str(reached) else ""
            raise PermanentError(
                f"channel {channel}: {host}{leads} is no receiver's address",
                remedy="set the address of the receiver as `url`",
            )


def _refuse_found(channel: str, host: str, flags: int) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return
    for *_, place in found:
        refuse_peer(channel, host, str(place[0]))


def _is_forbidden(address: _Address) -> bool:
    return _has_metadata(address) or address.is_multicast or address.is_unspecified


def _has_metadata(address: _Address) -> bool:
    return address.is_link_local or str(address) in _METADATA


def _within(address: _Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that a gateway may make of an IPv6 address."""
    if not isinstance(address, ipaddress.IPv6Address):
        return
    if address in _NAT64 or address in _COMPATIBLE:
        yield _lowest(int(address))
    elif address in _NAT64_LOCAL:
        # A receiver's address, read by another prefix than its own, may well be 0.0.0.0.
        yield from (found for found in _readings(int(address)) if _has_metadata(found))
    embedded = address.ipv4_mapped or address.sixtofour
    if embedded is not None:
        yield embedded


def _readings(number: int) -> Iterator[ipaddress.IPv4Address]:
    """Yield what each prefix of RFC 6052 from 48 bits on leads to; bits 64 to 71 are left out."""
    joined = (number >> 64) << 56 | number & (1 << 56) - 1
    yield from (_lowest(joined >> shift) for shift in (40, 32, 24))
    yield _lowest(number)


def _lowest(number: int) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(number & 0xFFFFFFFF)

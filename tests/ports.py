"""Loopback ports for servers that are told where to listen."""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import Final

_FIRST: Final = 10_000
_FEWEST: Final = 1_000
_LAST: Final = 32_767
_GIVEN_TO_CONNECTIONS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES: Final = 1_000


def free_port() -> int:
    """Return a port that nothing uses, over TCP or UDP, and that no connection will be given.

    The kernel gives outgoing connections ports of a range of its own. One of these may be taken
    by a connection before the server listens, which then ends: its address is in use.
    """
    choice = random.SystemRandom()
    for _ in range(_TRIES):
        port = choice.randint(_FIRST, _last())
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            return port
    raise OSError(f"no port from {_FIRST} to {_last()} is free")


def _last() -> int:
    try:
        below = int(_GIVEN_TO_CONNECTIONS.read_text().split()[0]) - 1
    except (OSError, ValueError, IndexError):  # macOS begins at 49152
        return _LAST
    return below if below - _FIRST >= _FEWEST else _LAST


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

"""A client that costs little beside the server it measures: sockets, and nothing around them.

Each connection sends one request, waits for its answer and sends the next one, as agents do.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_ANSWER_BYTES: Final = 1 << 16
_TAKEN: Final = b"HTTP/1.1 204 "
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it: `took_s` of each answer, sorted, and the client's own processor time."""

    seconds: float
    cpu_s: float
    took_s: Sequence[float]

    @property
    def rate(self) -> float:
        """How many were acknowledged in a second."""
        return len(self.took_s) / self.seconds

    @property
    def p99_s(self) -> float:
        """What 99 of 100 answers took at most."""
        return self.took_s[int(len(self.took_s) * 0.99)]


@dataclass(slots=True)
class _Connection:
    opened: socket.socket
    left: Iterator[bytes]
    sent_at: float = 0.0
    answer: bytes = b""


def send(address: str, rounds: Sequence[Sequence[bytes]], *, connections: int) -> Sent:
    """Send each round, one agent's requests in order on one connection; all must be taken."""
    place = urlsplit(address)
    took: list[float] = []
    with selectors.DefaultSelector() as selector:
        opened = [
            _Connection(
                _connected(str(place.hostname), int(place.port or 0)),
                _of(rounds, number, connections),
            )
            for number in range(connections)
        ]
        began, cpu_began = time.perf_counter(), _cpu_s()
        for connection in opened:
            selector.register(connection.opened, selectors.EVENT_READ, connection)
            _next(connection, selector)
        while selector.get_map():
            for key, _ in selector.select():
                _read(key.data, selector, took)
        seconds, cpu_s = time.perf_counter() - began, _cpu_s() - cpu_began
    return Sent(seconds, cpu_s, sorted(took))


def _of(rounds: Sequence[Sequence[bytes]], first: int, step: int) -> Iterator[bytes]:
    return (request for requests in rounds for request in requests[first::step])


def _connected(host: str, port: int) -> socket.socket:
    opened = socket.create_connection((host, port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _next(connection: _Connection, selector: selectors.BaseSelector) -> None:
    request = next(connection.left, None)
    if request is None:
        selector.unregister(connection.opened)
        connection.opened.close()
        return
    connection.answer = b""
    connection.sent_at = time.perf_counter()
    connection.opened.sendall(request)


def _read(connection: _Connection, selector: selectors.BaseSelector, took: list[float]) -> None:
    came = connection.opened.recv(_ANSWER_BYTES)
    answer = connection.answer = connection.answer + came
    if came and not answer.endswith(_END):
        return
    if not came or not answer.startswith(_TAKEN):
        raise ConnectionError(f"a report was not taken: {answer[:300]!r}")
    took.append(time.perf_counter() - connection.sent_at)
    _next(connection, selector)


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system

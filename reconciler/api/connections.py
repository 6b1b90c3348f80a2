"""How many connections there are, how long they may take to ask, and who goes when it is too many.

A client that connects and never finishes its question holds a file of the process. There is a
deadline for the head and one for the body of a request, a bound for the head's size, and a bound
for connections, in all and from one address. Beyond that bound the connection that has waited
longest without a whole question is ended, so that whoever asks is answered. A question is worked
on when its body is there, or more of it than is kept for a client: a thousand halves cost a
thousand buffers, and not a thousand times finding the route and looking at the token.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from reconciler.api.refusal import MEDIA_TYPE, Refusal

HEAD: Final = "head"
BODY: Final = "body"
ANSWER: Final = "answer"
IDLE: Final = "idle"
_WAITS: Final = frozenset({HEAD, BODY, IDLE})
_HAS_DEADLINE: Final = frozenset({HEAD, BODY})
_LINGER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of one server; `head_bytes` is for all that is neither body nor answer."""

    most: int = 512
    from_one_address: int = 256
    head_s: float = 10.0
    body_s: float = 60.0
    head_bytes: int = 64 * 2**10

    @classmethod
    def within(cls, files: int) -> ConnectionLimits:
        """Return bounds that leave half of `files` for everything else a daemon opens."""
        most = max(16, min(1024, files // 2))
        return cls(most=most, from_one_address=most // 2)


@dataclass(slots=True)
class Connections:
    """Every open connection of one server; those that have not asked yet, the oldest first."""

    limits: ConnectionLimits
    waiting: dict[GuardedProtocol, str] = field(default_factory=dict)
    by_address: Counter[str] = field(default_factory=Counter)

    def admit(self, newcomer: GuardedProtocol) -> bool:
        """Count `newcomer`, ending another where there are too many; whether it may stay."""
        address = newcomer.address
        stays = self._make_room(address)
        self.by_address[address] += 1
        return stays

    def _make_room(self, address: str) -> bool:
        if self.by_address[address] >= self.limits.from_one_address:
            return self._end_longest_waiting(address)
        if self.by_address.total() >= self.limits.most:
            return self._end_longest_waiting(None)
        return True

    def _end_longest_waiting(self, address: str | None) -> bool:
        found = next(
            (
                connection
                for connection in self.waiting
                if address is None or connection.address == address
            ),
            None,
        )
        if found is None:
            return False
        found.end()
        return True

    def forget(self, gone: GuardedProtocol) -> None:
        """Count a connection no more."""
        self.waiting.pop(gone, None)
        self.by_address[gone.address] -= 1
        if self.by_address[gone.address] <= 0:
            del self.by_address[gone.address]


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines and bounds; see the module."""

    guard: Connections
    """One per server; set by `guarded_protocol`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.address = ""
        self._state = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._counted = False
        self._not_begun: tuple[RequestResponseCycle, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or end it at once where there are too many that are busy."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        stays = self.guard.admit(self)
        self._counted = True
        if stays:
            self._enter(HEAD)
        else:
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._enter("")
        self._not_begun = None
        if self._counted:
            self._counted = False
            self.guard.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, as long as it comes to a question within bounds."""
        if self._state == IDLE:
            self._enter(HEAD)
        super().data_received(data)
        if self._state == HEAD:
            self._head_bytes += len(data)
        if self._head_bytes > self.guard.limits.head_bytes:
            self._refuse(Refusal(431, "headers-too-large", "the head of the request is incomplete"))

    def on_message_begin(self) -> None:
        """A question begins; its head has its own time."""
        if self._state != HEAD:
            self._enter(HEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count what comes after the body as well: it is kept with the request."""
        if self._state != HEAD:
            self._head_bytes += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Give the body its own time."""
        self._head_bytes = 0
        self._enter(BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin with a body that is too large to be kept whole."""
        super().on_body(body)
        if len(self.cycle.body) > HIGH_WATER_LIMIT:
            self._begin()

    def on_message_complete(self) -> None:
        """The question is whole: how long the answer takes is ours."""
        super().on_message_complete()
        self._begin()
        self._enter(IDLE if self.cycle.response_complete else ANSWER)

    def on_response_complete(self) -> None:
        """Wait for the next question, or serve the one that came meanwhile."""
        if self._state == ANSWER and not self.pipeline:
            self._enter(IDLE)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """End it; what a client does not take is not kept for it."""
        self.end()

    def end(self) -> None:
        """End the connection now, whatever is still to be sent."""
        self._enter("")
        if self.transport is not None:
            self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.more_body and not cycle.waiting_for_100_continue:
            self._not_begun = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _begin(self) -> None:
        if self._not_begun is not None:
            cycle, app = self._not_begun
            self._not_begun = None
            super()._start_asgi_task(cycle, app)

    def _enter(self, state: str) -> None:
        self._state = state
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        guard = self.guard
        guard.waiting.pop(self, None)
        if state in _WAITS:
            guard.waiting[self] = state
        if state in _HAS_DEADLINE:
            within_s = guard.limits.head_s if state == HEAD else guard.limits.body_s
            self._deadline = self.loop.call_later(within_s, self._too_slow)

    def _too_slow(self) -> None:
        part = "head" if self._state == HEAD else "body"
        self._refuse(Refusal(408, "too-slow", f"the {part} of the request took too long"))

    def _refuse(self, refusal: Refusal) -> None:
        """Say why, when no other answer is under way, and end the connection."""
        cycle = self.cycle
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        earlier = self._state == HEAD and cycle is not None and not cycle.response_complete
        if begun or earlier or self.transport.is_closing():
            self.end()
            return
        self._enter("")
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            self._not_begun = None
        body = bytes(refusal.response().body)
        head = (
            f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self.loop.call_later(_LINGER_S, self.end)


def guarded_protocol(limits: ConnectionLimits) -> type[GuardedProtocol]:
    """Return the protocol of one server, with its connections counted."""

    class Guarded(GuardedProtocol):
        guard = Connections(limits)

    return Guarded

"""How long connections may take to ask, and what they are told when there are too many.

A client that connects and never finishes its question holds a file of the process. There is a
deadline for the head and one for the body of a request, a bound for the head's size, and a bound
for connections, in all and from one address. Beyond that bound the connection that has waited
longest without a whole question is ended, so that whoever asks is answered; where each of them has
only just come, the newcomer is told when to come again. A question is worked
on when its body is there, or more of it than is kept for a client: a thousand halves cost a
thousand buffers, and not a thousand times finding the route and looking at the token.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from reconciler.api.connection_limits import ConnectionLimits, Connections
from reconciler.api.refusal import MEDIA_TYPE, Refusal

HEAD: Final = "head"
BODY: Final = "body"
ANSWER: Final = "answer"
IDLE: Final = "idle"
AWAY: Final = "away"
_LINGER_S: Final = 1.0
_TOO_MANY: Final = Refusal(
    503,
    "too-many-connections",
    "too many connections are open, in all or from one address",
    headers={"Retry-After": "5"},
)


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
        self._told = False
        self._not_begun: tuple[RequestResponseCycle, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or turn it away where none of too many may be ended for it."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        stays = self.guard.admit(self, now_s=self.loop.time())
        self._counted = stays or self.guard.turn_away(self)
        if stays:
            self._enter(HEAD)
        elif self._counted:
            self._enter(AWAY)
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
        if self._state == AWAY:
            self._turn_away()
            return
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
        self.guard.is_busy(self)
        limits = self.guard.limits
        if state in (HEAD, BODY):
            self.guard.waits(self, endable_at_s=self.loop.time() + limits.chance_s)
            within_s = limits.head_s if state == HEAD else limits.body_s
            self._deadline = self.loop.call_later(within_s, self._too_slow)
        elif state == IDLE:
            self.guard.waits(self, endable_at_s=0.0)
        elif state == AWAY:
            self._deadline = self.loop.call_later(limits.chance_s, self._turn_away)

    def _turn_away(self) -> None:
        """Say that there are too many, and leave the client the time to read it.

        To close at once with a body still on its way resets the connection, and the answer with it.
        """
        if self._told or self.transport.is_closing():
            return
        self._told = True
        self.transport.write(_written(_TOO_MANY))
        self.loop.call_later(_LINGER_S, self.end)

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
        self.transport.write(_written(refusal))
        self.transport.close()
        self.loop.call_later(_LINGER_S, self.end)


def _written(refusal: Refusal) -> bytes:
    body = bytes(refusal.response().body)
    more = "".join(f"{name.lower()}: {value}\r\n" for name, value in refusal.headers.items())
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n{more}"
        "connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def guarded_protocol(limits: ConnectionLimits) -> type[GuardedProtocol]:
    """Return the protocol of one server, with its connections counted."""

    class Guarded(GuardedProtocol):
        guard = Connections(limits)

    return Guarded

"""`/events`: the live stream (server-sent events)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Final

from fastapi import Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from reconciler.api.credentials import Credentials
from reconciler.api.queries import EventsQuery
from reconciler.api.refusal import Refusal
from reconciler.api.stream import EventStream
from reconciler.domain.records import Token
from reconciler.wire.route import HEARTBEAT_HEADER

_SEND_WITHIN_S: Final = 30.0
_HIGHEST: Final = 2**62


async def follow_events(
    request: Request,
    query: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> StreamingResponse:
    """Follow what happens. With `Last-Event-ID` what was missed comes first.

    A `reset` event says that more was missed than is kept: read the lists anew. It ends with the
    token that opened it, within a heartbeat.
    """
    stream: EventStream = request.app.state.stream
    credentials: Credentials = request.app.state.credentials
    token: Token = request.state.token
    frames = await stream.listen(
        after=_after(last_event_id),
        types=_wanted(query.types),
        who=token.token_id,
        admitted=partial(credentials.still_opens, token),
    )
    return _EventResponse(frames, heartbeat_s=stream.heartbeat_s)


class _EventResponse(StreamingResponse):
    """Ends when the client is gone or takes nothing for half a minute."""

    def __init__(self, frames: AsyncGenerator[bytes], *, heartbeat_s: float) -> None:
        super().__init__(frames, media_type="text/event-stream")
        self.headers["X-Accel-Buffering"] = "no"
        self.headers[HEARTBEAT_HEADER] = f"{heartbeat_s:g}"
        self._frames = frames

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._frames):
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            async for chunk in self._frames:
                async with asyncio.timeout(_SEND_WITHIN_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _after(last_event_id: str | None) -> int | None:
    if last_event_id is None or last_event_id == "":
        return None
    if not re.fullmatch(r"[0-9]{1,19}", last_event_id) or int(last_event_id) > _HIGHEST:
        error = {"field": "header.Last-Event-ID", "message": "a number that the stream gave"}
        raise Refusal(
            422, "invalid-request", "the request does not fit: Last-Event-ID", errors=[error]
        )
    return int(last_event_id)


def _wanted(types: str | None) -> Callable[[str], bool]:
    beginnings = tuple(word.strip() for word in (types or "").split(",") if word.strip())
    if not beginnings:
        return lambda _: True
    return lambda type_: type_.startswith(beginnings)

"""The live stream: every event once and in order, also over connections that are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from reconciler.client.calls import Calls
from reconciler.client.errors import RefusedError, UnreachableError
from reconciler.domain.errors import ReconcilerError, RetryableError
from reconciler.wire import routes
from reconciler.wire.decoding import decode

if TYPE_CHECKING:
    from reconciler.wire.events import Event

QUIET_S: Final = 45.0
"""Three signs of life of a daemon that does not say how often it gives one."""
PATIENCE_S: Final = 120.0
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 8.0


def _ignored(_error: ReconcilerError) -> None:
    """Do nothing about it."""


class EventStream:
    """What happens, as it happens."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def follow(
        self,
        *,
        types: Iterable[str] = (),
        after: int | None = None,
        patience_s: float = PATIENCE_S,
        opened: Callable[[], None] = lambda: None,
        lost: Callable[[ReconcilerError], None] = _ignored,
    ) -> AsyncGenerator[Event, None]:
        """Yield what happens from now on, or after the event `after`, for as long as you take.

        `types` are types, or beginnings of types such as `remediation.`. A connection that is
        cut is opened again where it was: no event is missed and none comes twice. Where more
        was missed than the daemon keeps, an event of type `reset` says so: read the lists anew.

        `opened` is called whenever the stream is open: whatever happens later is told. `lost`
        hears of each connection that was cut or not made.

        Raises:
            UnreachableError: the daemon was away for longer than `patience_s`.
            RefusedError: it refuses, as with a token that was removed.
        """
        wanted, last = tuple(types), after
        away_s, pause_s = 0.0, _FIRST_PAUSE_S

        def is_open() -> None:
            nonlocal away_s, pause_s
            away_s, pause_s = 0.0, _FIRST_PAUSE_S
            opened()

        while True:
            try:
                async with aclosing(self._once(wanted, last, is_open)) as events:
                    async for seq, event in events:
                        last = seq
                        if event is not None:
                            yield event
            except (UnreachableError, RefusedError) as error:
                if not isinstance(error, RetryableError) or away_s >= patience_s:
                    raise
                lost(error)
                pause_s = _pause_after(error, pause_s)
            away_s += pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _once(
        self, types: tuple[str, ...], last: int | None, opened: Callable[[], None]
    ) -> AsyncGenerator[tuple[int, Event | None], None]:
        """Yield what one connection tells: its place in the stream, and mostly an event."""
        query = {"types": ",".join(types) or None}
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        async with self._calls.stream(
            routes.FOLLOW_EVENTS, query=query, headers=headers, quiet_s=QUIET_S
        ) as lines:
            greeted = False
            seq: int | None = None
            kind, data = "", ""
            async for line in lines:
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "id" and value.isdecimal():
                    seq = int(value)
                elif name == "event":
                    kind = value
                elif name == "data":
                    data = value
                elif not line:
                    if not greeted:
                        # Not before: its place in the stream comes with the greeting.
                        greeted = True
                        opened()
                    if seq is not None:
                        yield seq, _event(kind, data, seq) if data else None
                    kind, data = "", ""


def _event(kind: str, data: str, seq: int) -> Event:
    # Only who follows pays for the catalogue.
    from reconciler.domain.events import RESET  # noqa: PLC0415
    from reconciler.wire.events import Event  # noqa: PLC0415

    body = orjson.loads(data)
    if kind == RESET:
        return Event(seq=seq, at=datetime.now(UTC), type=RESET, subject="", body=body)
    return decode(Event, body)


def _pause_after(error: ReconcilerError, pause_s: float) -> float:
    wished_s = error.retry_after_s if isinstance(error, RefusedError) else None
    return pause_s if wished_s is None else max(pause_s, wished_s)

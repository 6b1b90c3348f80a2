"""The live stream: one reader of the store for everybody who listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from reconciler.api.refusal import Refusal
from reconciler.domain.errors import StorageError
from reconciler.domain.events import RESET, Reset
from reconciler.domain.records import EventEntry
from reconciler.stores import Store
from reconciler.wire.events import event_of
from reconciler.wire.model import encode
from reconciler.wire.scan import json_bytes

HEARTBEAT_S: Final = 5.0
"""A daemon that was stopped keeps its connections: only what does not come tells of it."""
_HEARTBEAT: Final = b": still here\n\n"
_GREETING: Final = b"retry: 2000\nid: %d\n\n"
"""Its number lets a client that is cut off before the first event go on from here."""
_MOST_WAITING: Final = 2000
_PAGE: Final = 500
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, encoded once for all who listen."""

    seq: int
    type: str
    data: bytes


@dataclass(slots=True, eq=False)
class _Listener:
    """What waits for one client. Too much waiting ends it: it may resume where it was."""

    who: str = ""
    frames: deque[Frame] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def give(self, frame: Frame) -> None:
        if len(self.frames) >= _MOST_WAITING:
            self.end()
            return
        self.frames.append(frame)
        self.news.set()

    def end(self) -> None:
        self.ended = True
        self.news.set()


def _unseen(_entry: EventEntry) -> None:
    """Look away."""


async def _always() -> bool:
    return True


class EventStream:
    """Hands every committed event to every listener, in order and once.

    `heartbeat_s` is how long a silent stream stays without a sign of life. `seen` is
    called with each event, whether anybody listens or not.
    """

    def __init__(
        self,
        store: Store,
        *,
        most_listeners: int = 200,
        most_of_one: int = 20,
        heartbeat_s: float = HEARTBEAT_S,
        seen: Callable[[EventEntry], None] = _unseen,
    ) -> None:
        self._store = store
        self._most = most_listeners
        self._most_of_one = most_of_one
        self.heartbeat_s = heartbeat_s
        self._seen = seen
        self._listeners: set[_Listener] = set()
        self._seq: int | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._starting = asyncio.Lock()

    @property
    def listeners(self) -> int:
        """How many clients listen now."""
        return len(self._listeners)

    async def run(self) -> None:
        """Read and hand on until closed; to be run for as long as the API answers."""
        await self._start()
        unsubscribe = self._store.on_event(self._wake)
        try:
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                await self._hand_on()
        finally:
            unsubscribe()
            self._end_all()

    def close(self) -> None:
        """End every stream, so that a server that stops need not wait for them."""
        self._closed = True
        self._news.set()
        self._end_all()

    async def listen(
        self,
        *,
        after: int | None,
        types: Callable[[str], bool],
        who: str = "",
        admitted: Callable[[], Awaitable[bool]] = _always,
    ) -> AsyncGenerator[bytes, None]:
        """Return the bytes for one client: what it missed since `after`, then what comes.

        `who` is whose streams are counted together; nobody's are counted when it is empty. The
        stream ends before whatever would be sent once `admitted` says no.

        Raises:
            Refusal: 503 too many listen already, or the daemon is stopping; 429 too many
                listen as `who`.
        """
        if self._closed or len(self._listeners) >= self._most:
            raise Refusal(
                503, "too-many-streams", "no more streams are open", headers={"Retry-After": "5"}
            )
        if who and sum(listener.who == who for listener in self._listeners) >= self._most_of_one:
            raise Refusal(
                429,
                "too-many-streams",
                f"this token has {self._most_of_one} streams open",
                remedy="end one of them, or ask for another token",
                headers={"Retry-After": "5"},
            )
        await self._start()
        listener = _Listener(who)
        self._listeners.add(listener)
        joined_at = self._seq or 0
        return self._frames(
            listener, after=after, joined_at=joined_at, types=types, admitted=admitted
        )

    async def _frames(
        self,
        listener: _Listener,
        *,
        after: int | None,
        joined_at: int,
        types: Callable[[str], bool],
        admitted: Callable[[], Awaitable[bool]],
    ) -> AsyncGenerator[bytes, None]:
        try:
            yield _GREETING % (joined_at if after is None else after)
            if after is not None:
                async for frame in self._missed(after, joined_at):
                    if frame.type == RESET or types(frame.type):
                        yield frame.data
            async for data in self._live(listener, types):
                # A token may have been revoked since it opened the stream.
                if not await admitted():
                    return
                yield data
        finally:
            self._listeners.discard(listener)

    async def _live(
        self, listener: _Listener, types: Callable[[str], bool]
    ) -> AsyncGenerator[bytes, None]:
        while not listener.ended:
            try:
                async with asyncio.timeout(self.heartbeat_s):
                    await listener.news.wait()
            except TimeoutError:
                yield _HEARTBEAT
                continue
            listener.news.clear()
            waiting = [frame.data for frame in listener.frames if types(frame.type)]
            listener.frames.clear()
            if waiting:
                yield b"".join(waiting)

    async def _missed(self, after: int, until: int) -> AsyncGenerator[Frame, None]:
        oldest, newest = await self._store.read(lambda view: view.events.bounds())
        if after < oldest - 1 or after > newest:
            yield _reset(oldest, max(newest, until))
            return
        while after < until:
            entries = await self._page(after)
            for entry in entries:
                if entry.seq <= until:
                    yield frame_of(entry)
            if not entries:
                return
            after = entries[-1].seq

    async def _start(self) -> None:
        async with self._starting:
            if self._seq is None:
                _, self._seq = await self._store.read(lambda view: view.events.bounds())

    def _wake(self, _newest: int) -> None:
        self._news.set()

    async def _hand_on(self) -> None:
        try:
            while not self._closed:
                entries = await self._page(self._seq or 0)
                for entry in entries:
                    self._seq = entry.seq
                    self._seen(entry)
                    frame = frame_of(entry)
                    for listener in tuple(self._listeners):
                        listener.give(frame)
                if len(entries) < _PAGE:
                    return
        except StorageError as error:
            # Nobody may believe that nothing happens: all are sent away and ask again.
            _log.error("events_unreadable", reason=str(error))
            self._end_all()

    async def _page(self, after: int) -> tuple[EventEntry, ...]:
        return await self._store.read(lambda view: view.events.after(after, limit=_PAGE))

    def _end_all(self) -> None:
        for listener in tuple(self._listeners):
            listener.end()


def frame_of(entry: EventEntry) -> Frame:
    """Return an event as the stream carries it."""
    return _frame(entry.seq, entry.type, json_bytes(event_of(entry)))


def _reset(oldest: int, newest: int) -> Frame:
    return _frame(newest, RESET, json_bytes(encode(Reset(oldest=oldest, newest=newest))))


def _frame(seq: int, type_: str, data: bytes) -> Frame:
    # JSON of orjson holds no line break, so one `data:` line holds it all.
    return Frame(seq, type_, b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, type_.encode(), data))

"""The side that asks: requests as streams side by side, each with one answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from iac_adapters.plugin_host.http2.connection import Connection, Message, Stream, header_frames
from iac_adapters.plugin_host.http2.errors import ConnectionEnded
from iac_adapters.plugin_host.http2.frames import LARGEST_WINDOW, PREFACE
from iac_adapters.plugin_host.http2.hpack import Field


def _future() -> asyncio.Future[Message]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True)
class _Request(Stream):
    answered: asyncio.Future[Message] = field(default_factory=_future)


class ClientConnection(Connection[_Request]):
    """A client's side of a connection."""

    preface = PREFACE

    def __init__(self, *, message_bytes: int) -> None:
        super().__init__(message_bytes=message_bytes)
        self._next = 1

    @property
    def usable(self) -> bool:
        """Whether another request can be sent."""
        return not self.ended and self._next < LARGEST_WINDOW

    async def request(self, fields: list[Field], content: bytes) -> Message:
        """Send a request; return what it is answered. Cancelled, it is taken back.

        Raises:
            ConnectionEnded: there is no answer, since the connection ended.
            StreamReset: the server gave this request up.
        """
        while len(self._streams) >= self._most_streams and self.usable:
            await self._change()
        if not self.usable:
            raise ConnectionEnded("the connection ended")
        number, self._next = self._next, self._next + 2
        request = self._streams[number] = _Request(self._first_room)
        try:
            await self._send(number, request, content, head=header_frames(number, fields))
            return await request.answered
        finally:
            if self._streams.pop(number, None) is not None:
                self._reset(number)
            if request.answered.done() and not request.answered.cancelled():
                request.answered.exception()  # it may have failed while we were sending
            self._changed()
            self._leave_when_done()

    def _stream(self, number: int) -> _Request | None:
        return self._streams.get(number)

    def _complete(self, number: int, stream: _Request) -> None:
        del self._streams[number]
        if not stream.answered.done():
            stream.answered.set_result(stream.message)
        self._changed()

    def _abandon(self, number: int, error: Exception) -> None:
        request = self._streams.pop(number, None)
        if request is not None and not request.answered.done():
            request.answered.set_exception(error)
        self._changed()

    def _give_up(self, reason: str) -> None:
        self.ended = True
        for number in tuple(self._streams):
            self._abandon(number, ConnectionEnded(reason))
        self._changed()

    def _take_leave(self, last: int) -> None:
        """Send no new request; those that the server saw are still answered."""
        self.ended = True
        for number in tuple(self._streams):
            if number > last:
                self._abandon(number, ConnectionEnded("the server takes no more requests"))
        self._changed()
        self._leave_when_done()

    def _leave_when_done(self) -> None:
        if self.ended and not self._streams and self._transport is not None:
            self._transport.close()

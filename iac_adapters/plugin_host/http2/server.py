"""The side that is asked: each request is answered by a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from iac_adapters.plugin_host.http2.connection import Connection, Message, Stream, header_frames
from iac_adapters.plugin_host.http2.errors import ProtocolError
from iac_adapters.plugin_host.http2.frames import PREFACE
from iac_adapters.plugin_host.http2.hpack import Field


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered: content between fields, or nothing but `trailers`."""

    trailers: list[Field]
    fields: list[Field] | None = None
    content: bytes = b""


@dataclass(slots=True)
class _Exchange(Stream):
    task: asyncio.Task[None] | None = None


class ServerConnection(Connection[_Exchange]):
    """A server's side of a connection. What it answers is cancelled when the client leaves."""

    def __init__(
        self, answer: Callable[[Message], Awaitable[Answer]], *, message_bytes: int
    ) -> None:
        super().__init__(message_bytes=message_bytes)
        self._answer = answer
        self._greeting = b""
        self._greeted = False
        self._latest = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def wait_ended(self) -> None:
        """Wait until nothing of it is under way any more."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def data_received(self, data: bytes) -> None:
        """Take in what the client sent, after its greeting."""
        if not self._greeted:
            self._greeting += data
            if len(self._greeting) < len(PREFACE) and PREFACE.startswith(self._greeting):
                return
            if not self._greeting.startswith(PREFACE):
                self.end("the client does not speak HTTP/2")
                return
            self._greeted = True
            data, self._greeting = self._greeting[len(PREFACE) :], b""
        super().data_received(data)

    def _stream(self, number: int) -> _Exchange | None:
        if number > self._latest:
            if number % 2 == 0:
                raise ProtocolError("a client's streams have odd numbers")
            self._latest = number
            self._streams[number] = _Exchange(self._first_room)
        return self._streams.get(number)

    def _complete(self, number: int, stream: _Exchange) -> None:
        if stream.task is not None:
            raise ProtocolError("a request goes on after its end")
        stream.task = asyncio.get_running_loop().create_task(self._serve(number, stream))
        self._tasks.add(stream.task)
        stream.task.add_done_callback(self._tasks.discard)

    async def _serve(self, number: int, stream: _Exchange) -> None:
        try:
            answer = await self._answer(stream.message)
            if answer.fields is None:
                self._write(header_frames(number, answer.trailers, last=True))
            else:
                head = header_frames(number, answer.fields)
                tail = header_frames(number, answer.trailers, last=True)
                await self._send(number, stream, answer.content, head=head, tail=tail)
        except BaseException:
            if number in self._streams:
                self._reset(number)
            raise
        finally:
            self._streams.pop(number, None)

    def _abandon(self, number: int, _error: Exception) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None and stream.task is not None:
            stream.task.cancel()
        self._changed()

    def _give_up(self, reason: str) -> None:
        self.ended = True
        for number in tuple(self._streams):
            self._abandon(number, ConnectionError(reason))

    def _take_leave(self, last: int) -> None:
        """Go on: a client that leaves closes the connection when it has its answers."""

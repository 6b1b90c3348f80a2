"""What both sides of a connection do alike: frames in, frames out, and the room for them.

The other side may send as much as it likes: messages are bounded one by one. What we send
waits for the room that the other side gives.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from iac_adapters.plugin_host.http2.errors import ErrorCode, ProtocolError, StreamReset
from iac_adapters.plugin_host.http2.frames import (
    ACKNOWLEDGED,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    FRAME_BYTES,
    LARGEST_WINDOW,
    Frame,
    FrameReader,
    Kind,
    Setting,
    number_of,
    packed,
    settings_frame,
    settings_of,
)
from iac_adapters.plugin_host.http2.hpack import Field, HeaderDecoder, encoded

_OPENING: Final = settings_frame(
    {Setting.ENABLE_PUSH: 0, Setting.INITIAL_WINDOW_SIZE: LARGEST_WINDOW}
) + packed(Kind.WINDOW_UPDATE, 0, 0, (LARGEST_WINDOW - FIRST_WINDOW).to_bytes(4, "big"))
_GIVEN_BACK_FROM: Final = 1 << 28
_HEADER_BLOCK_BYTES: Final = 1 << 20
_MOST_BLOCKS: Final = 8
"""Of one message: its head and its trailers, and a few that announce them."""
_MOST_FRAME_BYTES: Final = (1 << 24) - 1
_PING_BYTES: Final = 8


@dataclass(slots=True)
class Message:
    """What arrived on a stream: header fields and trailers together, and the content."""

    fields: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


@dataclass(slots=True)
class Stream:
    """One exchange; `room` is how many bytes of content the other side takes now."""

    room: int
    message: Message = field(default_factory=Message)
    blocks: int = 0


AnyStream = TypeVar("AnyStream", bound=Stream)


@dataclass(slots=True)
class _Block:
    """A header block that goes on in further frames."""

    frame: Frame
    content: bytearray


class Connection(asyncio.Protocol, ABC, Generic[AnyStream]):
    """One side of a connection. Once it has ended it stays ended."""

    preface = b""
    """What this side sends before its first frame."""

    def __init__(self, *, message_bytes: int) -> None:
        self.ended = False
        self._message_bytes = message_bytes
        self._reader = FrameReader()
        self._decoder = HeaderDecoder()
        self._transport: asyncio.WriteTransport | None = None
        self._streams: dict[int, AnyStream] = {}
        self._block: _Block | None = None
        self._room = FIRST_WINDOW
        self._first_room = FIRST_WINDOW
        self._frame_bytes = FRAME_BYTES
        self._most_streams = LARGEST_WINDOW
        self._received = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._takes: Mapping[int, Callable[[Frame], None]] = {
            Kind.DATA: self._take_data,
            Kind.HEADERS: self._take_headers,
            Kind.CONTINUATION: self._go_on,
            Kind.RST_STREAM: self._take_reset,
            Kind.SETTINGS: self._take_settings,
            Kind.PING: self._take_ping,
            Kind.GOAWAY: self._take_goaway,
            Kind.WINDOW_UPDATE: self._take_room,
            Kind.PUSH_PROMISE: self._take_push,
        }

    def end(self, reason: str) -> None:
        """End the connection with all that is under way."""
        self._give_up(reason)
        if self._transport is not None:
            self._transport.abort()

    # What the sides do differently.

    @abstractmethod
    def _stream(self, number: int) -> AnyStream | None:
        """Return the stream that a header block is about; None where it is over."""

    @abstractmethod
    def _complete(self, number: int, stream: AnyStream) -> None:
        """Take in a message that is whole."""

    @abstractmethod
    def _abandon(self, number: int, error: Exception) -> None:
        """Take in that nothing more comes of a stream."""

    @abstractmethod
    def _give_up(self, reason: str) -> None:
        """Take in that nothing more comes of the connection."""

    @abstractmethod
    def _take_leave(self, last: int) -> None:
        """Take in that the other side looks at no stream after `last`."""

    # Sending.

    async def _send(
        self, number: int, stream: AnyStream, content: bytes, *, head: bytes, tail: bytes = b""
    ) -> None:
        """Send content between two frames as there is room; without a tail it ends the stream."""
        left, unsent = memoryview(content), head
        while number in self._streams:
            room = max(min(stream.room, self._room, self._frame_bytes), 0)
            piece, left = left[:room], left[room:]
            stream.room -= len(piece)
            self._room -= len(piece)
            flags = END_STREAM if not left and not tail else 0
            if piece or flags:
                unsent += packed(Kind.DATA, flags, number, bytes(piece))
            self._write(unsent if left else unsent + tail)
            unsent = b""
            if not left:
                return
            if min(stream.room, self._room) <= 0:
                await self._change()

    def _reset(self, number: int) -> None:
        self._write(packed(Kind.RST_STREAM, 0, number, _code(ErrorCode.CANCEL)))

    async def _change(self) -> None:
        """Wait until there may be more room, or another end of something."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _acknowledge(self, frame: bytes) -> None:
        # Whoever asks without end and reads no answer would fill memory with ours.
        unread = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if unread > self._message_bytes:
            raise ProtocolError("the other side does not read what it is answered")
        self._write(frame)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the conversation."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - a socket's is
        self._transport = transport
        self._write(self.preface + _OPENING)

    def data_received(self, data: bytes) -> None:
        """Take in what the other side sent."""
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except ProtocolError as error:
            said = bytes(4) + _code(ErrorCode.PROTOCOL_ERROR)
            self._write(packed(Kind.GOAWAY, 0, 0, said))
            self.end(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """Give up what is under way."""
        self._give_up(str(error) if error is not None else "the connection was closed")

    # What the frames mean.

    def _take(self, frame: Frame) -> None:
        if self._block is not None and frame.kind != Kind.CONTINUATION:
            raise ProtocolError("a header block was interrupted")
        # Priorities, and kinds that do not exist yet, mean nothing to us.
        if (take := self._takes.get(frame.kind)) is not None:
            take(frame)

    def _take_headers(self, frame: Frame) -> None:
        self._take_block(_Block(frame, bytearray(frame.content())), frame.flags)

    def _take_reset(self, frame: Frame) -> None:
        self._abandon(frame.stream, StreamReset(number_of(frame)))

    def _take_ping(self, frame: Frame) -> None:
        if len(frame.payload) != _PING_BYTES:
            raise ProtocolError("a ping has the wrong size")
        if not frame.flags & ACKNOWLEDGED:
            self._acknowledge(packed(Kind.PING, ACKNOWLEDGED, 0, frame.payload))

    def _take_goaway(self, frame: Frame) -> None:
        self._take_leave(int.from_bytes(frame.payload[:4], "big") & LARGEST_WINDOW)

    def _take_push(self, _frame: Frame) -> None:
        raise ProtocolError("the other side pushes what nobody asked for")

    def _take_data(self, frame: Frame) -> None:
        self._received += len(frame.payload)
        if self._received >= _GIVEN_BACK_FROM:
            self._write(packed(Kind.WINDOW_UPDATE, 0, 0, self._received.to_bytes(4, "big")))
            self._received = 0
        stream = self._streams.get(frame.stream)
        if stream is None:
            return  # it was taken back
        stream.message.content += frame.content()
        if len(stream.message.content) > self._message_bytes:
            self._reset(frame.stream)
            self._abandon(frame.stream, StreamReset(ErrorCode.ENHANCE_YOUR_CALM))
        elif frame.flags & END_STREAM:
            self._complete(frame.stream, stream)

    def _take_block(self, block: _Block, flags: int) -> None:
        if len(block.content) > _HEADER_BLOCK_BYTES:
            raise ProtocolError("a header block is too large")
        self._block = None if flags & END_HEADERS else block
        if self._block is not None:
            return
        # Decoded even where nobody waits for it: later blocks refer to its fields.
        fields = self._decoder.decode(bytes(block.content))
        stream = self._stream(block.frame.stream)
        if stream is None:
            return
        stream.blocks += 1
        if stream.blocks > _MOST_BLOCKS:
            # Without an end, and with new names each time, they would fill memory.
            self._reset(block.frame.stream)
            self._abandon(block.frame.stream, StreamReset(ErrorCode.ENHANCE_YOUR_CALM))
            return
        stream.message.fields.update(fields)
        if block.frame.flags & END_STREAM:
            self._complete(block.frame.stream, stream)

    def _go_on(self, frame: Frame) -> None:
        if self._block is None or self._block.frame.stream != frame.stream:
            raise ProtocolError("a header block goes on that never began")
        self._block.content += frame.payload
        self._take_block(self._block, frame.flags)

    def _take_settings(self, frame: Frame) -> None:
        if frame.flags & ACKNOWLEDGED:
            return
        for number, value in settings_of(frame):
            if number == Setting.INITIAL_WINDOW_SIZE:
                self._resize(value)
            elif number == Setting.MAX_FRAME_SIZE:
                if not FRAME_BYTES <= value <= _MOST_FRAME_BYTES:
                    raise ProtocolError("the other side wants frames of a size that there is not")
                self._frame_bytes = value
            elif number == Setting.MAX_CONCURRENT_STREAMS:
                self._most_streams = value
        self._acknowledge(packed(Kind.SETTINGS, ACKNOWLEDGED, 0))
        self._changed()

    def _resize(self, first_room: int) -> None:
        """Give every stream the new room; what it has sent already may leave less than none."""
        if first_room > LARGEST_WINDOW:
            raise ProtocolError("the other side gives more room than there can be")
        for stream in self._streams.values():
            stream.room += first_room - self._first_room
        self._first_room = first_room

    def _take_room(self, frame: Frame) -> None:
        room = number_of(frame) & LARGEST_WINDOW
        if frame.stream == 0:
            self._room += room
        elif (stream := self._streams.get(frame.stream)) is not None:
            stream.room += room
        self._changed()


def header_frames(number: int, fields: list[Field], *, last: bool = False) -> bytes:
    """Return the frames of a header block; `last` says that nothing follows on the stream."""
    block = encoded(fields)
    pieces = [block[at : at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)]
    frames = bytearray()
    for position, piece in enumerate(pieces):
        kind = Kind.CONTINUATION if position else Kind.HEADERS
        ends = END_HEADERS if position == len(pieces) - 1 else 0
        frames += packed(kind, ends | (END_STREAM if last and not position else 0), number, piece)
    return bytes(frames)


def _code(code: ErrorCode) -> bytes:
    return code.to_bytes(4, "big")

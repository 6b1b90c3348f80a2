"""Frames: the pieces in which both sides of a connection talk (RFC 9113, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from iac_adapters.plugin_host.http2.errors import ProtocolError

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_BYTES: Final = 16384
"""The most that a frame may carry; we allow no more, and send no more unless it is allowed."""
LARGEST_WINDOW: Final = (1 << 31) - 1
FIRST_WINDOW: Final = 65535

END_STREAM: Final = 0x1
ACKNOWLEDGED: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITISED: Final = 0x20

_HEAD_BYTES: Final = 9
_PRIORITY_BYTES: Final = 5
_SETTING_BYTES: Final = 6


class Kind(IntEnum):
    """What a frame is."""

    DATA = 0x0
    HEADERS = 0x1
    PRIORITY = 0x2
    RST_STREAM = 0x3
    SETTINGS = 0x4
    PUSH_PROMISE = 0x5
    PING = 0x6
    GOAWAY = 0x7
    WINDOW_UPDATE = 0x8
    CONTINUATION = 0x9


class Setting(IntEnum):
    """What the sides tell each other about themselves."""

    HEADER_TABLE_SIZE = 0x1
    ENABLE_PUSH = 0x2
    MAX_CONCURRENT_STREAMS = 0x3
    INITIAL_WINDOW_SIZE = 0x4
    MAX_FRAME_SIZE = 0x5


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `kind` is a plain number, since unknown kinds have to be passed over."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    def content(self) -> bytes:
        """Return the payload of DATA or HEADERS without its padding and priority.

        Raises:
            ProtocolError: there is more padding than payload.
        """
        start, end = 0, len(self.payload)
        if self.flags & PADDED:
            if not self.payload:
                raise ProtocolError("a padded frame is empty")
            start, end = 1, end - self.payload[0]
        if self.kind == Kind.HEADERS and self.flags & PRIORITISED:
            start += _PRIORITY_BYTES
        if start > end:
            raise ProtocolError("a frame has more padding than content")
        return self.payload[start:end]


def packed(kind: Kind, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return a frame as it is sent."""
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    )


def settings_frame(settings: dict[Setting, int]) -> bytes:
    """Return the frame that tells the other side of `settings`."""
    payload = b"".join(
        number.to_bytes(2, "big") + value.to_bytes(4, "big") for number, value in settings.items()
    )
    return packed(Kind.SETTINGS, 0, 0, payload)


def settings_of(frame: Frame) -> list[tuple[int, int]]:
    """Return the settings that a frame holds, by number.

    Raises:
        ProtocolError: it is cut off.
    """
    payload = frame.payload
    if len(payload) % _SETTING_BYTES:
        raise ProtocolError("a frame of settings is cut off")
    return [
        (
            int.from_bytes(payload[at : at + 2], "big"),
            int.from_bytes(payload[at + 2 : at + 6], "big"),
        )
        for at in range(0, len(payload), _SETTING_BYTES)
    ]


def number_of(frame: Frame) -> int:
    """Return the number that RST_STREAM and WINDOW_UPDATE consist of.

    Raises:
        ProtocolError: the frame has another size.
    """
    if len(frame.payload) != 4:  # noqa: PLR2004 - bytes of such a number
        raise ProtocolError("a frame has the wrong size")
    return int.from_bytes(frame.payload, "big")


class FrameReader:
    """Cuts what arrives into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame that is complete with `data`.

        Raises:
            ProtocolError: a frame is larger than we allowed; often it is no HTTP/2 at all.
        """
        data = self._rest + data if self._rest else data
        at = 0
        while len(data) - at >= _HEAD_BYTES:
            length = int.from_bytes(data[at : at + 3], "big")
            if length > FRAME_BYTES:
                raise ProtocolError("what it answers is not HTTP/2")
            end = at + _HEAD_BYTES + length
            if end > len(data):
                break
            stream = int.from_bytes(data[at + 5 : at + 9], "big") & LARGEST_WINDOW
            yield Frame(data[at + 3], data[at + 4], stream, data[at + _HEAD_BYTES : end])
            at = end
        self._rest = data[at:]

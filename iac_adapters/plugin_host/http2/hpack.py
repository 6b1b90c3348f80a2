"""Header blocks (RFC 7541): decoded with all that a peer may use, encoded without any of it.

A request repeats nothing that a table would save: its fields take about 100 bytes.
"""

from __future__ import annotations

from typing import Final

from iac_adapters.plugin_host.http2 import huffman
from iac_adapters.plugin_host.http2.errors import ProtocolError

Field = tuple[str, str]

_TABLE_BYTES: Final = 4096
_ENTRY_BYTES: Final = 32
_LONGEST_INTEGER_BYTES: Final = 5

_STATIC_NAMES: Final = (
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
)
_STATIC: Final[tuple[Field, ...]] = (
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    *((":status", status) for status in ("200", "204", "206", "304", "400", "404", "500")),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    *((name, "") for name in _STATIC_NAMES),
)


class HeaderDecoder:
    """Decodes the header blocks of one connection, each exactly once and in their order."""

    def __init__(self) -> None:
        self._entries: list[Field] = []
        self._bytes = 0
        self._limit = _TABLE_BYTES

    def decode(self, block: bytes) -> list[Field]:
        """Return the fields of a block.

        Raises:
            ProtocolError: the block is none; later blocks of the connection mean nothing.
        """
        fields: list[Field] = []
        position = 0
        try:
            while position < len(block):
                position = self._next(block, position, fields)
        except IndexError:
            raise ProtocolError("a header block ends too early") from None
        return fields

    def _next(self, block: bytes, position: int, fields: list[Field]) -> int:
        """Decode what begins at `position`; return where the next one begins."""
        first = block[position]
        if first & 0x80:
            index, position = _integer(block, position, 7)
            fields.append(self._entry(index))
            return position
        if first & 0xE0 == 0x20:  # noqa: PLR2004 - the bits of a change of the table's size
            limit, position = _integer(block, position, 5)
            if limit > _TABLE_BYTES:
                raise ProtocolError(f"the peer's table of header fields has {limit} bytes")
            self._shrink_to(limit)
            self._limit = limit
            return position
        remembered = bool(first & 0x40)
        index, position = _integer(block, position, 6 if remembered else 4)
        if index:
            name = self._entry(index)[0]
        else:
            name, position = _text(block, position)
        value, position = _text(block, position)
        fields.append((name, value))
        if remembered:
            self._remember((name, value))
        return position

    def _entry(self, index: int) -> Field:
        if 1 <= index <= len(_STATIC):
            return _STATIC[index - 1]
        position = index - len(_STATIC) - 1
        if 0 <= position < len(self._entries):
            return self._entries[position]
        raise ProtocolError(f"no header field has the index {index}")

    def _remember(self, field: Field) -> None:
        size = _size(field)
        self._shrink_to(max(self._limit - size, 0))
        if size <= self._limit:
            self._entries.insert(0, field)
            self._bytes += size

    def _shrink_to(self, limit: int) -> None:
        while self._bytes > limit:
            self._bytes -= _size(self._entries.pop())


def encoded(fields: list[Field]) -> bytes:
    """Return a block of literal fields, which no decoder has to remember."""
    block = bytearray()
    for field in fields:
        block.append(0)
        for text in field:
            content = text.encode()
            block += _length(len(content)) + content
    return bytes(block)


def _size(field: Field) -> int:
    return len(field[0]) + len(field[1]) + _ENTRY_BYTES


def _length(value: int) -> bytes:
    if value < 0x7F:  # noqa: PLR2004 - what a prefix of seven bits holds
        return bytes((value,))
    value -= 0x7F
    content = bytearray((0x7F,))
    while value >= 0x80:  # noqa: PLR2004
        content.append(value & 0x7F | 0x80)
        value >>= 7
    content.append(value)
    return bytes(content)


def _integer(block: bytes, position: int, prefix_bits: int) -> tuple[int, int]:
    """Return an integer and where what follows it begins."""
    most = (1 << prefix_bits) - 1
    value = block[position] & most
    position += 1
    if value < most:
        return value, position
    for shift in range(0, 7 * _LONGEST_INTEGER_BYTES, 7):
        byte = block[position]
        position += 1
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
    raise ProtocolError("a header block holds a number that is too large")


def _text(block: bytes, position: int) -> tuple[str, int]:
    coded = bool(block[position] & 0x80)
    length, position = _integer(block, position, 7)
    content = block[position : position + length]
    if len(content) < length:
        raise ProtocolError("a header block ends too early")
    text = huffman.decoded(content) if coded else content
    return text.decode("latin-1"), position + length

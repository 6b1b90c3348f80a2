"""A plain report, recognised in the bytes of a connection. Pure.

Ten thousand a second come, each with a head that hardly differs from the one before it. What is
recognised is what the parser of HTTP would say of the same bytes; anything else, however
little it differs, is left to that parser, which is where all that is refused is refused.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from agent.protocol.messages import REPORTS_PATH

MOST_BODY_BYTES: Final = 48 * 2**10
"""A larger body is read as slowly as it is worked on, which takes more than a buffer."""
MOST_HEAD_BYTES: Final = 4096
_REQUEST: Final = b"POST " + REPORTS_PATH.encode() + b" HTTP/1.1\r\n"
_LINE: Final = b"\r\n"
_END: Final = _LINE + _LINE
_AUTHORIZATION: Final = b"\r\nAuthorization: "
_LENGTH: Final = b"\r\nContent-Length: "
_HEADERS: Final = re.compile(rb"(?:[A-Za-z-]+: [!-~](?:[ -~]*[!-~])?\r\n)+")
_PLAIN: Final = frozenset({
    b"host", b"user-agent", b"accept", b"accept-encoding", b"connection",
    b"authorization", b"content-type", b"content-length",
})  # fmt: skip
"""Headers that change nothing of how a request is read; `connection` only as `keep-alive`."""
_OF_EACH_REPORT: Final = frozenset({b"authorization", b"content-length"})
_LONGEST_NUMBER: Final = 5
_HEADS_KEPT: Final = 256


class NoFrame(Enum):
    """Why bytes do not begin with a plain report."""

    UNFINISHED = "its head has not ended"
    OTHER = "it is another request, or one that is not plain"


class Frame(NamedTuple):
    """A plain report in the bytes that begin with it.

    Its body begins at `body`, and ends at `end`, which may not have arrived yet.
    """

    authorization: str
    media_type: str
    body: int
    end: int


def read_frame(data: bytes) -> Frame | NoFrame:
    """Return the plain report that `data` begins with, or why there is none."""
    if not data.startswith(_REQUEST):
        return NoFrame.UNFINISHED if _REQUEST.startswith(data) else NoFrame.OTHER
    ends = data.find(_END, len(_REQUEST) - 2, MOST_HEAD_BYTES)
    if ends < 0:
        return NoFrame.UNFINISHED if len(data) < MOST_HEAD_BYTES else NoFrame.OTHER
    block, body = data[len(_REQUEST) - 2 : ends + 2], ends + len(_END)
    return _usual(block, body) or _frame(block[2:], body) or NoFrame.OTHER


def _usual(block: bytes, body: int) -> Frame | None:
    """Return the frame of a head that has, but for two lines, been read before.

    Each agent signs for itself; what else it says of its reports is what all of its version say.
    """
    before, _, after = block.partition(_AUTHORIZATION)
    signed, _, after = after.partition(_LINE)
    before, _, after = (before + _LINE + after).partition(_LENGTH)
    length, _, after = after.partition(_LINE)
    if not (
        length.isdigit()
        and len(length) <= _LONGEST_NUMBER
        and int(length) <= MOST_BODY_BYTES
        and signed.isascii()
    ):
        return None
    authorization = signed.decode("ascii")
    if not authorization.isprintable() or authorization.strip() != authorization:
        return None
    media_type = _media_type(before + _LINE + after)
    if media_type is None or not authorization:
        return None
    return Frame(authorization, media_type, body, body + int(length))


@lru_cache(maxsize=_HEADS_KEPT)
def _media_type(lines: bytes) -> str | None:
    """Return the media type in plain lines without what is of each report alone; else None."""
    headers = _plain_headers(lines.removeprefix(_LINE))
    if headers is None or not headers.keys().isdisjoint(_OF_EACH_REPORT):
        return None
    return headers.get(b"content-type", b"").decode("ascii")


def _plain_headers(block: bytes) -> dict[bytes, bytes] | None:
    if not _HEADERS.fullmatch(block):
        return None
    lines = block[:-2].split(_LINE)
    headers = {}
    for line in lines:
        name, _, value = line.partition(b": ")
        headers[name.lower()] = value
    if (
        len(headers) != len(lines)
        or not headers.keys() <= _PLAIN
        or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
    ):
        return None
    return headers


def _frame(block: bytes, body: int) -> Frame | None:
    headers = _plain_headers(block)
    length = b"" if headers is None else headers.get(b"content-length", b"")
    if (
        headers is None
        or not length.isdigit()
        or len(length) > _LONGEST_NUMBER
        or int(length) > MOST_BODY_BYTES
    ):
        return None
    return Frame(
        headers.get(b"authorization", b"").decode("ascii"),
        headers.get(b"content-type", b"").decode("ascii"),
        body,
        body + int(length),
    )

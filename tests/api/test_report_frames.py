"""A report that is recognised by its bytes is what the parser of HTTP makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.protocol.messages import REPORTS_PATH
from reconciler.api.report_frame import (
    MOST_BODY_BYTES,
    MOST_HEAD_BYTES,
    Frame,
    NoFrame,
    read_frame,
)

LINES = (
    b"Host: trueup.example",
    b"Content-Type: application/json",
    b"Authorization: Trueup-Agent a.1." + b"0" * 64,
    b"Content-Length: 7",
)
BODY = b'{"v":1}'


def request(*lines: bytes, start: bytes | None = None, body: bytes = BODY) -> bytes:
    first = start or f"POST {REPORTS_PATH} HTTP/1.1".encode()
    return b"\r\n".join((first, *lines)) + b"\r\n\r\n" + body


PLAIN = request(*LINES)


@dataclass
class Heard:
    """What the parser calls back with."""

    url: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: int = 0

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


def heard(data: bytes) -> tuple[Heard, httptools.HttpRequestParser]:
    parts = Heard()
    parser = httptools.HttpRequestParser(parts)
    parser.feed_data(data)
    return parts, parser


EDITS = st.lists(
    st.tuples(
        st.integers(0, len(PLAIN)),
        st.integers(0, 2),
        st.sampled_from([b"", b"\r\n", b"\n", b"\r", b" ", b":", b"1", b"0", b"\t", b"\0", b"\xff",
                         b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"x: y\r\n",
                         b"Content-Length: 7\r\n", b"Authorization: x\r\n", b"\r\nAuthorization: ",
                         b"Connection: close\r\n", b"connection: Keep-Alive\r\n", b"POST "]),
    ),
    max_size=3,
)  # fmt: skip


@given(EDITS)
def test_what_is_recognised_is_what_the_parser_reads(edits: list[tuple[int, int, bytes]]) -> None:
    data = PLAIN
    for at, removed, inserted in edits:
        data = data[:at] + inserted + data[at + removed :]
    frame = read_frame(data)
    if not isinstance(frame, Frame) or frame.end > len(data):
        return
    parts, parser = heard(data[: frame.end])
    headers = dict(parts.headers)
    assert (parts.complete, len(headers)) == (1, len(parts.headers))
    assert (parser.get_method(), parts.url) == (b"POST", REPORTS_PATH.encode())
    assert (parser.get_http_version(), parser.should_keep_alive()) == ("1.1", True)
    assert not parser.should_upgrade()
    assert headers.get(b"authorization", b"").decode() == frame.authorization
    assert headers.get(b"content-type", b"").decode() == frame.media_type
    assert parts.body == data[frame.body : frame.end]


def test_a_plain_report_is_recognised_and_where_it_ends() -> None:
    frame = read_frame(PLAIN + b"GET / HTTP/1.1\r\n")
    assert isinstance(frame, Frame)
    assert PLAIN[frame.body : frame.end] == BODY
    assert frame.end == len(PLAIN)
    for length in range(1, PLAIN.index(b"{")):
        assert read_frame(PLAIN[:length]) is NoFrame.UNFINISHED
    half = read_frame(PLAIN[:-3])
    assert half == frame


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_lines_are_read_alike_in_any_order_and_case(order: tuple[int, ...]) -> None:
    for other in (b"1" * 64, b"2" * 64):  # the second one finds the lines read before
        lines = [LINES[at].replace(b"0" * 64, other) for at in order]
        exact = read_frame(request(*lines))
        assert isinstance(exact, Frame)
        assert exact.authorization == "Trueup-Agent a.1." + other.decode()
        assert exact.media_type == "application/json"
        assert read_frame(request(*(line.replace(b"C", b"c", 1) for line in lines))) == exact
        for again in (2, 3):
            assert read_frame(request(*lines, LINES[again])) is NoFrame.OTHER
            assert read_frame(request(*lines, LINES[again].lower())) is NoFrame.OTHER


@pytest.mark.parametrize(
    "data",
    [
        request(*LINES, start=b"GET /api/v1/agents/reports HTTP/1.1"),
        request(*LINES, start=b"POST /api/v1/agents/reports?x HTTP/1.1"),
        request(*LINES, start=b"POST /api/v1/agents/reports HTTP/1.0"),
        request(*LINES, b"Transfer-Encoding: chunked"),
        request(*LINES, b"Content-Encoding: gzip"),
        request(*LINES, b"Expect: 100-continue"),
        request(*LINES, b"Connection: close"),
        request(*LINES, b"Upgrade: h2c"),
        request(*LINES, LINES[2]),
        request(*LINES[:3]),
        request(*LINES[:3], b"Content-Length: -1"),
        request(*LINES[:3], b"Content-Length: 1_0"),
        request(*LINES[:3], b"Content-Length: " + str(MOST_BODY_BYTES + 1).encode()),
        request(*LINES[:3], b"Content-Length : 7"),
        request(b"X: " + b"x" * MOST_HEAD_BYTES, *LINES),
        request(b"Host: a\nb", *LINES[1:]),
        request(b" folded", *LINES),
        b"POST /api/v1/agents/reports HTTP/1.1\r\n\r\n",
        b"\r\n" + PLAIN,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=range(20),
)
def test_what_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    assert read_frame(data) is NoFrame.OTHER


def test_a_head_without_an_end_is_left_to_the_parser() -> None:
    endless = PLAIN.partition(b"\r\n")[0] + b"\r\n" + b"Host: " + b"x" * MOST_HEAD_BYTES
    assert read_frame(endless) is NoFrame.OTHER

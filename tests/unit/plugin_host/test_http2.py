"""Frames and header blocks: the standard's own examples, and what holds of any bytes."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.http2 import huffman
from iac_adapters.plugin_host.http2.errors import ProtocolError
from iac_adapters.plugin_host.http2.frames import Frame, FrameReader, Kind, packed
from iac_adapters.plugin_host.http2.hpack import HeaderDecoder, encoded

# RFC 7541, C.6: three answers, in Huffman code, with a table of 256 bytes that evicts.
_TABLE_OF_256 = bytes.fromhex("3fe101")
_ANSWERS = (
    (
        (
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff"
            "6e919d29ad171863c78f0b97c8e9ae82ae43d3"
        ),
        [
            (":status", "302"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        "4883640effc1c0bf",
        [
            (":status", "307"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("location", "https://www.example.com"),
        ],
    ),
    (
        (
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7"
            "821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed"
            "4ee5b1063d5007"
        ),
        [
            (":status", "200"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            ("location", "https://www.example.com"),
            ("content-encoding", "gzip"),
            ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
        ],
    ),
)

_names = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=200)


def test_the_examples_of_the_standard_are_decoded() -> None:
    decoder = HeaderDecoder()
    assert decoder.decode(_TABLE_OF_256) == []
    for block, fields in _ANSWERS:
        assert decoder.decode(bytes.fromhex(block)) == fields


@given(st.lists(st.tuples(_names, _names), max_size=8))
def test_what_is_encoded_is_decoded(fields: list[tuple[str, str]]) -> None:
    assert HeaderDecoder().decode(encoded(fields)) == fields


@given(st.binary(max_size=300))
def test_any_bytes_are_header_fields_or_an_error_by_name(block: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        HeaderDecoder().decode(block)
    with contextlib.suppress(ProtocolError):
        huffman.decoded(block)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("80", "index 0"),
        ("be", "index 62"),
        ("3fffff03", "table"),
        ("ffffffffffffff", "too large"),
        ("0005616263", "too early"),
        ("0084ffffffff00", "Huffman"),
        ("00810300", "Huffman"),
    ],
)
def test_a_block_that_is_none_is_an_error(block: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        HeaderDecoder().decode(bytes.fromhex(block))


_frames = st.builds(
    Frame,
    st.sampled_from([int(kind) for kind in Kind]),
    st.integers(0, 255),
    st.integers(0, 2**31 - 1),
    st.binary(max_size=40),
)


@given(st.lists(_frames, max_size=6), st.integers(1, 30))
def test_frames_are_the_same_however_they_arrive(frames: list[Frame], step: int) -> None:
    sent = b"".join(
        packed(Kind(frame.kind), frame.flags, frame.stream, frame.payload) for frame in frames
    )
    reader = FrameReader()
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == frames


@given(_frames)
def test_padding_is_taken_off_or_refused(frame: Frame) -> None:
    with contextlib.suppress(ProtocolError):
        assert frame.content() in frame.payload


def test_another_protocol_is_named() -> None:
    with pytest.raises(ProtocolError, match="not HTTP/2"):
        list(FrameReader().feed(b"HTTP/1.1 400 Bad Request\r\n\r\n"))

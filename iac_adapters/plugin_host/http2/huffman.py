"""Texts in the Huffman code of header fields (RFC 7541, appendix B).

The code is canonical: symbols of one length are numbered in order, so the lengths tell all.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from iac_adapters.plugin_host.http2.errors import ProtocolError

# Length in bits of the code of each byte 0..255, as one character each, "a" for 5 bits.
_FIRST_LENGTH: Final = 5
_LENGTHS: Final = (
    "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf"
    "ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix"
    "prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs"
    "vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv"
)
_LONGEST_CODE_BITS: Final = 30
_LONGEST_PADDING_BITS: Final = 7


@cache
def _symbols() -> dict[int, int]:
    """Return the byte of each code; a leading 1 tells codes of different lengths apart."""
    lengths = [ord(letter) - ord("a") + _FIRST_LENGTH for letter in _LENGTHS]
    symbols: dict[int, int] = {}
    code = length = 0
    for byte in sorted(range(256), key=lambda byte: (lengths[byte], byte)):
        code <<= lengths[byte] - length
        length = lengths[byte]
        symbols[1 << length | code] = byte
        code += 1
    return symbols


def decoded(content: bytes) -> bytes:
    """Return the text that `content` encodes.

    Raises:
        ProtocolError: it ends in anything but up to seven bits of padding, all ones.
    """
    symbols, text, code = _symbols(), bytearray(), 1
    for byte in content:
        for bit in range(7, -1, -1):
            code = code << 1 | (byte >> bit & 1)
            if code in symbols:
                text.append(symbols[code])
                code = 1
        if code.bit_length() > _LONGEST_CODE_BITS + 1:
            raise ProtocolError("a header field holds an unknown Huffman code")
    padding = code.bit_length() - 1
    if padding > _LONGEST_PADDING_BITS or code != (1 << padding + 1) - 1:
        raise ProtocolError("a header field ends inside a Huffman code")
    return bytes(text)

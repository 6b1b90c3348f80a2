"""The forms in which tools, providers and people repeat a secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

_BASE64_BITS: Final = 6
_URL_SAFE: Final = str.maketrans("+/", "-_")


def forms_of(word: str) -> Iterator[str]:
    """Yield `word` as it is, escaped, in hex, in base64 and as part of an address.

    Base64 is given as what `word` alone decides of it, for each of the three places it can
    have in a longer text: so it is found padded or not, and within other content.
    """
    yield word
    yield from _escaped(word)
    data = word.encode("utf-8", "surrogatepass")
    yield data.hex()
    yield data.hex().upper()
    for encoded in _base64(data):
        yield encoded
        yield encoded.translate(_URL_SAFE)
    yield from _in_addresses(word)


def _escaped(word: str) -> Iterator[str]:
    ascii_only = json.dumps(word)[1:-1]
    text = json.dumps(word, ensure_ascii=False)[1:-1]
    yield ascii_only
    yield text
    # Go's encoder escapes what HTML would take for a tag.
    yield text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    yield text.replace("${", "$${").replace("%{", "%%{")
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield json.dumps(ascii_only)[1:-1]
    yield word.replace("'", "''")


def _base64(data: bytes) -> Iterator[str]:
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        first = -(-before * 8 // _BASE64_BITS)
        last = (before + len(data)) * 8 // _BASE64_BITS
        yield encoded[first:last]


def _in_addresses(word: str) -> Iterator[str]:
    for encoded in (quote(word, safe=""), quote(word), quote_plus(word), quote(word, safe="!*'()")):
        yield encoded
        yield _lower_escapes(encoded)


def _lower_escapes(encoded: str) -> str:
    first, *others = encoded.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in others)])

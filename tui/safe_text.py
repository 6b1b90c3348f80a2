"""What is live is untrusted: text that a terminal shows and never obeys."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 4096
"""Characters of one value that are drawn; a longer one says how much is left out."""

_MOST_COMBINING: Final = 3
_PICTURES: Final = 0x2400
_NEWLINE: Final = "⏎"
_CUT: Final = "…"
"""What a text that was cut ends with: most texts that are not ASCII are such ones."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_COMBINING: Final = frozenset({"Mn", "Me"})
_VARIATIONS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""They change how wide the character before them is, by terminal."""


def safe_text(text: str, *, most: int = LONGEST) -> str:
    """Return `text` on one line, with every character visible that would act or hide.

    Control characters become their pictures, a line break `⏎`, and bidirectional, zero-width
    and unassigned characters `<U+202E>`. Beyond `most` characters it is cut, and says so.
    """
    if len(text) > most:
        left_out = len(text) - most
        return f"{_visible(text[:most])}… +{left_out:,} characters"
    return _visible(text)


def _visible(text: str) -> str:
    if text.isprintable() and (text.isascii() or text.replace(_CUT, "").isascii()):
        return text
    return _replaced(text)


@lru_cache(maxsize=4096)
def _replaced(text: str) -> str:
    shown: list[str] = []
    combining = 0
    for character in text:
        category = unicodedata.category(character)
        combining = combining + 1 if category in _COMBINING else 0
        # A pile of combining marks is drawn over the lines above and below it.
        if category in _HIDDEN or combining > _MOST_COMBINING or character in _VARIATIONS:
            shown.append(_name_of(character))
        else:
            shown.append(character if category != "Zs" else " ")
    return "".join(shown)


def _name_of(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return _NEWLINE
    if code < 0x20:  # noqa: PLR2004 - the end of C0
        return chr(_PICTURES + code)
    if code == 0x7F:  # noqa: PLR2004 - DEL
        return "␡"
    return f"<U+{code:04X}>"

"""Where blocks, arguments and texts of HCL begin and end. Pure; nothing is evaluated.

Made for the few places of a file that must be looked into at each scan: the full parser takes a
second per 7,000 lines. Text that is no HCL ends the walk early and is never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NAME_BEGINS: Final = r"(?<![\w.])(?<![^\W\d]-)"
"""Begins a pattern of a name: a hyphen before it is a minus unless a name stands before that."""
_PIECE: Final = re.compile(
    r"""(?:\#|//)[^\n]*|/\*.*?\*/
      | <<-?(?P<word>[^\W\d][\w-]*)[ \t]*\r?\n.*?^[ \t]*(?P=word)[ \t\r]*$
      | (?P<quote>") | (?P<open>[\[{(]) | (?P<close>[\]})])
      | [^\[\]{}()"\#/<\n,]+ | .""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_IN_TEXT: Final = re.compile(r'[^"\\$%]+|\\.|\$\$\{|%%\{|(?P<hole>[$%]\{)|(?P<end>")|.', re.DOTALL)
_BLANK: Final = re.compile(r"(?:\s+|(?:\#|//)[^\n]*|/\*.*?\*/)*", re.DOTALL)
_HEAD: Final = re.compile(
    r'(?P<name>[^\W\d][\w-]*)[ \t]*(?P<labels>(?:"[^"\n]*"[ \t]*|[^\W\d][\w-]*[ \t]*)*)'
    r"(?:(?P<open>\{)|=(?![=>]))"
)
_LABEL: Final = re.compile(r'"([^"\n]*)"|([^\W\d][\w-]*)')


@dataclass(frozen=True, slots=True)
class Statement:
    """An argument, whose value is `text[start:end]`, or a block, whose body that is."""

    name: str
    labels: tuple[str, ...]
    is_block: bool
    start: int
    end: int

    def is_closed(self, text: str) -> bool:
        """Whether the block ends in `text`: the walk through what is no HCL may miss its end."""
        return text[self.end : self.end + 1] == "}"


def statements(text: str, start: int = 0, end: int | None = None) -> Iterator[Statement]:
    """Yield the arguments and blocks of a body, without those inside its blocks."""
    limit = len(text) if end is None else end
    at = blank(text, start)
    while at < limit:
        head = _HEAD.match(text, at)
        if head is None:
            at = skip(text, at, "\n") + 1
        else:
            is_block = head["open"] is not None
            stop = skip(text, head.end(), "" if is_block else "\n")
            labels = tuple(left or right for left, right in _LABEL.findall(head["labels"]))
            yield Statement(head["name"], labels, is_block, head.end(), min(stop, limit))
            at = stop + 1
        at = blank(text, at)


def blank(text: str, at: int) -> int:
    """Return where what is neither space nor comment begins, at `at` or behind it."""
    match = _BLANK.match(text, at)
    return match.end() if match else at


def skip(text: str, at: int, stop: str) -> int:
    """Return where a character of `stop` stands outside of brackets, or the bracket that closes."""
    depth = 0
    while at < len(text):
        if depth == 0 and text[at] in stop:
            return at
        piece = _PIECE.match(text, at)
        if piece is None or (piece["close"] and depth == 0):
            return at
        if piece["quote"]:
            at = end_of_text(text, at)
            continue
        depth += bool(piece["open"]) - bool(piece["close"])
        at = piece.end()
    return at


def end_of_text(text: str, at: int) -> int:
    """Return what follows the quoted text that begins at `at`."""
    at += 1
    while at < len(text):
        piece = _IN_TEXT.match(text, at)
        if piece is None or piece["end"]:
            return at + 1
        at = skip(text, piece.end(), "") + 1 if piece["hole"] else piece.end()
    return at

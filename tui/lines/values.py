"""A value on one line, as people write it in code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, Final

from tui.ink import Line, Span

ABSENT: Final = "(none)"
SECRET: Final = "(sensitive)"  # noqa: S105 - what stands in its place
UNKNOWN: Final = "(known after apply)"
_MOST_COMPARED: Final = 2000
_TOKEN_EDGES: Final = frozenset(" ,.:;/=-_\"'()[]{}@")


def written(value: Any) -> str:
    """Return `value` on one line; what is kept as a digest stays hidden."""
    if value is None:
        return ABSENT
    if is_secret(value):
        return SECRET
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        # Providers fill in every attribute that nobody set.
        shown = {name: item for name, item in value.items() if _says_something(item)} or value
        inner = ", ".join(f"{name} = {written(item)}" for name, item in shown.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return f"[{', '.join(written(item) for item in value)}]"
    return json.dumps(value)


def _says_something(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [], {})


def is_secret(value: Any) -> bool:
    """Whether only a digest of it was ever sent."""
    return isinstance(value, dict) and set(value) == {"digest"}


def is_unknown(value: Any) -> bool:
    """Whether only the apply will tell it."""
    return isinstance(value, dict) and value.get("unknown") is True and len(value) == 1


def tokens_of(text: str) -> list[str]:
    """Return the words of `text` and what stands between them."""
    tokens: list[str] = []
    word = ""
    for character in text:
        if character in _TOKEN_EDGES:
            if word:
                tokens.append(word)
            tokens.append(character)
            word = ""
        else:
            word += character
    return [*tokens, word] if word else tokens


def compared(before: str, after: str) -> tuple[Line, Line]:
    """Return both texts with the words marked that differ; long texts are not marked inside."""
    if len(before) + len(after) > _MOST_COMPARED:
        return (Span(before, "removed"),), (Span(after, "added"),)
    left, right = tokens_of(before), tokens_of(after)
    # Repeated tokens are the usual thing in JSON: autojunk would take them for noise.
    matches = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return _marked(left, matches, 0, "removed"), _marked(right, matches, 1, "added")


def _marked(tokens: list[str], matches: Sequence[Any], side: int, style: str) -> Line:
    spans: list[Span] = []
    at = 0
    for match in matches:
        start = match[side]
        if start > at:
            spans.append(Span("".join(tokens[at:start]), f"{style}.token"))
        if match.size:
            spans.append(Span("".join(tokens[start : start + match.size]), style))
        at = start + match.size
    return tuple(spans)

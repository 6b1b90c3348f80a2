"""A change as short lines: what differs inside a value, and nothing that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from reconciler.cli.paint import safe
from reconciler.domain.exposure import parsed_document
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.paths import render_path
from reconciler.domain.values import Sensitive, Unknown, Value

_CONTEXT: Final = 24
_MOST_LINES: Final = 6
_GAP: Final = "..."
_ABSENT: Final = "(none)"

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One place where two values differ; `gone` and `came` say it is there on one side only."""

    path: str
    before: Value
    after: Value
    gone: bool = False
    came: bool = False


def leaves(before: Value, after: Value) -> tuple[Leaf, ...]:
    """Return where `before` and `after` differ, as deep as both have the same shape.

    Text that is a JSON document is looked into: a policy differs by a statement, not
    by two pages.
    """
    return tuple(_walk(_opened(before), _opened(after), ()))


def shown(value: Value) -> str:
    """Write `value` on one line as people write it in code; secrets stay hidden."""
    match value:
        case None:
            return _ABSENT
        case Sensitive():
            return "(sensitive)"
        case Unknown():
            return "(known after apply)"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case str():
            return safe(json.dumps(value, ensure_ascii=False))
        case list():
            return f"[{', '.join(shown(item) for item in value)}]"
        case dict():
            fields = {name: item for name, item in value.items() if _says_something(item)}
            pairs = (f"{safe(name)} = {shown(item)}" for name, item in (fields or value).items())
            return "{" + ", ".join(pairs) + "}"


def _says_something(value: Value) -> bool:
    """Whether a reader of a whole object needs it: providers fill in every unset attribute."""
    return value is not None and value is not False and value not in ("", [], {})


def focused(before: str, after: str, *, width: int) -> tuple[str, str]:
    """Leave out what two very long texts have in common at both ends; `...` stands for it.

    Texts of a few lines of `width` stay whole, and nothing that differs is ever left out.
    """
    if max(len(before), len(after)) <= _MOST_LINES * width or before == after:
        return before, after
    start = max(_common(before, after) - _CONTEXT, 0)
    left, right = before[start:], after[start:]
    end = max(_common(left[::-1], right[::-1]) - _CONTEXT, 0)
    return _elided(left, start, end), _elided(right, start, end)


def _elided(text: str, start: int, end: int) -> str:
    kept = text[: len(text) - end] if end > len(_GAP) else text
    return (_GAP if start else "") + kept + (_GAP if end > len(_GAP) else "")


def _common(left: str, right: str) -> int:
    """Return how many characters both begin with."""
    for index, (character, other) in enumerate(zip(left, right, strict=False)):
        if character != other:
            return index
    return min(len(left), len(right))


def _opened(value: Value) -> Value:
    if isinstance(value, str):
        document = parsed_document(value)
        return value if document is None else document
    return value


def _walk(before: Value, after: Value, at: Steps) -> Iterator[Leaf]:
    if canonical_bytes(before) == canonical_bytes(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _member(before, after, name, at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list(before, after, at)
    else:
        yield Leaf(render_path(at), before, after)


def _member(
    before: dict[str, Value], after: dict[str, Value], name: str, at: Steps
) -> Iterator[Leaf]:
    here = (*at, name)
    if name not in before:
        yield Leaf(render_path(here), None, after[name], came=True)
    elif name not in after:
        yield Leaf(render_path(here), before[name], None, gone=True)
    else:
        yield from _walk(before[name], after[name], here)


def _list(before: list[Value], after: list[Value], at: Steps) -> Iterator[Leaf]:
    """Pair elements that are equal first: a set's order means nothing."""
    left = _without(before, after)
    right = _without(after, before)
    if not left and not right:
        yield Leaf(render_path(at), list(before), list(after))
    elif len(left) == len(right) == 1 and _same_shape(left[0][1], right[0][1]):
        yield from _walk(left[0][1], right[0][1], (*at, left[0][0]))
    else:
        for _, item in left:
            yield Leaf(render_path(at), item, None, gone=True)
        for _, item in right:
            yield Leaf(render_path(at), None, item, came=True)


def _same_shape(left: Value, right: Value) -> bool:
    return isinstance(left, dict) and isinstance(right, dict)


def _without(items: list[Value], others: list[Value]) -> list[tuple[int, Value]]:
    spare = [canonical_bytes(other) for other in others]
    rest: list[tuple[int, Value]] = []
    for index, item in enumerate(items):
        written = canonical_bytes(item)
        if written in spare:
            spare.remove(written)
        else:
            rest.append((index, item))
    return rest

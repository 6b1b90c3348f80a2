"""Which places of a data source's answer the code refers to. Pure; nothing is evaluated.

What no reference reaches changes nothing: the date in the headers of an answer of which only
the status is used. Whatever is not understood counts as a use of the whole answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgpack

from reconciler.domain.paths import Steps

DataUses = Mapping[str, frozenset[Steps]]
"""By type of data source; no steps at all mean the whole answer."""

_WHOLE: Final[Steps] = ()
_EVERY_TYPE: Final = ""
_NAME: Final = r"[^\W\d][\w-]*"
_KEY: Final = r'\[(?:[^\[\]"]|"[^"]*"|\[[^\[\]]*\])*\]'
_REFERENCE: Final = re.compile(
    rf"\bdata\s*\.\s*(?P<type>{_NAME})\s*\.\s*{_NAME}(?P<key>{_KEY}|\.\*)?(?P<rest>[^\s]*)"
    rf"|\bself(?P<own>\.[^\s]*)"
)
_STEP: Final = re.compile(
    rf'\.(?P<name>{_NAME})|\[\\?"(?P<text>[^"\\$%]*)\\?"\]|\[(?P<number>\d+)\]'
)


def data_uses(text: str) -> DataUses:
    """Return what a file of the code uses, by type of data source.

    What `self` refers to may be a data source's, so it counts for every type.
    """
    found: defaultdict[str, set[Steps]] = defaultdict(set)
    for match in _REFERENCE.finditer(text):
        if match["own"] is not None:
            found[_EVERY_TYPE].add(_steps(match["own"]))
        else:
            found[match["type"]].add(_steps(match["rest"]))
    return {kind: frozenset(steps) for kind, steps in found.items()}


def joined(uses: Iterable[DataUses]) -> DataUses:
    """Return what several files use together."""
    found: defaultdict[str, set[Steps]] = defaultdict(set)
    for use in uses:
        for kind, steps in use.items():
            found[kind] |= steps
    return {kind: frozenset(steps) for kind, steps in found.items()}


def same_where_used(uses: DataUses, kind: str, before: bytes, after: bytes) -> bool:
    """Whether two answers (msgpack) of a data source of type `kind` are alike where it counts."""
    if before == after:
        return True
    places = uses.get(kind, frozenset()) | uses.get(_EVERY_TYPE, frozenset())
    if _WHOLE in places:
        return False
    sides = [msgpack.unpackb(side, raw=False, strict_map_key=False) for side in (before, after)]
    return all(_at(sides[0], place) == _at(sides[1], place) for place in places)


def _steps(rest: str) -> Steps:
    steps: list[str | int] = []
    at = 0
    while (match := _STEP.match(rest, at)) is not None:
        at = match.end()
        if match["number"] is not None:
            steps.append(int(match["number"]))
        else:
            steps.append(match["name"] or match["text"])
    return tuple(steps)


def _at(value: Any, place: Steps) -> Any:
    """Return what is at `place`, or what is above it where the steps lead no further."""
    for step in place:
        if isinstance(value, dict):
            there = step in value
        else:
            there = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not there:
            return value
        value = value[step]
    return value

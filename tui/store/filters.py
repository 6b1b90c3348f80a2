"""The filter language of the fleet table: terms separated by spaces, all of which must hold.

| term | holds for |
|---|---|
| `bucket` | rows with the text in address, type or stack |
| `stack:net-*` `type:` `address:` `kind:` `state:` `rem:` `attr:` `owner:` `id:` | globs |
| `sev:high`, `sev:>=high`, `sev:=low` | this severity and above, or exactly |
| `age>7d`, `age<1h` | first seen longer ago, or less long ago |
| `~REGEX` | rows whose address matches |
| `!TERM` | rows for which TERM does not hold |
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.client.errors import InvalidError
from tui.store.rows import RANKS, SEVERITIES, Row

Test = Callable[[Row], bool]

_AGE: Final = re.compile(r"age([<>])(\d+)([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SEVERITY: Final = re.compile(r"(>=|<=|=)?([a-z]+)")
_LONGEST_PATTERN: Final = 200
_TEXTS: Final[dict[str, Callable[[Row], str]]] = {
    "stack": lambda row: row.stack,
    "type": lambda row: row.type,
    "address": lambda row: row.address,
    "kind": lambda row: row.kind,
    "state": lambda row: row.state,
    "rem": lambda row: row.remediation or "none",
    "origin": lambda row: row.origin,
    "owner": lambda row: row.owner or "none",
    "provider": lambda row: row.provider,
    "same": lambda row: row.signature,
    "id": lambda row: row.id,
}
KEYS: Final = (*_TEXTS, "attr", "sev", "severity", "age")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown; `text` is how a person wrote it."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows that pass, in their order."""
        found = list(rows)
        for test in self.tests:
            found = [row for row in found if test(row)]
        return found

    def passes(self, row: Row) -> bool:
        """Whether one row is shown."""
        return all(test(row) for test in self.tests)


def read_filter(text: str, *, now: datetime) -> Filter:
    """Return the filter that `text` says; ages count from `now`.

    Raises:
        InvalidError: a term is not understood; the message names it.
    """
    try:
        terms = shlex.split(text, posix=True) if '"' in text else text.split()
    except ValueError:
        raise InvalidError(
            "a quotation mark in the filter is not closed", remedy='close it with "'
        ) from None
    return Filter(text.strip(), tuple(_test(term, now) for term in terms))


def _test(term: str, now: datetime) -> Test:
    if term.startswith("!") and len(term) > 1:
        inner = _test(term[1:], now)
        return lambda row: not inner(row)
    if term.startswith("~"):
        return _matching(term[1:])
    if term.startswith("age") and len(term) > 3 and term[3] in "<>:":  # noqa: PLR2004 - "age"
        return _aged(term, now)
    key, colon, value = term.partition(":")
    if not colon or term.startswith("urn:"):
        return _containing(term)
    if key in {"sev", "severity"}:
        return _severe(value)
    if key == "attr":
        return _with_path(value)
    if key in _TEXTS:
        return _globbed(_TEXTS[key], value)
    raise InvalidError(f"the filter has no key {key!r}", remedy=f"use one of {', '.join(KEYS)}")


def _containing(text: str) -> Test:
    needle = text.lower()
    return lambda row: (
        needle in row.address.lower() or needle in row.stack.lower() or needle in row.type.lower()
    )


def _matching(pattern: str) -> Test:
    if len(pattern) > _LONGEST_PATTERN:
        raise InvalidError(
            f"the regular expression has {len(pattern)} characters",
            remedy=f"at most {_LONGEST_PATTERN} are taken",
        )
    try:
        search = re.compile(pattern, re.IGNORECASE).search
    except re.error as error:
        raise InvalidError(
            f"~{pattern} is not a regular expression: {error}",
            remedy="put \\ before a plain . or (",
        ) from None
    return lambda row: search(row.address) is not None


def _globbed(text_of: Callable[[Row], str], value: str) -> Test:
    if not any(sign in value for sign in "*?["):
        wanted = value.lower()
        return lambda row: text_of(row).lower() == wanted
    match = re.compile(fnmatch.translate(value), re.IGNORECASE).match
    return lambda row: match(text_of(row)) is not None


def _with_path(value: str) -> Test:
    pattern = value if any(sign in value for sign in "*?") else f"*{value}*"
    match = re.compile(fnmatch.translate(pattern), re.IGNORECASE).match
    return lambda row: any(match(path) for path in row.paths)


def _severe(value: str) -> Test:
    found = _SEVERITY.fullmatch(value.lower())
    sign, word = (found.group(1), found.group(2)) if found else (None, "")
    words = [name for name in SEVERITIES if word and name.startswith(word)]
    if len(words) != 1:
        raise InvalidError(
            f"{value!r} is not a severity", remedy=f"use one of {', '.join(SEVERITIES)}"
        )
    rank = RANKS[words[0]]
    if sign == "=":
        return lambda row: row.rank == rank
    if sign == "<=":
        return lambda row: row.rank <= rank
    return lambda row: row.rank >= rank


def _aged(term: str, now: datetime) -> Test:
    found = _AGE.fullmatch(term)
    if found is None:
        raise InvalidError(f"{term!r} is not an age", remedy="write age>7d or age<2h")
    sign, count, unit = found.groups()
    try:
        moment = now - timedelta(seconds=int(count) * _UNITS[unit])
    except OverflowError:
        raise InvalidError(f"{term!r} is too long ago", remedy="write age>7d or age<2h") from None
    if sign == ">":
        return lambda row: row.first_seen < moment
    return lambda row: row.first_seen >= moment

"""The filter language of every list: terms separated by spaces, all of which must hold.

| term | holds for |
|---|---|
| `bucket` | rows with the text in what a list searches |
| `stack:net-*` `state:` ... | globs, by the keys of the list |
| `sev:high`, `sev:>=high`, `sev:=low` | this severity and above, or exactly |
| `age>7d`, `age<1h` | longer ago, or less long ago |
| `~REGEX` | rows of which a text that is searched matches |
| `!TERM` | rows for which TERM does not hold |
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from reconciler.client.errors import InvalidError
from tui.store.rows import RANKS, SEVERITIES

R = TypeVar("R")
Test = Callable[[R], bool]
Text = Callable[[R], str]

_AGE: Final = re.compile(r"age([<>])(\d+)([smhdw])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SEVERITY: Final = re.compile(r"(>=|<=|=)?([a-z]+)")
_LONGEST_PATTERN: Final = 200
_SEVERITY_KEYS: Final = ("sev", "severity")


@dataclass(frozen=True, slots=True)
class Language(Generic[R]):
    """What can be asked of the rows of one list.

    `texts` are compared as globs, by their keys; a bare word is looked for in `searched`, and
    `~REGEX` too. `lists` are keys of which one text of several must hold a part. `severity` and
    `since` are there where rows have one.
    """

    texts: Mapping[str, Text[R]]
    searched: Sequence[Text[R]]
    lists: Mapping[str, Callable[[R], Iterable[str]]] = field(default_factory=dict)
    severity: Text[R] | None = None
    since: Callable[[R], datetime | None] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that can be asked for."""
        severity = _SEVERITY_KEYS if self.severity else ()
        return (*self.texts, *self.lists, *severity, *(("age",) if self.since else ()))


@dataclass(frozen=True, slots=True)
class Filter(Generic[R]):
    """What is shown; `text` is how a person wrote it."""

    text: str = ""
    tests: tuple[Test[R], ...] = ()

    def of(self, rows: Iterable[R]) -> list[R]:
        """Return the rows that pass, in their order."""
        found = list(rows)
        for test in self.tests:
            found = [row for row in found if test(row)]
        return found

    def passes(self, row: R) -> bool:
        """Whether one row is shown."""
        return all(test(row) for test in self.tests)


def read_filter(text: str, language: Language[R], *, now: datetime) -> Filter[R]:
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
    return Filter(text.strip(), tuple(_test(term, language, now) for term in terms))


def _test(term: str, language: Language[R], now: datetime) -> Test[R]:
    if term.startswith("!") and len(term) > 1:
        inner = _test(term[1:], language, now)
        return lambda row: not inner(row)
    if term.startswith("~"):
        return _matching(term[1:], language.searched)
    if term.startswith("age") and len(term) > 3 and term[3] in "<>:":  # noqa: PLR2004 - "age"
        return _aged(term, language, now)
    key, colon, value = term.partition(":")
    if not colon or term.startswith("urn:"):
        return _containing(term, language.searched)
    if key in _SEVERITY_KEYS and language.severity is not None:
        return _severe(value, language.severity)
    if key in language.lists:
        return _with_part(value, language.lists[key])
    if key in language.texts:
        return _globbed(language.texts[key], value)
    raise InvalidError(
        f"the filter has no key {key!r} here", remedy=f"use one of {', '.join(language.keys)}"
    )


def _containing(text: str, searched: Sequence[Text[R]]) -> Test[R]:
    needle = text.lower()
    if len(searched) == 3:  # noqa: PLR2004 - the fleet's 100,000 rows: a loop takes twice as long
        first, second, third = searched
        return lambda row: (
            needle in first(row).lower()
            or needle in second(row).lower()
            or needle in third(row).lower()
        )
    return lambda row: any(needle in text_of(row).lower() for text_of in searched)


def _matching(pattern: str, searched: Sequence[Text[R]]) -> Test[R]:
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
    return lambda row: any(search(text_of(row)) is not None for text_of in searched)


def _globbed(text_of: Text[R], value: str) -> Test[R]:
    if not any(sign in value for sign in "*?["):
        wanted = value.lower()
        return lambda row: text_of(row).lower() == wanted
    match = re.compile(fnmatch.translate(value), re.IGNORECASE).match
    return lambda row: match(text_of(row)) is not None


def _with_part(value: str, texts_of: Callable[[R], Iterable[str]]) -> Test[R]:
    pattern = value if any(sign in value for sign in "*?") else f"*{value}*"
    match = re.compile(fnmatch.translate(pattern), re.IGNORECASE).match
    return lambda row: any(match(text) for text in texts_of(row))


def _severe(value: str, severity_of: Text[R]) -> Test[R]:
    found = _SEVERITY.fullmatch(value.lower())
    sign, word = (found.group(1), found.group(2)) if found else (None, "")
    words = [name for name in SEVERITIES if word and name.startswith(word)]
    if len(words) != 1:
        raise InvalidError(
            f"{value!r} is not a severity", remedy=f"use one of {', '.join(SEVERITIES)}"
        )
    rank = RANKS[words[0]]

    def rank_of(row: R) -> int:
        return RANKS.get(severity_of(row), len(RANKS))

    if sign == "=":
        return lambda row: rank_of(row) == rank
    if sign == "<=":
        return lambda row: rank_of(row) <= rank
    return lambda row: rank_of(row) >= rank


def _aged(term: str, language: Language[R], now: datetime) -> Test[R]:
    since = language.since
    if since is None:
        raise InvalidError(
            "these rows have no age", remedy=f"use one of {', '.join(language.keys)}"
        )
    found = _AGE.fullmatch(term)
    if found is None:
        raise InvalidError(f"{term!r} is not an age", remedy="write age>7d or age<2h")
    sign, count, unit = found.groups()
    try:
        moment = now - timedelta(seconds=int(count) * _UNITS[unit])
    except OverflowError:
        raise InvalidError(f"{term!r} is too long ago", remedy="write age>7d or age<2h") from None

    def is_older(row: R) -> bool | None:
        at = since(row)
        return None if at is None else at < moment

    return lambda row: is_older(row) is (sign == ">")

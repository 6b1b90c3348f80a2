"""The small language of `GET /findings?filter=`: `stack:web* severity:>=high bucket`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import FindingFilter, FindingState

T = TypeVar("T")
ALL_STATES: Final = "all"
_TERM: Final = re.compile(r'(?:([A-Za-z_]+):)?(?:"([^"]*)"(?=\s|$)|(\S*))')
_URN: Final = "urn"
_SHORT: Final = {"sev": "severity"}
"""As the terminal UI takes it."""


def read_filter(text: str) -> FindingFilter:
    """Return what `text` asks for; without a `state:` term, what is open.

    Terms are separated by spaces and must all hold: `stack:`, `type:` and `address:` take
    globs, `kind:` and `state:` one word (`state:all` for every one), `severity:`, or `sev:`, a
    word and what is graver. Other words are searched for, together, as they stand. Quotes hold
    spaces together and take a colon for what it is.

    Raises:
        InvalidError: a term makes no sense; it is named.
    """
    found: dict[str, Any] = {}
    words: list[str] = []
    for match in _TERM.finditer(text):
        key, quoted, plain = match.groups()
        key = _SHORT.get(key, key)
        value = plain if quoted is None else quoted
        if key is None or key == _URN:
            words.append(value if key is None else match.group())
        elif key in found:
            raise InvalidError(f"the term `{key}:` is given twice")
        else:
            found[key] = _read_term(key, value)
    wanted_state: FindingState | None = found.get("state", FindingState.OPEN)
    return FindingFilter(
        stack=found.get("stack"),
        state=wanted_state,
        kind=found.get("kind"),
        min_severity=found.get("severity"),
        type=found.get("type"),
        address=found.get("address"),
        text=" ".join(word for word in words if word) or None,
    )


def _read_term(key: str, value: str) -> Any:
    if key not in _READERS:
        raise InvalidError(
            f"unknown term `{key}:`",
            remedy=f"use one of {', '.join(_READERS)}; put it in quotes to search for it as text",
        )
    if not value:
        raise InvalidError(f"the term `{key}:` has no value")
    return _READERS[key](value)


def _glob(value: str) -> str:
    return value


def _kind(value: str) -> Kind:
    return _one_of("kind", value, {kind.value: kind for kind in Kind})


def _state(value: str) -> FindingState | None:
    states: dict[str, FindingState | None] = {state.value: state for state in FindingState}
    return _one_of("state", value, {**states, ALL_STATES: None})


def _severity(value: str) -> Severity:
    severities = {
        f"{prefix}{severity.word}": severity for prefix in ("", ">=") for severity in Severity
    }
    return _one_of("severity", value, severities)


def _one_of(key: str, value: str, choices: Mapping[str, T]) -> T:
    if value.lower() not in choices:
        raise InvalidError(
            f"unknown value in the term `{key}:{value[:60]}`", remedy=f"one of {', '.join(choices)}"
        )
    return choices[value.lower()]


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "stack": _glob,
    "type": _glob,
    "address": _glob,
    "kind": _kind,
    "severity": _severity,
    "state": _state,
}

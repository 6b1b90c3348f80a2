"""Which texts can be told from other words, and which texts are secret along with a secret.

A password such as "true" or "admin" stands in plain sentences by chance: blanking it
everywhere makes an error unreadable and hides nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final
from urllib.parse import unquote, urlsplit

SHORTEST: Final = 6
_SHORTEST_PLAIN: Final = 8
_SHORTEST_LINE: Final = 12
_SHORTEST_NUMBER: Final = 6
_MOST_LINES: Final = 2000
_COMMON: Final = frozenset({
    "admin", "administrator", "anonymous", "changeme", "default", "development", "disabled",
    "enabled", "example", "false", "localhost", "master", "none", "null", "password",
    "postgres", "private", "production", "public", "readonly", "root", "secret", "staging",
    "terraform", "test", "testing", "true", "unknown", "user", "username",
})  # fmt: skip
_GENERATED_LENGTH: Final = 12
_LONGEST_GENERATED: Final = 512
_FEW: Final = 2
_RUNS: Final = re.compile(r"[A-Za-z0-9+=]+")
_ORDINARY: Final = re.compile(
    r"arn:|https?://[^@]*$|/|\.{1,2}/|~|\d+(\.\d+)+|[a-z]+(-[a-z]+)*-[0-9a-f]{8,17}$"
    r"|\d{4}-\d\d-\d\dT|sha256:|h1:|zh:"
)
_BORDER: Final = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_PAIRS: Final = re.compile(
    r"(?i)\b(?:password|passwd|pwd|secret|token|sslpassword|accountkey|sharedaccesskey)"
    r"\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;&]+))"
)


def is_recognisable(text: str) -> bool:
    """Whether `text` can be told from other words wherever it stands."""
    if len(text) < SHORTEST or text.lower() in _COMMON:
        return False
    if text.isalpha() and text == text.lower():
        return len(text) >= _SHORTEST_PLAIN
    return len(set(text)) > 1 and not text.isspace()


def secret_texts(value: object) -> Iterator[str]:
    """Yield the texts that are secret because `value` is: its own, and those within it."""
    match value:
        case bool() | None:
            return
        case str():
            yield from _of_text(value)
        case int() | float():
            if len(text := str(value)) >= _SHORTEST_NUMBER:
                yield text
        case Decimal():
            yield format(value, "f")
        case dict():
            for inner in value.values():
                yield from secret_texts(inner)
        case list() | tuple():
            for inner in value:
                yield from secret_texts(inner)
        case _:
            return


def recognisable_texts(value: object) -> Iterator[str]:
    """Yield those of `secret_texts` that can be told from other words."""
    return (text for text in secret_texts(value) if is_recognisable(text))


def _of_text(text: str) -> Iterator[str]:
    if text.strip():
        yield text
    if "\n" in text:
        yield from _of_lines(text.splitlines())
    if text[:1] in "{[":
        yield from _of_json(text)
    if "://" in text:
        yield from _of_address(text)
    if "=" in text:
        for quoted, single, bare in _PAIRS.findall(text):
            yield quoted or single or bare


def _of_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a key or a script: errors quote one and not the whole."""
    for number, line in enumerate(lines):
        bare = line.strip()
        if number >= _MOST_LINES:
            return
        if len(bare) >= _SHORTEST_LINE and not _BORDER.fullmatch(bare):
            yield bare


def _of_json(text: str) -> Iterator[str]:
    try:
        inner = json.loads(text)
    except ValueError:
        return
    if isinstance(inner, dict | list):
        yield from secret_texts(inner)


def _of_address(text: str) -> Iterator[str]:
    try:
        password = urlsplit(text.strip()).password
    except ValueError:
        return
    if password:
        yield password
        if (clear := unquote(password)) != password:
            yield clear


def looks_generated(text: str) -> bool:
    """Whether `text` looks like a key or a password that a machine made.

    Names, addresses, versions and identifiers of resources do not.
    """
    if not _GENERATED_LENGTH <= len(text) <= _LONGEST_GENERATED or _ORDINARY.match(text):
        return False
    return any(_is_mixed(run) for run in _RUNS.findall(text))


def _is_mixed(run: str) -> bool:
    digits = sum(map(str.isdigit, run))
    letters = len(run) - digits
    if len(run) < _GENERATED_LENGTH or digits < _FEW or letters < _FEW:
        return False
    return len(set(run)) > len(run) // 3

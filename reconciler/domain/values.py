"""What an attribute can hold, once it has left its adapter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]
"""An object as JSON holds it."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A secret, told apart from other secrets by a keyed digest and by nothing else."""

    digest: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only an apply can tell."""


UNKNOWN = Unknown()

Value: TypeAlias = (
    "bool | int | float | Decimal | str | list[Value] | dict[str, Value]"
    " | Sensitive | Unknown | None"
)
"""JSON-like. Sets arrive as lists: their order is the adapter's and means nothing."""

Attributes: TypeAlias = "dict[str, Value]"


def texts_in(value: object) -> Iterator[str]:
    """Yield every text that a value holds, however deep; no key."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)

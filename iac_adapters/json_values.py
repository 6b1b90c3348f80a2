"""Masked values as the JSON of a template."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from reconciler.domain.values import Sensitive, Unknown, Value

_EXACT: Final = 2**53


def json_value(value: Value) -> Any:
    """Return `value` as JSON has it; what is null was not written and is left out."""
    match value:
        case Sensitive(digest=digest):
            return {"digest": digest}
        case Unknown():
            return {"unknown": True}
        case Decimal():
            return _number(value)
        case list():
            return [json_value(item) for item in value]
        case dict():
            return {key: json_value(item) for key, item in value.items() if item is not None}
        case _:
            return value


def _number(value: Decimal) -> int | float | str:
    """Return a number that JSON readers agree on, else its text."""
    if abs(value) <= _EXACT and value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)

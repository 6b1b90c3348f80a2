"""Values as JSON that reads back as exactly what it was: secrets as digests, numbers to the digit.

It is for what is kept and compared later. What is shown goes by `wire.scan.value_object`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from reconciler.domain.values import UNKNOWN, Sensitive, Unknown, Value

_DIGEST: Final = "$digest"
_NUMBER: Final = "$number"
_UNKNOWN: Final = "$unknown"
_MOST_BITS: Final = 63


def lossless(value: Value) -> Any:
    """Return `value` as JSON holds it; what says nothing in an object is left out.

    A key that begins with `$` gets another one.
    """
    match value:
        case Sensitive(digest=digest):
            return {_DIGEST: digest}
        case Unknown():
            return {_UNKNOWN: True}
        case Decimal():
            return {_NUMBER: str(value)}
        case bool() | None | str() | float():
            return value
        case int():
            return {_NUMBER: str(value)} if value.bit_length() > _MOST_BITS else value
        case list():
            return [lossless(item) for item in value]
        case dict():
            return {
                f"${key}" if key.startswith("$") else key: lossless(item)
                for key, item in value.items()
                if not _says_nothing(item)
            }


def from_lossless(kept: Any) -> Value:
    """Return the value behind `kept`.

    Raises:
        ValueError: it is nothing that `lossless` writes.
    """
    match kept:
        case dict():
            return _from_object(kept)
        case list():
            return [from_lossless(item) for item in kept]
        case None | bool() | str() | int() | float():
            return kept
        case _:
            message = f"{type(kept).__name__} is no kept value"
            raise ValueError(message)


def _from_object(kept: dict[str, Any]) -> Value:
    if len(kept) == 1:
        (key, item), *_ = kept.items()
        if key == _DIGEST and isinstance(item, str):
            return Sensitive(item)
        if key == _NUMBER and isinstance(item, str):
            return _number(item)
        if key == _UNKNOWN:
            return UNKNOWN
    return {key.removeprefix("$"): from_lossless(item) for key, item in kept.items()}


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    whole = text.lstrip("-").isdigit()
    return int(number) if whole else number


def _says_nothing(value: Value) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)

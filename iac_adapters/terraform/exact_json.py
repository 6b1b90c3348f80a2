"""JSON whose numbers keep all their digits.

Terraform computes with 512 bits: `1 / 3` has 154 digits and an id may lie beyond 64 bits. A
float keeps 16, and two values that differ behind them would look the same.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

import orjson

_FEWEST: Final = 16
_BEYOND_64_BITS: Final = 19
_LONG: Final = re.compile(rb"[\d.]{%d}" % _FEWEST)


def exact_loads(data: bytes) -> Any:
    """Return what `data` holds; a number that no float or 64-bit integer holds is a `Decimal`.

    Raises:
        ValueError: it is no JSON.
    """
    if _LONG.search(data) is None:
        return orjson.loads(data)
    return json.loads(data, parse_float=_number, parse_int=_whole)


def exact_dumps(value: Any) -> bytes:
    """Return `value` as JSON, each number to its last digit."""
    return orjson.dumps(value, default=_digits)


def _number(text: str) -> float | Decimal:
    return float(text) if len(text) < _FEWEST else Decimal(text)


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) < _BEYOND_64_BITS else Decimal(text)


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError

"""JSON as the standard has it and nothing beyond, so that two readers never see two bodies.

Refused: bytes that are no UTF-8, keys given twice, NaN and infinities (also those that a
number overflows to), integers no database holds, NUL and lone surrogates, deep nesting.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final

from reconciler.api.refusal import Refusal

DEPTH: Final = 32
MOST_VALUES: Final = 20_000
"""Every one costs everybody some microseconds, in checks, in the database, in each answer."""
_HIGHEST_INTEGER: Final = 2**63 - 1
_LONGEST_INTEGER: Final = 20


def parse_json(body: bytes) -> Any:
    """Return what `body` says.

    Raises:
        Refusal: 400 when it is no JSON, 422 when it is JSON we do not take.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(
            400, "not-utf-8", f"the body is not UTF-8 (byte {error.start})", remedy="send UTF-8"
        ) from error
    try:
        parsed = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, "not-json", f"the body is not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise _too_deep() from error
    check_tree(parsed)
    return parsed


def check_tree(tree: Any) -> None:
    """Return when `tree` is shallow and small enough and its texts can be stored.

    Raises:
        Refusal: 422 it is not.
    """
    level, count = [tree], 0
    for _ in range(DEPTH + 1):
        count += len(level)
        if count > MOST_VALUES:
            raise Refusal(422, "too-large", f"the body holds more than {MOST_VALUES} values")
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                check_text(value)
            elif isinstance(value, dict):
                for key in value:
                    check_text(key)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return
        level = below
    raise _too_deep()


def check_text(text: str) -> None:
    """Return when `text` holds no NUL and no half of a character.

    Raises:
        Refusal: 422 it does.
    """
    if "\0" in text:
        raise Refusal(422, "unfit-text", "a text holds a NUL character")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise Refusal(422, "unfit-text", "a text holds half of a surrogate pair")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(422, "duplicate-key", "an object has a key twice")
    return found


def _constant(word: str) -> float:
    raise Refusal(400, "not-json", f"the body is not JSON: {word} is not a number")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Refusal(422, "number-out-of-range", "a number is too large")
    return value


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER or abs(value := int(digits)) > _HIGHEST_INTEGER:
        raise Refusal(422, "number-out-of-range", "an integer does not fit into 64 bits")
    return value


def _too_deep() -> Refusal:
    return Refusal(422, "too-deep", f"the body is nested more than {DEPTH} levels deep")

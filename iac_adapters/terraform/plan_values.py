"""A plan's values, with what only an apply can tell marked as unknown. Pure.

Source: JSON output format 1.x, `after` and its mirror `after_unknown`.
"""

from __future__ import annotations

from typing import Any

from reconciler.domain.values import UNKNOWN, Value


def with_unknown(after: Any, unknown: Any) -> Value:
    """Return `after` with `UNKNOWN` in each place that the mirror tree `unknown` marks."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and isinstance(after, dict | None):
        known = after or {}
        keys = [*known, *(key for key in unknown if key not in known)]
        return {key: with_unknown(known.get(key), unknown.get(key)) for key in keys}
    if isinstance(unknown, list) and isinstance(after, list):
        padded = unknown + [None] * (len(after) - len(unknown))
        return [with_unknown(value, padded[i]) for i, value in enumerate(after)]
    value: Value = after
    return value

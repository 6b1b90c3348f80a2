"""Who moved at one place: the world, the code, or both."""

from __future__ import annotations

from reconciler.domain.compare import IsSet, ordered, same
from reconciler.domain.model import Origin
from reconciler.domain.values import Unknown, Value


def origin_of(
    declared: Value,
    recorded: Value,
    live: Value,
    *,
    applied: bool = False,
    is_set: IsSet = ordered,
) -> Origin:
    """Return who moved where `declared` and `live` differ.

    `applied` says that the last apply did all the code asks for, as far as the tool's own
    plan of the recorded state knows: then the code cannot be what moved.
    """
    if applied:
        return Origin.OUT_OF_BAND
    if _alike(live, recorded, is_set):
        return Origin.UNAPPLIED
    if contains_unknown(declared) or _alike(declared, recorded, is_set):
        return Origin.OUT_OF_BAND
    if declared is None and _is_zero(recorded):
        # Read back as the zero value what the code leaves out: no reason to apply anything.
        return Origin.OUT_OF_BAND
    return Origin.BOTH


def contains_unknown(value: Value) -> bool:
    """Whether an apply must tell the value, or a part of it."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return isinstance(value, Unknown)


def is_empty(value: Value) -> bool:
    """Whether a provider may write it for null and null for it."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def _alike(left: Value, right: Value, is_set: IsSet) -> bool:
    return (is_empty(left) and is_empty(right)) or same(left, right, is_set)


def _is_zero(value: Value) -> bool:
    return value is False or value == 0

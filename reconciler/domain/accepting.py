"""A baseline that takes in the changes which a person accepted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.kept_baseline import ACCEPTED, KeptBaseline
from reconciler.domain.model import Change
from reconciler.domain.paths import Steps, steps_of
from reconciler.domain.values import Value


def with_accepted(
    kept: KeptBaseline, changes: Sequence[Change], *, by: str, reason: str, at: datetime
) -> KeptBaseline:
    """Return `kept` with the live value of each of `changes`, which are of a comparison with it."""
    values = kept.values
    steps = [(steps_of(change.path), change.live) for change in changes]
    # An element that is gone moves those behind it, so the last goes first.
    gone = [path for path, live in steps if live is None and _is_element(path)]
    for path, live in steps:
        if path not in gone:
            values = with_value(values, path, live)
    for path in sorted(gone, key=lambda steps: steps[-1], reverse=True):
        values = _without(values, path)
    return replace(
        kept, values=values, mark=ACCEPTED, kept_at=at, accepted_by=by, reason=reason, moves={}
    )


def _is_element(path: Steps) -> bool:
    return bool(path) and isinstance(path[-1], int)


def with_value(value: Value, path: Steps, live: Value) -> Value:
    """Return `value` with `live` at `path`; what leads there is made where it is missing."""
    if not path:
        return live
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(value) if isinstance(value, list) else []
        if step >= len(items):
            return [*items, with_value(None, rest, live)]
        return [*items[:step], with_value(items[step], rest, live), *items[step + 1 :]]
    fields = dict(value) if isinstance(value, dict) else {}
    return {**fields, step: with_value(fields.get(step), rest, live)}


def _without(value: Value, path: Steps) -> Value:
    step, rest = path[0], path[1:]
    if isinstance(step, int) and isinstance(value, list):
        if step >= len(value):
            return value
        if not rest:
            return [*value[:step], *value[step + 1 :]]
        return [*value[:step], _without(value[step], rest), *value[step + 1 :]]
    if isinstance(step, str) and isinstance(value, dict) and step in value:
        return {**value, step: _without(value[step], rest)}
    return value

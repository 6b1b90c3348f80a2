"""What our own applies chose, by the plans they carried out: "known after apply". Pure.

Whoever carries out a plan of ours, the daemon that made it need not live to see the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from reconciler.domain.compare import same, value_at
from reconciler.domain.details import value_of
from reconciler.domain.model import ResourceAddress
from reconciler.domain.origin import contains_unknown
from reconciler.domain.paths import AttributePath, Steps, steps_of
from reconciler.domain.plan import Action, PlannedChange
from reconciler.domain.values import Unknown, Value
from reconciler.domain.witness import Witness

Planned: TypeAlias = Mapping[ResourceAddress, tuple[PlannedChange, ...]]
_WRITES: Final = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE})


def left_open(plan: Mapping[str, Any]) -> Planned:
    """Return the changes of each resource of a kept `plan` of which some place was left open."""
    found = {
        ResourceAddress(resource["address"]): tuple(map(_change, resource["changes"]))
        for resource in plan.get("resources") or ()
        if resource["action"] in _WRITES
    }
    return {
        address: changes
        for address, changes in found.items()
        if any(isinstance(change.after, Unknown) for change in changes)
    }


def chosen_by(changes: Sequence[PlannedChange], witness: Witness) -> dict[Steps, Value]:
    """Return by place what the apply of `changes` chose, as the state of `witness` has it now.

    Nothing where the state has not what they say: then they were not carried out, or somebody has
    changed it since. What stands there as it stood when the plan was made was not written: if it
    was changed by hand, it still is. What code can set, a hand may have set.
    """
    recorded, is_set = witness.recorded(), witness.facts.is_set
    known = [change for change in changes if not contains_unknown(change.after)]
    if not known or not all(
        same(value_at(recorded, steps_of(change.path)), change.after, is_set) for change in known
    ):
        return {}
    places = {
        steps_of(change.path): change.before
        for change in changes
        if isinstance(change.after, Unknown)
    }
    return {
        place: now
        for place, before in places.items()
        if _is_named(place)
        and not witness.facts.is_settable(place)
        and _is_other(before, now := value_at(recorded, place))
    }


def _change(kept: Mapping[str, Any]) -> PlannedChange:
    return PlannedChange(
        AttributePath(kept["path"]), value_of(kept.get("before")), value_of(kept.get("after"))
    )


def _is_named(place: Steps) -> bool:
    """Whether names alone lead there: an index is another one after an apply."""
    return all(isinstance(step, str) for step in place)


def _is_other(before: Value, now: Value) -> bool:
    if isinstance(before, str) and not isinstance(now, str):
        return False  # a number that JSON would round is kept as text
    return not same(before, now)

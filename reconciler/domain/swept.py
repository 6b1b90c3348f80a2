"""What a plan would undo besides, though no code declares it and no plan says so. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.domain.details import parent_of, paths_of
from reconciler.domain.model import Kind, Origin
from reconciler.domain.paths import root_of
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.records import FindingRecord

_ENDING: Final = frozenset({Action.REPLACE, Action.DELETE})
_MOST_NAMED: Final = 5


def swept_away(plan: Plan, records: Iterable[FindingRecord]) -> tuple[str, ...]:
    """Return a sentence for each resource of `plan` that would take an undeclared change along.

    One that is replaced or deleted takes all of them, its added children too; one that is updated
    those in the attributes that it would write.
    """
    undeclared = [record for record in records if record.origin is Origin.UNDECLARED]
    found = ((resource, sorted(set(_swept(resource, undeclared)))) for resource in plan.resources)
    return tuple(_sentence(resource, places) for resource, places in found if places)


def _swept(resource: PlannedResource, undeclared: Sequence[FindingRecord]) -> Iterator[str]:
    written = {root_of(change.path) for change in resource.changes}
    ends = resource.action in _ENDING
    for record in undeclared:
        if record.kind is Kind.ADDED:
            if ends and parent_of(record.details) == resource.address:
                yield record.address
        elif record.address == resource.address:
            roots = map(root_of, paths_of(record.details))
            yield from (root for root in roots if ends or root in written)


def _sentence(resource: PlannedResource, places: Sequence[str]) -> str:
    more = len(places) - _MOST_NAMED
    named = ", ".join(places[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{resource.address}: the plan would also undo what no code declares: {named}"

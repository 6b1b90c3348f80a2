"""What the code asks of a resource besides other values: moves, imports, replacements. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.source import Source, Statement
from reconciler.domain.model import (
    Drifted,
    InSync,
    Noise,
    NotApplicable,
    Origin,
    Status,
    Verdict,
)

FORGOTTEN: Final = frozenset({"remove", "forget"})
_TRIGGERED: Final = "replace_triggered_by"
_OTHERWISE: Final = frozenset({"tainted", "requested"})
_CHANGING: Final = frozenset({"update", "replace"})


def rearrangement(change: PlannedChange, source: Source, *, changes_values: bool) -> str | None:
    """Return what `change` would do besides changing values; None where that is nothing.

    `changes_values` says that the provider's own plan holds another value than is recorded.
    """
    words = "; ".join(_words(change, source, changes_values=changes_values))
    return f"{words}; this is not applied" if words else None


def _words(change: PlannedChange, source: Source, *, changes_values: bool) -> Iterator[str]:
    if change.previous is not None:
        where = _at(source.statement("moved", change.address))
        yield f"the code moves it to {change.address}{where}"
    if change.import_id is not None:
        where = _at(source.statement("import", change.address))
        yield f"the code imports it by the id {change.import_id}{where}"
    if change.action in FORGOTTEN:
        where = _at(source.statement("removed", change.address))
        yield f"the code takes it out of the state without destroying it{where}"
    elif change.reason == _TRIGGERED:
        yield "`replace_triggered_by` has it replaced, since what it refers to would change"
    elif change.action in _CHANGING and not changes_values and change.reason not in _OTHERWISE:
        yield f"the plan of the code would {change.action} it without another value"


def with_rearrangement(verdict: Verdict, resource: LoadedResource) -> Verdict:
    """Return `verdict` with what the code asks for besides; in sync is nothing that waits."""
    if resource.rearranged is None:
        return verdict
    if isinstance(verdict, Noise) and resource.recorded.status is Status.FORGOTTEN:
        return verdict  # it is gone, and so nothing is left to take out of the state
    replaced = resource.planned_action == "replace"
    match verdict:
        case InSync() | NotApplicable() | Noise():
            return Drifted(
                (),
                noise=verdict.items if isinstance(verdict, Noise) else (),
                requires_replace=replaced,
                reason=resource.rearranged,
                origin=Origin.UNAPPLIED,
                readdressed=_is_move_alone(resource),
            )
        case Drifted():
            return replace(
                verdict,
                requires_replace=verdict.requires_replace or replaced,
                reason=resource.rearranged,
                origin=verdict.origin or Origin.UNAPPLIED,
            )
        case _:
            return verdict


def _is_move_alone(resource: LoadedResource) -> bool:
    recorded = resource.recorded
    settled = recorded.status in (Status.LIVE, Status.NOT_APPLICABLE)
    return settled and recorded.moves_to is not None and resource.planned_action is None


def _at(statement: Statement | None) -> str:
    return f" ({statement.file}:{statement.line})" if statement is not None else ""

"""What an `import` block would bring into the state, as the plan read it. Pure.

Core imports while it plans: it asks the provider for the object by its id, reads it, and plans
what was read. No state holds it yet, so the id leads from address to what was read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.recorder.capture import ConnectionCapture, ImportCall, PlanCall
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.recorder.recording import RecordedImport, RecordedInstance

NO_OBJECT: Final = "Cannot import non-existent remote object"
"""What core says where the provider found nothing under the id."""


@dataclass(frozen=True, slots=True, repr=False)
class Imports:
    """What the `import` blocks of the code came to, by the code's addresses."""

    found: Mapping[str, RecordedImport] = field(default_factory=dict)
    failed: tuple[tuple[str, str, str], ...] = ()
    """Type, id and reason of each object that could not be imported."""


def imports_of(captures: Sequence[ConnectionCapture], planned: Sequence[PlannedChange]) -> Imports:
    """Join what was imported to the addresses that `planned` has for it."""
    found = {}
    for change in planned:
        if change.import_id is None:
            continue
        recorded = _found(captures, change)
        if recorded is not None:
            found[change.address] = recorded
    return Imports(found, tuple(_failed(captures)))


def refusals(captures: Sequence[ConnectionCapture]) -> frozenset[str]:
    """Return the summaries of what went wrong while objects were imported."""
    said = {word for capture in captures for call in capture.imports for word in call.errors}
    return frozenset(said | {NO_OBJECT})


def _found(captures: Sequence[ConnectionCapture], change: PlannedChange) -> RecordedImport | None:
    for capture in captures:
        for call in capture.imports:
            if (call.type_name, call.id) != (change.type, change.import_id):
                continue
            plan = _plan(capture, call)
            if plan is not None:
                return RecordedImport(_instance(capture, change, plan), call.private, call.id)
    return None


def _plan(capture: ConnectionCapture, call: ImportCall) -> PlanCall | None:
    if call.read in (b"", NULL):
        return None
    prior = content_of(call.read)
    for plan in capture.plans:
        if plan.type_name == call.type_name and content_of(plan.prior) == prior:
            return plan
    return None


def _instance(
    capture: ConnectionCapture, change: PlannedChange, plan: PlanCall
) -> RecordedInstance:
    configs = {
        validation.config
        for validation in capture.validations
        if validation.type_name == plan.type_name
    }
    return RecordedInstance(
        address=change.address,
        type_name=plan.type_name,
        connection=capture.index,
        upgraded=plan.prior,
        config=plan.config,
        validated=(plan.config,) if plan.config in configs else tuple(sorted(configs)),
        provider_meta=plan.provider_meta,
        planned=plan.planned,
    )


def _failed(captures: Sequence[ConnectionCapture]) -> Iterator[tuple[str, str, str]]:
    for capture in captures:
        for call in capture.imports:
            if call.errors:
                yield call.type_name, call.id, "; ".join(call.errors)
            elif call.read == NULL:
                yield call.type_name, call.id, "there is no such object"

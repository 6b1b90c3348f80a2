"""A quarantine needs a person, comes one at a time, and stays until it is released."""

from __future__ import annotations

from typing import Final, assert_never

from reconciler.domain.model import ResourceAddress
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import (
    BY_HAND,
    Quarantine,
    driver_of,
    is_again,
    resource_of,
)
from reconciler.domain.swaps import groups_of
from reconciler.durations import written_duration
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Ask for the approval of each quarantine, and hold what would undo one that is there."""
    match situation.remediation.action_type:
        case ActionType.RELEASE:
            return Open()
        case ActionType.QUARANTINE:
            return (
                _begun_otherwise(situation)
                or _taken(situation)
                or _too_many(situation)
                or _needs_a_person(situation)
            )
        case _:
            return _undoes_one(situation) or Open()


def _needs_a_person(situation: Situation) -> Answer:
    drifted = sorted({*map(resource_of, situation.findings)})
    isolated = situation.isolates or tuple(drifted)
    names = ", ".join(isolated)
    cause = "" if [*isolated] == drifted else f", since {', '.join(drifted)} drifted,"
    longest = written_duration(situation.limits.quarantine_time)
    why = f"it isolates {names}{cause} until it is released, for {longest} at most"
    return NeedsApproval(f"{why}; {_how(situation.plan)}")


def _how(plan: Plan | None) -> str:
    driver = Driver.DETACH if plan is None else driver_of(plan)
    match driver:
        case Driver.DETACH:
            return "driver detach: what connects it is destroyed, and created again on release"
        case Driver.SWAP:
            return (
                "driver swap: its security groups give way to the isolation group, and an apply of"
                " the stack by anybody else would give them back"
            )
        case Driver.SCRIPT:
            name = plan.script.rule.name if plan is not None and plan.script is not None else ""
            return (
                f"driver script: {name} is told to isolate it, and to release it afterwards; what"
                " it changes is read when it has run"
            )
        case _:
            assert_never(driver)


def _begun_otherwise(situation: Situation) -> Answer | None:
    """Return a hold where an earlier attempt isolated in another way; None where none did.

    What undoes that attempt would be overwritten, and its release would undo what it never did.
    """
    known, plan = situation.remediation, situation.plan
    begun = next((each for each in situation.quarantines if each.id == known.id), None)
    if plan is None or begun is None or (how := _other_way(plan, begun)) is None:
        return None
    return Hold(
        f"an earlier attempt isolated by {how}, and this plan does not; release that first:"
        f" trueup release {known.id[:8]}"
    )


def _other_way(plan: Plan, begun: Quarantine) -> str | None:
    """Return how `begun` isolated where `plan` would isolate otherwise; None where it is the same.

    The same is the same driver, and by script the same bytes, and by groups the same group.
    """
    if (script := begun.script) is not None:
        rule = plan.script.rule if plan.script is not None else None
        if rule is not None and (rule.name, rule.sha256) == (script.name, script.sha256):
            return None
        return f"script {script.name} (SHA-256 {script.sha256})"
    if driver_of(plan) is not begun.driver:
        return f"driver {begun.driver}"
    groups = {edge.group for edge in begun.edges if edge.group is not None}
    if not groups or groups_of(plan) <= groups:
        return None
    return f"security group {', '.join(sorted(groups))}"


def _taken(situation: Situation) -> Answer | None:
    """Return a hold where another quarantine has what this one would take; None otherwise."""
    found = _met(situation)
    if found is None:
        return None
    address, other = found
    return Hold(
        f"{address} is isolated already, by quarantine {other.id}; release that first:"
        f" trueup release {other.id[:8]}"
    )


def _met(situation: Situation) -> tuple[ResourceAddress, Quarantine] | None:
    """Return what the plan touches of a quarantine of its stack, and that quarantine."""
    if situation.plan is None:
        return None
    planned = {resource.address: resource for resource in situation.plan.resources}
    for quarantine in situation.quarantines:
        known = situation.remediation
        if quarantine.stack != known.stack or quarantine.id == known.id:
            continue
        for address in quarantine.addresses:
            if address in planned:
                return address, quarantine
        for resource in planned.values():
            if _is_again(resource, quarantine):
                return resource.address, quarantine
    return None


def _is_again(resource: PlannedResource, quarantine: Quarantine) -> bool:
    """Whether the plan would create a detached edge under another name of the code."""
    after = {change.path: change.after for change in resource.changes}
    return resource.action is Action.CREATE and any(
        is_again(edge, quarantine.undo.get(edge.address, {}), after)
        for edge in quarantine.edges
        if quarantine.driver is Driver.DETACH and edge.type == resource.type
    )


def _too_many(situation: Situation) -> Answer | None:
    """Return a hold where its policy keeps as many others isolated as it may; None otherwise.

    Only what was approved is held by it: a person sees the plan before.
    """
    known, most = situation.remediation, situation.limits.quarantines
    group = known.policy_id or BY_HAND
    others = [
        quarantine
        for quarantine in situation.quarantines
        if quarantine.group == group and quarantine.id != known.id
    ]
    if len(others) < most or not any(
        approval.plan_digest == known.plan_digest for approval in known.approvals
    ):
        return None
    whose = "its policy" if known.policy_id else "people"
    return Hold(f"{len(others)} quarantines that {whose} asked for are not released yet")


def _undoes_one(situation: Situation) -> Answer | None:
    """Return a hold where a correction would attach what is detached; None where none would."""
    found = _met(situation)
    if found is None:
        return None
    address, quarantine = found
    return Hold(
        f"it would {_undone(address, quarantine)}; release that first:"
        f" trueup release {quarantine.id[:8]}"
    )


def _undone(address: ResourceAddress, quarantine: Quarantine) -> str:
    match quarantine.driver:
        case Driver.DETACH:
            return f"attach {address} again, which quarantine {quarantine.id} detached"
        case Driver.SWAP:
            return f"give {address} its groups back, which quarantine {quarantine.id} swapped"
        case Driver.SCRIPT:
            return f"change {address}, which a script isolated for quarantine {quarantine.id}"
        case _:
            assert_never(quarantine.driver)


GUARD: Final = Guard("quarantine", ask, at=ONCE_PLANNED)

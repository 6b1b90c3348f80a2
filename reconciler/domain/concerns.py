"""Why a plan needs a person: what it does beside putting back what was recorded. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from reconciler.domain.doubts import doubts_about
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.model import Finding, Kind, Origin, ProviderDoubt, ResourceAddress
from reconciler.domain.plan import Action, NewValue, Plan, PlannedChange, PlannedResource
from reconciler.domain.state_lineage import WHOLE_STACK
from reconciler.domain.values import Value


def concerns(
    plan: Plan,
    findings: Sequence[Finding],
    *,
    doubts: Sequence[ProviderDoubt] = (),
    drifted: Collection[ResourceAddress] = (),
) -> tuple[str, ...]:
    """Return why `plan` needs a person, a sentence each; empty when it only undoes the drift.

    `drifted` is what other findings than `findings` are about.

    It does no more than that when it creates what is missing as it was recorded and sets back
    exactly the attributes that changed out of band to their recorded values, through the
    provider they were recorded with.
    """
    by_target = by_target_of(findings)
    found = [
        reason
        for resource in plan.resources
        for reason in concerns_about(
            resource, by_target.get(resource.address), doubts, drifted=drifted
        )
    ]
    found += [f"output {name} would change" for name in plan.outputs]
    return tuple(dict.fromkeys(found))


def by_target_of(findings: Iterable[Finding]) -> dict[ResourceAddress, Finding]:
    """Return the findings by what a plan that undoes them is about."""
    return {target: finding for finding in findings for target in finding.targets}


def concerns_about(
    resource: PlannedResource,
    finding: Finding | None,
    doubts: Sequence[ProviderDoubt],
    *,
    drifted: Collection[ResourceAddress] = (),
) -> tuple[str, ...]:
    """Return each reason why what a plan does to `resource` needs a person.

    What is done comes first, then with which values, and then where.
    """
    address = resource.address
    if resource.action is Action.INVOKE:
        return (" ".join((f"{address} would be invoked", *map(_text, resource.changes))),)
    if finding is None:
        own = "with a finding of its own" if address in drifted else "without drift of its own"
        return (f"{address} would be changed too ({resource.action}), {own}",)
    new = _not_recorded(resource, finding)
    reasons = (
        *_of_what_is_done(resource, finding, new),
        *_of_new(address, new),
        # All of them: what was approved with the first in view may be in doubt for another since.
        *(_doubtful(resource, doubt, doubts) for doubt in doubts_about(finding.provider, doubts)),
    )
    return tuple(reason for reason in reasons if reason is not None)


def _of_what_is_done(
    resource: PlannedResource, finding: Finding, new: Sequence[NewValue]
) -> Iterable[str | None]:
    if finding.kind is Kind.ADDED or finding.added_as:
        return (_of_undeclared(resource),)
    of_action = _of_action(resource, finding, new)
    if finding.origin is Origin.OUT_OF_BAND or new:  # `new` says which code
        return (of_action,)
    return (of_action, f"{resource.address} holds code that was not applied yet")


def _of_new(address: str, new: Sequence[NewValue]) -> Iterator[str]:
    """Yield what a plan would write or run there that the last apply says nothing of."""
    if any(not value.path for value in new):
        yield f"{address} cannot be compared with the last apply"
    if any(_is_provisioner(value) for value in new):
        yield f"{address} would run its provisioner again"
    values = [value for value in new if value.path and not _is_provisioner(value)]
    if values:
        yield f"{address} would get values that no apply recorded: {', '.join(map(_named, values))}"


def _is_provisioner(value: NewValue) -> bool:
    # No attribute can have this name: Terraform reserves it.
    return value.path == "provisioner" and value.recorded is None and value.planned is None


def _text(change: PlannedChange) -> str:
    return str(change.after)


def _of_undeclared(resource: PlannedResource) -> str:
    if resource.action is Action.SCRIPT:
        return f"the script would run for {resource.address}, which no code declares"
    done = _PARTICIPLE.get(resource.action)
    return f"{resource.address}, which no code declares, would be {done}"


def _of_action(resource: PlannedResource, finding: Finding, new: Sequence[NewValue]) -> str | None:
    address = resource.address
    match resource.action:
        case Action.SCRIPT:
            return None
        case Action.CREATE:
            return (
                None
                if finding.kind is Kind.MISSING
                else f"{address} would be created a second time"
            )
        case Action.UPDATE:
            return _beyond(resource, finding, new)
        case _:
            return f"{address} would be {_PARTICIPLE[resource.action]}"


def _doubtful(resource: PlannedResource, doubt: str, doubts: Iterable[ProviderDoubt]) -> str:
    """Say what a doubt about the provider means for an object that would be created there."""
    if resource.action is not Action.CREATE or doubt in doubts_about(WHOLE_STACK, doubts):
        return doubt
    return (
        f"{resource.address} would be created where the provider looks now, which may be another"
        f" place than the one it was recorded in: {doubt}"
    )


_PARTICIPLE: Final = {
    Action.INVOKE: "invoked",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.FORGET: "forgotten",
    Action.OTHER: "changed in a way trueup does not know",
}


def _not_recorded(resource: PlannedResource, finding: Finding) -> list[NewValue]:
    """Return the places of `resource` that the correction would not restore, sorted.

    A correction of ours that failed half-way leaves what it read in the tool's state; the
    finding still holds what the last good apply recorded, and that may be written.
    """
    kept = {change.path: change.recorded for change in (*finding.changes, *finding.consequences)}
    found = (
        value
        for value in resource.new
        if value.path not in kept or not _equal(value.planned, kept[value.path])
    )
    return sorted(found, key=_named)


def _equal(left: Value, right: Value) -> bool:
    # Not `==`, for which `True` is 1.
    return canonical_bytes(left) == canonical_bytes(right)


def _named(value: NewValue) -> str:
    shown = _shown(value.planned)
    return f"{value.path} = {shown}" if shown is not None else value.path


def _shown(value: Value) -> str | None:
    """Return a short plain value as a person writes it; None for what needs the plan's page."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case str() if len(value) <= _LONGEST_SHOWN and value.isprintable():
            return f'"{value}"'
        case _:
            return None


_LONGEST_SHOWN: Final = 60


def _beyond(resource: PlannedResource, finding: Finding, new: Iterable[NewValue]) -> str | None:
    """Return what an update changes that did not drift; what is `new` is told with its values."""
    known = {_top(change.path) for change in (*finding.changes, *finding.consequences)}
    known |= {_top(value.path) for value in new}
    more = sorted({_top(change.path) for change in resource.changes} - known)
    return f"{resource.address} would change {', '.join(more)} too" if more else None


def _top(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]

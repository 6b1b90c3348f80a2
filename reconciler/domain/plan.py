"""What a correction would do, resource by resource, and the digest an approval is bound to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from reconciler.domain.doubts import doubt_about
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.model import (
    Finding,
    Kind,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    StackName,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.scripts import PlannedScript
from reconciler.domain.values import Value

PlanDigest = NewType("PlanDigest", str)
DIGEST_VERSION: Final = "trueup-plan-1"


class Action(StrEnum):
    """What happens to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    INVOKE = "invoke"
    """An action of the code runs beside; what it does is its provider's."""
    SCRIPT = "script"
    """A script runs for it; only a read afterwards tells what that changed."""
    OTHER = "other"
    """Something a newer tool does and we do not know: never without a person."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One attribute: from what to what. Secrets are keyed digests already."""

    path: AttributePath
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class NewValue:
    """One value a plan would write that the last apply did not record.

    Secrets are keyed digests already. An empty path means the whole object.
    """

    path: AttributePath
    recorded: Value
    planned: Value


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """One resource that would be touched; resources left alone are not listed.

    `new` holds each value that the code or a default decides, and that is not the recorded
    one: what makes the change more than a restoration. `seal` is a keyed digest of whatever
    else the tool's own plan holds of it.
    """

    address: ResourceAddress
    type: str
    action: Action
    changes: tuple[PlannedChange, ...] = ()
    new: tuple[NewValue, ...] = ()
    seal: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one saved plan would do; sorted by address."""

    stack: StackName
    targets: tuple[ResourceAddress, ...]
    resources: tuple[PlannedResource, ...]
    outputs: tuple[str, ...] = ()
    """Names of root outputs that would change."""
    script: PlannedScript | None = None
    """What runs instead of the tool; `resources` are then those it runs for."""
    remarks: tuple[str, ...] = ()
    """What whoever approves it has to know of what it uses, a sentence each."""

    @property
    def digest(self) -> PlanDigest:
        """The same for two plans that would do the same, whenever they were made."""
        return plan_digest(self)

    @property
    def empty(self) -> bool:
        """Whether nothing at all would happen."""
        return not self.resources and not self.outputs

    @property
    def summary(self) -> str:
        """As the tools put it: `1 to create, 2 to update`; `nothing to do` when empty."""
        if self.script is not None:
            count = len(self.resources)
            return f"1 script to run for {count} resource{'s' if count != 1 else ''}"
        counts = [(a, sum(r.action is a for r in self.resources)) for a in Action]
        words = [f"{count} to {action.value}" for action, count in counts if count]
        words += [f"{len(self.outputs)} outputs to change"] if self.outputs else []
        return ", ".join(words) or "nothing to do"


def plan_digest(plan: Plan) -> PlanDigest:
    """Return SHA-256 over the stack, its targets and each action with its values.

    Every part is framed by its length, so no two plans write the same bytes.
    """
    digest = hashlib.sha256()
    for part in _parts(plan):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return PlanDigest(digest.hexdigest())


def _parts(plan: Plan) -> Iterable[bytes]:
    yield DIGEST_VERSION.encode()
    yield plan.stack.encode()
    yield "\n".join(sorted(plan.targets)).encode()
    yield "\n".join(sorted(plan.outputs)).encode()
    if plan.script is not None:
        yield plan.script.mark
    if plan.remarks:
        yield "\n".join(("remarks", *plan.remarks)).encode()
    for resource in sorted(plan.resources, key=lambda item: item.address):
        yield f"{resource.address}\n{resource.type}\n{resource.action}".encode()
        if resource.seal:
            yield resource.seal.encode()
        for change in sorted(resource.changes, key=lambda item: item.path):
            yield change.path.encode()
            yield canonical_bytes(change.before)
            yield canonical_bytes(change.after)


def concerns(
    plan: Plan, findings: Sequence[Finding], *, doubts: Sequence[ProviderDoubt] = ()
) -> tuple[str, ...]:
    """Return why `plan` needs a person, a sentence each; empty when it only undoes the drift.

    It does no more than that when it creates what is missing as it was recorded and sets back
    exactly the attributes that changed out of band to their recorded values, through the
    provider they were recorded with.
    """
    by_target = by_target_of(findings)
    found = [
        reason
        for resource in plan.resources
        if (reason := concern_about(resource, by_target.get(resource.address), doubts))
    ]
    found += [f"output {name} would change" for name in plan.outputs]
    return tuple(dict.fromkeys(found))


def by_target_of(findings: Iterable[Finding]) -> dict[ResourceAddress, Finding]:
    """Return the findings by what a plan that undoes them is about."""
    return {target: finding for finding in findings for target in finding.targets}


def concern_about(
    resource: PlannedResource, finding: Finding | None, doubts: Sequence[ProviderDoubt]
) -> str | None:
    """Return why what a plan does to `resource` needs a person; None when it needs none."""
    address = resource.address
    if resource.action is Action.INVOKE:
        return " ".join((f"{address} would be invoked", *map(_text, resource.changes)))
    if finding is None:
        return f"{address} would be changed too ({resource.action}), without drift of its own"
    if (doubt := doubt_about(finding.provider, doubts)) is not None:
        return _where_it_would_be(resource, doubt)
    if new := _not_recorded(resource, finding):
        return f"{address} would get values that no apply recorded: {', '.join(new)}"
    if finding.kind is Kind.ADDED or finding.added_as:
        return _of_undeclared(resource)
    if finding.origin is not Origin.OUT_OF_BAND:
        return f"{address} holds code that was not applied yet"
    return _of_action(resource, finding)


def _text(change: PlannedChange) -> str:
    return str(change.after)


def _of_undeclared(resource: PlannedResource) -> str:
    if resource.action is Action.SCRIPT:
        return f"the script would run for {resource.address}, which no code declares"
    done = _PARTICIPLE.get(resource.action)
    return f"{resource.address}, which no code declares, would be {done}"


def _of_action(resource: PlannedResource, finding: Finding) -> str | None:
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
            return _beyond(resource, finding)
        case _:
            return f"{address} would be {_PARTICIPLE[resource.action]}"


def _where_it_would_be(resource: PlannedResource, doubt: str) -> str:
    """Say what a doubt about the provider means for an object that would be created there."""
    if resource.action is not Action.CREATE:
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


def _not_recorded(resource: PlannedResource, finding: Finding) -> list[str]:
    """Return the places of `resource` that the correction would not restore, sorted.

    A correction of ours that failed half-way leaves what it read in the tool's state; the
    finding still holds what the last good apply recorded, and that may be written.
    """
    kept = {change.path: change.recorded for change in (*finding.changes, *finding.consequences)}
    return sorted(
        _named(value)
        for value in resource.new
        if value.path not in kept or not _equal(value.planned, kept[value.path])
    )


def _equal(left: Value, right: Value) -> bool:
    # Not `==`, for which `True` is 1.
    return canonical_bytes(left) == canonical_bytes(right)


def _named(value: NewValue) -> str:
    if not value.path:
        return "all of it"
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


def _beyond(resource: PlannedResource, finding: Finding) -> str | None:
    known = {_top(change.path) for change in (*finding.changes, *finding.consequences)}
    more = sorted({_top(change.path) for change in resource.changes} - known)
    return f"{resource.address} would change {', '.join(more)} too" if more else None


def _top(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]

"""What a correction would do, resource by resource, and the digest an approval is bound to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.paths import AttributePath
from reconciler.domain.scripts import PlannedScript
from reconciler.domain.values import Value

PlanDigest = NewType("PlanDigest", str)
DIGEST_VERSION: Final = "trueup-plan-1"
SHOWN_VERSION: Final = "trueup-shown-1"


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


def shown_digest(plan: Plan, *, reasons: Iterable[str] = (), voided: int = 0) -> PlanDigest:
    """Return the digest of `plan` as it is shown with `reasons` to look at it, in any order.

    It is that of the plan where nothing else is to be told. What is asked about once more, after
    approvals were `voided` so often, has another one.
    """
    said: list[Value] = [*sorted(set(reasons))]
    if not said and not voided:
        return plan_digest(plan)
    asked = canonical_bytes([SHOWN_VERSION, plan_digest(plan), said, voided])
    return PlanDigest(hashlib.sha256(asked).hexdigest())


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

"""What a person sees before a decision: verb, counts, digest, who asked, what is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from reconciler.wire.quarantines import driver_words
from reconciler.wire.remediations import Remediation
from reconciler.wire.stacks import Stack
from tui.ages import age, ahead, clock
from tui.ink import Line, line
from tui.lines.blast import blast_lines
from tui.lines.plan import plan_lines
from tui.lines.words import DESTRUCTIVE, counted
from tui.verbs import Asked

_MOST_IN_FULL = 3


def asked_lines(
    asked: Asked,
    remediations: Iterable[Remediation],
    policies: Mapping[str, str],
    stacks: Mapping[str, Stack] | None = None,
) -> Iterator[Line]:
    """Yield what the decision is about, the worst first; `policies` are names, by id."""
    chosen = list(remediations)
    names = sorted({target.stack for target in asked.targets})
    yield line((f"{asked.verb} ", "strong"), counted(len(chosen), _sort(chosen)), " of ",
               (", ".join(names[:5]) + (" ..." if len(names) > 5 else ""), "strong"))  # noqa: PLR2004 # fmt: skip
    yield from _destroyed(chosen)
    yield from blast_lines(chosen, stacks or {})
    yield ()
    for place, remediation in enumerate(chosen):
        if place:
            yield ()
        in_full = len(chosen) <= _MOST_IN_FULL
        yield from remediation_in_full(remediation, policies, in_full=in_full, counts=False)


def _sort(chosen: list[Remediation]) -> str:
    """Return what they are: a quarantine takes apart what a correction puts right."""
    isolating = {remediation.action_type == "quarantine" for remediation in chosen}
    if len(isolating) > 1:
        return "remediation"
    return "quarantine" if True in isolating else "correction"


def _destroyed(chosen: list[Remediation]) -> Iterator[Line]:
    counts: Counter[str] = Counter(
        resource.action
        for remediation in chosen
        if remediation.plan
        for resource in remediation.plan.resources
    )
    destroyed = sum(count for action, count in counts.items() if action in DESTRUCTIVE)
    if destroyed:
        yield line((f"{counted(destroyed, 'resource')} would not survive", "critical"))


def remediation_in_full(
    remediation: Remediation,
    policies: Mapping[str, str],
    *,
    in_full: bool = True,
    counts: bool = True,
) -> Iterator[Line]:
    """Yield who asked for a remediation, and its plan; `counts` of what it does above it."""
    yield line(
        ("remediation ", "dim"),
        remediation.id[:12],
        ("  by ", "dim"),
        remediation.requested_by,
        (f"  planned {age(remediation.updated_at)} ago{_expiry(remediation)}", "dim"),
    )
    if remediation.policy_id:
        name = policies.get(remediation.policy_id, remediation.policy_id)
        yield line(("policy      ", "dim"), name)
    if remediation.note:
        yield line(("needs       ", "dim"), remediation.note)
    if remediation.action_type == "quarantine" and remediation.plan is not None:
        yield line(("driver      ", "dim"), driver_words(remediation.plan))
    for approval in remediation.approvals:
        yield line(("approved by ", "dim"), f"{approval.person} at {clock(approval.at)}")
    if remediation.plan is not None:
        yield from plan_lines(remediation.plan, values=in_full, counts=counts)


def _expiry(remediation: Remediation) -> str:
    if remediation.expires_at is None:
        return ""
    if remediation.expires_at <= datetime.now(UTC):
        return ", expired"
    return f", expires in {ahead(remediation.expires_at)}"

"""A resource that is isolated until reviewed, and what it takes to connect it again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from reconciler.domain.details import parent_of
from reconciler.domain.edges import Edge
from reconciler.domain.edges_catalogue import EDGES
from reconciler.domain.model import Finding, Kind, ResourceAddress, StackName
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan
from reconciler.domain.policy import Driver
from reconciler.domain.records import FindingId, FindingRecord, FindingState, Json, RemediationId
from reconciler.domain.remediation_states import IN_EFFECT, OPEN, TERMINAL, RemediationState
from reconciler.domain.scripts import ScriptIsolation
from reconciler.domain.spelling import meets_type
from reconciler.domain.swaps import beyond_swapping, giving_back, moved_meanwhile
from reconciler.domain.values import Sensitive, Unknown, Value

UNKNOWN: Final = {"unknown": True}
"""How a planned value is written that only the apply can tell."""
LEFT_FOR: Final = timedelta(minutes=10)
"""How long what was swapped is out of the state before its quarantine ends: who takes a resource
off the state to import it elsewhere needs a moment."""
BY_HAND: Final = ""
"""The group of what no policy asked for."""


class QuarantineState(StrEnum):
    """Where a quarantine stands."""

    ISOLATING = "isolating"
    """What undoes it is stored; its edges are about to be detached, or partly were."""
    ACTIVE = "active"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The edges that are detached or swapped, and what it takes to attach them again.

    It is written before anything is detached. `id` is the remediation that detaches, `release`
    the one that attaches them again. `undo` is, by address, what each edge held: `PATH: value`,
    secrets as keyed digests. `group` is the policy that asked for it. `reconnected_at` is when
    a scan found an edge attached again that nobody released, or what was swapped out of the state,
    where nothing shows that it is isolated. Where a `script` isolates, the edges
    are the resources themselves, whatever it does to them, and the script holds the undo.
    `released_by` is who asked for the release, as the audit names them; None of a policy.
    """

    id: RemediationId
    stack: StackName
    finding_ids: tuple[FindingId, ...]
    edges: tuple[Edge, ...]
    undo: Json
    state: QuarantineState
    since: datetime
    expires_at: datetime
    group: str = BY_HAND
    release: RemediationId | None = None
    released_by: str | None = None
    ended_at: datetime | None = None
    reconnected_at: datetime | None = None
    note: str | None = field(default=None)
    script: ScriptIsolation | None = None

    @property
    def addresses(self) -> tuple[ResourceAddress, ...]:
        """The edges' addresses."""
        return tuple(edge.address for edge in self.edges)

    @property
    def driver(self) -> Driver:
        """How it isolates: by a script, by groups that gave way, or by edges that are gone."""
        if self.script is not None:
            return Driver.SCRIPT
        swapped = any(edge.attribute is not None for edge in self.edges)
        return Driver.SWAP if swapped else Driver.DETACH

    @property
    def is_open(self) -> bool:
        """Whether something may be detached."""
        return self.state is not QuarantineState.RELEASED


def resource_of(record: FindingRecord) -> ResourceAddress:
    """Return what a quarantine of `record` isolates; an added child stands for its parent."""
    return ResourceAddress(parent_of(record.details) or record.address)


def release_reason(
    known: Quarantine,
    *,
    isolating: RemediationState | None,
    releasing: RemediationState | None,
    findings: Iterable[FindingRecord],
    now: datetime,
    left: bool = False,
) -> str | None:
    """Return why `known` is to be released by itself now, as a sentence; None when it is not.

    `isolating` and `releasing` are where its two remediations stand, None where there is none.
    What a person rejected or cancelled is not begun again by itself. `left` is whether all that
    it swapped has left the state.
    """
    if not known.is_open or releasing in OPEN or releasing in _SAID_NO or isolating in IN_EFFECT:
        return None
    if all(record.state is FindingState.HEALED for record in findings):
        return "the drift is gone"
    if isolating in _NOT_ISOLATED:
        return "the resource could not be isolated"
    if left and known.reconnected_at is not None and known.reconnected_at + LEFT_FOR <= now:
        return left_behind(known, known.addresses)
    return "its time is over" if known.expires_at <= now else None


def left_behind(known: Quarantine, addresses: Iterable[ResourceAddress]) -> str:
    """Return what a person has to know of swapped resources that have left the state."""
    return "; ".join(_left_behind(known, address) for address in addresses)


def says_left(known: Quarantine) -> bool:
    """Whether what is noted of `known` is that something swapped has left the state."""
    note = known.note or ""
    return any(note.startswith(_left_behind(known, address)) for address in known.addresses)


def _left_behind(known: Quarantine, address: ResourceAddress) -> str:
    groups = ", ".join(str(edge.group) for edge in known.edges if edge.address == address)
    held = [name for value in known.undo.get(address, {}).values() for name in _names(value)]
    return (
        f"{address} is not in the state any more: if it still exists, it holds {groups} alone, and"
        f" held {', '.join(held)} before"
    )


def _names(value: object) -> list[str]:
    return [*map(str, value)] if isinstance(value, list) else []


_SAID_NO: Final = frozenset({RemediationState.REJECTED, RemediationState.CANCELLED})
_NOT_ISOLATED: Final = TERMINAL - {RemediationState.CONVERGED}


def absent_on_purpose(finding: Finding, detached: Collection[ResourceAddress]) -> bool:
    """Whether `finding` says only that a detached edge is not there."""
    return finding.address in detached and finding.kind is Kind.MISSING


def driver_of(plan: Plan) -> Driver:
    """Return how a plan that isolates does it: edges are destroyed, and groups are updated."""
    if plan.script is not None:
        return Driver.SCRIPT
    updates = any(resource.action is Action.UPDATE for resource in plan.resources)
    return Driver.SWAP if updates else Driver.DETACH


def beyond_detaching(plan: Plan, edges: Collection[Edge]) -> str | None:
    """Return what `plan` does besides destroying exactly `edges`; None when that is nothing."""
    wanted = {edge.address for edge in edges}
    for resource in plan.resources:
        if resource.address not in wanted or resource.action is not Action.DELETE:
            return f"{resource.address} ({resource.action})"
    return f"output {plan.outputs[0]}" if plan.outputs else None


def left_attached(plan: Plan, edges: Collection[Edge]) -> tuple[ResourceAddress, ...]:
    """Return those of `edges` that `plan` does not destroy."""
    gone = {resource.address for resource in plan.resources if resource.action is Action.DELETE}
    return tuple(edge.address for edge in edges if edge.address not in gone)


def beyond_attaching(plan: Plan, known: Quarantine, planned: Json) -> tuple[str, ...]:
    """Return why a person must look at a release, a sentence each; empty when it only undoes.

    It creates edges that were detached, as they were. `planned` is, by address, what `plan`
    creates them with: null left out or None, and `UNKNOWN` what only the apply can tell. An
    output may change with them: it can hold the id of a new edge.
    """
    reasons = []
    for resource in plan.resources:
        address = resource.address
        if address not in known.addresses:
            reasons.append(f"{address} would be changed too ({resource.action})")
        elif resource.action is not Action.CREATE:
            reasons.append(f"{address} would not be created ({resource.action})")
        else:
            reasons += _otherwise(address, known.undo.get(address, {}), planned.get(address, {}))
    return tuple(reasons)


def is_again(edge: Edge, before: Json, planned: Mapping[AttributePath, Value]) -> bool:
    """Whether what is `planned` to be created connects what `edge` connected, and where it did.

    `before` is what the edge held. What only the apply can tell is no evidence: an edge of
    another resource that is not there yet looks so.
    """
    referring = {
        name for rule in EDGES if meets_type(rule.type, edge.type) for name in rule.attributes
    }
    held = {path: value for path, value in before.items() if not _is_blank(value)}
    known = {
        path: {"digest": value.digest} if isinstance(value, Sensitive) else value
        for path, value in planned.items()
        if path in held and not isinstance(value, Unknown)
    }
    return bool(known.keys() & (referring or held.keys())) and all(
        _same(held[path], value) for path, value in known.items()
    )


def moved_to(known: Quarantine, addresses: Mapping[ResourceAddress, ResourceAddress]) -> Quarantine:
    """Return `known` with what it swapped at the `addresses` where the record has it now."""
    now = {
        edge.address: addresses.get(edge.address, edge.address)
        for edge in known.edges
        if edge.attribute is not None
    }
    edges = tuple(
        replace(edge, address=now[edge.address], isolates=now.get(edge.isolates, edge.isolates))
        if edge.address in now
        else edge
        for edge in known.edges
    )
    undo = {
        now.get(ResourceAddress(address), address): held for address, held in known.undo.items()
    }
    return replace(known, edges=edges, undo=undo)


def other_script(plan: Plan, known: Quarantine) -> tuple[str, ...]:
    """Return why a person must look at a release by script; empty when the same script isolated."""
    if plan.script is None or known.script is None:
        return ()
    name, now, before = plan.script.rule.name, plan.script.rule.sha256, known.script.sha256
    if now == before:
        return ()
    why = (
        f"script {name} was changed since it isolated: its SHA-256 was {before}, and [[script]]"
        f" allows {now}; to release by the one that isolated, put its file and its sha256 back,"
        " reload, cancel this and release again; to release by the one that is allowed now,"
        " approve this"
    )
    return (why,)


def beyond_giving_back(plan: Plan, known: Quarantine) -> tuple[str, ...]:
    """Return why a person must look at a release of swapped groups; empty when it only undoes."""
    back = giving_back(known.edges, known.undo)
    edges = {regrouping.edge.address: regrouping.edge for regrouping in back}
    more = beyond_swapping(plan, back)
    moved = (
        moved_meanwhile(resource, edges[resource.address])
        for resource in plan.resources
        if resource.address in edges
    )
    return (
        *((f"{more} would be changed too",) if more is not None else ()),
        *(reason for reason in moved if reason is not None),
    )


def _otherwise(address: str, before: Json, after: Json) -> list[str]:
    every = sorted(before.keys() | after.keys())
    paths = [path for path in every if not _same(before.get(path), after.get(path))]
    return [f"{address} would be attached otherwise than before: {', '.join(paths)}"] * bool(paths)


def _same(before: object, after: object) -> bool:
    """Whether an edge that held `before` would hold it again; what only an apply can tell is."""
    if after == UNKNOWN:
        return True
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return all(_same(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return all(map(_same, before, after))
    # Providers record false, 0 or an empty block for what the code leaves out.
    return _is_blank(before) if _is_left_out(after) else before == after


def _is_left_out(value: object) -> bool:
    return value is None or (isinstance(value, str | list | Mapping) and not value)


def _is_blank(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_blank, value.values()))
    return all(map(_is_blank, value)) if isinstance(value, list) else not value

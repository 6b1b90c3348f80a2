"""Policies as values: what they select, from when they act, and what they choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, TypeAlias

from reconciler.domain.globs import glob_covers, glob_matches
from reconciler.domain.model import OUTPUT_TYPE, Kind, Severity
from reconciler.domain.spelling import meets_path, meets_type

PolicyId = NewType("PolicyId", str)

_WITHOUT_OBJECT: Final = frozenset({OUTPUT_TYPE, "pulumi:pulumi:Stack"})
"""The types of what has outputs alone: those of a root module, and those of a Pulumi stack."""


class ActionType(StrEnum):
    """What a policy does with a deviation."""

    AUTO_CORRECT = "auto_correct"
    QUARANTINE = "quarantine"
    MANUAL_REVIEW = "manual_review"
    RELEASE = "release"
    """Attaches again what a quarantine detached; no policy says it."""

    @property
    def is_about_edges(self) -> bool:
        """Whether its plan is about what connects a resource, and corrects nothing."""
        return self in (ActionType.QUARANTINE, ActionType.RELEASE)


class Driver(StrEnum):
    """How a quarantine isolates a resource."""

    DETACH = "detach"
    """What connects it is destroyed, and created again on release."""
    SWAP = "swap"
    """Its security groups give way to an isolation group, and come back on release."""
    SCRIPT = "script"
    """A script isolates it, and the same script releases it again."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a policy is about; every part given must hold. Texts are globs."""

    stack: str | None = None
    type: str | None = None
    address: str | None = None
    path: str | None = None
    kind: Kind | None = None
    host_group: str | None = None
    min_severity: Severity | None = None
    max_severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule, from `trueup.toml` (`source` is `config`) or the API (`api`).

    It acts on findings of at least `drift_threshold` and `min_score` (0 to 100), from
    `starts_at` until `expires_at`. `template_id` narrows it to the resources of one template.
    `script` names a `[[script]]` of trueup.toml, which then corrects instead of the tool, or with
    driver `script` isolates. `driver` says how a quarantine isolates, None by detaching; `edges`
    are globs over addresses and types: of what is detached, instead of the shipped catalogue, or of
    what a script changes besides the resource. `isolation_group` is the id of the security group
    that a swap puts in the place of the others.
    """

    policy_id: PolicyId
    name: str
    action_type: ActionType
    selection: Selection = field(default_factory=Selection)
    drift_threshold: Severity = Severity.LOW
    min_score: int = 0
    template_id: str | None = None
    script: str | None = None
    driver: Driver | None = None
    edges: tuple[str, ...] | None = None
    isolation_group: str | None = None
    owner: str | None = None
    reason: str | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    source: str = "api"
    position: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a policy says that makes no sense together: the key, the sentence, the remedy."""

    key: str
    sentence: str
    remedy: str


def contradiction(
    *,
    action_type: str,
    driver: str | None,
    edges: Sequence[str] | None,
    group: str | None,
    script: str | None = None,
) -> Contradiction | None:
    """Return why a policy that isolates so makes no sense; None when it does."""
    if action_type != ActionType.QUARANTINE:
        return _isolates_nothing(action_type, driver=driver, edges=edges, group=group)
    if group is not None and driver != Driver.SWAP:
        return _GROUP_WITHOUT_SWAP
    if script is not None and driver != Driver.SCRIPT:
        return Contradiction(
            "script",
            f"a script corrects, and action_type is `{action_type}`",
            'add `driver = "script"` to have it isolate, use another action_type, or leave out'
            " `script`",
        )
    match driver:
        case Driver.SCRIPT if script is None:
            return Contradiction(
                "driver",
                "driver `script` needs the script that isolates and releases",
                'set `script = "NAME"`: the name of a [[script]]',
            )
        case Driver.SWAP if group is None:
            return Contradiction(
                "driver",
                "driver `swap` needs the security group that isolates",
                'set `isolation_group = "sg-..."`: the id of a group that lets nothing in or out',
            )
        case Driver.SWAP if edges:
            return Contradiction(
                "edges",
                "`edges` are what driver `detach` detaches, and the driver is `swap`",
                "leave out `edges`, or `driver` and `isolation_group`",
            )
        case _:
            return None


def _isolates_nothing(
    action_type: str, *, driver: str | None, edges: Sequence[str] | None, group: str | None
) -> Contradiction | None:
    if driver in (Driver.SWAP, Driver.SCRIPT):
        return Contradiction(
            "driver",
            f"driver `{driver}` isolates, and action_type is `{action_type}`",
            "use action_type `quarantine`, or leave out `driver`",
        )
    if edges or driver is not None:
        key = "edges" if edges else "driver"
        return Contradiction(
            key,
            f"`{key}` says how to isolate, and action_type is `{action_type}`",
            f"use action_type `quarantine`, or leave out `{key}`",
        )
    return None if group is None else _GROUP_WITHOUT_SWAP


_GROUP_WITHOUT_SWAP: Final = Contradiction(
    "isolation_group",
    "an isolation group takes the place of security groups, which driver `swap` does",
    'add `driver = "swap"`, or leave out `isolation_group`',
)


@dataclass(frozen=True, slots=True)
class Observe:
    """Record and show it; nothing more. What happens when no policy speaks."""

    reason: str = "no policy selects it"


@dataclass(frozen=True, slots=True)
class Below:
    """A policy selects it, but it does not reach that policy's threshold."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Act:
    """This policy, and what it wants done."""

    policy: Policy

    @property
    def action_type(self) -> ActionType:
        """What is to be done."""
        return self.policy.action_type


Decision: TypeAlias = Observe | Below | Act


@dataclass(frozen=True, slots=True)
class Subject:
    """What a policy is asked about: one finding, without its values.

    `templates` are the ids of those that cover the resource. `only_undo` says that all of it
    happened out of band, so that correcting it rolls out no code.
    """

    stack: str
    address: str
    type: str
    kind: Kind
    severity: Severity
    score: int
    paths: tuple[str, ...] = ()
    templates: frozenset[str] = frozenset()
    only_undo: bool = False
    host_groups: tuple[str, ...] = ()


def decide(subject: Subject, policies: Iterable[Policy], *, now: datetime) -> Decision:
    """Return what the first policy says that selects `subject`.

    Policies of the file are asked before those of the API, each by position and then name. One
    that has not started or has expired is not asked; one whose threshold is not reached still
    decides.
    """
    for policy in ranked(policies):
        if not in_force(policy, now=now) or not selects(policy, subject):
            continue
        reached = subject.severity >= policy.drift_threshold and subject.score >= policy.min_score
        return Act(policy) if reached else Below(policy)
    return Observe()


def ranked(policies: Iterable[Policy]) -> list[Policy]:
    """Return `policies` in the order they are asked."""
    return sorted(
        policies, key=lambda policy: (policy.source != "config", policy.position, policy.name)
    )


def in_force(policy: Policy, *, now: datetime) -> bool:
    """Whether it has started and has not expired."""
    started = policy.starts_at is None or policy.starts_at <= now
    return started and (policy.expires_at is None or now < policy.expires_at)


def selects(policy: Policy, subject: Subject) -> bool:
    """Whether every part that `policy` names holds of `subject`."""
    wanted = policy.selection
    return (
        (policy.template_id is None or policy.template_id in subject.templates)
        and (wanted.host_group is None or _in_group(wanted.host_group, subject))
        and (wanted.stack is None or glob_matches(wanted.stack, subject.stack))
        and (wanted.address is None or glob_covers(wanted.address, subject.address))
        and (wanted.type is None or meets_type(wanted.type, subject.type))
        and (wanted.kind is None or wanted.kind is subject.kind)
        and (wanted.min_severity is None or wanted.min_severity <= subject.severity)
        and (wanted.max_severity is None or subject.severity <= wanted.max_severity)
        and (wanted.path is None or _selects_paths(wanted.path, policy.action_type, subject))
    )


def _in_group(glob: str, subject: Subject) -> bool:
    return any(glob_matches(glob, group) for group in subject.host_groups)


def _selects_paths(glob: str, action: ActionType, subject: Subject) -> bool:
    # Correcting a resource sets all of it back. So what acts unasked must select every
    # attribute that drifted, while one is enough to ask a person.
    met = [meets_path(glob, path) for path in subject.paths]
    return bool(met) and (all(met) if action is ActionType.AUTO_CORRECT else any(met))


def action_on(decision: Act, subject: Subject) -> ActionType:
    """Return what is to be done; code that nobody applied yet is never rolled out unasked.

    Nor is anything undone by applying an output: it has no object, and no plan of its own.
    """
    undoes = subject.only_undo and subject.type not in _WITHOUT_OBJECT
    if decision.action_type is ActionType.AUTO_CORRECT and not undoes:
        return ActionType.MANUAL_REVIEW
    return decision.action_type

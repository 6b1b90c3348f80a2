"""Policies as values: what they select, from when they act, and what they choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeAlias

from reconciler.domain.model import Kind, Severity

PolicyId = NewType("PolicyId", str)


class ActionType(StrEnum):
    """What a policy does with a deviation."""

    AUTO_CORRECT = "auto_correct"
    QUARANTINE = "quarantine"
    MANUAL_REVIEW = "manual_review"


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

    It acts on findings of at least `drift_threshold` and `min_score` (0 to 100), until
    `expires_at`. `template_id` narrows it to the resources of one template.
    `script` names a file on the daemon's host; it is never run in this version.
    """

    policy_id: PolicyId
    name: str
    action_type: ActionType
    selection: Selection = field(default_factory=Selection)
    drift_threshold: Severity = Severity.LOW
    min_score: int = 0
    template_id: str | None = None
    script: str | None = None
    owner: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    source: str = "api"
    position: int = 0
    version: int = 1


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

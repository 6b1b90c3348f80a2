"""What is kept: one value per row, as the engine thinks of it and not as a table has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, NewType, TypeVar

from reconciler.domain import values
from reconciler.domain.model import (
    Counts,
    Fingerprint,
    Kind,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    Severity,
    StackName,
)
from reconciler.domain.policy import ActionType
from reconciler.domain.principals import PrincipalKind, Role
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import SCAN, Source

Json = values.Json
TemplateId = NewType("TemplateId", str)
ReportId = NewType("ReportId", str)
FindingId = NewType("FindingId", str)
RemediationId = NewType("RemediationId", str)
RunId = NewType("RunId", str)
POLICY: Final = "policy"
"""Who asked for a remediation, where no person did."""

T = TypeVar("T")
"""An object that is JSON already, secrets masked: `reconciler.wire.scan` made it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` continues it, None ends it."""

    items: tuple[T, ...]
    next: str | None = None


class Health(StrEnum):
    """What is known of a stack as a whole."""

    NEVER_RUN = "never_run"
    IN_SYNC = "in_sync"
    DRIFTED = "drifted"
    INCOMPLETE = "incomplete"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class StackRecord:
    """A registered stack and how fresh our knowledge of it is.

    `verified_at` is the end of the last scan that read everything. `error` is that of
    the last scan if it failed, `error_since` the beginning of the row of failures.
    """

    name: StackName
    tool: str
    directory: str
    interval: timedelta
    adaptive: bool = False
    source: str = "config"
    definition: Json = field(default_factory=dict)
    health: Health = Health.NEVER_RUN
    counts: Counts | None = None
    revision: str | None = None
    obtained_by: str | None = None
    last_scan_at: datetime | None = None
    last_scan_ms: float | None = None
    verified_at: datetime | None = None
    error: str | None = None
    error_since: datetime | None = None
    next_due_at: datetime | None = None
    provider_doubts: tuple[ProviderDoubt, ...] = ()
    """Why objects of some providers are not corrected unasked, as of the last scan."""
    lineage: str = ""
    serial: int | None = None
    """Which state was read last without a doubt about it, where the tool's states have these."""
    drifted_at: datetime | None = None
    """When a scan last found drift that was not there before."""
    registered_at: datetime | None = None
    """None of an embedding program's; what an older version registered has it from a start on."""


@dataclass(frozen=True, slots=True)
class Template:
    """The declared form of one resource: derived from a stack, or uploaded.

    A derived one (`source` is `stack`) belongs to `resource_id` = `STACK/ADDRESS`. An uploaded one
    (`api`) covers every resource that one of `applies_to` (globs over `STACK/ADDRESS`)
    and `resource_type` match, in as many stacks as there are.
    """

    template_id: TemplateId
    resource_type: str
    template_definition: Json
    created_at: datetime
    updated_at: datetime
    revision: int = 1
    name: str = ""
    source: str = "api"
    resource_id: str | None = None
    applies_to: tuple[str, ...] = ()
    baseline_hash: str | None = None


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What was seen of one resource at one moment. Never changed once written.

    `drift_hash` is the fingerprint of the drift; `drift_details` is the finding object of
    `scan --json`, or what another source reported. `event` says what this was to the
    finding: `detected`, `changed`, `healed`, `reported` from elsewhere, or `late` where its
    source had reported something newer already.
    """

    report_id: ReportId
    resource_id: str
    template_id: TemplateId | None
    timestamp: datetime
    drift_hash: str
    drift_details: Json
    stack: StackName
    event: str = "detected"
    seen_by: Source = SCAN


class FindingState(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    HEALED = "healed"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class DriftDecision:
    """What stands about exactly this drift, so that no policy asks again until it changes.

    `state` is how the remediation ended in which it was decided; `by` is the person, None
    where the engine ended it. Where the finding itself was ignored there is no remediation, and
    its id is empty.
    """

    remediation_id: RemediationId
    state: RemediationState
    by: str | None = None
    reason: str | None = None
    until: datetime | None = None
    """When it ends by itself."""
    rule: str | None = None
    """The rule of `trueup.toml` that ignores it."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """One drift of one resource over time, as one source sees it.

    `details` is the finding object of `scan --json`; `domain.details` reads what the engine
    needs of it.
    """

    id: FindingId
    stack: StackName
    address: ResourceAddress
    type: str
    kind: Kind
    severity: Severity
    score: int
    origin: Origin | None
    fingerprint: Fingerprint
    state: FindingState
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    report_id: ReportId
    details: Json
    template_id: TemplateId | None = None
    acted_on: bool = True
    """False while it stays below its policy's threshold."""
    healed_at: datetime | None = None
    seen_by: Source = SCAN
    decision: DriftDecision | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to exactly one plan, by whichever of that person's tokens."""

    person: str
    plan_digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a guard found out before a transaction began, and of which rules and drift.

    `result` is the guard's own; `failed` says why there is none. It is stale from `until` on.
    """

    saw: str
    result: Json = field(default_factory=dict)
    until: datetime | None = None
    failed: str | None = None

    def is_current(self, saw: str, *, now: datetime) -> bool:
        """Whether it was made of `saw`, and its time has not passed."""
        return self.saw == saw and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction that converged: what it put back, and when that was seen."""

    remediation_id: RemediationId
    addresses: tuple[ResourceAddress, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Remediation:
    """One row that walks from detected to converged.

    `plan` is the wire object of the plan (`summary`, `resources`, `digest`, `concerns`);
    `fingerprints` are those of its findings when it was decided, in the same order. `guard` names
    the guard because of which it waits or has ended, `evaluations` are by the name of the guard.
    """

    id: RemediationId
    stack: StackName
    report_id: ReportId
    finding_ids: tuple[FindingId, ...]
    addresses: tuple[ResourceAddress, ...]
    fingerprints: tuple[Fingerprint, ...]
    action_type: ActionType
    state: RemediationState
    created_at: datetime
    updated_at: datetime
    version: int = 1
    policy_id: str | None = None
    requested_by: str = POLICY
    hold_reason: str | None = None
    hold_until: datetime | None = None
    plan: Json | None = None
    plan_digest: str | None = None
    approvals: tuple[Approval, ...] = ()
    run_id: RunId | None = None
    attempts: int = 0
    next_at: datetime | None = None
    expires_at: datetime | None = None
    note: str | None = None
    """Why it stands where it stands, in a sentence."""
    guard: str | None = None
    isolation_group: str | None = None
    """By which security group a person asked to isolate it; None leaves that to the policy."""
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    change_digest: str | None = None
    """Of what its plan does, whatever is told with it; None where `plan_digest` is that."""
    voided: int = 0
    """How often a `plan_digest` came to stand for less, or for nothing: none is made once more."""

    @property
    def unasked(self) -> bool:
        """Whether a policy alone would correct it: no person asked for it or approved a plan."""
        return (
            self.policy_id is not None
            and self.action_type is ActionType.AUTO_CORRECT
            and not self.approvals
        )


class RunState(StrEnum):
    """What is known of one apply."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to change the world; written before it begins.

    `folder` is relative to the data directory. The process is known by its id, its start
    time and the machine's boot: a number alone may mean another process later.
    """

    id: RunId
    remediation_id: RemediationId
    stack: StackName
    state: RunState
    plan_digest: str
    folder: str
    started_at: datetime
    argv_digest: str
    boot_id: str
    pid: int | None = None
    pid_started: float | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    summary: str | None = None
    progress: Json = field(default_factory=dict)
    """Address to `pending`, `creating`, `updating`, `deleting`, `done` or `failed`."""
    unasked: bool = False
    """Whether a policy alone decided on it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what; append-only. `seq` is the store's, 0 before it is written.

    `actor_kind` is None where nobody recorded it: in rows of earlier versions, and where the
    token of that name is gone.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    details: Json = field(default_factory=dict)
    seq: int = 0
    actor_kind: PrincipalKind | None = None
    digest: str = field(default="", compare=False)
    """Of itself and the entry before it (`domain.audit_chain`); the store's."""


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One line of the live stream; `type` is such as `drift.detected`."""

    at: datetime
    type: str
    subject: str
    body: Json = field(default_factory=dict)
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; only the digest of its secret is kept.

    `person` is whose it is, None where that is called as the token is.
    """

    token_id: str
    name: str
    role: Role
    secret_sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    person: str | None = None

    @property
    def whose(self) -> str:
        """The person that it belongs to."""
        return self.person or self.name


@dataclass(frozen=True, slots=True)
class Hold:
    """No new effect on what it is about, until it is released or `until` has passed.

    It is about one resource, one stack, or everything. With `unasked` it is the breaker: what a
    person approved goes on.
    """

    by: str
    reason: str
    since: datetime
    until: datetime | None = None
    stack: StackName | None = None
    address: ResourceAddress | None = None
    unasked: bool = False

    @property
    def scope(self) -> str:
        """What it is about: `STACK/ADDRESS`, `STACK`, or nothing for everything."""
        return "/".join(part for part in (self.stack, self.address) if part)

    def has_ended(self, *, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.until is not None and self.until <= now


@dataclass(frozen=True, slots=True)
class Replay:
    """The first answer to a mutation with an `Idempotency-Key`, to be given again."""

    key: str
    token_id: str
    request_sha256: str
    status: int
    body: bytes
    created_at: datetime
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings are asked for; every part given must hold. `text` is a substring."""

    stack: str | None = None
    state: FindingState | None = None
    kind: Kind | None = None
    min_severity: Severity | None = None
    type: str | None = None
    address: str | None = None
    text: str | None = None

"""The shapes of the answers, for `openapi.json`; `reconciler.wire.service` makes the answers."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from reconciler.api.bodies import ActionWord, KindWord, RoleWord, SeverityWord
from reconciler.domain.phases import Phase

T = TypeVar("T")
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
SeenBy = Annotated[str, Field(pattern="^(scan|agent:.+|report:.+)$", examples=["scan"])]
OriginWord = Literal["out_of_band", "unapplied", "both"]


class Listing(BaseModel, Generic[T]):
    """One page of a list; `next` continues it as `?cursor=`."""

    items: list[T]
    next: str | None


class Template(BaseModel):
    """The declared form of one resource."""

    template_id: str
    resource_type: str
    template_definition: dict[str, Any]
    created_at: Time
    updated_at: Time
    name: str
    revision: int
    source: Literal["stack", "api"]
    resource_id: str | None
    applies_to: list[str]
    baseline_hash: str | None


class Report(BaseModel):
    """What was seen of one resource at one moment."""

    report_id: str
    resource_id: str
    template_id: str | None
    timestamp: Time
    drift_hash: str
    drift_details: dict[str, Any]
    stack: str
    event: Literal["detected", "changed", "healed", "reported", "late"]
    seen_by: SeenBy


class Source(BaseModel):
    """Where a block is declared."""

    file: str
    line: int


class Change(BaseModel):
    """One attribute: declared, recorded and live."""

    path: str
    declared: Any = None
    recorded: Any = None
    live: Any = None
    origin: OriginWord | None
    sensitive: bool
    forces_replacement: bool = False


class ProviderDoubt(BaseModel):
    """Why objects of a provider are not corrected without a person."""

    provider: str
    reason: str


class Finding(BaseModel):
    """One drift of one resource over time."""

    id: str
    stack: str
    address: str
    type: str
    kind: KindWord
    severity: SeverityWord
    severity_reason: str | None = None
    score: int
    origin: OriginWord | None
    requires_replace: bool = False
    fingerprint: str
    source: Source | None = None
    changes: list[Change] = []
    consequences: list[Change] = []
    consequence_of: str | None = None
    reason: str | None = None
    provider: str = ""
    state: Literal["open", "healed", "ignored", "quarantined"]
    first_seen: Time
    last_seen: Time
    times_seen: int
    resource_id: str
    template_id: str | None
    report_id: str
    acted_on: bool
    healed_at: Time | None
    seen_by: SeenBy


class PlannedChange(BaseModel):
    """One attribute: from what to what."""

    path: str
    before: Any = None
    after: Any = None


class PlannedResource(BaseModel):
    """One resource that would be touched."""

    address: str
    type: str
    action: Literal["create", "update", "replace", "delete", "forget", "other"]
    changes: list[PlannedChange]


class Plan(BaseModel):
    """What a correction would do, and the digest an approval is bound to."""

    stack: str
    targets: list[str]
    summary: str
    digest: str
    resources: list[PlannedResource]
    outputs: list[str]
    concerns: list[str]


class HoldReason(BaseModel):
    """Why a remediation waits, until when, and the guard that holds it."""

    reason: str
    until: Time | None
    guard: str | None


class Approval(BaseModel):
    """One person's yes to one plan."""

    person: str
    plan_digest: str
    at: Time


class Remediation(BaseModel):
    """One correction on its way from detected to converged."""

    id: str
    stack: str
    report_id: str
    finding_ids: list[str]
    addresses: list[str]
    action_type: ActionWord
    state: Phase
    hold: HoldReason | None
    plan: dict[str, Any] | None
    plan_digest: str | None
    approvals: list[Approval]
    run_id: str | None
    created_at: Time
    updated_at: Time
    policy_id: str | None
    requested_by: str
    attempts: int
    note: str | None
    guard: str | None
    next_at: Time | None
    expires_at: Time | None


class Counts(BaseModel):
    """How the resources of one pass fell."""

    resources: int
    in_sync: int
    changed: int
    missing: int
    unmanaged: int
    unreadable: int
    noise: int
    not_applicable: int


class OpenFindings(BaseModel):
    """How many are open, by severity."""

    critical: int
    high: int
    medium: int
    low: int


class Stack(BaseModel):
    """A watched stack, and how fresh our knowledge of it is."""

    name: str
    tool: str
    directory: str
    interval_s: float
    adaptive: bool
    source: Literal["config", "api"]
    definition: dict[str, Any]
    health: Literal["never_run", "in_sync", "drifted", "incomplete", "error"]
    counts: Counts | None
    findings: OpenFindings
    suppressed: int
    obtained_by: str | None
    revision: str | None
    verified_at: Time | None
    last_pass_at: Time | None
    last_pass_ms: float | None
    error: str | None
    error_since: Time | None
    next_due_at: Time | None
    provider_doubts: list[ProviderDoubt]


class Queued(BaseModel):
    """It will be done soon."""

    stack: str
    queued: bool


class Run(BaseModel):
    """One attempt to change the world."""

    id: str
    remediation_id: str
    stack: str
    state: Literal["started", "finished", "failed", "in_doubt"]
    plan_digest: str
    started_at: Time
    ended_at: Time | None
    exit_code: int | None
    summary: str | None
    progress: dict[str, str]


class LogLine(BaseModel):
    """One line of a run's log."""

    text: str
    address: str | None
    step: Literal["pending", "creating", "updating", "deleting", "done", "failed"] | None


class Log(BaseModel):
    """A part of a run's log; `next_offset` continues it until `ended`."""

    items: list[LogLine]
    next_offset: int
    ended: bool


class Hold(BaseModel):
    """Who pulled the kill switch."""

    by: str
    reason: str
    since: Time
    until: Time | None


class HoldState(BaseModel):
    """The kill switch; null while it is not pulled."""

    hold: Hold | None


class AuditEntry(BaseModel):
    """Who did what to what."""

    seq: int
    at: Time
    actor: str
    actor_kind: Literal["user", "agent", "reporter", "system"] | None
    action: str
    subject: str
    details: dict[str, Any]


class Token(BaseModel):
    """A token, without its secret."""

    token_id: str
    name: str
    role: RoleWord
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class NewToken(Token):
    """A token with its text, which is shown this once."""

    token: str


class Reloaded(BaseModel):
    """What changed in the settings: in force now, or not before a restart."""

    taken: list[str]
    needs_restart: list[str]


class Status(BaseModel):
    """Whether it works."""

    status: str


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """Why something was not done (RFC 9457)."""

    type: str = Field(pattern=r"^urn:trueup:problem:[a-z0-9-]+$")
    title: str
    status: int
    detail: str
    remedy: str | None = None
    permission: str | None = None
    errors: list[FieldProblem] = []

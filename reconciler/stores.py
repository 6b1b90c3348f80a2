"""The store as the engine sees it: transactions over collections of records.

One transaction is one function: it commits when it returns, and leaves nothing when it
raises. Writing transactions run one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from reconciler.domain.activity import Activity
from reconciler.domain.agents import Agent, AgentSection, EnrollToken
from reconciler.domain.alerts import Alert, AlertId, AlertState, Delivery, Member, MemberCounts
from reconciler.domain.audit_chain import Link
from reconciler.domain.host_baselines import HostBaseline
from reconciler.domain.ignoring import RuleMatches
from reconciler.domain.kept_baseline import Acceptance, BaselineKey, Baselines, KeptBaseline
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import Policy
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import (
    AuditEntry,
    Correction,
    DriftReport,
    EventEntry,
    FindingFilter,
    FindingId,
    FindingRecord,
    Hold,
    Page,
    Remediation,
    RemediationId,
    Replay,
    ReportId,
    Run,
    RunId,
    StackRecord,
    Template,
    TemplateId,
    Token,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import Source
from reconciler.domain.wakeups import WakeUp

T = TypeVar("T")


class Stacks(Protocol):
    """Registered stacks by name."""

    def get(self, name: StackName) -> StackRecord | None: ...
    def all(self) -> tuple[StackRecord, ...]: ...
    def put(self, stack: StackRecord) -> None: ...
    def remove(self, name: StackName) -> bool: ...
    def due(self, now: datetime) -> tuple[StackName, ...]:
        """Return those that `domain.cadence.is_due` names, the longest overdue first."""
        ...


class Templates(Protocol):
    """Templates with their revision history."""

    def get(self, template_id: TemplateId) -> Template | None: ...
    def of_resource(self, resource_id: str) -> Template | None:
        """Return the derived template of `STACK/ADDRESS`."""
        ...

    def uploaded(self) -> tuple[Template, ...]: ...
    def of_stack(self, stack: StackName) -> tuple[Template, ...]:
        """Return the derived templates of one stack, by address."""
        ...

    def put_many(self, templates: Iterable[Template]) -> None:
        """Write each; a `revision` not seen before also joins the history."""
        ...

    def remove_many(self, template_ids: Iterable[TemplateId]) -> int:
        """Remove templates and their history; return how many there were."""
        ...

    def revisions(self, template_id: TemplateId) -> tuple[Template, ...]:
        """Return every revision, newest first."""
        ...

    def page(
        self,
        *,
        resource_type: str | None = None,
        stack: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Template]: ...


class Policies(Protocol):
    """Remediation policies, in the order they are asked: by position, then name."""

    def get(self, policy_id: str) -> Policy | None: ...
    def all(self) -> tuple[Policy, ...]: ...
    def put(self, policy: Policy) -> None: ...
    def remove(self, policy_id: str) -> bool: ...


class Rules(Protocol):
    """What policies are decided by: the policies, and the templates that people uploaded."""

    def version(self) -> int:
        """Return a number that rises with every write of them."""
        ...


class Findings(Protocol):
    """Findings by id; at most one that is not healed per stack, address, kind and source."""

    def get(self, finding_id: FindingId) -> FindingRecord | None: ...
    def get_many(self, finding_ids: Sequence[FindingId]) -> tuple[FindingRecord, ...]: ...
    def unhealed(self, stack: StackName) -> tuple[FindingRecord, ...]: ...
    def unhealed_by(
        self, source: Source, stack: StackName, address: ResourceAddress
    ) -> FindingRecord | None:
        """Return what one source sees at one address and has not healed, the first by kind.

        What a scan sees of undeclared changes stands beside it, and is left out.
        """
        ...

    def put_many(self, findings: Iterable[FindingRecord]) -> None: ...
    def touch_many(self, finding_ids: Iterable[FindingId], *, seen_at: datetime) -> None:
        """Note that each was seen once more, unchanged."""
        ...

    def page(
        self, wanted: FindingFilter, *, cursor: str | None = None, limit: int = 100
    ) -> Page[FindingRecord]:
        """Return findings, most severe and then newest first."""
        ...

    def tally(self) -> dict[StackName, dict[str, int]]:
        """Return how many are open, by stack and severity word."""
        ...

    def ignored_by_rule(self) -> dict[str, RuleMatches]:
        """Return how many findings each rule has ignored, and when the last was seen."""
        ...

    def suppressed(self) -> dict[StackName, int]:
        """Return how many people decided to leave as they are, by stack."""
        ...


class Reports(Protocol):
    """Drift reports, newest first."""

    def get(self, report_id: ReportId) -> DriftReport | None: ...
    def put_many(self, reports: Iterable[DriftReport]) -> None: ...
    def newest(self, resource_id: str, *, seen_by: Source) -> DriftReport | None:
        """Return the newest report of one resource by one source."""
        ...

    def healed(
        self, resource_ids: Collection[str], *, since: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        """Return when the drift of each was seen to be gone, oldest first; without those never."""
        ...

    def page(
        self,
        *,
        resource_id: str | None = None,
        template_id: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DriftReport]: ...


class Remediations(Protocol):
    """Remediations with their approvals."""

    def get(self, remediation_id: RemediationId) -> Remediation | None: ...
    def add(self, remediation: Remediation) -> None: ...
    def save(self, remediation: Remediation) -> Remediation:
        """Write it over the row of the same `version`; return it with the next version.

        Raises:
            ConflictError: somebody else moved it in between (code `moved-on`), or another
                one of its stack is in effect (code `stack-busy`).
        """
        ...

    def open_of(self, stack: StackName) -> tuple[Remediation, ...]: ...
    def open_with(self, finding_id: FindingId) -> Remediation | None: ...
    def in_states(self, states: Iterable[RemediationState]) -> tuple[Remediation, ...]: ...
    def due(self, now: datetime) -> tuple[RemediationId, ...]:
        """Return every open one that can go on by itself now.

        It waits for no person, and its `next_at` has come or is not set. One that a clock ahead
        of `now` has moved is due too: its `next_at` came from that clock.
        """
        ...

    def expired(self, now: datetime) -> tuple[Remediation, ...]:
        """Return those awaiting approval whose time has run out."""
        ...

    def corrected(self, stack: StackName, *, since: datetime) -> tuple[Correction, ...]:
        """Return the corrections opened since that were applied and converged, oldest first."""
        ...

    def page(
        self,
        *,
        state: RemediationState | None = None,
        stack: str | None = None,
        open_only: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Remediation]: ...


class Runs(Protocol):
    """Attempts to change the world, newest first."""

    def get(self, run_id: RunId) -> Run | None: ...
    def put(self, run: Run) -> None: ...
    def started(self) -> tuple[Run, ...]:
        """Return those whose end is not known."""
        ...

    def page(
        self,
        *,
        stack: str | None = None,
        remediation_id: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Run]: ...


class Audit(Protocol):
    """Append-only; each entry has a digest of itself and the one before it."""

    def append(self, entry: AuditEntry) -> AuditEntry: ...
    def beginning(self) -> Link:
        """Return what the oldest entry follows: one that was let go with time, or none."""
        ...

    def after(self, seq: int, *, limit: int = 1000) -> tuple[tuple[AuditEntry, str], ...]:
        """Return entries that follow `seq`, oldest first, each with its details as kept."""
        ...

    def page(
        self, *, subject: str | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[AuditEntry]:
        """Return entries, newest first."""
        ...


class Events(Protocol):
    """The live stream's memory; numbers rise by one and are never used twice."""

    def append(self, entry: EventEntry) -> EventEntry: ...
    def after(self, seq: int, *, limit: int = 500) -> tuple[EventEntry, ...]: ...
    def bounds(self) -> tuple[int, int]:
        """Return the oldest and the newest kept number; (0, 0) when there is none."""
        ...


class Tokens(Protocol):
    """Bearer tokens."""

    def get(self, token_id: str) -> Token | None: ...
    def named(self, name: str) -> Token | None: ...
    def all(self) -> tuple[Token, ...]: ...
    def put(self, token: Token) -> None: ...
    def remove(self, token_id: str) -> bool: ...


class Replays(Protocol):
    """First answers to mutations that carried an `Idempotency-Key`."""

    def get(self, key: str, token_id: str) -> Replay | None: ...
    def put(self, replay: Replay) -> None: ...


class Holds(Protocol):
    """What is on hold: at most one per scope, and the breaker."""

    def get(self) -> Hold | None:
        """Return the hold on everything that a person set."""
        ...

    def all(self) -> tuple[Hold, ...]:
        """Return every hold, the widest first."""
        ...

    def put(self, hold: Hold) -> None:
        """Write a hold over the one of the same scope."""
        ...

    def remove(self, hold: Hold) -> None: ...


class Quarantines(Protocol):
    """What is isolated, by the remediation that isolates it."""

    def get(self, quarantine_id: RemediationId) -> Quarantine | None: ...
    def put(self, quarantine: Quarantine) -> None: ...
    def unreleased(self, stack: StackName | None = None) -> tuple[Quarantine, ...]:
        """Return those that are not released, of one stack or of all, oldest first."""
        ...

    def page(
        self, *, open_only: bool = False, cursor: str | None = None, limit: int = 100
    ) -> Page[Quarantine]:
        """Return quarantines, newest first."""
        ...


class PastRuns(Protocol):
    """What guards ask of the past."""

    def around(self, remediation: Remediation, *, at: datetime) -> Activity:
        """Return what was done in its stack, by its policy and in all stacks up to `at`."""
        ...

    def failed_since(self, since: datetime) -> int:
        """Return how many runs that began since failed or did not help."""
        ...

    def begun_since(self, since: datetime) -> int:
        """Return how many runs began since."""
        ...


class Agents(Protocol):
    """Agents of hosts, what each reported last, and what stacks declare hosts to be."""

    def get(self, agent_id: str) -> Agent | None: ...
    def get_many(self, agent_ids: Iterable[str]) -> dict[str, Agent]: ...
    def of_host(self, host: str) -> tuple[Agent, ...]: ...
    def all(self) -> tuple[Agent, ...]: ...
    def put_many(self, agents: Iterable[Agent]) -> None: ...
    def put_heard(self, agents: Iterable[Agent]) -> None:
        """Write of agents that are there only what a report may change."""
        ...

    def remove(self, agent_id: str) -> bool: ...
    def sections(self, agent_ids: Iterable[str]) -> tuple[AgentSection, ...]: ...
    def put_sections(self, sections: Iterable[AgentSection]) -> None: ...
    def remove_sections(self, agent_id: str, names: Sequence[str]) -> None: ...
    def token(self, token_id: str) -> EnrollToken | None: ...
    def put_token(self, token: EnrollToken) -> None: ...
    def baselines_of_host(self, host: str) -> tuple[HostBaseline, ...]: ...
    def baselines_of_stack(self, stack: StackName) -> tuple[HostBaseline, ...]: ...
    def put_baselines(self, baselines: Iterable[HostBaseline]) -> None: ...
    def remove_baselines(self, resource_ids: Sequence[str]) -> None: ...
    def set_epoch(self, host: str, epoch: str) -> None:
        """Note with every agent of `host` the name of its baselines together."""
        ...


class Alerts(Protocol):
    """Alerts, what they are about, and what channels show of them."""

    def cursor(self) -> int | None:
        """Return the last event that was read; None before the first."""
        ...

    def move_cursor(self, seq: int) -> None: ...
    def get_many(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, Alert]: ...
    def open_of(self, causes: Iterable[str]) -> dict[str, Alert]: ...
    def put_many(self, alerts: Iterable[Alert]) -> None: ...
    def members_named(self, subjects: Iterable[str]) -> dict[str, Member]: ...
    def members_of(self, alert_id: AlertId, *, limit: int) -> tuple[Member, ...]:
        """Return the first members of an alert, those that are open before the others."""
        ...

    def member_counts(self, alert_ids: Iterable[AlertId]) -> dict[AlertId, MemberCounts]:
        """Return how many members each alert has; 0 of one without any."""
        ...

    def put_members(self, members: Iterable[Member]) -> None: ...
    def deliveries_of(self, alert_ids: Iterable[AlertId]) -> tuple[Delivery, ...]: ...
    def due(self, now: datetime, *, limit: int) -> tuple[Delivery, ...]:
        """Return deliveries behind their alert whose time has come, longest waiting first."""
        ...

    def tallies(self) -> dict[str, dict[str, Any]]:
        """Return by channel how many alerts are `shown`, `waiting` and `given_up`, and `error`."""
        ...

    def put_deliveries(self, deliveries: Iterable[Delivery]) -> None: ...
    def page(
        self, *, state: AlertState | None = None, cursor: str | None = None, limit: int = 100
    ) -> Page[Alert]:
        """Return alerts, newest first."""
        ...


class KeptBaselines(Protocol):
    """What the objects of a stack are held against, by address or by the name of a probe."""

    def get(self, stack: StackName, key: BaselineKey) -> KeptBaseline | None: ...
    def of_stack(self, stack: StackName) -> Baselines:
        """Return those of one stack; each is unpacked when it is asked for."""
        ...

    def put_many(self, stack: StackName, baselines: Iterable[KeptBaseline]) -> None:
        """Write each over the one of the same key."""
        ...

    def remove_many(self, stack: StackName, keys: Iterable[BaselineKey]) -> int: ...
    def remove_stack(self, stack: StackName) -> int:
        """Remove all of one stack, and what was accepted of it."""
        ...

    def note(self, acceptance: Acceptance) -> None:
        """Keep what a person accepted."""
        ...

    def acceptances(self, finding_id: str) -> tuple[Acceptance, ...]:
        """Return what was accepted of a finding, newest first."""
        ...

    def acceptances_of(self, stack: StackName, key: BaselineKey) -> tuple[Acceptance, ...]:
        """Return what was accepted of an object, newest first."""
        ...

    def undone(self, acceptance_id: str, *, by: str, at: datetime) -> None:
        """Note that it was taken back."""
        ...


class Retention(Protocol):
    """What is forgotten with time."""

    def prune(self, *, now: datetime) -> dict[str, int]:
        """Remove what is older than its time; return how many rows by kind.

        Healed findings and reports go after 90 days; runs, ended remediations and audit
        rows after 400; events beyond the newest 100,000; replays after 48 hours. What is
        open stays.
        """
        ...


class Transaction(Protocol):
    """All collections, as of one moment."""

    @property
    def stacks(self) -> Stacks: ...
    @property
    def templates(self) -> Templates: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def findings(self) -> Findings: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def remediations(self) -> Remediations: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def events(self) -> Events: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def replays(self) -> Replays: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def past_runs(self) -> PastRuns: ...
    @property
    def quarantines(self) -> Quarantines: ...
    @property
    def agents(self) -> Agents: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def baselines(self) -> KeptBaselines: ...
    @property
    def retention(self) -> Retention: ...
    def wake(self, wakeup: WakeUp) -> None:
        """Tell whoever listens to wake-ups, once this transaction is on the disk."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one durable writing transaction, in a thread that is not the loop's.

        When this returns, the disk has it.

        Raises:
            StorageError: the database cannot be written (disk full, read-only); nothing
                of `work` is left, and the daemon should stop taking work.
            Exception: whatever `work` raised; nothing of it is left.
        """
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent view; writing in it is an error."""
        ...

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener(newest seq)` on the loop after each commit that appended events.

        Returns what ends the subscription.
        """
        ...

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        """Call `listener` on the loop after each commit that said what to look at again.

        Returns what ends the subscription.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun; closing twice is closing once."""
        ...

"""All collections inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.domain.wakeups import WakeUp
from reconciler.storage.access import SqlHolds, SqlReplays, SqlTokens
from reconciler.storage.agent_cache import AgentCache
from reconciler.storage.agents import SqlAgents
from reconciler.storage.alerts import SqlAlerts
from reconciler.storage.baselines import SqlBaselines
from reconciler.storage.findings import SqlFindings
from reconciler.storage.history import SqlHistory
from reconciler.storage.journal import SqlAudit, SqlEvents
from reconciler.storage.past_runs import SqlPastRuns
from reconciler.storage.policies import SqlPolicies
from reconciler.storage.quarantines import SqlQuarantines
from reconciler.storage.remediations import SqlRemediations
from reconciler.storage.reports import SqlReports
from reconciler.storage.retention import SqlRetention
from reconciler.storage.rows import Rows
from reconciler.storage.rules import SqlRules
from reconciler.storage.runs import SqlRuns
from reconciler.storage.stacks import SqlStacks
from reconciler.storage.templates import SqlTemplates


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """`stores.Transaction` on tables, with the events it numbered and the wake-ups it was told."""

    stacks: SqlStacks
    templates: SqlTemplates
    policies: SqlPolicies
    rules: SqlRules
    findings: SqlFindings
    reports: SqlReports
    remediations: SqlRemediations
    runs: SqlRuns
    audit: SqlAudit
    events: SqlEvents
    tokens: SqlTokens
    replays: SqlReplays
    holds: SqlHolds
    past_runs: SqlPastRuns
    quarantines: SqlQuarantines
    agents: SqlAgents
    alerts: SqlAlerts
    history: SqlHistory
    baselines: SqlBaselines
    retention: SqlRetention
    event_numbers: list[int] = field(default_factory=list)
    wakeups: list[WakeUp] = field(default_factory=list)

    def wake(self, wakeup: WakeUp) -> None:
        """Keep `wakeup` until the commit."""
        self.wakeups.append(wakeup)

    @classmethod
    def over(cls, rows: Rows, *, agents: AgentCache | None = None) -> SqlTransaction:
        """Return all collections over the same rows; `agents` is of one that writes."""
        numbers: list[int] = []
        return cls(
            stacks=SqlStacks(rows),
            templates=SqlTemplates(rows),
            policies=SqlPolicies(rows),
            rules=SqlRules(rows),
            findings=SqlFindings(rows),
            reports=SqlReports(rows),
            remediations=SqlRemediations(rows),
            runs=SqlRuns(rows),
            audit=SqlAudit(rows),
            events=SqlEvents(rows, numbers.append),
            tokens=SqlTokens(rows),
            replays=SqlReplays(rows),
            holds=SqlHolds(rows),
            past_runs=SqlPastRuns(rows),
            quarantines=SqlQuarantines(rows),
            agents=SqlAgents(rows, agents),
            alerts=SqlAlerts(rows),
            history=SqlHistory(rows),
            baselines=SqlBaselines(rows),
            retention=SqlRetention(rows),
            event_numbers=numbers,
        )

"""All collections in memory over the same rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from reconciler.domain.model import StackName
from reconciler.domain.wakeups import WakeUp
from tests.memory_store.corrections import Holds, Quarantines, Remediations, Runs
from tests.memory_store.drift import Findings, KeptBaselines, Reports
from tests.memory_store.journal import Audit, Events, Replays, Retention, Tokens
from tests.memory_store.past_runs import PastRuns
from tests.memory_store.rows import Journal, Table
from tests.memory_store.watched import Policies, Rules, Stacks, Templates

Data = defaultdict[str, dict[Any, Any]]
"""Rows by table and key: what a disk would hold."""


class NoHosts:
    """`stores.Agents` where there is no host."""

    def baselines_of_stack(self, _stack: StackName) -> tuple[()]:
        return ()

    def put_baselines(self, baselines: object) -> None:
        assert not baselines, "the store in memory keeps no hosts"

    def remove_baselines(self, resource_ids: object) -> None:
        assert not resource_ids, "the store in memory keeps no hosts"


@dataclass(slots=True)
class MemoryTransaction:
    """`stores.Transaction` in memory; it is the same for every transaction of a store."""

    data: Data
    journal: Journal = field(default_factory=Journal)
    event_numbers: list[int] = field(default_factory=list)
    wakeups: list[WakeUp] = field(default_factory=list)
    stacks: Stacks = field(init=False)
    templates: Templates = field(init=False)
    policies: Policies = field(init=False)
    rules: Rules = field(init=False)
    findings: Findings = field(init=False)
    reports: Reports = field(init=False)
    remediations: Remediations = field(init=False)
    runs: Runs = field(init=False)
    audit: Audit = field(init=False)
    events: Events = field(init=False)
    tokens: Tokens = field(init=False)
    replays: Replays = field(init=False)
    holds: Holds = field(init=False)
    past_runs: PastRuns = field(init=False)
    quarantines: Quarantines = field(init=False)
    agents: NoHosts = field(init=False, default_factory=NoHosts)
    baselines: KeptBaselines = field(init=False)
    retention: Retention = field(init=False)

    def __post_init__(self) -> None:
        """Put every collection over its rows."""
        self.stacks = Stacks(self._table("stacks"))
        self.rules = Rules(self._table("rules"))
        self.templates = Templates(
            self._table("templates"), self._table("template_revisions"), self.rules
        )
        self.policies = Policies(self._table("policies"), self.rules)
        self.findings = Findings(self._table("findings"))
        self.reports = Reports(self._table("reports"))
        self.remediations = Remediations(self._table("remediations"))
        self.runs = Runs(self._table("runs"))
        self.audit = Audit(self._table("audit"), self._table("audit_horizon"))
        self.events = Events(self._table("events"), self.event_numbers)
        self.tokens = Tokens(self._table("tokens"))
        self.replays = Replays(self._table("replays"))
        self.holds = Holds(self._table("holds"))
        self.past_runs = PastRuns(self.runs, self.remediations, self.stacks)
        self.quarantines = Quarantines(self._table("quarantines"))
        self.baselines = KeptBaselines(self._table("baselines"), self._table("acceptances"))
        self.retention = Retention(self)

    def wake(self, wakeup: WakeUp) -> None:
        """Keep `wakeup` until the commit."""
        self.wakeups.append(wakeup)

    def begin(self, *, reading: bool) -> None:
        """Begin anew, with nothing to take back and nobody to tell."""
        self.journal.begin(reading=reading)
        self.event_numbers.clear()
        self.wakeups.clear()

    def _table(self, name: str) -> Table[Any, Any]:
        return Table(self.journal, self.data[name])

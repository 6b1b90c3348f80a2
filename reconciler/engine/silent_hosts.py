"""Hosts that stopped reporting: a finding of the resource that declares them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from reconciler.domain.agents import Agent
from reconciler.domain.host_baselines import HostBaseline
from reconciler.domain.model import Kind, ResourceAddress, Severity, StackName
from reconciler.domain.records import FindingRecord
from reconciler.domain.silence import Silence, silence_of
from reconciler.domain.sources import WATCH, Source, watch_source
from reconciler.engine.ingest_report import keep_report
from reconciler.engine.journal import ENGINE
from reconciler.engine.report_check import ReportDraft, Sighting
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_log: Final = structlog.get_logger()


class SilentHosts:
    """Watches for agents that are overdue, as long as one daemon listens."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._since = service.clock.now()
        self._many = False

    async def look(self) -> None:
        """Let a finding say of each overdue host that it is silent, and end those that spoke.

        Where many fall silent at once it is held: that is said once, and no finding opens.

        Raises:
            StorageError: the database cannot be used.
        """
        at = self._service.clock.now()
        agents = await self._service.store.read(lambda view: view.agents.all())
        if not agents:
            return
        silence = silence_of(agents, listening_since=self._since, now=at)
        self._tell(silence, of=len(agents))
        await self._service.store.transact(lambda tx: keep(tx, silence, at=at))

    def _tell(self, silence: Silence, *, of: int) -> None:
        if silence.probably_us and not self._many:
            _log.warning(
                "many_hosts_silent",
                silent=len(silence.overdue),
                of=of,
                remedy="check the way from the hosts to this daemon; no finding is opened",
            )
        self._many = silence.probably_us


def keep(tx: Transaction, silence: Silence, *, at: datetime) -> None:
    """Write what `silence` means: findings of those overdue, and the end of those that are not."""
    overdue = {watch_source(agent.agent_id): agent for agent in silence.overdue}
    known = _known(tx)
    for source, record in known:
        if source not in overdue:
            _report(tx, _draft(record.stack, record.address, record.type, healed=True), source, at)
    if silence.probably_us:
        return
    sources = {source for source, _ in known}
    for source, agent in overdue.items():
        if source in sources:
            continue
        for baseline in tx.agents.baselines_of_host(agent.host):
            _report(tx, _silent(agent, baseline), source, at)


def _known(tx: Transaction) -> list[tuple[Source, FindingRecord]]:
    return [
        (record.seen_by, record)
        for stack in tx.stacks.all()
        for record in tx.findings.unhealed(stack.name)
        if record.seen_by.startswith(WATCH)
    ]


def _silent(agent: Agent, baseline: HostBaseline) -> ReportDraft:
    stack, _, address = baseline.resource_id.partition("/")
    draft = _draft(StackName(stack), ResourceAddress(address), baseline.type, healed=False)
    last = agent.last_seen_at
    change = {
        "path": "host",
        "declared": f"a report every {agent.every_s} s",
        "live": f"no report since {last:%Y-%m-%d %H:%M:%S} UTC" if last else "no report ever",
    }
    details = {
        "host": agent.host,
        "severity_reason": f"host {agent.host} is silent",
        "changes": [change],
    }
    return replace(draft, drift_details=details, host=agent.host, host_groups=baseline.groups)


def _draft(stack: StackName, address: ResourceAddress, type_: str, *, healed: bool) -> ReportDraft:
    return ReportDraft(
        f"{stack}/{address}",
        healed=healed,
        type=type_,
        kind=Kind.UNREADABLE,
        severity=Severity.MEDIUM,
    )


def _report(tx: Transaction, draft: ReportDraft, source: Source, at: datetime) -> None:
    stack, _, address = draft.resource_id.partition("/")
    seen = Sighting(
        stack=StackName(stack),
        address=ResourceAddress(address),
        details=draft.drift_details,
        hash=hashlib.sha256(source.encode()).hexdigest(),
        at=at,
    )
    keep_report(tx, draft, seen, source, at=at, actor=ENGINE)

"""What the policies say of what a scan saw, asked before the transaction that keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.domain.coverage import covering, resource_id
from reconciler.domain.deciding import Decided, decide_all
from reconciler.domain.lifecycle import subject_of, subject_of_finding
from reconciler.domain.model import Fingerprint, ResourceAddress, StackName, StackReport
from reconciler.domain.policy import Decision, Observe, Policy, decide
from reconciler.domain.records import FindingRecord, FindingState, Template
from reconciler.domain.sources import is_of_agent
from reconciler.engine.service import Service
from reconciler.stores import Transaction

Drift = tuple[ResourceAddress, Fingerprint]


@dataclass(frozen=True, slots=True)
class Opinions:
    """What policies said by the rules of version `rules`; without policies they say nothing."""

    rules: int
    silent: bool = False
    by_drift: Mapping[Drift, Decision] = field(default_factory=dict)


async def opinions_on(service: Service, report: StackReport) -> Opinions:
    """Return what the policies of now say of each finding of `report`."""
    asked = await service.store.read(lambda view: _read(view, report))
    return await asyncio.to_thread(_decided, asked, report)


def decided_by(
    tx: Transaction, records: Sequence[FindingRecord], opinions: Opinions, report: StackReport
) -> list[Decided]:
    """Return what the policies say of each of `records`, which are drift of `report`.

    Rules that were written since are asked here, while the transaction waits, and so is any rule
    about drift that was not asked about: what a quarantine explains of a finding is taken off it
    in the transaction, and what is left of it has another fingerprint.
    """
    if tx.rules.version() != opinions.rules:
        return _asked_here(tx, records, report.observed_at)
    if opinions.silent:
        return [(record, Observe()) for record in records]
    said = {record.id: opinions.by_drift.get(_drift(record)) for record in records}
    unsaid = [record for record in records if said[record.id] is None]
    here = {record.id: decision for record, decision in _asked_here(tx, unsaid, report.observed_at)}
    return [(record, said[record.id] or here[record.id]) for record in records]


def _asked_here(tx: Transaction, records: Sequence[FindingRecord], at: datetime) -> list[Decided]:
    policies = tx.policies.all() if records else ()
    uploaded = tx.templates.uploaded() if policies else ()
    return decide_all(records, policies, uploaded=uploaded, now=at)


def _drift(record: FindingRecord) -> Drift:
    return record.address, record.fingerprint


def decided_of_hosts(tx: Transaction, stack: StackName, *, at: datetime) -> list[Decided]:
    """Return what the policies say of the open drift that agents of the stack's hosts see."""
    records = [
        record
        for record in tx.findings.unhealed(stack)
        if is_of_agent(record.seen_by) and record.state is FindingState.OPEN
    ]
    policies = tx.policies.all() if records else ()
    if not policies:
        return [(record, Observe()) for record in records]
    return decide_all(records, policies, uploaded=tx.templates.uploaded(), now=at)


@dataclass(frozen=True, slots=True)
class _Asked:
    rules: int
    policies: tuple[Policy, ...]
    uploaded: tuple[Template, ...] = ()
    known: tuple[FindingRecord, ...] = ()


def _read(view: Transaction, report: StackReport) -> _Asked:
    policies = view.policies.all()
    if not policies:
        return _Asked(view.rules.version(), ())
    known = view.findings.unhealed(report.stack)
    return _Asked(view.rules.version(), policies, view.templates.uploaded(), known)


def _decided(asked: _Asked, report: StackReport) -> Opinions:
    if not asked.policies:
        return Opinions(asked.rules, silent=True)
    known = {_drift(record): record for record in asked.known}
    by_drift = {}
    for finding in report.findings:
        drift = finding.address, finding.fingerprint
        named = resource_id(report.stack, finding.address)
        templates = covering(asked.uploaded, named, finding.type)
        record = known.get(drift)
        # What is kept of a drift stays as it was rated when it was found.
        subject = (
            subject_of_finding(report.stack, finding, templates=templates)
            if record is None
            else subject_of(record, templates=templates)
        )
        by_drift[drift] = decide(subject, asked.policies, now=report.observed_at)
    return Opinions(asked.rules, by_drift=by_drift)

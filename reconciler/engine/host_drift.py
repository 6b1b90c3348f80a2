"""A host held against what stacks declare it to be; the drift is the declaring resource's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from reconciler.domain.agents import Agent, AgentSection
from reconciler.domain.host_acceptance import not_accepted, still_accepted
from reconciler.domain.host_baselines import (
    NO_EPOCH,
    HostBaseline,
    HostChange,
    HostSection,
    baseline_of,
    compare,
    epoch_of,
)
from reconciler.domain.host_severity import severity_of
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import FindingRecord
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import Source, agent_source
from reconciler.engine.ingest_report import keep_report, says_the_same
from reconciler.engine.journal import audit
from reconciler.engine.kept_leaves import values_of
from reconciler.engine.report_check import MOST_DETAILS_BYTES, ReportDraft, Sighting, checked
from reconciler.ports import Declaration
from reconciler.stores import Transaction

_MOST_CHANGES: Final = 200
_MOST_NAMED: Final = 20
_CORRECTING: Final = frozenset({RemediationState.APPLYING, RemediationState.VERIFYING})
_LONGEST_VALUE: Final = 800
"""In characters of JSON. One report may be as large as it likes, and its finding may not."""
_LONGEST_PATH: Final = 500
_MOST_CHANGES_BYTES: Final = MOST_DETAILS_BYTES // 4
"""Of JSON; values that have to be hidden become longer by it."""


def judge(
    tx: Transaction,
    agent: Agent,
    sections: Iterable[AgentSection],
    *,
    at: datetime,
    key: bytes,
    looked_at: datetime | None = None,
) -> bool:
    """Let the findings of `agent` say how its host differs from its baselines.

    A host that is as declared heals what this agent reported; nothing is written where
    nothing changed. Return False where it was `looked_at` before the end of an apply that is
    to be verified: a finding stays for that, and the host has to be compared once more.

    Raises:
        InvalidError: a difference cannot be kept as a finding.
    """
    if agent.epoch == NO_EPOCH:
        return True
    whole = True
    reports: list[_Report] = []
    baselines = tx.agents.baselines_of_host(agent.host)
    seen = {section.name: _unpacked(section) for section in sections}
    going_on: list[HostBaseline] = []
    ended: list[str] = []
    for baseline in baselines:
        compared = compare(baseline, seen, key=key)
        changes = not_accepted(compared, baseline.accepted, key=key)
        accepted = still_accepted(baseline.accepted, compared)
        if len(accepted) < len(baseline.accepted):
            going_on.append(replace(baseline, accepted=accepted))
            ended += sorted(baseline.accepted.keys() - accepted.keys())
        if not changes and looked_at is not None and _is_early(tx, agent, baseline, looked_at, at):
            whole = False
            continue
        reports.append(_checked(tx, agent, baseline, changes, at=at, key=key))
    # All or none: a message that is refused leaves nothing.
    for report in reports:
        _keep(tx, report, at=at)
    if ended:
        tx.agents.put_baselines(going_on)
        details = {"host": agent.host, "count": len(ended), "places": ended[:_MOST_NAMED]}
        source = agent_source(agent.agent_id)
        audit(tx, "agent.acceptance_ended", agent.agent_id, at=at, actor=source, details=details)
    return whole


def adopt(
    tx: Transaction,
    stack: StackName,
    declarations: Sequence[Declaration],
    *,
    at: datetime,
    key: bytes,
) -> None:
    """Keep the baselines that a stack declares now.

    A host is compared with one that changed at its next report: only then has it looked at
    what is declared now.
    """
    known = {baseline.resource_id: baseline for baseline in tx.agents.baselines_of_stack(stack)}
    wanted = {
        baseline.resource_id: _as_accepted(baseline, known)
        for declaration in declarations
        if (baseline := _declared(stack, declaration)) is not None
    }
    changed = [baseline for name, baseline in wanted.items() if known.get(name) != baseline]
    gone = [baseline for name, baseline in known.items() if name not in wanted]
    if not changed and not gone:
        return
    tx.agents.put_baselines(changed)
    tx.agents.remove_baselines([baseline.resource_id for baseline in gone])
    moved = [known[baseline.resource_id] for baseline in changed if baseline.resource_id in known]
    left = [before for before in moved if wanted[before.resource_id].host != before.host]
    for baseline in (*gone, *left):
        _heal_all(tx, baseline, at=at, key=key)
    for host in sorted({baseline.host for baseline in (*changed, *gone, *moved)}):
        tx.agents.set_epoch(host, epoch_of(tx.agents.baselines_of_host(host)))


def _as_accepted(baseline: HostBaseline, known: Mapping[str, HostBaseline]) -> HostBaseline:
    """Return `baseline` with what was accepted of its host."""
    before = known.get(baseline.resource_id)
    if before is None or before.host != baseline.host:
        return baseline
    return replace(baseline, accepted=before.accepted)


def seen_of(tx: Transaction, agent: Agent) -> dict[str, HostSection]:
    """Return what a host reported last, by section."""
    return {section.name: _unpacked(section) for section in tx.agents.sections([agent.agent_id])}


def forget(tx: Transaction, agent: Agent, *, at: datetime) -> None:
    """Heal what `agent` reported: nobody will say any more that it is gone.

    What was accepted of the host was what this agent saw, and ends.
    """
    baselines = tx.agents.baselines_of_host(agent.host)
    for baseline in baselines:
        _keep(tx, _checked(tx, agent, baseline, (), at=at, key=b""), at=at)
    tx.agents.put_baselines(
        replace(baseline, accepted={}) for baseline in baselines if baseline.accepted
    )


def _is_early(
    tx: Transaction, agent: Agent, baseline: HostBaseline, looked_at: datetime, now: datetime
) -> bool:
    """Whether a correction is under way, or ended after the host was looked at."""
    finding = _known(tx, agent, baseline)
    under_way = tx.remediations.open_with(finding.id) if finding is not None else None
    if under_way is None or under_way.run_id is None or under_way.state not in _CORRECTING:
        return False
    run = tx.runs.get(under_way.run_id)
    if run is None or run.ended_at is None:
        return under_way.state is RemediationState.APPLYING
    # One that ended after now did so by a clock that has been set back since.
    return looked_at < run.ended_at <= now


def _known(tx: Transaction, agent: Agent, baseline: HostBaseline) -> FindingRecord | None:
    stack, _, address = baseline.resource_id.partition("/")
    source = agent_source(agent.agent_id)
    return tx.findings.unhealed_by(source, StackName(stack), ResourceAddress(address))


def _heal_all(tx: Transaction, baseline: HostBaseline, *, at: datetime, key: bytes) -> None:
    for agent in tx.agents.of_host(baseline.host):
        _keep(tx, _checked(tx, agent, baseline, (), at=at, key=key), at=at)


def _declared(stack: StackName, declaration: Declaration) -> HostBaseline | None:
    resource_id = f"{stack}/{declaration.address}"
    return baseline_of(resource_id, declaration.type, declaration.definition)


@dataclass(frozen=True, slots=True)
class _Report:
    """What an agent says of one baseline, and the finding that is known of it."""

    source: Source
    known: FindingRecord | None
    draft: ReportDraft
    seen: Sighting


def _checked(
    tx: Transaction,
    agent: Agent,
    baseline: HostBaseline,
    changes: Sequence[HostChange],
    *,
    at: datetime,
    key: bytes,
) -> _Report:
    draft = _draft(agent, baseline, changes)
    seen = checked(draft, now=at, key=key)
    return _Report(agent_source(agent.agent_id), _known(tx, agent, baseline), draft, seen)


def _keep(tx: Transaction, report: _Report, *, at: datetime) -> None:
    draft, known = report.draft, report.known
    if draft.healed and known is None:
        return
    if not draft.healed and known is not None and says_the_same(known, draft, report.seen):
        tx.findings.touch_many([known.id], seen_at=at)
        return
    keep_report(tx, draft, report.seen, report.source, at=at, actor=report.source)


def _draft(agent: Agent, baseline: HostBaseline, changes: Sequence[HostChange]) -> ReportDraft:
    draft = ReportDraft(
        baseline.resource_id,
        type=baseline.type,
        healed=not changes,
        host=agent.host,
        host_groups=baseline.groups,
    )
    if not changes:
        return draft
    severity, reason = severity_of(agent.host, changes)
    details: dict[str, Any] = {
        "host": agent.host,
        "severity_reason": reason,
        "changes": list(_first(changes)),
    }
    if (more := len(changes) - len(details["changes"])) > 0:
        details["not_shown"] = more
    return replace(draft, drift_details=details, severity=severity)


def _first(changes: Sequence[HostChange]) -> Iterator[dict[str, Any]]:
    """Yield the first changes, as many as a finding can hold."""
    size = 0
    for change in changes[:_MOST_CHANGES]:
        shown = {
            "path": _shown_path(change.path),
            "declared": _shown(change.declared),
            "live": _shown(change.live),
        }
        size += len(orjson.dumps(shown))
        if size > _MOST_CHANGES_BYTES:
            return
        yield shown


def _shown_path(path: str) -> str:
    if len(path) <= _LONGEST_PATH:
        return path
    # Two paths that begin alike stay two.
    digest = hashlib.sha256(path.encode()).hexdigest()
    return f"{path[:_LONGEST_PATH]}... ({digest[:16]})"


def _shown(value: Any) -> Any:
    text = json.dumps(value)
    return value if len(text) <= _LONGEST_VALUE else {"shortened": text[:_LONGEST_VALUE]}


def _unpacked(section: AgentSection) -> HostSection:
    return HostSection(section.status, values_of(section))

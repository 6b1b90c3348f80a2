"""A person says that a host is right as it is, or takes a host as the template of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.domain.agents import Agent, AgentState
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.host_acceptance import (
    MOST_ACCEPTED,
    HostAcceptance,
    acceptance_of,
    acceptance_on,
    left_out,
)
from reconciler.domain.host_baselines import SECTIONS, HostBaseline, HostSection, compare
from reconciler.domain.host_template import template_of
from reconciler.engine.host_drift import judge, seen_of
from reconciler.engine.journal import audit
from reconciler.engine.service import Service
from reconciler.stores import Transaction


@dataclass(frozen=True, slots=True)
class AcceptedNow:
    """How many differences were accepted, and the paths that could not be read."""

    count: int
    unreadable: tuple[str, ...]


async def accept_host(
    service: Service,
    agent_id: str,
    *,
    sections: Sequence[str],
    reason: str,
    actor: str,
    root: str | None = None,
) -> AcceptedNow:
    """Take a host as right as it was reported last.

    All sections are meant when none are named. The findings of what is accepted heal at once; what
    could not be read is not accepted, and stays a finding. What is accepted of a place ends when
    it is as declared again, and with the agent.
    `root` is that of the report that the person saw.

    Raises:
        NotFoundError: no such agent exists, or it was revoked.
        ConflictError: no stack declares the host (`no-baseline`), it has not reported since its
            baseline changed (`not-reported`), it is another one than the person saw
            (`host-changed`), or two hosts report with its key (`cloned`).
        InvalidError: a section cannot be declared, or the differences are too many.
    """
    _check(sections)

    def work(tx: Transaction) -> AcceptedNow:
        agent = _agent(tx, agent_id)
        baselines = _baselines(tx, agent)
        _check_seen(agent, root)
        key, at = service.judging.key, service.clock.now()
        seen = seen_of(tx, agent)
        count = 0
        unreadable: set[str] = set()
        for baseline in baselines:
            changes = [
                change
                for change in compare(baseline, seen, key=key)
                if not sections or change.section in sections
            ]
            fresh = acceptance_of(changes, key=key, by=actor, at=at)
            _keep(tx, replace(baseline, accepted={**baseline.accepted, **fresh}))
            count += len(fresh)
            unreadable.update(left_out(changes))
        _judge_again(tx, agent, service)
        details = {"host": agent.host, "sections": list(sections), "reason": reason, "count": count}
        audit(tx, "agent.accepted", agent_id, at=at, actor=actor, details=details)
        return AcceptedNow(count, tuple(sorted(unreadable)))

    return await service.store.transact(work)


async def undo_accept_host(service: Service, agent_id: str, *, actor: str) -> None:
    """Forget what was accepted of a host: it is compared with its stack's code alone.

    Raises:
        NotFoundError, ConflictError: as `accept_host`.
    """

    def work(tx: Transaction) -> None:
        agent = _agent(tx, agent_id)
        for baseline in _baselines(tx, agent):
            tx.agents.put_baselines([replace(baseline, accepted={})])
        _judge_again(tx, agent, service)
        details = {"host": agent.host}
        at = service.clock.now()
        audit(tx, "agent.acceptance_undone", agent_id, at=at, actor=actor, details=details)

    await service.store.transact(work)


def accepted_hosts(view: Transaction) -> Mapping[str, HostAcceptance]:
    """Return what is accepted of hosts, by host; a host of which nothing is has no entry."""
    by_host: dict[str, list[HostBaseline]] = defaultdict(list)
    for baseline in view.agents.accepted_baselines():
        by_host[baseline.host].append(baseline)
    found = {host: acceptance_on(baselines) for host, baselines in by_host.items()}
    return {host: accepted for host, accepted in found.items() if accepted is not None}


def accepted_of(agent: Agent, accepted: Mapping[str, HostAcceptance]) -> HostAcceptance | None:
    """Return what is accepted of the host of `agent`; nothing is of one that was revoked."""
    return None if agent.state is AgentState.REVOKED else accepted.get(agent.host)


async def host_template(
    service: Service, agent_id: str, *, sections: Sequence[str], paths: Sequence[str]
) -> Mapping[str, Any]:
    """Return what a stack would declare for the host to be as it was reported last.

    Raises:
        NotFoundError: no such agent exists, or it was revoked.
        InvalidError: a section cannot be declared.
    """
    _check(sections)

    def read(view: Transaction) -> tuple[str, Mapping[str, HostSection]]:
        agent = _agent(view, agent_id)
        return agent.host, seen_of(view, agent)

    host, seen = await service.store.read(read)
    return template_of(host, seen, sections=sections, paths=paths)


def _check(sections: Sequence[str]) -> None:
    for name in sections:
        if name not in SECTIONS:
            raise InvalidError(
                f"the section {name!r} cannot be declared", remedy=f"name {', '.join(SECTIONS)}"
            )


def _agent(tx: Transaction, agent_id: str) -> Agent:
    agent = tx.agents.get(agent_id)
    if agent is None or agent.state is AgentState.REVOKED:
        raise NotFoundError(f"there is no agent {agent_id}")
    return agent


def _baselines(tx: Transaction, agent: Agent) -> Sequence[HostBaseline]:
    baselines = tx.agents.baselines_of_host(agent.host)
    if not baselines:
        raise ConflictError(
            f"no stack declares the host {agent.host}",
            code="no-baseline",
            remedy="declare it with the sections it claims, such as claims = ['firewall']",
        )
    if agent.scope != agent.epoch:
        raise ConflictError(
            f"the host {agent.host} has not reported since its baseline changed",
            code="not-reported",
            remedy="wait for its next report, or run `trueup-agent once` there",
        )
    return baselines


def _check_seen(agent: Agent, root: str | None) -> None:
    if agent.state is AgentState.CLONED:
        raise ConflictError(
            f"two hosts report with the key of {agent.host}",
            code="cloned",
            remedy="revoke the agent, and enroll each host with its own token",
        )
    if root is not None and root != agent.root:
        raise ConflictError(
            f"the host {agent.host} has changed since it was looked at",
            code="host-changed",
            remedy="look at its findings again, then accept what it is now",
        )


def _keep(tx: Transaction, baseline: HostBaseline) -> None:
    if len(baseline.accepted) > MOST_ACCEPTED:
        raise InvalidError(
            f"{len(baseline.accepted)} places of a host; at most {MOST_ACCEPTED} can be accepted",
            remedy="name fewer sections, or declare the host:"
            f" trueup agent template {baseline.host}",
        )
    tx.agents.put_baselines([baseline])


def _judge_again(tx: Transaction, agent: Agent, service: Service) -> None:
    sections = tx.agents.sections([agent.agent_id])
    judge(tx, agent, sections, at=service.clock.now(), key=service.judging.key)

"""Agents of hosts: enrolled by a token that is good once, listed and revoked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from agent.protocol.tree import root_digest
from reconciler.domain.agents import Agent, AgentState, EnrollToken, agent_key
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import AgentChanged
from reconciler.domain.host_baselines import epoch_of
from reconciler.domain.sources import agent_source
from reconciler.domain.tokens import read_token, secret_digest, token_text
from reconciler.engine.host_drift import forget
from reconciler.engine.journal import audit, emit, new_id
from reconciler.engine.service import Service
from reconciler.stores import Transaction

EVERY: Final = timedelta(minutes=5)
SHORTEST_EVERY: Final = timedelta(seconds=10)
VALID_FOR: Final = timedelta(hours=1)
_LONGEST_VALID: Final = timedelta(days=30)
_SECRET_BYTES: Final = 32
_UNUSABLE: Final = "the enrolment token is not known, was used already or has expired"


@dataclass(frozen=True, slots=True)
class EnrolmentOrder:
    """What a token is to be good for; any host where `host` is None."""

    host: str | None = None
    valid_for: timedelta = VALID_FOR
    every: timedelta = EVERY
    replaces: bool = False
    """Whether the host may be enrolled already: its agent of before is revoked then."""


@dataclass(frozen=True, slots=True)
class HostIntroduction:
    """What a host says of itself when it enrolls."""

    host: str
    incarnation: str
    version: str = ""
    system: str = ""


async def issue_enroll_token(
    service: Service, order: EnrolmentOrder, *, actor: str
) -> tuple[EnrollToken, str]:
    """Return a new enrolment token and its text, which is kept nowhere.

    Raises:
        InvalidError: it would be valid too long, or the interval is too short.
    """
    if not timedelta() < order.valid_for <= _LONGEST_VALID:
        raise InvalidError("an enrolment token is valid for at most 30 days")
    if order.every < SHORTEST_EVERY:
        raise InvalidError("an agent reports at most every 10 s", remedy="write 5m or 1h")
    at = service.clock.now()
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    token = EnrollToken(
        token_id=new_id(),
        secret_sha256=secret_digest(secret),
        host=order.host.lower() if order.host else None,
        replaces=order.replaces,
        every_s=int(order.every.total_seconds()),
        created_by=actor,
        created_at=at,
        expires_at=at + order.valid_for,
    )

    def work(tx: Transaction) -> None:
        tx.agents.put_token(token)
        details = {"host": token.host, "replaces": token.replaces}
        audit(tx, "agent.token_created", token.token_id, at=at, actor=actor, details=details)

    await service.store.transact(work)
    return token, token_text(token.token_id, secret)


async def enroll(service: Service, token_text_: str, host: HostIntroduction) -> tuple[Agent, bytes]:
    """Return the new agent of a host, and its key, which is kept nowhere.

    Raises:
        ConflictError: the token is not good (`token-refused`), is another host's (`other-host`),
            or the host has an agent (`host-taken`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Agent:
        token = _good_token(tx, token_text_, service)
        name = host.host.lower()
        if token.host not in {None, name}:
            raise ConflictError(
                f"the token is for the host {token.host}, not for {name}",
                code="other-host",
                remedy="pass --host, or ask for a token of this host",
            )
        before = [
            agent for agent in tx.agents.of_host(name) if agent.state is not AgentState.REVOKED
        ]
        if before and not token.replaces:
            raise ConflictError(
                f"the host {name} has an agent already",
                code="host-taken",
                remedy="revoke it, or ask for a token with `enroll-token --replace`",
            )
        for agent in before:
            _revoke(tx, agent, service, actor=token.created_by)
        agent = Agent(
            agent_id=new_id(),
            host=name,
            state=AgentState.ACTIVE,
            incarnation=host.incarnation,
            enrolled_at=at,
            every_s=token.every_s,
            root=root_digest({}).hex(),
            epoch=epoch_of(tx.agents.baselines_of_host(name)),
            version=host.version,
            system=host.system,
            key_since=at,
        )
        tx.agents.put_many([agent])
        tx.agents.put_token(replace(token, used_at=at, agent_id=agent.agent_id))
        details = {"host": name, "token_id": token.token_id}
        actor = agent_source(agent.agent_id)
        audit(tx, "agent.enrolled", agent.agent_id, at=at, actor=actor, details=details)
        tell(tx, agent, "enrolled", service)
        return agent

    agent = await service.store.transact(work)
    key = agent_key(service.judging.key, agent_id=agent.agent_id, serial=agent.key_serial)
    return agent, key


async def revoke(service: Service, agent_id: str, *, actor: str) -> None:
    """Take no report of an agent any more; what it saw is forgotten.

    Raises:
        NotFoundError: no such agent exists, or it was revoked.
    """

    def work(tx: Transaction) -> None:
        agent = tx.agents.get(agent_id)
        if agent is None or agent.state is AgentState.REVOKED:
            raise NotFoundError(f"there is no agent {agent_id}")
        _revoke(tx, agent, service, actor=actor)

    await service.store.transact(work)


async def rotate_key(service: Service, agent_id: str, *, actor: str) -> Agent:
    """Give an agent another key with the answer to its next report; return the agent.

    The key of now works until the agent has used the next one.

    Raises:
        NotFoundError: no such agent exists, or it was revoked.
    """

    def work(tx: Transaction) -> Agent:
        agent = tx.agents.get(agent_id)
        if agent is None or agent.state is AgentState.REVOKED:
            raise NotFoundError(f"there is no agent {agent_id}")
        rotating = agent._replace(rotating=True)
        tx.agents.put_many([rotating])
        at = service.clock.now()
        details = {"host": agent.host}
        audit(tx, "agent.rotation_asked", agent_id, at=at, actor=actor, details=details)
        return rotating

    return await service.store.transact(work)


def tell(tx: Transaction, agent: Agent, change: str, service: Service) -> None:
    """Let everybody know what became of an agent."""
    body = AgentChanged(agent_id=agent.agent_id, host=agent.host, change=change)
    emit(tx, "agent.changed", agent.agent_id, body, at=service.clock.now())


def _revoke(tx: Transaction, agent: Agent, service: Service, *, actor: str) -> None:
    at = service.clock.now()
    forget(tx, agent, at=at)
    tx.agents.remove(agent.agent_id)
    # The row stays, so that the key's signature is refused by name; its sections go.
    revoked = agent._replace(state=AgentState.REVOKED)
    tx.agents.put_many([revoked])
    audit(tx, "agent.revoked", agent.agent_id, at=at, actor=actor, details={"host": agent.host})
    tell(tx, revoked, "revoked", service)


def _good_token(tx: Transaction, text: str, service: Service) -> EnrollToken:
    read = read_token(text)
    token = tx.agents.token(read[0]) if read is not None else None
    if (
        read is None
        or token is None
        or not secrets.compare_digest(token.secret_sha256, secret_digest(read[1]))
        or token.used_at is not None
        or token.expires_at <= service.clock.now()
    ):
        raise ConflictError(
            _UNUSABLE,
            code="token-refused",
            remedy="ask for a new one: trueup agent enroll-token",
        )
    return token

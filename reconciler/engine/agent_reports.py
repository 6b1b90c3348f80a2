"""Reports of agents taken in: checked by number, recomputed, and written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from agent.protocol.messages import Report
from reconciler.domain.agents import (
    Agent,
    AgentSection,
    AgentState,
    is_key_old,
    next_agent_key,
)
from reconciler.domain.errors import InvalidError
from reconciler.domain.events import AgentChanged
from reconciler.engine.agent_messages import Message
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.agent_sections import changed_sections
from reconciler.engine.host_drift import judge
from reconciler.engine.journal import audit, emit
from reconciler.stores import Transaction

CLONED: Final = "cloned"
Answer = Mapping[str, Any]
"""JSON for the agent; empty where there is nothing to say."""


@dataclass(slots=True)
class _Host:
    """One agent inside a transaction: what is kept of it, and what will be."""

    agent: Agent
    sections: dict[str, AgentSection]
    changed: dict[str, AgentSection] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    tells: list[str] = field(default_factory=list)
    """What everybody hears of it; nothing in all but few reports."""
    compared: bool = False
    """Whether it looked with the baselines of now in mind, for the first time."""
    whole_row: bool = False
    """Whether more of its row changed than a report usually changes."""


def take(
    tx: Transaction, messages: Sequence[Message], *, key: bytes
) -> Sequence[Answer | Exception]:
    """Keep what the messages say, each as if it had come alone; return an answer for each.

    A message that is refused leaves nothing, except that a clone is noted with its agent, and
    that a new key has been used. Where a host cannot be compared with its baselines, that is the
    answer to its messages alone.
    """
    hosts = _hosts(tx, messages)
    answers = [_answer(tx, hosts.get(message.agent_id), message, key) for message in messages]
    touched = [
        hosts[agent_id]
        for agent_id in sorted({message.agent_id for message in messages} & hosts.keys())
    ]
    at = max(message.received_at for message in messages)
    failed = {
        host.agent.agent_id: error
        for host in touched
        if (error := _judged(tx, host, at=at, key=key)) is not None
    }
    touched = [host for host in touched if host.agent.agent_id not in failed]
    _keep(tx, touched, at=at)
    return [
        failed.get(message.agent_id, answer)
        for message, answer in zip(messages, answers, strict=True)
    ]


def _judged(tx: Transaction, host: _Host, *, at: datetime, key: bytes) -> InvalidError | None:
    """Compare a host that is to be compared; return why its difference cannot be kept."""
    # What it saw with other baselines in mind lacks paths that are declared now.
    looked = host.agent.scope == host.agent.epoch
    if not looked or not (host.changed or host.dropped or host.compared):
        return None
    try:
        whole = judge(
            tx,
            host.agent,
            host.sections.values(),
            at=at,
            key=key,
            looked_at=host.agent.captured_at,
        )
    except InvalidError as error:
        return error
    if not whole:
        host.agent = host.agent._replace(scope="")  # its next report is compared, whatever it says
        host.whole_row = True
    return None


def _keep(tx: Transaction, touched: Sequence[_Host], *, at: datetime) -> None:
    tx.agents.put_heard(host.agent for host in touched if not host.whole_row)
    tx.agents.put_many(host.agent for host in touched if host.whole_row)
    tx.agents.put_sections(section for host in touched for section in host.changed.values())
    for host in touched:
        agent_id = host.agent.agent_id
        if host.dropped:
            tx.agents.remove_sections(agent_id, sorted(host.dropped))
        for change in host.tells:
            body = AgentChanged(agent_id=agent_id, host=host.agent.host, change=change)
            emit(tx, "agent.changed", agent_id, body, at=at)
            audit(tx, f"agent.{change}", agent_id, at=at, details={"host": host.agent.host})


def _hosts(tx: Transaction, messages: Sequence[Message]) -> dict[str, _Host]:
    agents = tx.agents.get_many({message.agent_id for message in messages})
    needed = {
        message.agent_id
        for message in messages
        if message.agent_id in agents and _is_change(message, agents[message.agent_id])
    }
    sections: dict[str, dict[str, AgentSection]] = defaultdict(dict)
    for section in tx.agents.sections(sorted(needed)) if needed else ():
        sections[section.agent_id][section.name] = section
    return {agent_id: _Host(agent, sections[agent_id]) for agent_id, agent in agents.items()}


def _is_change(message: Message, agent: Agent) -> bool:
    report = message.report
    return report.base is not None or report.root != agent.root or report.scope != agent.scope


def _answer(
    tx: Transaction, host: _Host | None, message: Message, key: bytes
) -> Answer | Exception:
    try:
        return _taken(tx, host, message, key)
    except AgentRefusedError as error:
        return error


def _taken(tx: Transaction, host: _Host | None, message: Message, key: bytes) -> Answer:
    # A key of a higher serial is one that we gave, perhaps before a backup was put back.
    if host is None or message.key_serial < host.agent.key_serial:
        raise AgentRefusedError("unauthorized", "the signature is not that of an enrolled agent")
    if host.agent.state is AgentState.REVOKED:
        raise AgentRefusedError(
            "revoked", "this agent was revoked", remedy="enroll the host again with a new token"
        )
    _turn_key(host, message)
    before, tells = host.agent, len(host.tells)
    try:
        _check_incarnation(host, message)
        if not _is_repeated(host.agent, message):
            _apply(host, message)
    except AgentRefusedError as error:
        if error.code != CLONED:
            host.agent = before
            del host.tells[tells:]
        raise
    return _reply(tx, host, message, key)


def _turn_key(host: _Host, message: Message) -> None:
    """Use the next key from its first use on, and offer one where the key is old."""
    agent = host.agent
    if message.key_serial > agent.key_serial:
        host.agent = agent._replace(
            key_serial=message.key_serial,
            key_since=message.received_at,
            rotating=False,
        )
        host.tells.append("key_rotated")
        host.whole_row = True
    elif not agent.rotating and is_key_old(agent, now=message.received_at):
        host.agent = agent._replace(rotating=True)
        host.whole_row = True


def _check_incarnation(host: _Host, message: Message) -> None:
    """Let an agent begin anew once; two that take turns are one key on two hosts.

    Raises:
        AgentRefusedError: `cloned`.
    """
    agent, incarnation = host.agent, message.report.incarnation
    if agent.state is AgentState.CLONED or incarnation == agent.former_incarnation:
        if agent.state is not AgentState.CLONED:
            host.agent = agent._replace(state=AgentState.CLONED)
            host.tells.append("cloned")
        raise AgentRefusedError(
            CLONED,
            "two hosts report with the key of this agent",
            remedy="revoke it, remove its state folder on both, and enroll each with its own token",
        )
    if incarnation != agent.incarnation:
        host.agent = agent._replace(
            incarnation=incarnation, former_incarnation=agent.incarnation, seq=0
        )
        host.tells.append("begun_anew")


def _is_repeated(agent: Agent, message: Message) -> bool:
    """Whether exactly this message was taken already, and only its answer was lost.

    Raises:
        AgentRefusedError: `replayed`: its number was used by another one.
    """
    seq = message.report.seq
    if seq > agent.seq:
        return False
    if seq == agent.seq and message.sha256 == agent.message_sha256:
        return True
    raise AgentRefusedError(
        "replayed", f"report {seq} was taken already; the last one is {agent.seq}"
    )


def _apply(host: _Host, message: Message) -> None:
    report, agent = message.report, host.agent
    if report.base is not None and report.base == agent.root:
        _apply_changes(host, report)
    gap = report.seq > agent.seq + 1
    if gap:
        host.tells.append("gap")
    root = report.root if report.base == agent.root else agent.root
    # What is kept of a host that is another by now was seen with other baselines in mind.
    scope = report.scope if report.root == root else ""
    if scope != agent.scope:
        host.whole_row = True
        host.compared = scope == agent.epoch
    host.agent = _heard(agent, message, scope=scope, root=root, gaps=agent.gaps + gap)


def _heard(agent: Agent, message: Message, *, scope: str, root: str, gaps: int) -> Agent:
    """Return `agent` after its message was taken.

    `_replace` looks each of twenty fields up by name, ten thousand times a second.
    """
    return Agent(
        agent.agent_id, agent.host, agent.state, agent.incarnation, agent.enrolled_at,
        agent.every_s, agent.key_serial, agent.former_incarnation, message.report.seq,
        message.sha256, root, agent.epoch, message.received_at, message.captured_at,
        message.clock_offset_s, gaps, agent.version, agent.system, scope, agent.key_since,
        agent.rotating,
    )  # fmt: skip


def _apply_changes(host: _Host, report: Report) -> None:
    change = changed_sections(host.agent.agent_id, host.sections, report)
    host.sections = change.sections
    host.changed = {**host.changed, **change.fresh}
    host.dropped = (host.dropped - change.fresh.keys()) | change.dropped
    for name in change.dropped:
        host.changed.pop(name, None)


def _reply(tx: Transaction, host: _Host, message: Message, key: bytes) -> Answer:
    agent, report = host.agent, message.report
    answer: dict[str, Any] = {}
    if report.root != agent.root:
        answer["base"] = agent.root
        answer["held"] = {name: section.digest for name, section in host.sections.items()}
    if report.scope != agent.epoch:
        baselines = tx.agents.baselines_of_host(agent.host)
        answer["scope"] = {
            "epoch": agent.epoch,
            "baselines": [baseline.as_json() for baseline in baselines],
        }
    if agent.rotating:
        serial, fresh = next_agent_key(key, agent)
        answer["key"] = {"serial": serial, "key": fresh.hex()}
    if answer:
        answer["every_s"] = agent.every_s
    return answer

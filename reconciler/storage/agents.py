"""Agents of hosts, what they reported last, and what their hosts are declared to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final, cast

from sqlalchemy import Update, bindparam, update
from sqlmodel import col, delete, select

from reconciler.domain.agents import Agent, AgentSection, AgentState, EnrollToken
from reconciler.domain.host_baselines import HostBaseline
from reconciler.domain.model import StackName
from reconciler.storage.rows import Rows, chunks, table_of
from reconciler.storage.tables.agents import (
    AgentRow,
    AgentSectionRow,
    EnrollTokenRow,
    HostBaselineRow,
)

_agent_fields: Final = attrgetter(*Agent.__slots__)
_HEARD: Final = (
    "state", "incarnation", "former_incarnation", "seq", "message_sha256", "root",
    "last_seen_at", "captured_at", "clock_offset_s", "gaps",
)  # fmt: skip
"""What a report changes of its agent: half of a row, and so half of the time to write it."""
_HEARD_PLACES: Final = ("of_agent", *_HEARD)
_heard_fields: Final = attrgetter("agent_id", "state.value", *_HEARD[1:])


@dataclass(frozen=True, slots=True)
class SqlAgents:
    """`stores.Agents` on tables."""

    rows: Rows

    def get(self, agent_id: str) -> Agent | None:
        """Return the agent of that id."""
        return self.rows.first(select(AgentRow).where(col(AgentRow.agent_id) == agent_id), _agent)

    def get_many(self, agent_ids: Iterable[str]) -> dict[str, Agent]:
        """Return agents by id, as far as there are any."""
        column = col(AgentRow.agent_id)
        return {
            agent.agent_id: agent
            for some in chunks(agent_ids)
            for agent in self.rows.every(select(AgentRow).where(column.in_(some)), _agent)
        }

    def of_host(self, host: str) -> tuple[Agent, ...]:
        """Return the agents that a host has or had."""
        wanted = select(AgentRow).where(col(AgentRow.host) == host)
        return self.rows.every(wanted.order_by(col(AgentRow.agent_id)), _agent)

    def all(self) -> tuple[Agent, ...]:
        """Return every agent, by host."""
        order = (col(AgentRow.host), col(AgentRow.agent_id))
        return self.rows.every(select(AgentRow).order_by(*order), _agent)

    def put_many(self, agents: Iterable[Agent]) -> None:
        """Write agents."""
        self.rows.put(AgentRow, [_agent_values(agent) for agent in agents])

    def put_heard(self, agents: Iterable[Agent]) -> None:
        """Write of agents that are there what a report may change."""
        values = [dict(zip(_HEARD_PLACES, _heard_fields(agent), strict=True)) for agent in agents]
        self.rows.change(_heard(), values)

    def remove(self, agent_id: str) -> bool:
        """Remove an agent and its sections; return whether it was there."""
        self.rows.change(delete(AgentSectionRow).where(col(AgentSectionRow.agent_id) == agent_id))
        return self.rows.change(delete(AgentRow).where(col(AgentRow.agent_id) == agent_id)) > 0

    def sections(self, agent_ids: Iterable[str]) -> tuple[AgentSection, ...]:
        """Return every section of those agents."""
        column = col(AgentSectionRow.agent_id)
        return tuple(
            section
            for some in chunks(agent_ids)
            for section in self.rows.every(
                select(AgentSectionRow).where(column.in_(some)), _section
            )
        )

    def put_sections(self, sections: Iterable[AgentSection]) -> None:
        """Write sections."""
        self.rows.put(AgentSectionRow, [_section_values(section) for section in sections])

    def remove_sections(self, agent_id: str, names: Sequence[str]) -> None:
        """Remove sections of an agent."""
        column = col(AgentSectionRow.name)
        wanted = (col(AgentSectionRow.agent_id) == agent_id, column.in_(names))
        self.rows.change(delete(AgentSectionRow).where(*wanted))

    def token(self, token_id: str) -> EnrollToken | None:
        """Return the enrolment token of that id."""
        wanted = select(EnrollTokenRow).where(col(EnrollTokenRow.token_id) == token_id)
        return self.rows.first(wanted, _token)

    def put_token(self, token: EnrollToken) -> None:
        """Write an enrolment token."""
        self.rows.put(EnrollTokenRow, [asdict(token)])

    def baselines_of_host(self, host: str) -> tuple[HostBaseline, ...]:
        """Return what stacks declare a host to be, by resource."""
        return self._baselines(col(HostBaselineRow.host) == host)

    def baselines_of_stack(self, stack: StackName) -> tuple[HostBaseline, ...]:
        """Return the baselines of one stack, by resource."""
        return self._baselines(col(HostBaselineRow.stack) == stack)

    def put_baselines(self, baselines: Iterable[HostBaseline]) -> None:
        """Write baselines."""
        self.rows.put(HostBaselineRow, [_baseline_values(baseline) for baseline in baselines])

    def remove_baselines(self, resource_ids: Sequence[str]) -> None:
        """Remove baselines."""
        column = col(HostBaselineRow.resource_id)
        for some in chunks(resource_ids):
            self.rows.change(delete(HostBaselineRow).where(column.in_(some)))

    def set_epoch(self, host: str, epoch: str) -> None:
        """Let every agent of a host know the name of its baselines, and compare it once more.

        A name that comes back is that of baselines whose findings may have healed meanwhile.
        """
        table = AgentRow.__table__  # type: ignore[attr-defined]  # every table class has one
        named = update(table).where(table.c.host == host).values(epoch=epoch, scope="")
        self.rows.change(named)

    def _baselines(self, wanted: object) -> tuple[HostBaseline, ...]:
        statement = select(HostBaselineRow).where(wanted)  # type: ignore[arg-type]
        order = col(HostBaselineRow.resource_id)
        return self.rows.every(statement.order_by(order), _baseline)


@cache
def _heard() -> Update:
    table = table_of(AgentRow)
    return (
        update(table)
        .where(table.c.agent_id == bindparam("of_agent"))
        .values({name: bindparam(name) for name in _HEARD})
    )


def _agent(row: AgentRow) -> Agent:
    # Thousands of these are read a second; the columns lie in the order of the value's fields.
    agent_id, host, state, *rest = cast("Sequence[Any]", row)
    return Agent(agent_id, host, AgentState(state), *rest)


def _agent_values(agent: Agent) -> dict[str, object]:
    values = dict(zip(Agent.__slots__, _agent_fields(agent), strict=True))
    values["state"] = agent.state.value
    return values


def _section(row: AgentSectionRow) -> AgentSection:
    return AgentSection(
        agent_id=row.agent_id,
        name=row.name,
        status=row.status,
        digest=row.digest,
        leaves=row.leaves,
        body=row.body,
    )


def _section_values(section: AgentSection) -> dict[str, object]:
    return {name: getattr(section, name) for name in AgentSection.__slots__}


def _token(row: EnrollTokenRow) -> EnrollToken:
    return EnrollToken(
        token_id=row.token_id,
        secret_sha256=row.secret_sha256,
        host=row.host,
        replaces=row.replaces,
        every_s=row.every_s,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        agent_id=row.agent_id,
    )


def _baseline(row: HostBaselineRow) -> HostBaseline:
    return HostBaseline(
        resource_id=row.resource_id,
        host=row.host,
        type=row.type,
        claims=tuple(row.claims),
        declared=row.declared,
        groups=tuple(row.groups),
        accepted=row.accepted,
    )


def _baseline_values(baseline: HostBaseline) -> dict[str, object]:
    return {
        "resource_id": baseline.resource_id,
        "host": baseline.host,
        "stack": baseline.resource_id.partition("/")[0],
        "type": baseline.type,
        "claims": list(baseline.claims),
        "declared": baseline.declared,
        "groups": list(baseline.groups),
        "accepted": dict(baseline.accepted),
    }

"""Agents of hosts, what they reported last, and what their hosts are declared to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Final, cast

import orjson
from sqlalchemy import text, update
from sqlmodel import col, delete, select

from reconciler.domain.agents import Agent, AgentSection, AgentState, EnrollToken
from reconciler.domain.host_baselines import AcceptedPlace, HostBaseline
from reconciler.domain.model import StackName
from reconciler.storage.agent_cache import AgentCache
from reconciler.storage.columns import moment_text
from reconciler.storage.rows import Rows, chunks
from reconciler.storage.tables.agents import (
    AgentRow,
    AgentSectionRow,
    EnrollTokenRow,
    HostBaselineRow,
)

_HEARD: Final = (
    "state", "incarnation", "former_incarnation", "seq", "message_sha256", "root",
    "last_seen_at", "captured_at", "clock_offset_s", "gaps",
)  # fmt: skip
"""What a report changes of its agent: half of a row, and so half of the time to write it.
`_heard_values` has them in this order."""
_SECTION: Final = AgentSection._fields
_READ_SECTIONS: Final = text(
    f"SELECT {', '.join(_SECTION)} FROM agent_sections"  # noqa: S608 - names of columns
    " WHERE agent_id IN (SELECT value FROM json_each(:agents))"
)
_MOST_ROWS: Final = 64
"""In one statement; older SQLite takes 999 values."""


@dataclass(frozen=True, slots=True)
class SqlAgents:
    """`stores.Agents` on tables; a transaction that writes has a cache."""

    rows: Rows
    cache: AgentCache | None = None

    def get(self, agent_id: str) -> Agent | None:
        """Return the agent of that id."""
        return self.rows.first(select(AgentRow).where(col(AgentRow.agent_id) == agent_id), _agent)

    def get_many(self, agent_ids: Collection[str]) -> dict[str, Agent]:
        """Return agents by id, as far as there are any."""
        if self.cache is None:
            return self._read(agent_ids)
        self.cache.refresh(self.rows.connection)
        found = {name: agent for name in agent_ids if (agent := self.cache.get(name)) is not None}
        read = self._read(name for name in agent_ids if name not in found)
        self.cache.keep(read.values())
        return {**found, **read}

    def _read(self, agent_ids: Iterable[str]) -> dict[str, Agent]:
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
        written = list(agents)
        self.rows.put(AgentRow, [_agent_values(agent) for agent in written])
        if self.cache is not None:
            self.cache.keep(written)

    def put_heard(self, agents: Iterable[Agent]) -> None:
        """Write of agents that are there what a report may change."""
        written = list(agents)
        self._write_rows(_write_heard, [_heard_values(agent) for agent in written])
        if self.cache is not None:
            self.cache.keep(written)

    def remove(self, agent_id: str) -> bool:
        """Remove an agent and its sections; return whether it was there."""
        self._forget_cached()
        self.rows.change(delete(AgentSectionRow).where(col(AgentSectionRow.agent_id) == agent_id))
        return self.rows.change(delete(AgentRow).where(col(AgentRow.agent_id) == agent_id)) > 0

    def sections(self, agent_ids: Iterable[str]) -> tuple[AgentSection, ...]:
        """Return every section of those agents."""
        wanted = {"agents": orjson.dumps(list(agent_ids)).decode()}
        return tuple(AgentSection(*row) for row in self.rows.asked(_READ_SECTIONS, wanted))

    def put_sections(self, sections: Iterable[AgentSection]) -> None:
        """Write sections."""
        self._write_rows(_write_sections, list(sections))

    def _write_rows(self, statement: Callable[[int], str], rows: list[Sequence[object]]) -> None:
        """Write rows by statements for many of them.

        A statement for each of them gives the interpreter's lock away each time, and gets it back
        when the loop has nothing else to do.
        """
        while rows:
            # So many at once as there is a statement for: it is prepared once.
            count = min(_MOST_ROWS, 1 << (len(rows).bit_length() - 1))
            values = tuple(chain.from_iterable(rows[:count]))
            self.rows.connection.exec_driver_sql(statement(count), values)
            del rows[:count]

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

    def accepted_baselines(self) -> tuple[HostBaseline, ...]:
        """Return the baselines of whose host something is accepted, by resource."""
        return self._baselines(col(HostBaselineRow.accepted) != {})

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
        self._forget_cached()

    def _forget_cached(self) -> None:
        if self.cache is not None:
            self.cache.clear()

    def _baselines(self, wanted: object) -> tuple[HostBaseline, ...]:
        statement = select(HostBaselineRow).where(wanted)  # type: ignore[arg-type]
        order = col(HostBaselineRow.resource_id)
        return self.rows.every(statement.order_by(order), _baseline)


@cache
def _write_heard(count: int) -> str:
    changed = ", ".join(f"{name} = heard.column{at}" for at, name in enumerate(_HEARD, 2))
    return (
        f"UPDATE agents SET {changed}"  # noqa: S608 - names of columns
        f" FROM (VALUES {_places(1 + len(_HEARD), count)}) AS heard"
        " WHERE agent_id = heard.column1"
    )


def _places(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


@cache
def _write_sections(count: int) -> str:
    changed = ", ".join(f"{name} = excluded.{name}" for name in _SECTION[2:])
    return (
        f"INSERT INTO agent_sections ({', '.join(_SECTION)})"  # noqa: S608 - names of columns
        f" VALUES {_places(len(_SECTION), count)}"
        f" ON CONFLICT (agent_id, name) DO UPDATE SET {changed}"
    )


def _agent(row: AgentRow) -> Agent:
    # Thousands of these are read a second; the columns lie in the order of the value's fields.
    agent_id, host, state, *rest = cast("Sequence[Any]", row)
    return Agent(agent_id, host, AgentState(state), *rest)


def _heard_values(agent: Agent) -> Sequence[object]:
    return (
        agent.agent_id, agent.state.value, agent.incarnation, agent.former_incarnation, agent.seq,
        agent.message_sha256, agent.root, moment_text(agent.last_seen_at),
        moment_text(agent.captured_at), agent.clock_offset_s, agent.gaps,
    )  # fmt: skip


def _agent_values(agent: Agent) -> dict[str, object]:
    values = agent._asdict()
    values["state"] = agent.state.value
    return values


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
        accepted={path: _accepted(kept) for path, kept in row.accepted.items()},
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
        "accepted": {path: _accepted_values(place) for path, place in baseline.accepted.items()},
    }


def _accepted(kept: Any) -> AcceptedPlace:
    if isinstance(kept, str):
        return AcceptedPlace(kept)  # as earlier versions wrote it
    digest, by, at = kept
    return AcceptedPlace(digest, by, datetime.fromisoformat(at) if at else None)


def _accepted_values(place: AcceptedPlace) -> list[str | None]:
    return [place.digest, place.by, place.at.isoformat() if place.at else None]

"""Agents as the writing connection last had them: each report asks for one.

The database stays the truth. What is kept here is of committed transactions alone, and is let
go of as soon as SQLite says that any other connection, of this process or another one, has
committed something. A transaction that fails lets go of everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from reconciler.domain.agents import Agent

_MOST: Final = 16_384
_MARK: Final = "trueup-agents"


class AgentCache:
    """Used by the thread that writes alone."""

    def __init__(self) -> None:
        self._agents: dict[str, Agent] = {}
        self._mark: object = None
        self._version = 0

    def refresh(self, connection: Connection) -> None:
        """Let go of what others may have changed; `connection` holds the lock for writing."""
        # A connection that was opened anew counts from somewhere else.
        mark = connection.info.setdefault(_MARK, object())
        version = int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())
        if mark is not self._mark or version != self._version:
            self.clear()
            self._mark, self._version = mark, version

    def get(self, agent_id: str) -> Agent | None:
        """Return the agent as it is in the transaction, if it is here."""
        return self._agents.get(agent_id)

    def keep(self, agents: Iterable[Agent]) -> None:
        """Keep what was read or written; the oldest go where there are too many."""
        for agent in agents:
            self._agents[agent.agent_id] = agent
        while len(self._agents) > _MOST:
            del self._agents[next(iter(self._agents))]

    def clear(self) -> None:
        """Know nothing any more."""
        self._agents.clear()

"""The hosts that report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from reconciler.client.resources import Collection
from reconciler.wire import routes
from reconciler.wire.agents import Agent
from tui.ages import age, length
from tui.ink import Line, Span, line, text_of_lines
from tui.lines.objects import object_lines
from tui.lines.words import state_span
from tui.screens.fetched import FetchedPage
from tui.store.languages import AGENTS
from tui.widgets.columns import Column


class AgentsPage(FetchedPage):
    """The hosts that report."""

    language = AGENTS
    columns: ClassVar[Sequence[Column[Agent]]] = (
        Column("host", "HOST", 20, lambda row: Span(row.host, "strong"), grow=2, rank=9),
        Column("state", "STATE", 12, lambda row: state_span(row.state), rank=8),
        Column("seen", "SEEN", 5, lambda row: Span(age(row.last_seen_at)), rank=7),
        Column("every", "EVERY", 5, lambda row: Span(length(row.every_s), "dim"), rank=5),
        Column("gaps", "GAPS", 4, lambda row: Span(f"{row.gaps or '':>4}", "medium"), rank=6),
        Column("accepted", "ACCEPTED", 8, lambda row: Span(_accepted(row), "medium"), rank=4),
        Column("system", "SYSTEM", 16, lambda row: Span(row.system, "dim"), grow=1, rank=3),
        Column("version", "VERSION", 8, lambda row: Span(row.version, "dim"), rank=2),
    )
    topics: ClassVar[frozenset[str]] = frozenset({"agent"})

    def __init__(self) -> None:
        super().__init__()
        self.title = "Agents"

    async def fetch(self) -> dict[str, Agent]:
        """Read the agents."""
        agents = Collection(self.session.client.calls, routes.LIST_AGENTS)
        return {agent.agent_id: agent async for agent in agents.each()}

    def empty(self) -> Sequence[Line]:
        """Say how a host comes to report."""
        return [
            line(
                "no host reports yet; a host is enrolled with: ", ("trueup-agent enroll", "strong")
            ),
        ]

    def open_row(self, key: str) -> None:
        """Show an agent in full."""
        agent = self._rows.get(key)
        if agent is not None:
            self.ours.show_text(agent.host, list(self.detail(key)))

    def detail(self, key: str) -> Iterable[Line]:
        """Return an agent in full."""
        agent = self._rows.get(key)
        return object_lines(agent.as_json()) if agent else ()

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the host under the cursor."""
        agent = self._rows.get(self.table.cursor_key)
        if agent is None:
            yield "next command", "trueup-agent enroll"
            return
        yield "host", agent.host
        yield "id", agent.agent_id
        yield "agent", text_of_lines(self.detail(agent.agent_id))
        yield "trueup command", "trueup agent list"
        yield "curl", self.session.curl(routes.LIST_AGENTS)


def _accepted(agent: Agent) -> str:
    """Return how many places of the host are accepted; its page says since when and by whom."""
    return f"{agent.accepted.places:>8}" if agent.accepted else ""

"""Lists that the daemon is asked for when they are opened: the audit, the policies, the agents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import orjson
from textual import work

from reconciler.client.errors import ReconcilerError
from reconciler.client.resources import Collection
from reconciler.wire import routes
from reconciler.wire.agents import Agent
from reconciler.wire.audit import AuditEntry
from reconciler.wire.policies import Policy
from tui.ages import age, clock, length
from tui.ink import Line, Span, line
from tui.lines.values import written
from tui.lines.words import state_span
from tui.screens.finding import FindingPage
from tui.screens.lists import ListPage
from tui.store.languages import AGENTS, AUDIT, POLICIES
from tui.store.store import Changes
from tui.widgets.table import Column, LineTable

_MOST: Final = 2000


class FetchedPage(ListPage):
    """A list of the daemon that no event keeps; it is read on opening and on `r`."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Any] = {}
        self._error = ""
        self._read_once = False

    def on_screen_resume(self) -> None:
        """Read it again whenever it comes to the front."""
        self.read()

    def action_refresh(self) -> None:
        """Read it again."""
        self.read()

    @work(exclusive=True, group="read", exit_on_error=False)
    async def read(self) -> None:
        """Read the list."""
        try:
            self._rows = await self.fetch()
            self._error = ""
        except ReconcilerError as error:
            self._error = str(error)
        self._read_once = True
        self.show()

    async def fetch(self) -> dict[str, Any]:
        """Return the rows by key."""
        return {}

    def rows(self) -> Mapping[str, Any]:
        """Return what was read."""
        return self._rows

    def empty(self) -> Sequence[Line]:
        """Say why there is none."""
        if self._error:
            return [line((self._error, "high"))]
        return [line(("nothing here" if self._read_once else "reading", "dim"))]

    def store_changed(self, changes: Changes) -> None:
        """Read it again when an event may have changed it."""
        if self.topics & changes.others or changes.everything:
            self.read()

    topics: ClassVar[frozenset[str]] = frozenset()


def _to(row: AuditEntry) -> Span:
    """Return what an entry is about; an id says nothing without its stack."""
    stack = row.details.get("stack")
    if not isinstance(stack, str) or stack == row.subject:
        return Span(row.subject)
    return Span(f"{stack} {row.subject}")


class AuditPage(FetchedPage):
    """Who did what to what, the newest first."""

    language = AUDIT
    columns: ClassVar[Sequence[Column[AuditEntry]]] = (
        Column("at", "WHEN (UTC)", 19, lambda row: Span(clock(row.at), "dim"), rank=5),
        Column("actor", "WHO", 12, lambda row: Span(row.actor, "strong"), grow=1, rank=8),
        Column("action", "DID", 29, lambda row: Span(row.action), rank=9),
        Column("subject", "TO", 14, _to, grow=2, rank=6),
        Column(
            "details", "DETAILS", 16, lambda row: Span(_brief(row.details), "dim"), grow=3, rank=4
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.title = "Audit"

    async def fetch(self) -> dict[str, AuditEntry]:
        """Read the newest entries."""
        found: dict[str, AuditEntry] = {}
        async for entry in self.session.client.audit.each():
            found[str(entry.seq)] = entry
            if len(found) >= _MOST:
                break
        return dict(sorted(found.items(), key=lambda item: -item[1].seq))

    def store_changed(self, changes: Changes) -> None:
        """Read it again when somebody may have done something."""
        if changes.remediations or changes.others or changes.everything:
            self.read()

    def detail(self, key: str) -> Iterable[Line]:
        """Return an entry in full."""
        entry = self._rows.get(key)
        return _entry_lines(entry) if entry else ()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Open the remediation or the finding an entry is about."""
        entry = self._rows.get(message.key)
        if entry is not None and entry.subject in self.session.store.remediations:
            self.ours.follow(entry.subject)
        elif entry is not None and entry.subject in self.session.store.rows:
            self.ours.push_screen(FindingPage(entry.subject))
        elif entry is not None:
            self.ours.show_text(entry.action, list(_entry_lines(entry)))


class PoliciesPage(FetchedPage):
    """What is to be done about which drift, in the order the policies are asked."""

    language = POLICIES
    columns: ClassVar[Sequence[Column[Policy]]] = (
        Column("name", "POLICY", 20, lambda row: Span(row.name, "strong"), grow=2, rank=9),
        Column("action", "ACTION", 13, lambda row: Span(row.action_type.replace("_", " ")), rank=8),
        Column(
            "match", "MATCHES", 20, lambda row: Span(_brief(row.match.as_json())), grow=3, rank=7
        ),
        Column("from", "FROM", 8, lambda row: Span(row.drift_threshold, "dim"), rank=6),
        Column("owner", "OWNER", 10, lambda row: Span(row.owner or "", "dim"), rank=3),
        Column("source", "SOURCE", 6, lambda row: Span(row.source, "dim"), rank=2),
    )
    topics: ClassVar[frozenset[str]] = frozenset({"policy", "settings"})

    def __init__(self) -> None:
        super().__init__()
        self.title = "Policies"

    async def fetch(self) -> dict[str, Policy]:
        """Read the policies."""
        return {policy.policy_id: policy async for policy in self.session.client.policies.each()}

    def detail(self, key: str) -> Iterable[Line]:
        """Return a policy in full."""
        policy = self._rows.get(key)
        return _object_lines(policy.as_json()) if policy else ()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Show a policy in full."""
        policy = self._rows.get(message.key)
        if policy is not None:
            self.ours.show_text(policy.name, list(_object_lines(policy.as_json())))


class AgentsPage(FetchedPage):
    """The hosts that report."""

    language = AGENTS
    columns: ClassVar[Sequence[Column[Agent]]] = (
        Column("host", "HOST", 20, lambda row: Span(row.host, "strong"), grow=2, rank=9),
        Column("state", "STATE", 12, lambda row: state_span(row.state), rank=8),
        Column("seen", "SEEN", 5, lambda row: Span(age(row.last_seen_at)), rank=7),
        Column("every", "EVERY", 5, lambda row: Span(length(row.every_s), "dim"), rank=5),
        Column("gaps", "GAPS", 4, lambda row: Span(f"{row.gaps or '':>4}", "medium"), rank=6),
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
            *super().empty(),
            line(
                "no host reports yet; a host is enrolled with: ", ("trueup-agent enroll", "strong")
            ),
        ]

    def detail(self, key: str) -> Iterable[Line]:
        """Return an agent in full."""
        agent = self._rows.get(key)
        return _object_lines(agent.as_json()) if agent else ()


def _brief(body: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={written(value)}" for name, value in body.items())


def _entry_lines(entry: AuditEntry) -> Iterator[Line]:
    yield line(
        (clock(entry.at), "dim"),
        "  ",
        (entry.actor, "strong"),
        f" ({entry.actor_kind or 'unknown'})",
    )
    yield line(entry.action, "  ", (entry.subject, "strong"))
    yield ()
    yield from _object_lines(entry.details)


def _object_lines(body: Mapping[str, Any]) -> Iterator[Line]:
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    yield from (line(each) for each in text.splitlines())

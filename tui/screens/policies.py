"""The policies, in the order they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from shlex import quote
from typing import Any, ClassVar

from reconciler.wire import routes
from reconciler.wire.policies import Policy
from tui.ink import Line, Span, text_of_lines
from tui.lines.objects import brief, object_lines
from tui.screens.fetched import FetchedPage
from tui.store.languages import POLICIES
from tui.widgets.columns import Column


class PoliciesPage(FetchedPage):
    """What is to be done about which drift, in the order the policies are asked."""

    language = POLICIES
    columns: ClassVar[Sequence[Column[Policy]]] = (
        Column(
            "name", "POLICY", 20, lambda row: Span(row.name, "strong"), grow=2, rank=9, fits=True
        ),
        Column("action", "ACTION", 13, lambda row: Span(row.action_type.replace("_", " ")), rank=8),
        Column(
            "match", "MATCHES", 20, lambda row: Span(brief(row.match.as_json())), grow=3, rank=7
        ),
        Column("from", "SEV FROM", 8, lambda row: Span(row.drift_threshold, "dim"), rank=6),
        Column("owner", "OWNER", 10, lambda row: Span(row.owner or "", "dim"), rank=3, fits=True),
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
        return object_lines(_stated(policy)) if policy else ()

    def open_row(self, key: str) -> None:
        """Show a policy in full."""
        policy = self._rows.get(key)
        if policy is not None:
            self.ours.show_text(policy.name, list(object_lines(_stated(policy))))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied of the policy under the cursor."""
        policy = self._rows.get(self.table.cursor_key)
        if policy is not None:
            yield "name", policy.name
            yield "id", policy.policy_id
            yield "policy", text_of_lines(object_lines(_stated(policy)))
            yield "trueup command", f"trueup policy show {quote(policy.policy_id)}"
            yield "curl", self.session.curl(routes.READ_POLICY, policy.policy_id)


def _stated(policy: Policy) -> dict[str, Any]:
    """Return what a policy says, without the fields that it leaves open."""
    return {name: value for name, value in policy.as_json().items() if value is not None}

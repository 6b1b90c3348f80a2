"""GitLab issues: https://docs.gitlab.com/api/issues/ and /api/notes/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.notify.tracker import Ticket
from reconciler.notify.trackers.marked_issues import (
    PER_PAGE,
    MarkedIssues,
    Words,
    has_mark,
    with_mark,
)


class GitLabIssues(MarkedIssues):
    """Implements `notify.tracker.Tracker`."""

    words = Words(
        key="iid",
        url="web_url",
        text="description",
        open="opened",
        newest_first={"order_by": "updated_at", "sort": "desc"},
        no_place="there is no such project, or it has no issues",
        remedy="check GROUP/PROJECT and that the token has the scope `api`",
    )

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment once. See `Tracker.comment`."""
        place = f"/issues/{ticket.key}/notes"
        newest = await self._calls("GET", place, sort="desc", per_page=PER_PAGE)
        if not has_mark(newest or (), mark):
            await self._calls("POST", place, {"body": with_mark(text, mark)})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close a ticket. See `Tracker.end`."""
        del reason  # the comment before it says so
        await self._change(ticket, {"state_event": "close"})

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._change(ticket, {"state_event": "reopen"})

    def _labels_sent(self) -> Any:
        return ",".join(self._labels)

    async def _change(self, ticket: Ticket, body: Mapping[str, Any]) -> None:
        await self._calls("PUT", f"/issues/{ticket.key}", body)

"""GitHub issues: https://docs.github.com/rest/issues, version 2022-11-28."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.notify.tracker import Ticket
from reconciler.notify.trackers.marked_issues import MarkedIssues, Words, has_mark, with_mark

HEADERS: Final = {
    "accept": "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    "user-agent": "trueup",
}


class GitHubIssues(MarkedIssues):
    """Implements `notify.tracker.Tracker`."""

    words = Words(
        key="number",
        url="html_url",
        text="body",
        open="open",
        newest_first={"sort": "updated", "direction": "desc"},
        no_place="there is no such repository, or it has no issues",
        remedy="check OWNER/REPO and the token's access to issues",
    )

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment once. See `Tracker.comment`."""
        place = f"/issues/{ticket.key}/comments"
        # The list is the oldest first, and has no other order.
        async for known in self._each(place):
            if has_mark([known], mark):
                return
        await self._calls("POST", place, {"body": with_mark(text, mark)})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close a ticket. See `Tracker.end`."""
        del reason  # the comment before it says so
        await self._change(ticket, {"state": "closed", "state_reason": "completed"})

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._change(ticket, {"state": "open", "state_reason": "reopened"})

    async def _change(self, ticket: Ticket, body: Mapping[str, Any]) -> None:
        await self._calls("PATCH", f"/issues/{ticket.key}", body)

    def _is_issue(self, issue: Mapping[str, Any]) -> bool:
        return "pull_request" not in issue

"""GitLab issues: https://docs.gitlab.com/api/issues/ and /api/notes/.

As on GitHub, an issue is found again by a mark in its description, among those with our label.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.notify.tracker import MARKDOWN, Draft, Ticket
from reconciler.notify.trackers.calls import Calls

LABEL: Final = "trueup"
_PER_PAGE: Final = 100
_PAGES: Final = 5


class GitLabIssues:
    """Implements `notify.tracker.Tracker`."""

    markup = MARKDOWN

    def __init__(self, calls: Calls, labels: Sequence[str] = ()) -> None:
        self._calls = calls
        self._labels = ",".join([LABEL, *labels])

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket with one of `marks`. See `Tracker.found`."""
        ours = [issue async for issue in self._ours("all")]
        for mark in marks:
            for issue in ours:
                if mark in (issue.get("description") or ""):
                    return _ticket(issue)
        return None

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket. See `Tracker.read`."""
        issue = await self._calls("GET", f"/issues/{key}")
        return None if issue is None else _ticket(issue)

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket. See `Tracker.opened`."""
        body = {"title": draft.title, "description": text, "labels": self._labels}
        issue = await self._calls("POST", "/issues", body)
        if issue is None:
            raise PermanentError(
                f"channel {self._calls.name}: there is no such project, or it has no issues",
                remedy="check GROUP/PROJECT and that the token has the scope `api`",
            )
        return _ticket(issue)

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Change title and text. See `Tracker.revise`."""
        await self._put(ticket, {"title": draft.title, "description": text})

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment once. See `Tracker.comment`."""
        place = f"/issues/{ticket.key}/notes"
        newest = await self._calls("GET", place, sort="desc", per_page=_PER_PAGE)
        if not any(mark in (note.get("body") or "") for note in newest or ()):
            await self._calls("POST", place, {"body": f"{text}\n<!-- {mark} -->"})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close a ticket. See `Tracker.end`."""
        del reason  # the comment before it says so
        await self._put(ticket, {"state_event": "close"})

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._put(ticket, {"state_event": "reopen"})

    async def count_open(self, *, most: int) -> int:
        """Count. See `Tracker.count_open`."""
        counted = 0
        async for _ in self._ours("opened"):
            counted += 1
            if counted >= most:
                break
        return counted

    async def close(self) -> None:
        """Close the connection."""
        await self._calls.close()

    async def _put(self, ticket: Ticket, body: Mapping[str, Any]) -> None:
        await self._calls("PUT", f"/issues/{ticket.key}", body)

    async def _ours(self, state: str) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, _PAGES + 1):
            issues = await self._calls(
                "GET",
                "/issues",
                labels=LABEL,
                state=state,
                order_by="updated_at",
                sort="desc",
                per_page=_PER_PAGE,
                page=page,
            )
            for issue in issues or ():
                yield issue
            if len(issues or ()) < _PER_PAGE:
                return


def _ticket(issue: Mapping[str, Any]) -> Ticket:
    return Ticket(
        key=str(issue["iid"]),
        url=str(issue["web_url"]),
        is_open=issue["state"] == "opened",
        title=str(issue["title"]),
        text=issue.get("description") or "",
    )

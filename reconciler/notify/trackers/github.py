"""GitHub issues: https://docs.github.com/rest/issues, version 2022-11-28.

An issue is found again by a mark in its body, among those with our label: the list is right
at once, while GitHub's search is some time behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.notify.tracker import MARKDOWN, Draft, Ticket
from reconciler.notify.trackers.calls import Calls

LABEL: Final = "trueup"
HEADERS: Final = {
    "accept": "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    "user-agent": "trueup",
}
_PER_PAGE: Final = 100
_PAGES: Final = 5
"""How far back issues are looked for: 500 of ours, the newest changed first."""


class GitHubIssues:
    """Implements `notify.tracker.Tracker`."""

    markup = MARKDOWN

    def __init__(self, calls: Calls, labels: Sequence[str] = ()) -> None:
        self._calls = calls
        self._labels = [LABEL, *labels]

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket with one of `marks`. See `Tracker.found`."""
        ours = [issue async for issue in self._ours("all")]
        for mark in marks:
            for issue in ours:
                if mark in (issue.get("body") or ""):
                    return _ticket(issue)
        return None

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket. See `Tracker.read`."""
        issue = await self._calls("GET", f"/issues/{key}")
        return None if issue is None else _ticket(issue)

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket. See `Tracker.opened`."""
        body = {"title": draft.title, "body": text, "labels": self._labels}
        issue = await self._calls("POST", "/issues", body)
        if issue is None:
            raise PermanentError(
                f"channel {self._calls.name}: there is no such repository, or it has no issues",
                remedy="check OWNER/REPO and the token's access to issues",
            )
        return _ticket(issue)

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Change title and text. See `Tracker.revise`."""
        await self._patch(ticket, {"title": draft.title, "body": text})

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment once. See `Tracker.comment`."""
        place = f"/issues/{ticket.key}/comments"
        for page in range(1, _PAGES + 1):
            known = await self._calls("GET", place, per_page=_PER_PAGE, page=page) or ()
            if any(mark in (comment.get("body") or "") for comment in known):
                return
            if len(known) < _PER_PAGE:
                break
        await self._calls("POST", place, {"body": f"{text}\n<!-- {mark} -->"})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close a ticket. See `Tracker.end`."""
        del reason  # the comment before it says so
        await self._patch(ticket, {"state": "closed", "state_reason": "completed"})

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._patch(ticket, {"state": "open", "state_reason": "reopened"})

    async def count_open(self, *, most: int) -> int:
        """Count. See `Tracker.count_open`."""
        counted = 0
        async for _ in self._ours("open"):
            counted += 1
            if counted >= most:
                break
        return counted

    async def close(self) -> None:
        """Close the connection."""
        await self._calls.close()

    async def _patch(self, ticket: Ticket, body: Mapping[str, Any]) -> None:
        await self._calls("PATCH", f"/issues/{ticket.key}", body)

    async def _ours(self, state: str) -> AsyncIterator[dict[str, Any]]:
        for page in range(1, _PAGES + 1):
            issues = await self._calls(
                "GET",
                "/issues",
                labels=LABEL,
                state=state,
                sort="updated",
                direction="desc",
                per_page=_PER_PAGE,
                page=page,
            )
            for issue in issues or ():
                if "pull_request" not in issue:
                    yield issue
            if len(issues or ()) < _PER_PAGE:
                return


def _ticket(issue: Mapping[str, Any]) -> Ticket:
    return Ticket(
        key=str(issue["number"]),
        url=str(issue["html_url"]),
        is_open=issue["state"] == "open",
        title=str(issue["title"]),
        text=issue.get("body") or "",
    )

"""Issues that are found again by a mark in their text, among those with our label.

So on GitHub and GitLab: a list is right at once, while their search is some time behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.notify.tracker import MARKDOWN, Draft, Ticket
from reconciler.notify.trackers.calls import LABEL, Calls

PER_PAGE: Final = 100
_PAGES: Final = 5
"""How far back is looked: 500 of ours, the newest changed first."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a service calls the parts of an issue, and what it says where there are none."""

    key: str
    url: str
    text: str
    open: str
    newest_first: Mapping[str, str]
    no_place: str
    remedy: str


class MarkedIssues:
    """The part of `notify.tracker.Tracker` that is the same wherever issues are found so."""

    markup = MARKDOWN
    words: Words

    def __init__(self, calls: Calls, labels: Sequence[str] = ()) -> None:
        self._calls = calls
        self._labels = [LABEL, *labels]

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket with one of `marks`. See `Tracker.found`."""
        ours = [self._ticket(issue) async for issue in self._ours("all")]
        found = (ticket for mark in marks for ticket in ours if mark in ticket.text)
        return next(found, None)

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket. See `Tracker.read`."""
        issue = await self._calls("GET", f"/issues/{key}")
        return None if issue is None else self._ticket(issue)

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket. See `Tracker.opened`."""
        body = {"title": draft.title, self.words.text: text, "labels": self._labels_sent()}
        issue = await self._calls("POST", "/issues", body)
        if issue is None:
            raise PermanentError(
                f"channel {self._calls.name}: {self.words.no_place}", remedy=self.words.remedy
            )
        return self._ticket(issue)

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Change title and text. See `Tracker.revise`."""
        await self._change(ticket, {"title": draft.title, self.words.text: text})

    async def count_open(self, *, most: int) -> int:
        """Count. See `Tracker.count_open`."""
        counted = 0
        async for _ in self._ours(self.words.open):
            counted += 1
            if counted >= most:
                break
        return counted

    async def close(self) -> None:
        """Close the connection."""
        await self._calls.close()

    def _labels_sent(self) -> Any:
        return self._labels

    async def _change(self, ticket: Ticket, body: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def _ours(self, state: str) -> AsyncIterator[dict[str, Any]]:
        asked = {"labels": LABEL, "state": state, **self.words.newest_first}
        async for issue in self._each("/issues", **asked):
            if self._is_issue(issue):
                yield issue

    def _is_issue(self, issue: Mapping[str, Any]) -> bool:
        del issue
        return True

    async def _each(self, path: str, **query: object) -> AsyncIterator[dict[str, Any]]:
        """Yield what a list holds, asking for pages as they are needed."""
        for page in range(1, _PAGES + 1):
            asked = {**query, "per_page": PER_PAGE, "page": page}
            items = await self._calls("GET", path, None, **asked) or ()
            for item in items:
                yield item
            if len(items) < PER_PAGE:
                return

    def _ticket(self, issue: Mapping[str, Any]) -> Ticket:
        words = self.words
        return Ticket(
            key=str(issue[words.key]),
            url=str(issue[words.url]),
            is_open=issue["state"] == words.open,
            title=str(issue["title"]),
            text=issue.get(words.text) or "",
        )


def with_mark(text: str, mark: str) -> str:
    """Return a comment in which `mark` is not seen."""
    return f"{text}\n<!-- {mark} -->"


def has_mark(comments: Iterable[Mapping[str, Any]], mark: str) -> bool:
    """Whether one of `comments` is the one with `mark`."""
    return any(mark in (comment.get("body") or "") for comment in comments)

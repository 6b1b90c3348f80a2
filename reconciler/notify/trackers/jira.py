"""Jira Cloud and Data Center, REST API version 2: its texts are plain, where 3 wants documents.

A ticket is found again by its labels. Which transitions close it is asked each time: every
project has its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.notify.tracker import WIKI, Draft, Ticket
from reconciler.notify.trackers.calls import LABEL, Calls

_LONGEST_SUMMARY: Final = 255
_FIELDS: Final = ("summary", "description", "status")
_DONE: Final = "done"
_COMMENTS: Final = 100


class JiraIssues:
    """Implements `notify.tracker.Tracker`. `site` is where people read an issue."""

    markup = WIKI

    def __init__(
        self, calls: Calls, *, site: str, project: str, type_name: str, labels: Sequence[str] = ()
    ) -> None:
        self._calls = calls
        self._site = site
        self._project = project
        self._type = type_name
        self._labels = [LABEL, *labels]

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket with one of `marks`. See `Tracker.found`."""
        for mark in marks:
            issues = await self._search(f'labels = "{mark}" ORDER BY created DESC', most=1)
            if issues:
                return self._ticket(issues[0])
        return None

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket. See `Tracker.read`."""
        issue = await self._calls("GET", f"/issue/{key}", fields=",".join(_FIELDS))
        return None if issue is None else self._ticket(issue)

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket. See `Tracker.opened`."""
        fields = {
            "project": {"key": self._project},
            "issuetype": {"name": self._type},
            "summary": draft.title[:_LONGEST_SUMMARY],
            "description": text,
            "labels": [*self._labels, *draft.marks],
        }
        made = await self._calls("POST", "/issue", {"fields": fields})
        if made is None:
            raise PermanentError(
                f"channel {self._calls.name}: Jira has no project {self._project} for this user",
                remedy="check the project's key in the channel's `url`",
            )
        key = str(made["key"])
        return Ticket(key, self._url(key), is_open=True, title=draft.title, text=text)

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Change title and text, and add the marks. See `Tracker.revise`."""
        body = {
            "fields": {"summary": draft.title[:_LONGEST_SUMMARY], "description": text},
            "update": {"labels": [{"add": mark} for mark in draft.marks]},
        }
        await self._calls("PUT", f"/issue/{ticket.key}", body, notifyUsers="false")

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a comment once. See `Tracker.comment`."""
        place = f"/issue/{ticket.key}/comment"
        known = await self._calls("GET", place, orderBy="-created", maxResults=_COMMENTS) or {}
        if not any(mark in (comment.get("body") or "") for comment in known.get("comments", ())):
            await self._calls("POST", place, {"body": f"{text}\n{mark}"})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Close a ticket. See `Tracker.end`."""
        del reason  # the comment before it says so
        await self._transition(ticket, to=(_DONE,))

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._transition(ticket, to=("new", "indeterminate"))

    async def count_open(self, *, most: int) -> int:
        """Count. See `Tracker.count_open`."""
        asked = f'labels = "{LABEL}" AND statusCategory != Done ORDER BY created DESC'
        # A page has at most 100 issues with their texts, and up to 5,000 of bare ids.
        return len(await self._search(asked, most=most, fields=("id",)))

    async def close(self) -> None:
        """Close the connection."""
        await self._calls.close()

    async def _search(
        self, condition: str, *, most: int, fields: Sequence[str] = _FIELDS
    ) -> list[dict[str, Any]]:
        body = {
            "jql": f'project = "{self._project}" AND {condition}',
            "maxResults": most,
            "fields": list(fields),
        }
        answer = await self._calls("POST", "/search/jql", body)
        if answer is None:  # Data Center has only the older address, Cloud only the newer
            answer = await self._calls("POST", "/search", body)
        return list((answer or {}).get("issues", ()))

    async def _transition(self, ticket: Ticket, *, to: Sequence[str]) -> None:
        place = f"/issue/{ticket.key}/transitions"
        offered = (await self._calls("GET", place, expand="transitions.fields") or {}).get(
            "transitions", ()
        )
        for category in to:
            for transition in offered:
                if transition["to"]["statusCategory"]["key"] == category:
                    body = {"transition": {"id": transition["id"]}, **_required(transition)}
                    await self._calls("POST", place, body)
                    return
        raise PermanentError(
            f"channel {self._calls.name}: the workflow of {ticket.key} offers no transition to"
            f" {' or '.join(to)}",
            remedy="give the user such a transition, or move the ticket by hand",
        )

    def _ticket(self, issue: Mapping[str, Any]) -> Ticket:
        fields = issue["fields"]
        return Ticket(
            key=str(issue["key"]),
            url=self._url(str(issue["key"])),
            is_open=fields["status"]["statusCategory"]["key"] != _DONE,
            title=str(fields["summary"]),
            text=fields.get("description") or "",
        )

    def _url(self, key: str) -> str:
        return f"{self._site}/browse/{key}"


def _required(transition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a transition asks for, each with the first value it allows."""
    wanted = {
        name: {"id": field["allowedValues"][0]["id"]}
        for name, field in (transition.get("fields") or {}).items()
        if field.get("required") and field.get("allowedValues")
    }
    return {"fields": wanted} if wanted else {}

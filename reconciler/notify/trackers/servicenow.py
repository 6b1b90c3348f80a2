"""ServiceNow, the Table API: one record per alert, found again by its `correlation_id`.

https://www.servicenow.com/docs, "Table API": a record that is resolved needs `close_code` and
`close_notes`; `work_notes` is a journal, read whole with `sysparm_display_value=true`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.domain.errors import PermanentError
from reconciler.notify.tracker import PLAIN, Draft, Ticket
from reconciler.notify.trackers.calls import Calls

_OURS: Final = "trueup"
_LONGEST_TITLE: Final = 160
_NEW, _RESOLVED = "1", "6"
_OVER: Final = frozenset({"6", "7", "8"})
_FIELDS: Final = "sys_id,number,state,short_description,description,correlation_id"
_URGENCY: Final = {"critical": "1", "high": "1", "medium": "2", "low": "3"}


class ServiceNowRecords:
    """Implements `notify.tracker.Tracker`. `site` is where people read a record."""

    markup = PLAIN

    def __init__(self, calls: Calls, *, site: str, table: str, close_code: str) -> None:
        self._calls = calls
        self._site = site
        self._table = table
        self._close_code = close_code

    async def found(self, marks: Sequence[str]) -> Ticket | None:
        """Return the newest ticket with one of `marks`. See `Tracker.found`."""
        for mark in marks:
            # LIKE is "contains": the id holds both marks.
            asked = f"correlation_idLIKE{mark}^ORDERBYDESCsys_created_on"
            records = await self._list(asked, most=1)
            if records:
                return self._ticket(records[0])
        return None

    async def read(self, key: str) -> Ticket | None:
        """Return a ticket. See `Tracker.read`."""
        answer = await self._calls("GET", f"/{key}", sysparm_fields=_FIELDS)
        return None if answer is None else self._ticket(answer["result"])

    async def opened(self, draft: Draft, text: str) -> Ticket:
        """Open a ticket. See `Tracker.opened`."""
        body = {**self._fields(draft, text), "correlation_display": _OURS}
        answer = await self._calls("POST", "", body, sysparm_fields=_FIELDS)
        if answer is None:
            raise PermanentError(
                f"channel {self._calls.name}: ServiceNow has no table {self._table}",
                remedy="check the table at the end of the channel's `url`",
            )
        return self._ticket(answer["result"])

    async def revise(self, ticket: Ticket, draft: Draft, text: str) -> None:
        """Change title, text and urgency. See `Tracker.revise`."""
        await self._calls("PATCH", f"/{ticket.key}", self._fields(draft, text))

    async def comment(self, ticket: Ticket, text: str, *, mark: str) -> None:
        """Add a work note once. See `Tracker.comment`."""
        known = await self._calls(
            "GET", f"/{ticket.key}", sysparm_display_value="true", sysparm_fields="work_notes"
        )
        if known is None or mark not in str(known["result"].get("work_notes", "")):
            await self._calls("PATCH", f"/{ticket.key}", {"work_notes": f"{text}\n{mark}"})

    async def end(self, ticket: Ticket, reason: str) -> None:
        """Resolve a ticket. See `Tracker.end`."""
        body = {"state": _RESOLVED, "close_code": self._close_code, "close_notes": reason}
        await self._calls("PATCH", f"/{ticket.key}", body)

    async def reopen(self, ticket: Ticket) -> None:
        """Open a ticket again. See `Tracker.reopen`."""
        await self._calls("PATCH", f"/{ticket.key}", {"state": _NEW})

    async def count_open(self, *, most: int) -> int:
        """Count. See `Tracker.count_open`."""
        over = ",".join(sorted(_OVER))
        return len(await self._list(f"correlation_display={_OURS}^stateNOT IN{over}", most=most))

    async def close(self) -> None:
        """Close the connection."""
        await self._calls.close()

    async def _list(self, asked: str, *, most: int) -> list[dict[str, Any]]:
        answer = await self._calls(
            "GET", "", sysparm_query=asked, sysparm_limit=most, sysparm_fields=_FIELDS
        )
        return list((answer or {}).get("result", ()))

    @staticmethod
    def _fields(draft: Draft, text: str) -> dict[str, str]:
        return {
            "short_description": draft.title[:_LONGEST_TITLE],
            "description": text,
            "urgency": _URGENCY[draft.severity],
            "correlation_id": " ".join(draft.marks),
        }

    def _ticket(self, record: Mapping[str, Any]) -> Ticket:
        key = str(record["sys_id"])
        return Ticket(
            key=key,
            url=f"{self._site}/nav_to.do?uri={self._table}.do?sys_id={key}",
            is_open=str(record["state"]) not in _OVER,
            title=str(record["short_description"]),
            text=str(record.get("description") or ""),
        )

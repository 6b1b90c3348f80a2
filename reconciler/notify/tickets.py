"""One ticket per cause: opened, commented on, closed with its cause, reopened if that is back.

Every step looks first whether it was done already, so that what was done though its answer was
lost is not done twice. The ticket is found again by marks that it carries: the alert's, and the
cause's, by which a cause that comes back finds the ticket it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from reconciler.domain.notices import Notice
from reconciler.notify.text import headline, lines, link_lines, member_name, safe, worth_telling
from reconciler.notify.tracker import Draft, Ticket, Tracker

_LONGEST_TITLE: Final = 200
_OVERFLOW: Final = "trueup-overflow"
_WAITS: Final = "trueup-waits-"
_MORE: Final = f"{_WAITS}more"
"""On the shared ticket: more alerts wait than it has marks of."""
_LONGEST_MARK: Final = 46
MOST_OPEN: Final = 20


class Tickets:
    """Implements `ports.Notifier`; at most `most_open` tickets of ours are open at a time.

    An alert beyond that is a comment on one ticket for all of these, and gets its own when it
    changes and there is room.
    """

    def __init__(self, tracker: Tracker, *, most_open: int = MOST_OPEN) -> None:
        self._tracker = tracker
        self._most_open = most_open

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Bring the ticket up to date. See `Notifier.show`."""
        marks = marks_of(notice)
        ticket = await self._known(receipt, marks)
        if ticket is None or _is_of_the_past(ticket, marks):
            if not notice.is_over and await self._is_full():
                return await self._share(notice)
            # Whatever the receipt says: the answer to sharing may have been lost.
            await self._leave(notice)
            if notice.is_over:
                return receipt
        if ticket is None:
            draft, text = self._draft(notice, marks), self._described("", notice, marks)
            ticket = await self._tracker.opened(draft, text)
            return _receipt(ticket, notice)
        await self._update(ticket, notice, marks, seen=receipt.get("seen"))
        return _receipt(ticket, notice)

    async def close(self) -> None:
        """Close the connection."""
        await self._tracker.close()

    async def _known(self, receipt: Mapping[str, str], marks: tuple[str, ...]) -> Ticket | None:
        if "key" in receipt and "shared" not in receipt:
            ticket = await self._tracker.read(receipt["key"])
            if ticket is not None and _is_the_one(ticket, receipt, marks):
                return ticket
        return await self._tracker.found(marks)

    async def _is_full(self) -> bool:
        counted = await self._tracker.count_open(most=self._most_open + 1)
        if counted != self._most_open:
            return counted > self._most_open
        shared = await self._tracker.found([_OVERFLOW])
        return shared is None or not shared.is_open

    async def _update(
        self, ticket: Ticket, notice: Notice, marks: tuple[str, ...], *, seen: str | None
    ) -> None:
        tracker = self._tracker
        comes_back = _is_of_the_past(ticket, marks)
        text = self._described(ticket.text, notice, marks)
        draft = self._draft(notice, marks)
        if comes_back:
            # Before its text has this alert's mark: until then it would be reopened once more.
            await tracker.reopen(ticket)
        # Without a receipt it was opened, and the answer was lost: its text has told it already.
        news = text != ticket.text if seen is None else seen != worth_telling(notice)
        if news:
            said = tracker.markup.comment(_comment(notice, comes_back=comes_back))
            await tracker.comment(ticket, said, mark=_once(notice))
        if (ticket.title, ticket.text) != (draft.title, text):
            await tracker.revise(ticket, draft, text)
        if notice.is_over and ticket.is_open:
            await tracker.end(ticket, headline(notice))

    async def _share(self, notice: Notice) -> Mapping[str, str]:
        """Say it on the ticket of those that found no room.

        Beyond what its text has room for, an alert is neither marked nor a comment there: the
        ticket then says that more wait, and only a person closes it.
        """
        tracker = self._tracker
        ticket = await tracker.found([_OVERFLOW])
        mark = f"{_WAITS}{notice.alert_id}"
        waiting = _waiting(ticket)
        if ticket is not None and not ticket.is_open:
            waiting.discard(_MORE)
        fits = mark in waiting or len(waiting) < self._most_waiting
        waiting.add(mark if fits else _MORE)
        draft, text = self._overflow(ticket, waiting)
        if ticket is None:
            ticket = await tracker.opened(draft, text)
        else:
            if not ticket.is_open:
                await tracker.reopen(ticket)
            await tracker.revise(ticket, draft, text)
        if fits:
            said = tracker.markup.comment(_comment(notice, comes_back=False))
            await tracker.comment(ticket, said, mark=_once(notice))
        return {"key": ticket.key, "url": ticket.url, "shared": "yes"}

    @property
    def _most_waiting(self) -> int:
        # The rest is for what people write into it.
        return self._tracker.markup.longest * 3 // 4 // _LONGEST_MARK

    async def _leave(self, notice: Notice) -> None:
        """Take an alert off the shared ticket; close that when none is left."""
        tracker = self._tracker
        ticket = await tracker.found([_OVERFLOW])
        mark = f"{_WAITS}{notice.alert_id}"
        if ticket is None or mark not in _waiting(ticket):
            return
        waiting = _waiting(ticket) - {mark}
        said = headline(notice) if notice.is_over else f"{headline(notice)} has its own ticket now"
        await tracker.comment(ticket, tracker.markup.comment(said), mark=_once(notice))
        if not waiting and ticket.is_open:
            await tracker.end(ticket, "no alert waits for a ticket any more")
        draft, text = self._overflow(ticket, waiting)
        await tracker.revise(ticket, draft, text)

    def _overflow(self, ticket: Ticket | None, waiting: set[str]) -> tuple[Draft, str]:
        number = f"{len(waiting)}"
        said = (
            "Each of them is a comment below. An alert gets its own ticket when it changes and"
            " there is room."
        )
        if _MORE in waiting:
            number = f"more than {len(waiting) - 1}"
            said += (
                "\nMore alerts wait than can be named here: list all with `trueup alert list`."
                "\nClose this ticket when none waits any more."
            )
        title = f"trueup: {number} alerts beyond the limit of {self._most_open} open tickets"
        marks = (_OVERFLOW, *sorted(waiting))
        text = self._tracker.markup.described(ticket.text if ticket else "", said, marks)
        return Draft(title, "medium", (_OVERFLOW,)), text

    def _described(self, old: str, notice: Notice, marks: tuple[str, ...]) -> str:
        markup = self._tracker.markup
        links = link_lines(notice, markup.link)
        return markup.described(old, "\n".join(lines(notice)), marks, links=links)

    @staticmethod
    def _draft(notice: Notice, marks: tuple[str, ...]) -> Draft:
        title = f"trueup: {safe(notice.title, longest=_LONGEST_TITLE)}"
        return Draft(title, notice.severity, marks)


def marks_of(notice: Notice) -> tuple[str, str]:
    """Return the words by which the ticket of an alert is found: its own, then its cause's."""
    cause = hashlib.sha256(notice.cause.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return f"trueup-alert-{notice.alert_id}", f"trueup-cause-{cause}"


def _once(notice: Notice) -> str:
    """Return the mark of a comment: one revision is told once."""
    return f"trueup-alert-{notice.alert_id}/{notice.revision};"


def _waiting(ticket: Ticket | None) -> set[str]:
    words = (ticket.text if ticket else "").split()
    return {word for word in words if word.startswith(_WAITS)}


def _is_the_one(ticket: Ticket, receipt: Mapping[str, str], marks: tuple[str, ...]) -> bool:
    """Whether it is the ticket of the receipt, and not another project's of the same number.

    After a change of the channel's `url` that would be renamed, rewritten and closed.
    """
    return ticket.url == receipt.get("url") or any(mark in ticket.text for mark in marks)


def _is_of_the_past(ticket: Ticket, marks: tuple[str, ...]) -> bool:
    """Whether it is the closed ticket of an earlier alert of the same cause."""
    return not ticket.is_open and marks[0] not in ticket.text


def _receipt(ticket: Ticket, notice: Notice) -> dict[str, str]:
    return {"key": ticket.key, "url": ticket.url, "seen": worth_telling(notice)}


def _comment(notice: Notice, *, comes_back: bool) -> str:
    first = f"{headline(notice)}{' (it is back)' if comes_back else ''}"
    texts = [first]
    if notice.total > 1:
        texts.append(f"{notice.still_open} of {notice.total} still drift")
    for member in notice.members:
        stands = f"; {safe(member.remediation)}" if member.remediation else ""
        texts.append(f"{member_name(member)}: {member.kind}, {member.state}{stands}")
    return "\n".join(texts)

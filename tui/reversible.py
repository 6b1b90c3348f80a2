"""Decisions that change no resource: made at once, and the latest taken back by one key."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from textual import work

from reconciler.wire.findings import Finding
from tui import intents
from tui.asking import AskingApp
from tui.ink import line
from tui.modals.menu import Choice
from tui.sending import Done
from tui.session import Session
from tui.store.rows import Row
from tui.verbs import Seen, seen_of

_KEPT: Final = 50
_SNOOZES: Final = {"1 day": 1, "1 week": 7, "30 days": 30}
_NOTES: Final = {
    "acknowledge": ("ack", "what is done about it? (kept in the audit log)"),
    "assign": ("assign", "to whom?"),
    "comment": ("comment", "what?"),
}
_CHOICES: Final = (
    Choice("until it changes", "ignore", "off the list until its drift changes"),
    *(Choice(name, f"snooze {name}", f"off the list for {name}") for name in _SNOOZES),
    Choice("acknowledge", "acknowledge", "somebody works on it; it stays on the list"),
    Choice("assign", "assign", "who is responsible for it"),
    Choice("comment", "comment", "a remark for the audit log"),
)


@dataclass(slots=True, eq=False)
class Undo:
    """How the daemon is asked to take a decision about findings back; `words` name it.

    `ids` are those it was carried out for, which is known once it was `answered`.
    """

    words: str
    take_back: Callable[[Session, Sequence[str]], Awaitable[Done]]
    ids: tuple[str, ...] = ()
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class ReversibleApp(AskingApp):
    """The part of the app that puts findings aside and says things of them."""

    def __init__(self, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self._undoes: deque[Undo] = deque(maxlen=_KEPT)

    @property
    def can_undo(self) -> bool:
        """Whether a decision made here can be taken back, or will be once it is answered."""
        return bool(self._undoes)

    def undo(self) -> None:
        """Take the latest decision back that can be."""
        if not self._undoes:
            self.flash("nothing to take back: no finding was ignored or accepted here")
            return
        self._take_back(self._undoes.pop())

    @work(group="decide", exit_on_error=False)
    async def _take_back(self, undo: Undo) -> None:
        await undo.answered.wait()
        if not undo.ids:
            return  # it was refused, which is on the screen
        done = await undo.take_back(self.session, undo.ids)
        if done.unsent:
            # What the daemon refused stays refused; it would keep the earlier ones from their turn.
            self._undoes.append(replace(undo, ids=tuple(done.unsent)))
        self.tell(f"taken back, {undo.words}", done)

    def _put_aside(
        self,
        words: str,
        take_back: Callable[[Session, Sequence[str]], Awaitable[Done]],
        sent: Callable[[], Awaitable[Done]],
    ) -> None:
        """Do what `sent` sends, and have it be the latest that can be taken back from now on.

        Its event may be here before its answer: noted with that, a key typed to take it back took
        back the decision before it.
        """
        undo = Undo(words, take_back)
        self._undoes.append(undo)
        self._settle(undo, sent)

    @work(group="decide", exit_on_error=False)
    async def _settle(self, undo: Undo, sent: Callable[[], Awaitable[Done]]) -> None:
        try:
            done = await sent()
            undo.ids = tuple(done.ok)
        finally:
            if not undo.ids and undo in self._undoes:
                self._undoes.remove(undo)
            undo.answered.set()
        self.tell(undo.words, done, hint="  (z takes it back)" if undo in self._undoes else "")

    def ignore_rows(self, rows: Sequence[Row]) -> None:
        """Put these rows off the list, or say something of them."""
        if not rows:
            return
        count = "this finding" if len(rows) == 1 else f"{len(rows)} findings"
        off = self.session.why_not("remediations:decide")
        choices = [
            choice if choice.value in _NOTES else replace(choice, off=off) for choice in _CHOICES
        ]
        seen = tuple(map(seen_of, rows))
        self.choose(f"about {count}", choices, partial(self._ask_why, seen, _covers(rows)))

    def _ask_why(self, seen: Sequence[Seen], covers: Sequence[intents.Cover], choice: str) -> None:
        ids = [each.id for each in seen]
        if choice in _NOTES:
            kind, question = _NOTES[choice]
            asked = line((f"{choice} {len(ids)}", "strong"), f": {question}")
            self.prompt(asked, lambda text: self._note(kind, ids, text))
            return
        days = _SNOOZES.get(choice)
        asked = line(
            (f"ignore {len(ids)}", "strong"),
            (f", though {' and '.join(covers)}," if covers else "", "critical"),
            f" {f'for {choice}' if days else 'until the drift changes'}: why?",
        )
        self.prompt(asked, lambda reason: self._ignore(seen, reason, days, covers))

    def _ignore(
        self, seen: Sequence[Seen], reason: str, days: int | None, covers: Sequence[intents.Cover]
    ) -> None:
        until = datetime.now(UTC) + timedelta(days=days) if days else None
        sent = partial(intents.ignore, self.session, seen, reason, until=until, covers=covers)
        self._put_aside("snoozed" if days else "ignored", intents.list_again, sent)

    @work(group="decide", exit_on_error=False)
    async def _note(self, kind: intents.NoteKind, ids: Sequence[str], text: str) -> None:
        self.tell(f"{kind}: done", await intents.note(self.session, kind, ids, text))

    @work(group="decide", exit_on_error=False)
    async def list_again(self, ids: Sequence[str]) -> None:
        """Put ignored findings on the list again."""
        self.tell("listed again", await intents.list_again(self.session, ids))

    def accept_live(self, finding: Finding) -> None:
        """Say that the live values of an undeclared finding are right, with a reason."""
        question = line(("accept what is live", "strong"), " as right from now on: why?")
        self.prompt(question, lambda reason: self._accept(finding, reason))

    def _accept(self, finding: Finding, reason: str) -> None:
        sent = partial(intents.accept, self.session, finding, reason)
        self._put_aside("accepted", intents.undo_accept, sent)

    @work(group="decide", exit_on_error=False)
    async def undo_accept(self, finding_id: str) -> None:
        """Put the baseline back to what it was before a finding was accepted."""
        self.tell("taken back", await intents.undo_accept(self.session, [finding_id]))


def _covers(rows: Sequence[Row]) -> tuple[intents.Cover, ...]:
    """Return what of these rows is ignored only where it is named, as the prompt does."""
    critical: tuple[intents.Cover, ...] = (
        ("critical",) if any(row.severity == "critical" for row in rows) else ()
    )
    return (*critical, "missing") if any(row.kind == "missing" for row in rows) else critical

"""How a decision is sent: what came of it, and what its row says until the daemon has told it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from reconciler.client.errors import ReconcilerError, RefusedError, UnreachableError
from reconciler.client.exchange import new_key
from tui.store.store import Store

_INVALID: Final = 422
_CHECKED: Final = frozenset({"body.plan_digest", "body.report_id"})


@dataclass(slots=True)
class Done:
    """What came of a decision, by target: done, or refused and why.

    `unsent` are those that failed because the daemon was away. `notes` say what else it did.
    """

    ok: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sending:
    """What the rows of something say while a decision about it is on its way."""

    store: Store
    kind: Literal["findings", "remediations", "stacks"]
    words: str

    def begin(self, name: str) -> None:
        """Say that it was sent."""
        self.store.sent.begin(name, self.words)
        self.store.show_sent(name)

    def answered(self, name: str, *, known: bool) -> None:
        """Have it read again, which ends what was said; a lost answer is said until then."""
        self.store.sent.answered(name, known=known)
        getattr(self.store.unread, self.kind).add(name)
        self.store.show_sent(name)

    def refused(self, name: str) -> None:
        """Say nothing any more."""
        self.store.sent.end(name)
        self.store.show_sent(name)


async def send(
    done: Done,
    target: str,
    work: Callable[..., Awaitable[Any]],
    *,
    older: str = "",
    sending: Sending | None = None,
) -> None:
    """Do it, and note what came of it; `older` says what to do where the daemon is too old."""
    if sending:
        sending.begin(target)
    try:
        await work(key=new_key())
    except ReconcilerError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        done.failed.append((target, older if _is_older(error) and older else f"{error}{remedy}"))
        lost = isinstance(error, UnreachableError)
        if lost:
            done.unsent.append(target)
        if sending and lost:
            sending.answered(target, known=False)
        elif sending:
            sending.refused(target)
    else:
        done.ok.append(target)
        if sending:
            sending.answered(target, known=True)


def _is_older(error: ReconcilerError) -> bool:
    """Whether a daemon refused, as a key that it does not know, what says what was seen."""
    if not isinstance(error, RefusedError) or error.status != _INVALID:
        return False
    return any(wrong.field in _CHECKED for wrong in error.problem.errors)

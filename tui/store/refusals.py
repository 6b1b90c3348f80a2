"""What the daemon would not tell: a refused answer does not mean that nobody is there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from reconciler.client.errors import DeniedError, ReconcilerError
from tui.store.link import Link

LISTS: Final = "the lists"


class Refusals:
    """The last error of each thing that could not be read yet; `changed` is called with a new one.

    They are forgotten as soon as the thing was read.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._errors: dict[str, ReconcilerError] = {}
        self._changed = changed

    def __bool__(self) -> bool:
        return bool(self._errors)

    def add(self, what: str, error: ReconcilerError) -> None:
        """Note that `what` could not be read."""
        self._errors.pop(what, None)
        self._errors[what] = error
        self._changed()

    def discard(self, what: str) -> None:
        """Note that `what` was read."""
        if self._errors.pop(what, None) is not None:
            self._changed()

    def keep(self, asked: Collection[str]) -> None:
        """Forget what is not to be asked again: what an event told of it needs no answer."""
        for what in self._errors.keys() - {LISTS, *asked}:
            self.discard(what)

    def of(self, stream: Link) -> Link:
        """Return how the daemon is reached, where the stream of events is reached as `stream`.

        The stream alone says whether it is there; a token that is not accepted any more is
        refused in an answer while the stream that it opened goes on.
        """
        if not (stream.live and self._errors):
            return stream
        errors = list(self._errors.values())
        denied = [error for error in errors if isinstance(error, DeniedError)]
        if denied:
            return Link("denied", stream.since, 0, str(denied[-1]), denied[-1].remedy or "")
        latest = errors[-1]
        return replace(stream, unread=len(errors), reason=str(latest), remedy=latest.remedy or "")

"""What the daemon would not tell: a refused answer does not mean that nobody is there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from reconciler.client.errors import DeniedError, ReconcilerError, RefusedError
from tui.store.link import Link

LISTS: Final = "the lists"
_UNAUTHORIZED: Final = 401


class Refusals:
    """The last error of each thing that could not be read yet; `changed` is called with a new one.

    They are forgotten as soon as the thing was read. `denied` is why the token is not accepted,
    until something was read with it: a daemon that was sent too many bad tokens calls itself busy.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._errors: dict[str, ReconcilerError] = {}
        self._changed = changed
        self.denied: ReconcilerError | None = None

    def __bool__(self) -> bool:
        return bool(self._errors)

    def add(self, what: str, error: ReconcilerError) -> None:
        """Note that `what` could not be read."""
        self._errors.pop(what, None)
        self._errors[what] = error
        if isinstance(error, RefusedError) and error.status == _UNAUTHORIZED:
            self.denied = error
        self._changed()

    def discard(self, what: str) -> None:
        """Note that `what` was read."""
        self.accepted()
        self._forget(what)

    def accepted(self) -> None:
        """Note that the token is accepted."""
        if self.denied is not None:
            self.denied = None
            self._changed()

    def _forget(self, what: str) -> None:
        if self._errors.pop(what, None) is not None:
            self._changed()

    def keep(self, asked: Collection[str]) -> None:
        """Forget what is not to be asked again: what an event told of it needs no answer."""
        for what in self._errors.keys() - {LISTS, *asked}:
            self._forget(what)

    def of(self, stream: Link) -> Link:
        """Return how the daemon is reached, where the stream of events is reached as `stream`.

        The stream alone says whether it is there; a token that is not accepted any more is
        refused in an answer while the stream that it opened goes on.
        """
        if not stream.live:
            return stream
        errors = list(self._errors.values())
        denied = [error for error in errors if isinstance(error, DeniedError)]
        latest = self.denied or (denied[-1] if denied else None)
        if latest is not None:
            return Link("denied", stream.since, 0, str(latest), latest.remedy or "")
        if not errors:
            return stream
        latest = errors[-1]
        return replace(stream, unread=len(errors), reason=str(latest), remedy=latest.remedy or "")

"""A list that the daemon is asked for when it is opened: no event keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reconciler.client.errors import ReconcilerError
from tui.ink import Line, Span, line
from tui.reading import Reading
from tui.screens.lists import ListPage
from tui.store.changes import Changes


class FetchedPage(ListPage):
    """A list of the daemon that no event keeps; it is read on opening and on `r`."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Any] = {}
        self._error = ""
        self._read_once = False
        self._reading = Reading(self._read_rows)

    def on_screen_resume(self) -> None:
        """Read it again whenever it comes to the front."""
        self.read()

    def action_refresh(self) -> None:
        """Read it again."""
        self.read()

    def read(self) -> None:
        """Read the list; while it is read already, once more after that."""
        if self._reading.wanted():
            self.run_worker(self._reading.run(), group="read", exit_on_error=False)

    async def _read_rows(self) -> None:
        try:
            self._rows = await self.fetch()
            self._error = ""
        except ReconcilerError as error:
            self._error = str(error)
        self._read_once = True
        self.show()

    async def fetch(self) -> dict[str, Any]:
        """Return the rows by key."""
        return {}

    def rows(self) -> Mapping[str, Any]:
        """Return what was read."""
        return self._rows

    @property
    def is_read(self) -> bool:
        """Whether the daemon has answered."""
        return self._read_once and not self._error

    def unread(self) -> Sequence[Line]:
        """Say why there is no row."""
        return [line((self._error, "high") if self._error else ("reading", "dim"))]

    def count_spans(self, shown: int, total: int) -> list[Span]:
        """Return how many rows there are; where those are from before, why they are."""
        spans = super().count_spans(shown, total)
        if self._error and total:
            spans.append(Span(f"  not read again: {self._error}", "high"))
        return spans

    def store_changed(self, changes: Changes) -> None:
        """Read it again when an event may have changed it."""
        if self.topics & changes.others or changes.everything:
            self.read()

    topics: ClassVar[frozenset[str]] = frozenset()

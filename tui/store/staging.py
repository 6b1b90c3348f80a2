"""What came and what went since the order was made: it waits until somebody merges it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.store.arrange import Arranged, Arrangement
from tui.store.rows import Row


class Staging:
    """The rows that are in no order yet (`new`), and those in one that left the fleet (`gone`)."""

    def __init__(self) -> None:
        self.new: set[str] = set()
        self.gone: set[str] = set()
        self._wish = Arrangement()
        self._folded: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)

    def begin(self, arranged: Arranged, wish: Arrangement) -> None:
        """Begin anew with an order that was just made for `wish`."""
        self.new, self.gone, self._wish = set(), set(), wish
        folded = (group.members for group in arranged.groups.values() if group.folded)
        self._folded = frozenset(member for members in folded for member in members)

    def note_all(self, rows: Mapping[str, Row], *, order: Arranged) -> None:
        """Note everything that came and went since `order` was made."""
        standing = order.standing
        keys = standing | self._folded | self.new | rows.keys()
        self.note(keys, rows, stands=standing.__contains__)

    def note(
        self, changed: Iterable[str], rows: Mapping[str, Row], *, stands: Callable[[str], bool]
    ) -> None:
        """Note what `changed` of the fleet's `rows`; `stands` says whether a key has a line.

        A row that the filter does not pass is not new, and one under a folded title is in order.
        """
        for key in changed:
            row = rows.get(key)
            if row is None:
                self.new.discard(key)
                if stands(key) or key in self._folded:
                    self.gone.add(key)
                continue
            self.gone.discard(key)
            if not stands(key) and key not in self._folded and self._wish.filter.passes(row):
                self.new.add(key)

"""How many rows there are of a kind, counted once a second at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from tui.store.rows import Row

_EVERY_S: Final = 1.0
"""Among 100,000 rows to count at every tick would take a tenth of a core."""


class Counts:
    """Numbers of rows, as of a second ago at most; `now` is a monotonic time."""

    def __init__(self) -> None:
        self._critical = (0, 0, -_EVERY_S)
        self._by_stack: dict[str, Counter[str]] = {}
        self._by_stack_at = -_EVERY_S

    def critical(self, rows: Mapping[str, Row], *, now: float) -> int:
        """Return how many rows are critical."""
        count, of, counted_at = self._critical
        if of != len(rows) or now - counted_at >= _EVERY_S:
            count = sum(row.severity == "critical" for row in rows.values())
            self._critical = (count, len(rows), now)
        return count

    def by_stack(
        self, rows: Mapping[str, Row], *, now: float, anew: bool = False
    ) -> Mapping[str, Counter[str]]:
        """Return how many rows of each severity a stack has, counted `anew` or lately.

        What a stack said of itself is as old as its last scan: a correction heals between two.
        """
        if anew or now - self._by_stack_at >= _EVERY_S:
            self._by_stack, self._by_stack_at = {}, now
            for row in rows.values():
                self._by_stack.setdefault(row.stack, Counter())[row.severity] += 1
        return self._by_stack

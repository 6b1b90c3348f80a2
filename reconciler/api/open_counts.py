"""How many findings are open, without counting 100,000 of them for every list of stacks."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.model import StackName
from reconciler.stores import Transaction

Counts = Mapping[StackName, Mapping[str, int]]


class OpenCounts:
    """Counts anew only after something happened: no finding changes without an event."""

    def __init__(self) -> None:
        self._known: tuple[int, Counts] | None = None

    def of(self, view: Transaction) -> Counts:
        """Return the open findings of each stack by severity word, as of `view`."""
        _, newest = view.events.bounds()
        known = self._known
        if known is None or known[0] != newest:
            known = (newest, view.findings.tally())
            # Several threads may do this at once; each writes what is true at its number.
            self._known = known
        return known[1]

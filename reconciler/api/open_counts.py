"""How many findings are open, without counting 100,000 of them for every list of stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.domain.model import StackName
from reconciler.stores import Transaction


@dataclass(frozen=True, slots=True)
class Counted:
    """The findings of each stack that has any: open ones by severity word, and suppressed ones."""

    open: Mapping[StackName, Mapping[str, int]]
    suppressed: Mapping[StackName, int]


class OpenCounts:
    """Counts anew only after something happened: no finding changes without an event."""

    def __init__(self) -> None:
        self._known: tuple[int, Counted] | None = None

    def of(self, view: Transaction) -> Counted:
        """Return the findings of every stack, as of `view`."""
        _, newest = view.events.bounds()
        remembered = self._known
        if remembered is None or remembered[0] != newest:
            remembered = (newest, Counted(view.findings.tally(), view.findings.suppressed()))
            # Several threads may do this at once; each writes what is true at its number.
            self._known = remembered
        return remembered[1]

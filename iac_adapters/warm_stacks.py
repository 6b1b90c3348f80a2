"""What stays in memory of stacks between their scans, within a budget.

Losing it costs the next scan a reload from disk and what the last scan learnt about speed. It
changes no verdict but one: what an apply chose between the last scan and the loss cannot be told
from a change by hand then, and is a finding (`docs/undeclared.md`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, Protocol, TypeVar

from reconciler.domain.model import StackName

WARM_BYTES: Final = 256 * 2**20


class Weighed(Protocol):
    """What the budget needs of a warm stack."""

    def weight(self) -> int:
        """Estimate the bytes that it holds of its own."""
        ...


W = TypeVar("W", bound=Weighed)


class WarmStacks(Generic[W]):
    """Stacks by name. Beyond `max_bytes` the longest unused go; the last used one stays."""

    def __init__(self, *, max_bytes: int = WARM_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._stacks: OrderedDict[StackName, tuple[W, int]] = OrderedDict()

    def get(self, name: StackName) -> W | None:
        """Return what is known of `name`, which counts as used now."""
        if name not in self._stacks:
            return None
        self._stacks.move_to_end(name)
        return self._stacks[name][0]

    def put(self, name: StackName, warm: W) -> None:
        """Keep `warm` in place of what was known of `name`."""
        self._drop(name)
        weight = warm.weight()
        self._stacks[name] = warm, weight
        self._bytes += weight
        while self._bytes > self._max_bytes and len(self._stacks) > 1:
            self._drop(next(iter(self._stacks)))

    def __len__(self) -> int:
        return len(self._stacks)

    def _drop(self, name: StackName) -> None:
        _, weight = self._stacks.pop(name, (None, 0))
        self._bytes -= weight

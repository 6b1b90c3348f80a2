"""Verdicts that wait until it is known whether what they depend on has moved. Pure.

Most are told at once; only what depends on a moved object waits for the tool's own plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from iac_adapters.terraform.consequences import Ancestry, Moved
from reconciler.domain.model import Observed, ResourceAddress


class Waiting:
    """The verdicts of one scan; `read` are the addresses that it reads, each exactly once."""

    def __init__(self, ancestry: Ancestry, read: Collection[ResourceAddress]) -> None:
        self.moved: dict[ResourceAddress, Moved] = {}
        """What has moved, as far as it was seen."""
        self._open: dict[ResourceAddress, set[ResourceAddress]] = {}
        self._below: dict[ResourceAddress, list[ResourceAddress]] = defaultdict(list)
        self._seen: dict[ResourceAddress, Observed] = {}
        self._follows: set[ResourceAddress] = set()
        among = set(read)
        for address in read:
            above = ancestry.above(address) & among
            self._open[address] = set(above)
            for parent in above:
                self._below[parent].append(address)

    def seen(self, observed: Observed, moved: Moved | None) -> Iterator[Observed]:
        """Take one in, and yield every verdict that nothing can change any more."""
        address = observed.address
        self._seen[address] = observed
        if moved is not None:
            self.moved[address] = moved
        for below in self._below[address]:
            self._open[below].discard(address)
            if moved is not None:
                self._follows.add(below)
        for member in (address, *self._below[address]):
            if member in self._seen and not self._open[member] and member not in self._follows:
                yield self._seen.pop(member)

    def rest(self) -> list[Observed]:
        """Return what depends on a moved object, once all is seen."""
        return [self._seen[address] for address in sorted(self._seen)]

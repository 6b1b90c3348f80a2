"""Reads that are given up soon, among others that have all the time of a busy machine."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.patience import until


class Hurried:
    """What a reader asks from now on: reads of `addresses` are given up after `seconds`.

    They begin once `after` others were answered in the same scan: which of them comes first is no
    matter of speed.
    """

    def __init__(
        self, reader: Any, addresses: Collection[str], seconds: float, *, after: int = 0
    ) -> None:
        self._asked, reader._ask = reader._ask, self
        self._accounts = reader._calls.accounts
        self._addresses = set(addresses)
        self._seconds = seconds
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._asked, name)

    def patiently(self) -> None:
        """Give up no read early any more."""
        self._addresses.clear()

    async def read(self, resource: Any, provider: Any, *, deadline_s: float) -> Any:
        """Return what the provider reads of it."""
        if self._asked.address(resource) in self._addresses:
            await until(lambda: sum(one.answered for one in self._accounts.values()) >= self._after)
            deadline_s = min(deadline_s, self._seconds)
        return await self._asked.read(resource, provider, deadline_s=deadline_s)

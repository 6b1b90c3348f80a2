"""A provider that starts while the tool itself is still starting.

Nearly every recorded plan needs one provider per source, and both take a while to come
up: side by side they take as long as the slower one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from iac_adapters.terraform.provider import Provider
from reconciler.domain.errors import ReconcilerError


class OnDemand:
    """Begins a start when one is asked for."""

    def __init__(self, start: Callable[[], Awaitable[Provider]]) -> None:
        self._start = start

    async def take(self) -> Provider:
        """Return a started provider that is the caller's from now on. Raises what a start does."""
        return await self._start()

    async def close(self) -> None:
        """Do nothing: what was started has an owner."""


class HeadStart:
    """Begins one start at once; further ones begin when they are asked for."""

    def __init__(self, start: Callable[[], Awaitable[Provider]]) -> None:
        self._start = start
        self._first: asyncio.Task[Provider] | None = asyncio.create_task(self._begin())

    async def _begin(self) -> Provider:
        return await self._start()

    async def take(self) -> Provider:
        """Return a started provider that is the caller's from now on. Raises what a start does."""
        if self._first is None:
            return await self._start()
        first, self._first = self._first, None
        return await first

    async def close(self) -> None:
        """End the provider that nobody took; that it did not start is then nobody's concern."""
        if self._first is None:
            return
        first, self._first = self._first, None
        with contextlib.suppress(ReconcilerError):
            provider = await first
            await provider.close()

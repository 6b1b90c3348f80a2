"""Running providers by configuration: started, configured, kept warm, replaced when dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from iac_adapters.plugin_host.pool import PluginPool, Pooled


class Configuration(Protocol):
    """One provider configuration. `digest` is keyed, so it may be used as a name."""

    @property
    def digest(self) -> str:
        """Return what tells it from every other one."""
        ...


K = TypeVar("K", bound=Configuration)
P = TypeVar("P", bound=Pooled)


class ConfiguredProviders(Generic[K, P]):
    """One configured provider per key. A second one, alone, serves suspects of a crash."""

    def __init__(self, pool: PluginPool[P], start: Callable[[K], Awaitable[P]]) -> None:
        self._pool = pool
        self._start = start

    async def get(self, key: K, *, alone: bool = False) -> P:
        """Return a live, configured provider for `key`.

        Raises:
            PluginStartError, PluginCrashed, ProviderError: it could not be had.
        """
        return await self._pool.get(_name(key, alone=alone), lambda: self._start(key))

    @asynccontextmanager
    async def starting(self, keys: Iterable[K]) -> AsyncIterator[None]:
        """Have the providers of `keys` start during the block, and perhaps beyond it.

        What fails is told to who asks for one afterwards. Where the block fails nobody will
        ask, so what has not started by then is given up.
        """
        tasks = [asyncio.create_task(self.get(key)) for key in keys]
        for task in tasks:
            task.add_done_callback(_heard)
        try:
            yield
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    def adopt(self, key: K, provider: P) -> bool:
        """Take over a provider that is already configured; False when `key` has one."""
        return self._pool.adopt(_name(key, alone=False), provider)

    def retire(self, key: K, provider: P, *, alone: bool = False) -> None:
        """Use `provider` no more once those it is answering have their answers."""
        self._pool.retire(_name(key, alone=alone), provider)

    async def discard(self, key: K, provider: P, *, alone: bool = False) -> None:
        """End a provider that is dead or no longer trusted."""
        await self._pool.discard(_name(key, alone=alone), provider)


def _name(key: Configuration, *, alone: bool) -> str:
    return f"{key.digest} alone" if alone else key.digest


def _heard(task: asyncio.Task[P]) -> None:
    if not task.cancelled():
        task.exception()

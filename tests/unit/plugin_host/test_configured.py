"""Providers that start while something else is under way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from iac_adapters.plugin_host.configured import ConfiguredProviders
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.pool import PluginPool
from tests.unit.plugin_host.test_pool import Process


@dataclass(frozen=True)
class Key:
    digest: str


@dataclass
class House:
    """A pool whose starts wait at a gate, and may be refused."""

    refused: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pool: PluginPool[Process] = PluginPool(idle_s=60, max_processes=4)
        self.providers: ConfiguredProviders[Key, Process] = ConfiguredProviders(
            self.pool, self._start
        )

    async def _start(self, key: Key) -> Process:
        self.begun.append(key.digest)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended.append(key.digest)
            raise
        if key.digest == self.refused:
            raise PluginStartError("it will not")
        return Process()


async def test_who_asks_afterwards_gets_the_one_that_was_started_meanwhile() -> None:
    house = House()
    async with house.providers.starting([Key("a"), Key("b")]):
        await asyncio.sleep(0)
        assert house.begun == ["a", "b"]
    house.gate.set()
    assert (await house.providers.get(Key("a"))).alive
    await house.providers.get(Key("b"))
    assert house.begun == ["a", "b"]
    await house.pool.close()


async def test_what_could_not_start_is_told_to_who_asks_and_to_nobody_else() -> None:
    house = House(refused="a")
    house.gate.set()
    async with house.providers.starting([Key("a")]):
        await asyncio.sleep(0)
    with pytest.raises(PluginStartError, match="it will not"):
        await house.providers.get(Key("a"))
    await house.pool.close()


async def test_where_the_rest_fails_the_start_is_given_up() -> None:
    house = House()

    async def fails_meanwhile() -> None:
        async with house.providers.starting([Key("a")]):
            await asyncio.sleep(0)
            raise KeyError

    with pytest.raises(KeyError):
        await fails_meanwhile()
    assert house.ended == ["a"]
    await house.pool.close()  # would wait for a start that is under way

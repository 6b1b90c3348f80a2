"""The stream of the client over connections that are cut: each event once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from reconciler.client import Client, RefusedError, UnreachableError
from reconciler.client.errors import SilentError
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.events import PolicyChanged, Reset
from reconciler.wire import models as wire
from reconciler.wire.events import body_of
from tests.client.conftest import Served

_WAIT_S = 60.0


@dataclass(slots=True)
class Watching:
    """One follower: what it was told, and when its connections came and went."""

    stream: AsyncGenerator[wire.Event, None]
    opened: asyncio.Event
    lost: list[ReconcilerError]
    gone: asyncio.Event
    names: list[str] = field(default_factory=list)

    async def take(self, count: int) -> list[str]:
        async with asyncio.timeout(_WAIT_S):
            for _ in range(count):
                body = body_of(await anext(self.stream))
                assert isinstance(body, PolicyChanged)
                self.names.append(body.name)
        return self.names

    async def is_open(self) -> None:
        async with asyncio.timeout(_WAIT_S):
            await self.opened.wait()


def watching(client: Client, *, after: int | None = None) -> Watching:
    opened, gone, lost = asyncio.Event(), asyncio.Event(), list[ReconcilerError]()

    def lose(error: ReconcilerError) -> None:
        lost.append(error)
        gone.set()

    stream = client.events.follow(types=["policy."], after=after, opened=opened.set, lost=lose)
    return Watching(stream, opened, lost, gone)


async def make(client: Client, *names: str) -> None:
    for name in names:
        await client.policies.create(wire.PolicyBody(name=name))


async def test_events_go_on_where_they_were_cut(served: Served, client: Client) -> None:
    seen = watching(client)
    async with aclosing(seen.stream):
        first = asyncio.ensure_future(seen.take(2))
        await seen.is_open()
        async with served.client() as other:
            await make(other, "a", "b")
            assert await first == ["a", "b"]
            served.cable.cut()
            await asyncio.sleep(0)
            waiting = asyncio.ensure_future(seen.take(3))
            # While nobody listens.
            for name in ("c", "d"):
                body = {"name": name}
                made = await served.desk.admin.post("/api/v1/policies", json=body)
                assert made.status_code == 201
            await asyncio.wait_for(seen.gone.wait(), _WAIT_S)
            served.cable.mend()
            await make(other, "e")
            assert await waiting == ["a", "b", "c", "d", "e"]
    assert seen.lost


async def test_one_that_is_cut_before_its_first_event_misses_none(
    served: Served, client: Client
) -> None:
    seen = watching(client)
    async with aclosing(seen.stream):
        first = asyncio.ensure_future(seen.take(2))
        await seen.is_open()
        served.cable.cut()
        await served.desk.admin.post("/api/v1/policies", json={"name": "unheard"})
        served.cable.mend()
        async with served.client() as other:
            await make(other, "heard")
        assert await first == ["unheard", "heard"]


async def test_a_stream_that_gives_no_sign_of_life_is_left_for_another(
    served: Served, client: Client
) -> None:
    served.desk.app.state.stream.heartbeat_s = 0.1
    seen = watching(client)
    async with aclosing(seen.stream):
        first = asyncio.ensure_future(seen.take(1))
        await seen.is_open()
        served.cable.silence()
        async with asyncio.timeout(_WAIT_S):
            await seen.gone.wait()
        served.cable.speak()
        async with served.client() as other:
            await make(other, "a")
        assert await first == ["a"]
    assert isinstance(seen.lost[0], SilentError)


async def test_what_was_missed_since_a_number_comes_first(client: Client) -> None:
    await make(client, "a", "b")
    seen = watching(client, after=0)
    async with aclosing(seen.stream):
        assert await seen.take(2) == ["a", "b"]


async def test_more_missed_than_is_kept_is_a_reset(client: Client) -> None:
    await make(client, "a")
    async with aclosing(client.events.follow(after=10**6)) as stream:
        event = await anext(stream)
    body = body_of(event)
    assert isinstance(body, Reset)
    assert event.type == "reset"
    assert event.seq == body.newest


async def test_a_daemon_that_stays_away_ends_it(served: Served, client: Client) -> None:
    served.cable.cut()
    with pytest.raises(UnreachableError):
        await anext(client.events.follow(patience_s=0.2))


async def test_a_refusal_ends_it_at_once(served: Served) -> None:
    async with served.client(token="tu_none.secret") as stranger:
        with pytest.raises(RefusedError):
            await anext(stranger.events.follow())

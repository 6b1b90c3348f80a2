"""The live stream: in order, once, resumable, and never in the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.api.limits import Limits
from reconciler.api.refusal import Refusal
from reconciler.api.stream import EventStream
from reconciler.domain.principals import Role
from reconciler.domain.records import EventEntry
from reconciler.stores import Transaction
from tests.api.desk import V1, Desk, text_of
from tests.api.threaded import serving
from tests.unit.engine.house import House

_WAIT_S = 60.0


def everything(_: str) -> bool:
    return True


async def happen(house: House, *types: str) -> None:
    def work(tx: Transaction) -> None:
        for type_ in types:
            tx.events.append(EventEntry(house.clock.now(), type_, "shop", {"word": "a\nb"}))

    await house.service.store.transact(work)


@asynccontextmanager
async def running(house: House, **more: Any) -> AsyncIterator[EventStream]:
    stream = EventStream(house.service.store, **more)
    reader = asyncio.ensure_future(stream.run())
    try:
        yield stream
    finally:
        stream.close()
        async with asyncio.timeout(_WAIT_S):
            await reader


async def listening(
    stream: EventStream, after: int | None = None, types: Callable[[str], bool] = everything
) -> AsyncGenerator[bytes, None]:
    """Return a stream that listens already: its greeting was read."""
    frames = await stream.listen(after=after, types=types)
    assert (await anext(frames)).startswith(b"retry:")
    return frames


async def take(frames: AsyncGenerator[bytes, None], count: int) -> list[tuple[int, str, Any]]:
    """Return the next `count` events: number, type, data."""
    text = b""
    async with asyncio.timeout(_WAIT_S):
        while text.count(b"\n\n") < count:
            chunk = await anext(frames)
            text += b"" if chunk.startswith(b":") else chunk
    found = []
    for block in text.decode().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_what_is_committed_is_heard_in_order_and_once(desk: Desk) -> None:
    async with running(desk.house) as stream:
        frames = await listening(stream)
        for number in range(20):
            await happen(desk.house, f"a.{number}", f"b.{number}")
        heard = await take(frames, 40)
        assert [type_ for _, type_, _ in heard] == [
            f"{letter}.{number}" for number in range(20) for letter in "ab"
        ]
        assert [seq for seq, _, _ in heard] == list(range(heard[0][0], heard[0][0] + 40))
        assert heard[0][2]["body"] == {"word": "a\nb"}
        await frames.aclose()


async def test_what_was_missed_comes_first_and_nothing_twice(desk: Desk) -> None:
    await happen(desk.house, *(f"old.{number}" for number in range(1200)))
    async with running(desk.house) as stream:
        first = await listening(stream)
        await happen(desk.house, "now")
        ((seq, _, _),) = await take(first, 1)
        again = await listening(stream, after=seq - 1101)
        await happen(desk.house, "later")
        heard = await take(again, 1102)
        assert [number for number, _, _ in heard] == list(range(seq - 1100, seq + 2))
        for frames in (first, again):
            await frames.aclose()


@pytest.mark.parametrize("ahead", [10, 10**6])
async def test_whoever_knows_more_than_there_is_reads_anew(desk: Desk, ahead: int) -> None:
    await happen(desk.house, "one")
    async with running(desk.house) as stream:
        _, newest = await desk.house.read(lambda view: view.events.bounds())
        frames = await listening(stream, after=newest + ahead)
        ((seq, type_, data),) = await take(frames, 1)
        assert (seq, type_, data["newest"]) == (newest, "reset", newest)
        await happen(desk.house, "two")
        assert [type_ for _, type_, _ in await take(frames, 1)] == ["two"]
        await frames.aclose()


async def test_whoever_missed_more_than_is_kept_reads_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.storage.retention.EVENTS_KEPT", 5)
    await happen(desk.house, *(f"e.{number}" for number in range(30)))
    await desk.house.service.store.transact(
        lambda tx: tx.retention.prune(now=desk.house.clock.now())
    )
    oldest, _ = await desk.house.read(lambda view: view.events.bounds())
    assert oldest > 2
    async with running(desk.house) as stream:
        frames = await listening(stream, after=oldest - 2)
        ((_, type_, _),) = await take(frames, 1)
        assert type_ == "reset"
        await frames.aclose()


async def test_only_the_wanted_types_are_heard(desk: Desk) -> None:
    async with running(desk.house) as stream:
        frames = await listening(stream, types=lambda type_: type_.startswith("drift."))
        await happen(desk.house, "run.started", "drift.detected", "stack.scanned", "drift.healed")
        heard = await take(frames, 2)
        assert [type_ for _, type_, _ in heard] == ["drift.detected", "drift.healed"]
        await frames.aclose()


async def test_silence_is_broken_by_heartbeats(desk: Desk) -> None:
    async with running(desk.house, heartbeat_s=0.01) as stream:
        frames = await listening(stream)
        async with asyncio.timeout(_WAIT_S):
            assert (await anext(frames)).startswith(b":")
        await frames.aclose()


async def test_a_client_that_does_not_keep_up_is_sent_away_and_others_are_not(
    desk: Desk,
) -> None:
    async with running(desk.house) as stream:
        slow, quick = await listening(stream), await listening(stream)
        for _ in range(5):
            await happen(desk.house, *["e"] * 500)
            await take(quick, 500)
        with pytest.raises(StopAsyncIteration):
            async with asyncio.timeout(_WAIT_S):
                await anext(slow)
        await happen(desk.house, "last")
        assert [type_ for _, type_, _ in await take(quick, 1)] == ["last"]
        await quick.aclose()
        assert stream.listeners == 0


async def test_closing_ends_every_stream(desk: Desk) -> None:
    async with running(desk.house) as stream:
        streams = [await listening(stream) for _ in range(200)]
        assert stream.listeners == 200
        stream.close()
        for frames in streams:
            with pytest.raises(StopAsyncIteration):
                async with asyncio.timeout(_WAIT_S):
                    await anext(frames)
        with pytest.raises(Refusal) as refused:
            await stream.listen(after=None, types=everything)
        assert refused.value.status == 503


async def test_there_is_an_end_to_how_many_listen(desk: Desk) -> None:
    async with running(desk.house, most_listeners=2) as stream:
        streams = [await listening(stream) for _ in range(2)]
        with pytest.raises(Refusal) as refused:
            await stream.listen(after=None, types=everything)
        assert (refused.value.status, refused.value.code) == (503, "too-many-streams")
        for frames in streams:
            await frames.aclose()
        await (await listening(stream)).aclose()


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30])
async def test_a_number_that_is_none_is_refused(desk: Desk, number: str) -> None:
    answer = await desk.viewer.get(f"{V1}/events", headers={"Last-Event-ID": number})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.Last-Event-ID"


async def _nothing(_desk: Desk) -> None:
    """Nothing to prepare."""


def test_a_real_client_hears_resumes_and_is_let_go_at_the_end(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {text_of(Role.ADMIN)}"}
    with (
        serving(tmp_path, _nothing, limits=Limits()) as url,
        httpx.Client(base_url=url + V1, headers=headers, timeout=_WAIT_S) as client,
    ):
        with client.stream("GET", "/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            assert next(lines) == "id: 0"
            client.post("/hold", json={"reason": "look"}).raise_for_status()
            first = next(line for line in lines if line.startswith("id: "))
            assert next(lines) == "event: hold.set"
        client.delete("/hold").raise_for_status()
        resumed = {"Last-Event-ID": first.removeprefix("id: ")}
        with client.stream("GET", "/events", headers=resumed) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event")) == (
                "event: hold.released"
            )


def test_a_stream_ends_with_the_token_that_opened_it(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {text_of(Role.ADMIN)}"}
    with (
        serving(tmp_path, _nothing, limits=Limits()) as url,
        httpx.Client(base_url=url + V1, headers=headers, timeout=_WAIT_S) as client,
    ):
        made = client.post("/tokens", json={"name": "lost", "role": "viewer"}).json()
        lost = {"Authorization": f"Bearer {made['token']}"}
        with client.stream("GET", "/events", headers=lost) as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            client.delete(f"/tokens/{made['token_id']}").raise_for_status()
            client.post("/hold", json={"reason": "look"}).raise_for_status()
            assert next((line for line in lines if line.startswith("event")), None) is None

"""Passes over a real provider that misbehaves, one resource at a time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import cast

import psutil
import pytest

from iac_adapters.plugin_host import provider_calls, reading
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.reader import TerraformReader, terraform_reader
from iac_adapters.terraform.snapshots import Payload
from iac_adapters.terraform.warm import WarmStack
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Observed,
    ResourceAddress,
    Snapshot,
    Unreadable,
)
from tests.integration.hurried import Hurried
from tests.patience import PATIENCE_S, until
from tests.world_stack import KEY, WorldStack, verdicts

NAMES = ("a", "b", "c", "d", "e")
ALL = {f'world_thing.each["{name}"]' for name in NAMES}
C = 'world_thing.each["c"]'


# One tool will do: what is tested here comes after it.
pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")


@pytest.fixture
async def warm(stack: WorldStack) -> AsyncIterator[tuple[TerraformAdapter, Snapshot]]:
    """An adapter that has loaded five things."""
    stack.apply(
        f"""
        resource "world_thing" "each" {{
          for_each = toset({list(NAMES)})
          name     = each.key
        }}
        """.replace("'", '"')
    )
    async with stack.adapter() as adapter:
        yield adapter, await adapter.load(stack.reference())


Warm = tuple[TerraformAdapter, Snapshot]


def _warm(snapshot: Snapshot) -> WarmStack:
    assert isinstance(snapshot.payload, Payload)
    assert snapshot.payload.warm is not None
    return snapshot.payload.warm


def _patient_for(adapter: TerraformAdapter, snapshot: Snapshot, seconds: float) -> TerraformReader:
    warm = _warm(snapshot)
    warm.reader = terraform_reader(adapter._providers, SecretDigester(KEY), read_deadline_s=seconds)
    return warm.reader


def _hurried(warm: Warm, names: Iterable[str], seconds: float, *, after: int = 0) -> Hurried:
    return Hurried(_warm(warm[1]).reader, _addresses(names), seconds, after=after)


def _addresses(names: Iterable[str]) -> set[str]:
    return {f'world_thing.each["{name}"]' for name in names}


def _pids(adapter: TerraformAdapter) -> list[int]:
    slots = adapter._pool._slots.values()
    return [slot.process.process.pid for slot in slots if slot.process is not None]


async def test_a_crash_costs_only_its_own_resource(stack: WorldStack, warm: Warm) -> None:
    stack.turn(c="crash")
    seen = await verdicts(*warm)
    assert isinstance(seen[C], Unreadable)
    assert {address for address, verdict in seen.items() if verdict == InSync()} == ALL - {C}
    stack.turn(c=None)
    assert await verdicts(*warm) == dict.fromkeys(ALL, InSync())


async def test_a_panic_is_told_without_the_rest_of_stderr(stack: WorldStack, warm: Warm) -> None:
    stack.turn(c="panic")
    verdict = (await verdicts(*warm))[C]
    assert isinstance(verdict, Unreadable)
    assert "the world ended" in verdict.reason
    assert "secret" not in verdict.reason


async def test_denied_is_unreadable_with_the_reason(stack: WorldStack, warm: Warm) -> None:
    stack.turn(c="deny")
    seen = await verdicts(*warm)
    verdict = seen.pop(C)
    assert isinstance(verdict, Unreadable)
    assert "AccessDenied" in verdict.reason
    assert set(seen.values()) == {InSync()}


async def test_throttled_is_asked_again_until_it_answers(
    stack: WorldStack, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            stack.turn(c=None)
        await really(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    stack.turn(c="throttle")
    assert await verdicts(*warm, C) == {C: InSync()}
    assert len(waits) == 2
    assert waits[0] < waits[1]


async def test_throttled_for_ever_is_unreadable(
    stack: WorldStack, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_calls, "_BACK_OFF_S", 0.0)
    stack.turn(c="throttle")
    verdict = (await verdicts(*warm))[C]
    assert isinstance(verdict, Unreadable)
    assert "Throttling" in verdict.reason


async def test_expired_credentials_get_a_new_process_in_the_next_pass(
    stack: WorldStack, warm: Warm
) -> None:
    before = _pids(warm[0])
    stack.turn(**dict.fromkeys(NAMES, "expired"))
    seen = await verdicts(*warm)
    assert all(isinstance(verdict, Unreadable) for verdict in seen.values())
    assert all("ExpiredToken" in cast("Unreadable", v).reason for v in seen.values())
    stack.turn(**dict.fromkeys(NAMES))
    assert await verdicts(*warm) == dict.fromkeys(ALL, InSync())
    assert not set(before) & set(_pids(warm[0]))


async def test_a_hanging_read_ends_and_the_others_come_first(stack: WorldStack, warm: Warm) -> None:
    adapter, snapshot = warm
    _hurried(warm, "a", 0.3, after=4)
    stack.turn(a="hang")
    told: list[Observed] = [seen async for seen in adapter.observe(snapshot, None)]
    assert told[-1].address == 'world_thing.each["a"]'
    assert isinstance(told[-1].verdict, Unreadable)
    assert {seen.verdict for seen in told[:-1]} == {InSync()}


async def test_what_was_missing_is_asked_again_for_a_short_while(
    stack: WorldStack, warm: Warm
) -> None:
    adapter, snapshot = warm
    reader = _patient_for(adapter, snapshot, 60.0)
    with stack.changed() as things:
        lost = things.pop("c")
    assert (await verdicts(adapter, snapshot, C))[C] == Missing()
    assert reader._deadline(_address(snapshot, C)) < 60.0
    assert (await verdicts(adapter, snapshot, C))[C] == Missing()
    with stack.changed() as things:
        things["c"] = lost
    assert (await verdicts(adapter, snapshot, C))[C] == InSync()
    assert reader._deadline(_address(snapshot, C)) == 60.0


async def test_silence_about_what_was_missing_is_soon_no_proof_any_more(
    stack: WorldStack, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer is no proof of absence: others must be answered, and not for ever."""
    monkeypatch.setattr(reading, "_UNPROVEN_SCANS", 2)
    adapter, snapshot = warm
    with stack.changed() as things:
        lost = things.pop("c")
    assert (await verdicts(adapter, snapshot))[C] == Missing()
    with stack.changed() as things:
        things["c"] = lost
    hurried = _hurried(warm, "c", 0.3, after=4)
    stack.turn(c="hang")
    assert (await verdicts(adapter, snapshot))[C] == Missing()
    assert (await verdicts(adapter, snapshot))[C] == Missing()
    assert isinstance((await verdicts(adapter, snapshot))[C], Unreadable)
    assert isinstance((await verdicts(adapter, snapshot))[C], Unreadable)
    hurried.patiently()
    stack.turn(c=None)
    assert (await verdicts(adapter, snapshot))[C] == InSync()


async def test_silence_of_the_whole_provider_proves_no_absence(
    stack: WorldStack, warm: Warm
) -> None:
    adapter, snapshot = warm
    with stack.changed() as things:
        lost = things.pop("c")
    assert (await verdicts(adapter, snapshot, C))[C] == Missing()
    with stack.changed() as things:
        things["c"] = lost
    _hurried(warm, "c", 0.3)
    stack.turn(c="hang")
    assert isinstance((await verdicts(adapter, snapshot, C))[C], Unreadable)


def _address(snapshot: Snapshot, name: str) -> ResourceAddress:
    return next(resource.address for resource in snapshot.resources if resource.address == name)


async def test_remembered_verdicts_follow_the_live_object(stack: WorldStack, warm: Warm) -> None:
    sizes = (4, 4, 3, 4, 5, 3)
    for size in sizes:
        with stack.changed() as things:
            things["c"]["labels"] = None if size == 3 else {"size": str(size)}
        verdict = (await verdicts(*warm, C))[C]
        if size == 3:
            assert verdict == InSync()
        else:
            assert isinstance(verdict, Drifted)
            assert [change.live for change in verdict.changes] == [{"size": str(size)}]


async def test_a_provider_killed_between_passes_is_replaced(warm: Warm) -> None:
    assert set((await verdicts(*warm)).values()) == {InSync()}
    for pid in _pids(warm[0]):
        os.kill(pid, signal.SIGKILL)
    assert await verdicts(*warm) == dict.fromkeys(ALL, InSync())


async def test_a_pass_that_is_left_ends_all_its_reads(stack: WorldStack, warm: Warm) -> None:
    stack.turn(a="hang", b="hang")
    before = asyncio.all_tasks()
    stream = cast("AsyncGenerator[Observed]", warm[0].observe(warm[1], None))
    async with aclosing(stream):
        async for _ in stream:
            break
    await until(lambda: asyncio.all_tasks() <= before)
    stack.turn(a=None, b=None)
    assert await verdicts(*warm) == dict.fromkeys(ALL, InSync())


async def test_a_cancelled_pass_ends_all_its_reads(stack: WorldStack, warm: Warm) -> None:
    stack.turn(a="hang", b="hang")
    before = asyncio.all_tasks()
    task = asyncio.create_task(verdicts(*warm))
    accounts = _warm(warm[1]).reader._calls.accounts
    await until(lambda: [one.answered for one in accounts.values()] == [3])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: asyncio.all_tasks() <= before)
    assert [one.limit.running for one in accounts.values()] == [0]


async def test_a_provider_that_never_answers_is_not_asked_for_everything(
    stack: WorldStack, warm: Warm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_calls, "_SILENT_READS", 2)
    adapter, snapshot = warm
    payload = snapshot.payload
    assert isinstance(payload, Payload)
    reader = terraform_reader(adapter._providers, SecretDigester(KEY), concurrency=2)
    hurried = Hurried(reader, ALL, 0.3)
    stack.turn(**dict.fromkeys(NAMES, "hang"))
    chosen = list(payload.stack.resources.values())
    seen = [one.verdict async for one in reader.observe(chosen)]
    assert all(isinstance(verdict, Unreadable) for verdict in seen)
    assert sum("not asked" in cast("Unreadable", verdict).reason for verdict in seen) >= 2
    hurried.patiently()
    stack.turn(**dict.fromkeys(NAMES))
    assert {one.verdict async for one in reader.observe(chosen)} == {InSync()}


@pytest.mark.cold
async def test_a_stopped_provider_is_unreadable_once_and_then_replaced(warm: Warm) -> None:
    adapter, snapshot = warm
    await verdicts(*warm)
    (stopped,) = _pids(adapter)
    os.kill(stopped, signal.SIGSTOP)
    _patient_for(adapter, snapshot, 0.5)
    seen = await verdicts(*warm)
    assert {type(verdict) for verdict in seen.values()} <= {Unreadable, InSync}
    assert Unreadable in {type(verdict) for verdict in seen.values()}
    assert not psutil.pid_exists(stopped)
    _patient_for(adapter, snapshot, PATIENCE_S)
    assert await verdicts(*warm) == dict.fromkeys(ALL, InSync())
    assert stopped not in _pids(adapter)


async def test_a_provider_that_answers_no_read_for_three_passes_is_replaced(
    stack: WorldStack, warm: Warm
) -> None:
    adapter, _ = warm
    await verdicts(*warm)
    (first,) = _pids(adapter)
    _hurried(warm, NAMES, 0.3)
    stack.turn(**dict.fromkeys(NAMES, "hang"))
    for _ in range(3):
        assert {type(verdict) for verdict in (await verdicts(*warm)).values()} == {Unreadable}
        # It answers what is no read, so its service is what does not answer.
        assert first in _pids(adapter)
    await verdicts(*warm)
    assert first not in _pids(adapter)
    assert not psutil.pid_exists(first)


async def test_a_provider_that_answers_some_reads_is_never_replaced(
    stack: WorldStack, warm: Warm
) -> None:
    adapter, _ = warm
    _hurried(warm, "c", 0.3)
    stack.turn(c="hang")
    first = None
    for _ in range(5):
        seen = await verdicts(*warm)
        assert {address for address, one in seen.items() if one == InSync()} == ALL - {C}
        first = first or _pids(adapter)
        assert _pids(adapter) == first

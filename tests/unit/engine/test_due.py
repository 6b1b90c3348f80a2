"""What is due is found in the rows, whatever timer was lost and wherever the clock jumped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import reconciler.engine
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.domain.records import StackRecord
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.wakeups import ScanStack
from reconciler.engine.due import request_scan, scan_soon
from reconciler.engine.scheduled_scan import scan_when_due
from reconciler.engine.sweep import recover, sweep
from tests.fake_world import World
from tests.unit.engine.house import AUTO, SHOP, A, House, open_house

SEVERAL = [StackName(f"s{number}") for number in range(5)]


def test_the_engine_calls_no_dispatcher() -> None:
    folder = Path(next(iter(reconciler.engine.__path__)))
    assert [file.name for file in folder.glob("*.py") if "dispatcher." in file.read_text()] == []


async def until_scanned(house: House, name: StackName, passes: int) -> StackRecord:
    async with asyncio.timeout(30):
        while True:
            entries = await house.read(lambda view: view.events.after(0, limit=10_000))
            seen = [
                entry for entry in entries if (entry.type, entry.subject) == ("stack.scanned", name)
            ]
            if len(seen) >= passes:
                return await house.stack(name)
            await asyncio.sleep(0.01)


async def test_each_stack_is_scanned_within_one_sweep_when_every_timer_is_lost(
    tmp_path: Path,
) -> None:
    worlds = {name: World.in_sync(a={"size": 1}) for name in SEVERAL}
    async with open_house(tmp_path, worlds) as house:
        for name in SEVERAL:
            await house.scan(name)
        house.forget_wakeups()
        house.clock.move(hours=1)
        async with house.dispatching():
            await sweep(house.service)
            for name in SEVERAL:
                again = await until_scanned(house, name, 2)
                assert again.last_scan_at == house.clock.now()


async def test_a_stack_that_is_not_due_is_left_alone_by_a_sweep(house: House) -> None:
    await house.scan()
    house.wake_ups.scans.clear()
    await sweep(house.service)
    assert house.wake_ups.scans == set()
    assert await scan_when_due(house.service, SHOP) is None


async def test_a_scan_after_a_wakeup_too_many_reads_nothing(house: House) -> None:
    await house.scan()
    loads = house.adapter.loads
    async with house.dispatching() as dispatcher:
        await house.service.store.transact(lambda tx: tx.wake(ScanStack(SHOP)))
        while dispatcher.busy:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0)
    assert house.adapter.loads == loads


@pytest.mark.parametrize("ahead", [{"days": 1}, {"hours": 1}, {"minutes": 1}])
async def test_a_stack_scanned_under_a_clock_ahead_is_scanned_again_once_it_is_right(
    house: House, ahead: dict[str, float]
) -> None:
    house.clock.move(**ahead)
    await house.scan()
    house.clock.move(seconds=20)
    house.clock.at -= timedelta(**ahead)
    house.wake_ups.scans.clear()
    await sweep(house.service)
    assert house.wake_ups.scans == {SHOP}
    await scan_when_due(house.service, SHOP)
    stack = await house.stack()
    assert stack.verified_at == stack.last_scan_at == house.clock.now()
    assert stack.next_due_at is not None
    assert stack.next_due_at <= house.clock.now() + stack.interval * 1.1


async def test_a_due_time_beyond_the_longest_pause_is_not_believed_at_the_start(
    house: House,
) -> None:
    await house.scan()
    known = await house.stack()
    far = replace(known, next_due_at=house.clock.now() + timedelta(days=30))
    await house.service.store.transact(lambda tx: tx.stacks.put(far))
    house.wake_ups.scans.clear()
    await recover(house.service)
    assert house.wake_ups.scans == {SHOP}
    assert (await house.stack()).next_due_at == house.clock.now()


async def test_drift_found_under_a_clock_ahead_is_corrected_once_it_lasted(house: House) -> None:
    await house.put(AUTO)
    house.clock.move(days=1)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.clock.move(days=-1)
    await sweep(house.service)
    await house.settle()
    assert (await house.the_open()).state is RemediationState.DETECTED
    await house.scan(seconds=1)
    assert (await house.the_open()).state is RemediationState.DETECTED
    await house.scan(seconds=31)
    (one,) = await house.remediations()
    assert (one.state, house.world.live[A]) == (RemediationState.CONVERGED, {"size": 1})


async def test_a_remediation_moved_by_a_clock_ahead_does_not_wait_for_that_clock(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    house.clock.move(seconds=31)
    await house.service.store.transact(
        lambda tx: tx.findings.touch_many(one.finding_ids, seen_at=house.clock.now())
    )
    house.clock.move(days=1)
    ahead = house.clock.now()
    waiting = replace(
        one, state=RemediationState.QUEUED, updated_at=ahead, next_at=ahead + timedelta(hours=1)
    )
    await house.service.store.transact(lambda tx: tx.remediations.save(waiting))
    house.clock.move(days=-1)
    await sweep(house.service)
    await house.settle()
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED


async def test_an_apply_that_ended_under_a_clock_ahead_does_not_blind_later_scans(
    house: House,
) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)
    (run,) = await house.runs()
    later = replace(run, ended_at=house.clock.now() + timedelta(days=1))
    await house.service.store.transact(lambda tx: tx.runs.put(later))
    await house.scan(seconds=60)
    assert (await house.stack()).last_scan_at == house.clock.now()


async def test_a_request_made_while_a_stack_is_scanned_is_not_lost(house: House) -> None:
    house.adapter.after_reads = lambda: request_scan(house.service, SHOP)
    await house.scan()
    stack = await house.stack()
    assert stack.next_due_at == house.clock.now()
    assert house.wake_ups.scans == {SHOP}
    await house.scan()
    assert (await house.stack()).next_due_at != house.clock.now()


async def test_a_request_survives_the_loss_of_its_wakeup(house: House) -> None:
    await house.scan()
    await request_scan(house.service, SHOP)
    house.forget_wakeups()
    await sweep(house.service)
    assert house.wake_ups.scans == {SHOP}


async def test_what_is_rolled_back_wakes_nobody(house: House) -> None:
    await house.scan()
    house.wake_ups.scans.clear()

    def work(tx: object) -> None:
        scan_soon(tx, SHOP, at=house.clock.now())  # type: ignore[arg-type]
        raise PermanentError("no")

    with pytest.raises(PermanentError):
        await house.service.store.transact(work)
    await asyncio.sleep(0)
    assert house.wake_ups.scans == set()


async def test_a_view_wakes_nobody(house: House) -> None:
    with pytest.raises(PermanentError):
        await house.read(lambda view: view.wake(ScanStack(SHOP)))

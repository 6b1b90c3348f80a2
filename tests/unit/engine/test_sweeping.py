"""What happens after the daemon died, and to wake_ups that were lost."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import deque
from dataclasses import replace

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.records import Remediation, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.holding import hold
from reconciler.engine.remediate import advance
from reconciler.engine.sweep import recover, sweep
from reconciler.ports import NeverBegun
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, A, House


async def dies_while_applying(house: House, fate: Fate, *, knows_process: bool) -> Remediation:
    """Leave an apply as a daemon does that is killed in the middle of it."""
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.clock.move(seconds=31)
    await house.service.store.transact(
        lambda tx: tx.findings.touch_many(
            [one.id for one in tx.findings.unhealed(tx.stacks.all()[0].name)],
            seen_at=house.clock.now(),
        )
    )
    house.runner.fates = deque([Fate.STAYS])
    one = await house.the_open()
    walking = asyncio.create_task(advance(house.service, one.id))
    run = await house.process_known()
    walking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await walking
    (job,) = house.runner.jobs.values()
    job.fate = fate
    if not knows_process:
        unknown = replace(run, pid=None, pid_started=None, boot_id="")
        await house.service.store.transact(lambda tx: tx.runs.put(unknown))
    house.forget_wakeups()
    return await house.remediation(one.id)


@pytest.mark.parametrize("knows_process", [True, False])
async def test_an_apply_that_still_runs_is_adopted_and_never_begun_again(
    house: House,
    knows_process: bool,  # noqa: FBT001
) -> None:
    one = await dies_while_applying(house, Fate.STAYS, knows_process=knows_process)
    await recover(house.service)
    adopting = asyncio.create_task(house.settle())
    await asyncio.sleep(0)
    assert (await house.remediation(one.id)).state is RemediationState.APPLYING
    house.runner.release()
    await adopting
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert len(house.runner.jobs) == len(house.world.effects) == 1
    assert [run.state for run in await house.runs()] == [RunState.FINISHED]


async def test_an_apply_that_ended_meanwhile_is_ended_by_its_record(house: House) -> None:
    one = await dies_while_applying(house, Fate.DONE, knows_process=False)
    house.runner.finish_all()
    await recover(house.service)
    await house.settle()
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert len(house.world.effects) == 1


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.DIES_AFTER, RemediationState.CONVERGED),
        (Fate.DIES_BEFORE, RemediationState.NEEDS_HUMAN),
    ],
)
async def test_an_apply_that_vanished_is_in_doubt_until_a_fresh_read(
    house: House, fate: Fate, state: RemediationState
) -> None:
    one = await dies_while_applying(house, fate, knows_process=True)
    house.runner.finish_all()
    await recover(house.service)
    await house.settle()
    assert (await house.remediation(one.id)).state is state
    assert [run.state for run in await house.runs()] == [RunState.IN_DOUBT]
    assert len(house.runner.jobs) == 1


@pytest.mark.parametrize("error", [RetryableError("away"), PermanentError("bad"), KeyError("x")])
async def test_an_apply_whose_stack_cannot_be_read_is_in_doubt(
    house: House, error: Exception
) -> None:
    one = await dies_while_applying(house, Fate.DONE, knows_process=True)
    house.world.refuses_load = error
    await recover(house.service)
    await house.settle()
    waiting = await house.remediation(one.id)
    assert waiting.state is RemediationState.UNKNOWN
    house.world.refuses_load = None
    await house.later(hours=1)
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED


async def test_an_intent_whose_runner_never_began_is_planned_anew(house: House) -> None:
    one = await dies_while_applying(house, Fate.DONE, knows_process=False)
    house.runner.jobs.clear()
    run = (await house.runs())[0]
    assert house.runner.state(None, house.service.runs / run.id) == NeverBegun()
    await recover(house.service)
    await house.settle()
    assert house.world.effects == []
    assert [run.state for run in await house.runs()] == [RunState.FAILED]
    await house.later(minutes=1)
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert len(house.world.effects) == 1


@pytest.mark.parametrize("readable", [True, False])
async def test_an_intent_whose_runner_took_no_job_after_all_is_planned_anew(
    house: House,
    readable: bool,  # noqa: FBT001
) -> None:
    one = await dies_while_applying(house, Fate.STAYS, knows_process=False)
    house.world.refuses_load = None if readable else RetryableError("away")
    await recover(house.service)
    adopting = asyncio.create_task(house.settle())
    for _ in range(9):
        await asyncio.sleep(0)
    house.runner.jobs.clear()
    await adopting
    assert [run.state for run in await house.runs()] == [RunState.FAILED]
    house.world.refuses_load = None
    await house.later(minutes=1)
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert len(house.world.effects) == 1


async def test_an_intent_whose_folder_is_gone_is_in_doubt(house: House) -> None:
    one = await dies_while_applying(house, Fate.DONE, knows_process=False)
    house.runner.jobs.clear()
    run = (await house.runs())[0]
    shutil.rmtree(house.service.runs / run.id)
    await recover(house.service)
    await house.settle()
    assert (await house.remediation(one.id)).state is RemediationState.NEEDS_HUMAN
    assert house.world.effects == []


async def test_a_run_nobody_knows_is_in_doubt(house: House) -> None:
    one = await dies_while_applying(house, Fate.DONE, knows_process=True)
    await house.service.store.transact(lambda tx: tx.remediations.save(replace(one, run_id=None)))
    await house.later(seconds=1)
    assert "remediation.unknown" in await house.events()
    assert (await house.remediation(one.id)).state is RemediationState.NEEDS_HUMAN
    await house.later(seconds=1)
    assert [run.state for run in await house.runs()] == [RunState.IN_DOUBT]
    assert await house.scan() is not None


async def test_saved_plans_that_no_run_needs_go_at_start(house: House) -> None:
    one = await dies_while_applying(house, Fate.STAYS, knows_process=True)
    needed = house.service.runs / str(one.run_id) / "plan.bin"
    passing, ended = house.service.runs / "plan-1", house.service.runs / "old"
    for folder in (passing, ended):
        folder.mkdir()
        (folder / "plan.bin").write_text("secret")
    (ended / "log").write_text("kept")
    await recover(house.service)
    assert needed.exists()
    assert not passing.exists()
    assert [file.name for file in ended.iterdir()] == ["log.sealed"]
    assert house.service.logs.read(ended / "log", 0, 10) == b"kept"
    house.runner.release()
    await house.settle()
    assert not needed.exists()


async def test_a_lost_wake_up_costs_a_sweep_and_nothing_more(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    await house.service.store.transact(
        lambda tx: tx.remediations.save(replace(one, state=RemediationState.QUEUED, next_at=None))
    )
    await sweep(house.service)
    await house.settle()
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL


async def test_a_hold_that_is_over_is_released_by_the_sweep(house: House) -> None:
    until = house.clock.now().replace(hour=11)
    await hold(house.service, by="ann", reason="lunch", until=until)
    await sweep(house.service)
    assert await house.read(lambda view: view.holds.get()) is not None
    house.clock.move(hours=2)
    await sweep(house.service)
    assert await house.read(lambda view: view.holds.get()) is None


async def test_two_walkers_of_one_remediation_do_no_harm(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    house.clock.move(seconds=31)
    await house.service.store.transact(
        lambda tx: tx.findings.touch_many(one.finding_ids, seen_at=house.clock.now())
    )
    await asyncio.gather(*(advance(house.service, one.id) for _ in range(3)))
    # Who meets the stack's lock puts it off; whoever holds the lock then stops at the new row.
    await house.later(seconds=40)
    assert (await house.remediation(one.id)).state is RemediationState.CONVERGED
    assert len(house.runner.jobs) == 1
    assert house.runner.overlaps == []

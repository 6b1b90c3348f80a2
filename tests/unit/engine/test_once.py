"""What an embedding program applies is a remediation like any other, and its own alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.errors import ConflictError, PermanentError, RetryableError
from reconciler.domain.plan import Plan
from reconciler.domain.records import Health, RunState
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.engine.folders import folder_of_scan, make_private
from reconciler.engine.holding import hold
from reconciler.engine.journal import PROGRAM
from reconciler.engine.once import apply_once
from reconciler.engine.planning import plan_addresses
from reconciler.engine.sweep import recover
from reconciler.ports import Done, Failed, InDoubt, Outcome
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, House, reference_of, stack_record

STACK = stack_record(SHOP)


async def planned(house: House) -> Plan:
    house.world.live[A] = {"size": 9}
    runs = house.service.runs
    return await plan_addresses(house.adapter, reference_of(STACK), [A], runs=runs)


async def forget_stack(house: House) -> None:
    await house.service.store.transact(lambda tx: tx.stacks.remove(SHOP))


async def applied(house: House, plan: Plan) -> Outcome:
    return await apply_once(house.service, STACK, plan)


async def refused(house: House, plan: Plan) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        await applied(house, plan)
    assert house.world.effects == []
    assert await house.remediations(*OPEN) == ()
    return caught.value


async def test_a_plan_is_applied_verified_and_kept_like_any_other(house: House) -> None:
    await forget_stack(house)
    plan = await planned(house)
    assert await applied(house, plan) == Done("done")
    assert house.world.live[A] == {"size": 1}
    (one,) = await house.remediations()
    assert (one.state, one.requested_by, one.plan_digest) == (
        RemediationState.CONVERGED,
        PROGRAM,
        plan.digest,
    )
    (run,) = await house.runs()
    assert (run.state, run.plan_digest) == (RunState.FINISHED, plan.digest)
    assert not list((house.service.runs / run.id).glob("plan*"))


async def test_a_stack_that_only_a_program_knows_is_not_watched_afterwards(house: House) -> None:
    await forget_stack(house)
    await applied(house, await planned(house))
    assert await house.read(lambda view: view.stacks.all()) == ()


async def test_a_stack_that_a_daemon_knows_stays_registered(house: House) -> None:
    await applied(house, await planned(house))
    assert (await house.stack()).source == "config"


async def test_a_plan_is_refused_when_the_world_moved_since(house: House) -> None:
    plan = await planned(house)
    house.world.live[A] = {"size": 8}
    assert (await refused(house, plan)).code == "plan-stale"
    house.world.live[A] = {"size": 1}
    assert (await refused(house, plan)).code == "plan-stale"


async def test_a_plan_is_refused_when_the_world_moves_while_it_is_made_anew(
    house: House,
) -> None:
    plan = await planned(house)

    async def moved() -> None:
        house.world.live[A] = {"size": 8}

    house.adapter.after_plan = moved
    assert (await refused(house, plan)).code == "plan-stale"


async def test_a_hold_holds_it_too(house: House) -> None:
    plan = await planned(house)
    await hold(house.service, by="ann", reason="release night")
    error = await refused(house, plan)
    assert (error.code, "release night" in str(error)) == ("held", True)
    assert "trueup resume" in (error.remedy or "")


async def test_a_stack_whose_scan_failed_holds_it_and_no_resume_helps(house: House) -> None:
    plan = await planned(house)
    failed = replace(STACK, error="backend away", health=Health.ERROR)
    await house.service.store.transact(lambda tx: tx.stacks.put(failed))
    error = await refused(house, plan)
    assert (error.code, "backend away" in str(error)) == ("held", True)
    assert error.remedy == "apply again when this is over"


async def test_a_stack_that_another_trueup_applies_to_is_refused(house: House) -> None:
    plan = await planned(house)
    theirs = house.service.apply_locks.acquire(reference_of(STACK))
    with pytest.raises(RetryableError, match="another trueup"):
        await applied(house, plan)
    os.close(theirs)
    assert (house.world.effects, await house.remediations(*OPEN)) == ([], ())


@pytest.mark.parametrize(("error", "kind"), [(RetryableError("locked"), RetryableError),
                                             (PermanentError("bad"), PermanentError)])  # fmt: skip
async def test_what_cannot_be_planned_says_why(
    house: House, error: RetryableError | PermanentError, kind: type[Exception]
) -> None:
    plan = await planned(house)
    house.world.refuses_plan = error
    with pytest.raises(kind, match=str(error)):
        await applied(house, plan)
    assert await house.remediations(*OPEN) == ()
    assert list(house.service.runs.iterdir()) == []


async def test_a_failed_apply_is_told_and_never_tried_again(house: House) -> None:
    await house.put(AUTO)
    plan = await planned(house)
    house.runner.fates = deque([Fate.FAILS])
    assert await applied(house, plan) == Failed("exit code 1")
    await recover(house.service)
    await house.settle()
    await house.scan(seconds=60)
    await house.scan(seconds=60)
    assert len(await house.runs()) == 1


async def test_an_apply_in_doubt_is_told_in_doubt(house: House) -> None:
    plan = await planned(house)
    house.runner.fates = deque([Fate.DIES_BEFORE])
    assert isinstance(await applied(house, plan), InDoubt)
    assert await house.remediations(*OPEN) == ()


async def test_what_a_daemon_had_open_about_the_same_drift_is_ended(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    theirs = await house.the_open()
    assert await applied(house, await planned(house)) == Done("done")
    assert (await house.remediation(theirs.id)).state is RemediationState.CANCELLED


class Unreachable:
    """The store as a process has it that is no more."""

    async def transact(self, _work: object) -> object:
        raise asyncio.CancelledError

    read = transact


@contextlib.contextmanager
def killed_at_the_end(house: House) -> Iterator[Callable[[], None]]:
    """Give what kills the program: from then on it can write nothing."""
    service = house.service
    mortal = replace(service)
    house.service = mortal

    def kill() -> None:
        object.__setattr__(mortal, "store", Unreachable())

    try:
        with contextlib.suppress(asyncio.CancelledError):
            yield kill
    finally:
        house.service = service
        house.forget_wakeups()


async def dies_while_applying(house: House) -> None:
    plan = await planned(house)
    house.runner.fates = deque([Fate.STAYS])
    with killed_at_the_end(house) as kill:
        program = asyncio.create_task(applied(house, plan))
        await house.process_known()
        kill()
        program.cancel()
        await program


async def test_a_daemon_adopts_the_apply_of_a_program_that_was_killed(house: House) -> None:
    await dies_while_applying(house)
    (job,) = house.runner.jobs.values()
    job.fate = Fate.DONE
    await recover(house.service)
    await house.settle()
    (one,) = await house.remediations()
    assert (one.state, house.world.live[A]) == (RemediationState.CONVERGED, {"size": 1})


async def test_the_next_program_adopts_it_too(house: House) -> None:
    await dies_while_applying(house)
    (job,) = house.runner.jobs.values()
    job.fate = Fate.DONE
    with pytest.raises(ConflictError) as caught:
        await applied(house, await planned(house))
    assert caught.value.code == "plan-stale"
    assert {remediation.state for remediation in await house.remediations()} == {
        RemediationState.CONVERGED
    }


async def test_what_a_dead_program_had_not_begun_is_never_begun(house: House) -> None:
    plan = await planned(house)
    with killed_at_the_end(house) as kill:

        async def dies() -> None:
            kill()

        house.adapter.after_plan = dies
        await applied(house, plan)
    (left,) = await house.remediations(*OPEN)
    assert left.state is RemediationState.PLANNING
    await recover(house.service)
    await house.settle()
    assert (await house.remediation(left.id)).state is RemediationState.CANCELLED
    assert house.world.effects == []


async def test_a_plan_in_the_making_survives_the_start_of_a_daemon(house: House) -> None:
    runs = house.service.runs
    with folder_of_scan(runs) as folder:
        (folder / "plan.bin").touch()
        await recover(house.service)
        assert (folder / "plan.bin").exists()
    assert list(runs.iterdir()) == []


async def test_what_a_dead_planner_left_goes_with_the_start_of_a_daemon(house: House) -> None:
    left = house.service.runs / "plan-of-somebody-dead"
    make_private(left)
    (left / "plan.bin").touch()
    await recover(house.service)
    assert not left.exists()


async def test_links_among_the_runs_lead_to_nothing_that_is_removed(
    house: House, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "plan.bin").touch()
    for name in ("a-run", "plan-of-somebody"):
        (house.service.runs / name).symlink_to(theirs)
    await recover(house.service)
    assert (theirs / "plan.bin").exists()

"""Attempts at one isolation: what the first one did, and what becomes of it until the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import approve
from reconciler.engine.holding import hold, resume
from reconciler.engine.quarantine.releasing import release
from tests.fake_world import Fate, World
from tests.unit.engine.house import QUARANTINE, A, B, House
from tests.unit.engine.isolation import the_quarantine
from tests.unit.engine.scripted_isolation import (
    BY_SCRIPT,
    approved,
    cut_off,
    paths_of,
    proposed,
    scripted_house,
    scripts_of,
)

P, Q = RemediationState, QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with scripted_house(tmp_path, "other") as made:
        yield made


def half(world: World, given: Mapping[str, Any]) -> int:
    """Do it, and say that it failed."""
    cut_off(world, given)
    return 7


async def half_isolated(house: House) -> Remediation:
    """Return the isolation after its first attempt, which left something done."""
    house.runner.script = half
    waiting = await proposed(house)
    await approved(house, waiting)
    house.runner.script = cut_off
    known = await house.remediation(waiting.id)
    assert (known.state, known.attempts) == (P.QUEUED, 1)
    assert house.world.live[A]["open"] is False
    return known


async def on(house: House, known: Remediation) -> Remediation:
    """Let it go on, with the approval that it needs, and return where it stands."""
    await house.later(minutes=5)
    known = await house.remediation(known.id)
    if known.state is P.AWAITING_APPROVAL:
        await approve(house.service, known.id, plan_digest=known.plan_digest or "", actor="ann")
        await house.settle()
    return await house.remediation(known.id)


async def test_another_content_of_the_script_does_not_take_the_place_of_the_first(
    house: House,
) -> None:
    known = await half_isolated(house)
    scripts_of(house).change("cut-off", "cut-off-2")
    held = await on(house, known)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "an earlier attempt isolated by script cut-off (SHA-256 cut-off-1)" in str(held.note)
    assert f"release that first: trueup release {known.id[:8]}" in str(held.note)
    kept = await the_quarantine(house)
    assert kept.script is not None
    assert kept.script.sha256 == "cut-off-1"
    scripts_of(house).change("cut-off", "cut-off-1")
    await house.later(minutes=55)
    assert (await on(house, known)).state is P.CONVERGED
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_what_the_first_script_did_is_released_by_it(house: House) -> None:
    known = await half_isolated(house)
    await house.put(replace(BY_SCRIPT, script="other"))
    assert (await on(house, known)).state is P.HELD
    await release(house.service, known.id, actor="bob")
    await house.settle()
    kept = await the_quarantine(house)
    assert (kept.script.name if kept.script else "", kept.state) == ("cut-off", Q.RELEASED)
    assert house.world.live[A]["open"] is True
    assert (await house.remediation(known.id)).state is P.CANCELLED


async def test_detaching_does_not_take_the_place_of_a_script(house: House) -> None:
    house.world.edges = {B: A}
    known = await half_isolated(house)
    await house.put(QUARANTINE)
    assert (await on(house, known)).state is P.HELD
    assert (await the_quarantine(house)).driver is Driver.SCRIPT
    assert B in house.world.live


async def test_a_script_does_not_take_the_place_of_detaching(house: House) -> None:
    house.world.edges = {B: A}
    await house.put(QUARANTINE)
    house.runner.fates.append(Fate.FAILS)
    waiting = await proposed(house)
    await approved(house, waiting)
    undo = (await the_quarantine(house)).undo
    assert B in undo
    await house.put(BY_SCRIPT)
    held = await on(house, waiting)
    assert (held.state, held.guard) == (P.HELD, "quarantine")
    assert "isolated by driver detach" in str(held.note)
    kept = await the_quarantine(house)
    assert (kept.driver, kept.undo) == (Driver.DETACH, undo)
    assert house.world.live[A]["open"] is True


async def test_half_of_an_isolation_is_no_drift_while_its_next_attempt_is_held(
    house: House,
) -> None:
    known = await half_isolated(house)
    await hold(house.service, by="ann")
    assert (await on(house, known)).state is P.HELD
    await house.scan()
    assert await paths_of(house) == ["size"]
    assert (await house.remediation(known.id)).state is P.HELD
    assert (await the_quarantine(house)).release is None
    await resume(house.service, by="ann")
    assert (await on(house, known)).state is P.CONVERGED
    assert house.world.live[A] == {"size": 9, "open": False}
    assert "remediation.superseded" not in await house.actions()


async def test_half_of_an_isolation_is_no_drift_while_its_next_attempt_waits_for_a_person(
    house: House,
) -> None:
    known = await half_isolated(house)
    await house.put(replace(BY_SCRIPT, name="renamed"))
    await house.later(minutes=5)
    assert (await house.remediation(known.id)).state is P.AWAITING_APPROVAL
    await house.scan()
    assert await paths_of(house) == ["size"]
    assert (await on(house, known)).state is P.CONVERGED


async def test_its_time_ends_what_is_held_half_done(house: House) -> None:
    known = await half_isolated(house)
    await hold(house.service, by="ann")
    await on(house, known)
    house.world.live[A]["owner"] = "somebody"
    await house.later(hours=5)
    await house.scan()
    assert await paths_of(house) == ["open", "owner", "size"]
    assert (await house.remediation(known.id)).state is P.CANCELLED
    await resume(house.service, by="ann")
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert house.world.live[A]["open"] is True


async def half_released(house: House) -> Remediation:
    """Return the held release after its first attempt, which opened what was isolated."""
    known = await approved(house)
    house.runner.script = half
    made = await release(house.service, known, actor="bob")
    await house.settle()
    house.runner.script = cut_off
    await hold(house.service, by="ann")
    assert (await on(house, made)).state is P.HELD
    assert house.world.live[A]["open"] is True
    return made


async def test_half_of_a_release_is_not_called_reconnected(house: House) -> None:
    made = await half_released(house)
    await house.scan()
    assert (await the_quarantine(house)).reconnected_at is None
    assert "quarantine.reconnected" not in await house.events()
    await resume(house.service, by="ann")
    assert (await on(house, made)).state is P.CONVERGED


async def test_a_release_that_is_held_for_long_hides_nothing(house: House) -> None:
    await half_released(house)
    house.world.live[A]["owner"] = "somebody"
    await house.scan()
    assert await paths_of(house) == ["size"]
    await house.scan(hours=2)
    assert await paths_of(house) == ["owner", "size"]
    assert (await the_quarantine(house)).reconnected_at is not None

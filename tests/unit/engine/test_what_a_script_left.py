"""What is taken for a script's doing, and what a read must have shown before that is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import Kind, ResourceAddress
from reconciler.domain.policy import Selection
from reconciler.domain.quarantines import QuarantineState
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.quarantine.releasing import release
from tests.unit.engine.house import A, B, House
from tests.unit.engine.isolation import the_quarantine
from tests.unit.engine.scripted_isolation import (
    BY_SCRIPT,
    approved,
    scripted_house,
)

P, Q = RemediationState, QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with scripted_house(tmp_path) as made:
        made.world.edges = {B: A}
        await made.put(replace(BY_SCRIPT, edges=(B,), selection=Selection(address=A)))
        yield made


async def test_what_was_gone_before_the_script_is_drift_still(house: House) -> None:
    del house.world.live[B]
    await house.scan()
    house.world.live[A]["size"] = 9
    await house.scan()
    await approved(house, await house.the_open())
    kept = await the_quarantine(house)
    assert kept.state is Q.ACTIVE
    assert B not in (kept.script.left or {} if kept.script else {})
    await house.scan()
    kinds = {record.address: record.kind for record in await house.findings()}
    assert kinds == {A: Kind.CHANGED, B: Kind.MISSING}


async def test_the_release_ends_though_something_was_gone_before_the_script(house: House) -> None:
    del house.world.live[B]
    await house.scan()
    house.world.live[A]["size"] = 9
    await house.scan()
    await approved(house, await house.the_open())
    await house.later(hours=5)
    assert (await the_quarantine(house)).state is Q.RELEASED
    assert house.world.live[A] == {"size": 9, "open": True}
    assert (await house.findings())[1].address == B


async def isolated_while(house: House, happens: Callable[[], object]) -> Remediation:
    """Return the isolation after its script ran and `happens` was done before the read."""
    house.world.live[A]["size"] = 9
    await house.scan()
    waiting = await house.the_open()
    house.runner.then = happens
    await approved(house, waiting)
    house.runner.then = None
    return await house.remediation(waiting.id)


@pytest.mark.parametrize("address", [A, B])
async def test_nothing_is_called_isolated_that_left_the_state_before_the_read(
    house: House, address: ResourceAddress
) -> None:
    known = await isolated_while(house, lambda: house.world.lost.add(address))
    assert known.state is P.VERIFYING
    assert f"{address} is not in the state any more" in str(known.note)
    assert (await the_quarantine(house)).state is Q.ISOLATING
    house.world.lost.clear()
    await house.later(minutes=10)
    assert (await house.remediation(known.id)).state is P.CONVERGED
    assert (await the_quarantine(house)).state is Q.ACTIVE


async def test_what_stays_away_from_the_state_needs_a_person(house: House) -> None:
    known = await isolated_while(house, lambda: house.world.lost.add(A))
    for _ in range(4):
        await house.later(minutes=30)
    assert (await house.remediation(known.id)).state is P.NEEDS_HUMAN


async def test_nothing_is_called_isolated_that_gave_no_answer(house: House) -> None:
    known = await isolated_while(house, lambda: house.world.unseen.add(B))
    assert known.state is P.VERIFYING
    assert "thing.b cannot be read: throttled" in str(known.note)


async def test_nothing_is_called_connected_again_that_gave_no_answer(house: House) -> None:
    known = await isolated_while(house, lambda: None)
    house.runner.then = lambda: house.world.unseen.update((A, B))
    made = await release(house.service, known.id, actor="bob")
    await house.settle()
    assert (await house.remediation(made.id)).state is P.VERIFYING
    assert (await the_quarantine(house)).state is Q.ACTIVE
    house.world.unseen.clear()
    await house.later(minutes=10)
    assert (await the_quarantine(house)).state is Q.RELEASED


async def test_of_what_left_the_state_the_release_says_what_it_knows(house: House) -> None:
    known = await isolated_while(house, lambda: None)
    house.world.lost.add(A)
    made = await release(house.service, known.id, actor="bob")
    await house.settle()
    ended = await house.remediation(made.id)
    assert (ended.state, (await the_quarantine(house)).state) == (P.CONVERGED, Q.RELEASED)
    assert "connected again" not in str(ended.note)
    assert "thing.a is not in the state any more" in str(ended.note)

"""A state that is lost, foreign or older: nothing is corrected unasked until a person says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.stacks import accept_state
from tests.unit.engine.house import AUTO, SHOP, A, House
from tests.unit.engine.isolation import EDGE, approve_waiting, detaching_house


@pytest.mark.parametrize(
    ("lineage", "serial", "words"),
    [("", 0, "is gone"), ("second", 5, "another one"), ("first", 1, "older copy")],
    ids=["lost", "foreign", "older"],
)
async def test_a_state_that_does_not_follow_the_last_holds_until_it_is_accepted(
    house: House, lineage: str, serial: int, words: str
) -> None:
    await house.put(AUTO)
    house.world.serial = 3
    await house.scan()
    house.world.lineage, house.world.serial = lineage, serial
    house.world.live[A] = {"size": 9}
    await house.scan(seconds=31)
    await house.scan(seconds=31)
    held = await house.the_open()
    assert held.state is RemediationState.HELD
    assert words in str(held.hold_reason)
    stack = await house.stack()
    assert (stack.lineage, stack.serial) == ("first", 3)
    assert words in stack.provider_doubts[0].reason
    assert house.world.effects == []

    await accept_state(house.service, SHOP, actor="ann")
    await house.scan(seconds=31)
    await house.later(seconds=61)
    assert (await house.stack()).provider_doubts == ()
    assert house.world.effects != []
    assert "stack.state_accepted" in await house.actions()


async def test_findings_do_not_heal_by_a_state_in_doubt(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (before,) = await house.findings()
    house.world.lineage = "second"
    house.world.live[A] = {"size": 1}
    await house.scan()
    assert [finding.id for finding in await house.findings()] == [before.id]


async def test_a_state_in_doubt_verifies_no_correction(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()

    def exchange() -> None:
        house.world.lineage = "second"
        for place in (house.world.declared, house.world.recorded):
            del place[A]

    house.runner.then = exchange
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert waiting.state is RemediationState.VERIFYING
    assert "the state is another one" in str(waiting.note)
    assert await house.findings()


async def test_a_state_in_doubt_shows_nothing_isolated(tmp_path: Path) -> None:
    async with detaching_house(tmp_path) as house:
        house.world.live[A]["size"] = 9
        await house.scan()

        def exchange() -> None:
            house.world.lineage = "second"
            house.world.recorded.clear()
            house.world.live[EDGE] = {"port": 80}

        house.runner.then = exchange
        isolating = await approve_waiting(house, await house.the_open())
        waiting = await house.remediation(isolating)
        assert waiting.state is RemediationState.VERIFYING
        assert "the state is another one" in str(waiting.note)

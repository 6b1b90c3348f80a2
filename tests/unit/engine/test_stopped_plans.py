"""A stack whose plan ends with an error: it is not in sync, and does not tell what is declared."""

from __future__ import annotations

from reconciler.domain.model import ProviderDoubt
from reconciler.domain.records import Health
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.state_lineage import WHOLE_STACK
from tests.unit.engine.house import AUTO, SHOP, A, House


async def _declared(house: House) -> object:
    found = await house.read(lambda view: view.templates.of_stack(SHOP))
    return {template.name: template.template_definition for template in found}[A]


async def test_what_is_declared_is_read_again_once_the_plan_comes_to_its_end(house: House) -> None:
    house.world.stopped = True
    house.world.declared[A] = {"size": 2}
    await house.scan()
    assert (await house.stack()).health is Health.INCOMPLETE
    assert await _declared(house) == {"size": 1}
    house.world.stopped = False
    await house.scan()
    assert await _declared(house) == {"size": 2}
    # What is known of a revision stays while its plan fails.
    house.world.stopped = True
    await house.scan()
    assert await _declared(house) == {"size": 2}


async def test_nothing_is_corrected_unasked_while_the_tool_refuses_to_plan(house: House) -> None:
    await house.put(AUTO)
    await house.scan()
    verified = (await house.stack()).verified_at
    house.world.live[A] = {"size": 9}
    house.world.stopped = True
    house.world.doubts = (ProviderDoubt(WHOLE_STACK, "a plan ends with an error: main.tf:1"),)
    await house.scan(seconds=31)
    await house.scan(seconds=31)
    held = await house.the_open()
    assert (held.state, house.world.effects) == (RemediationState.HELD, [])
    assert "a plan ends with an error" in str(held.hold_reason)
    assert (await house.stack()).verified_at == verified
    house.world.stopped, house.world.doubts = False, ()
    await house.scan(seconds=31)
    await house.later(seconds=61)
    assert house.world.effects != []

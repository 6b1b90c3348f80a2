"""What is taken for a script's doing, and what a read must have shown before that is said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.model import Kind
from reconciler.domain.policy import Selection
from reconciler.domain.quarantines import QuarantineState
from tests.fake_world import WorldScripts
from tests.unit.engine.house import SHOP, A, B, House, open_house
from tests.unit.engine.scripted_isolation import (
    BY_SCRIPT,
    approved,
    furnish,
    shop,
    the_quarantine,
)

Q = QuarantineState


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, {SHOP: shop()}, scripts=WorldScripts.of("cut-off")) as made:
        made.world.edges = {B: A}
        await furnish(made)
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

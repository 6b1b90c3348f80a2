"""What no person asked for restores what was recorded, where it was recorded, or waits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.model import Kind, Origin, ProviderDoubt, ResourceAddress
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.values import Attributes
from reconciler.engine.decisions import approve
from tests.fake_world import World
from tests.unit.engine.house import AUTO, SHOP, A, B, C, House, open_house

CLOUD = "cloud"
EDITED = ProviderDoubt(CLOUD, 'region is "east" in code and was "west" when it was recorded')


async def test_what_is_gone_is_not_created_from_code_that_was_never_applied(house: House) -> None:
    await house.put(AUTO)
    del house.world.live[A]
    house.world.declared[A] = {"size": 2}
    await house.scan()
    (found,) = await house.findings()
    assert (found.kind, found.origin) == (Kind.MISSING, Origin.BOTH)
    await house.scan(seconds=31)
    waiting = await house.the_open()
    assert (waiting.state, waiting.action_type) == (
        RemediationState.AWAITING_APPROVAL,
        ActionType.MANUAL_REVIEW,
    )
    assert "size = 2" in " ".join(waiting.plan["concerns"] if waiting.plan else ())
    assert house.world.effects == []


async def test_code_edited_after_an_object_is_gone_is_another_drift(house: House) -> None:
    await house.put(AUTO)
    del house.world.live[A]
    await house.scan()
    assert (await house.the_open()).action_type is ActionType.AUTO_CORRECT
    house.world.declared[A] = {"size": 2}
    await house.scan(seconds=31)
    assert (await house.the_open()).action_type is ActionType.MANUAL_REVIEW
    assert house.world.effects == []


async def test_a_provider_in_doubt_holds_what_no_person_asked_for(house: House) -> None:
    await house.put(AUTO)
    house.world.providers = dict.fromkeys((A, B, C), CLOUD)
    house.world.doubts = (EDITED,)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)
    held = await house.the_open()
    assert (held.state, held.hold_reason) == (RemediationState.HELD, EDITED.reason)
    assert (await house.stack()).provider_doubts == (EDITED,)
    house.world.doubts = ()
    await house.scan(seconds=60)
    await house.later(seconds=61)
    assert house.world.live[A] == {"size": 1}
    assert await house.remediations(RemediationState.HELD) == ()


async def test_a_doubt_about_one_provider_does_not_hold_another(house: House) -> None:
    await house.put(AUTO)
    house.world.providers = {A: CLOUD, B: "other"}
    house.world.doubts = (ProviderDoubt("other", "edited"),)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)
    assert house.world.live[A] == {"size": 1}


async def test_an_incomplete_scan_corrects_nothing_of_that_provider(house: House) -> None:
    await house.put(AUTO)
    house.world.providers = dict.fromkeys((A, B, C), CLOUD)
    house.world.live[A] = {"size": 9}
    house.world.unreadable.add(B)
    await house.scan()
    await house.scan(seconds=31)
    held = await house.the_open()
    assert held.state is RemediationState.HELD
    assert B in (held.hold_reason or "")
    assert house.world.effects == []


async def test_objects_that_vanish_together_are_not_created_again(house: House) -> None:
    await house.put(AUTO)
    house.world.providers = dict.fromkeys((A, B, C), CLOUD)
    await house.scan()
    there = dict(house.world.live)
    house.world.live.clear()
    for _ in range(4):
        await house.scan(minutes=15)
    assert house.world.effects == []
    assert await house.findings() == ()
    (doubt,) = (await house.stack()).provider_doubts
    assert "another account, region or endpoint" in doubt.reason
    house.world.live.update(there)
    await house.scan(minutes=15)
    assert (await house.stack()).provider_doubts == ()


async def test_a_person_may_approve_what_a_doubt_would_hold(house: House) -> None:
    await house.put(replace(AUTO, action_type=ActionType.MANUAL_REVIEW))
    house.world.providers = dict.fromkeys((A, B, C), CLOUD)
    house.world.doubts = (EDITED,)
    house.world.live[A] = {"size": 9}
    await house.scan()
    waiting = await house.the_open()
    assert waiting.plan is not None
    assert EDITED.reason in waiting.plan["concerns"]
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    assert house.world.live[A] == {"size": 1}


async def test_a_person_is_told_of_what_vanished_beside_the_plan(house: House) -> None:
    await house.put(replace(AUTO, action_type=ActionType.MANUAL_REVIEW))
    house.world.providers = dict.fromkeys((A, B, C), CLOUD)
    house.world.depends[B] = (A,)
    await house.scan()
    for gone in (A, B):
        del house.world.live[gone]
    await house.scan()
    waiting = await house.the_open()
    assert waiting.plan is not None
    assert any("another account, region or endpoint" in one for one in waiting.plan["concerns"])


OBJECTS = st.fixed_dictionaries({"size": st.integers(1, 3), "team": st.integers(1, 3)})
MAYBE = st.one_of(st.none(), OBJECTS)


@settings(max_examples=60, deadline=None)
@given(
    declared=st.tuples(OBJECTS, OBJECTS, OBJECTS),
    live=st.tuples(MAYBE, MAYBE, MAYBE),
    doubted=st.booleans(),
    unreadable=st.booleans(),
)
async def test_law_unasked_is_written_only_what_was_recorded(
    tmp_path_factory: pytest.TempPathFactory,
    declared: tuple[Attributes, ...],
    live: tuple[Attributes | None, ...],
    *,
    doubted: bool,
    unreadable: bool,
) -> None:
    addresses = (A, B, C)
    kept: dict[ResourceAddress, Attributes] = {one: {"size": 1, "team": 1} for one in addresses}
    world = World(
        declared=dict(zip(addresses, declared, strict=True)),
        recorded=kept,
        live={a: dict(v) for a, v in zip(addresses, live, strict=True) if v is not None},
        providers=dict.fromkeys(addresses, CLOUD),
        doubts=(EDITED,) if doubted else (),
        unreadable={C} if unreadable else set(),
    )
    before = {address: dict(values) for address, values in world.live.items()}
    policies = [Policy(PolicyId("auto"), "auto", ActionType.AUTO_CORRECT)]
    async with open_house(tmp_path_factory.mktemp("law"), {SHOP: world}) as house:
        await house.put(*policies)
        await house.scan()
        await house.scan(seconds=31)
        await house.scan(seconds=31)
    for address in addresses:
        now = world.live.get(address)
        if now != before.get(address):
            assert now == {"size": 1, "team": 1}
            assert not doubted
            assert not unreadable

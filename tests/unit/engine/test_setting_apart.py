"""What has to wait for a person, or for time, holds up nothing else of its policy (row P6)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ProviderDoubt, ResourceAddress
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Hold, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation
from reconciler.engine.decisions import approve
from tests.unit.engine.house import AUTO, A, B, C, House

WAITING = RemediationState.AWAITING_APPROVAL
D = ResourceAddress("thing.d")


def changed(house: House, *addresses: ResourceAddress) -> None:
    for address in addresses:
        house.world.live[address] = {"size": 9}


async def asked_about(house: House, *addresses: ResourceAddress) -> None:
    """Let a guard ask a person about each remediation that holds one of `addresses`."""

    def ask(situation: Situation) -> NeedsApproval | Open:
        found = frozenset(addresses) & {one.address for one in situation.findings}
        return NeedsApproval("look at it", about=found) if found else Open()

    guards = (*house.service.guards, Guard("asks", ask, at=ONCE_PLANNED))
    house.service = replace(house.service, guards=guards)


async def drifted_for_long(house: House) -> None:
    await house.put(AUTO)
    await house.scan()
    await house.scan(seconds=31)


def of(remediations: tuple[Remediation, ...]) -> list[tuple[ResourceAddress, ...]]:
    return sorted(one.addresses for one in remediations)


async def test_what_a_person_must_see_holds_up_nothing_else(house: House) -> None:
    await asked_about(house, B)
    changed(house, A, B, C)
    await drifted_for_long(house)
    assert house.world.live == {A: {"size": 1}, B: {"size": 9}, C: {"size": 1}}
    (waiting,) = await house.remediations(WAITING)
    assert (waiting.addresses, waiting.note) == ((B,), "look at it")
    (divided,) = await house.remediations(RemediationState.SUPERSEDED)
    assert (divided.addresses, divided.note) == ((A, B, C), "divided: look at it")
    await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ann")
    await house.settle()
    assert house.world.live[B] == {"size": 1}


async def test_a_plan_that_reaches_further_holds_up_only_what_leads_there(house: House) -> None:
    house.world.declared[D] = house.world.recorded[D] = {"size": 1}
    house.world.live[D] = {"size": 1}
    house.world.depends = {A: (D,)}
    house.adapter.drags_with = {A: D}
    house.world.declared[D] = {"size": 5}
    changed(house, A, B)
    await drifted_for_long(house)
    assert house.world.live == {A: {"size": 9}, B: {"size": 1}, C: {"size": 1}, D: {"size": 1}}
    assert (A,) in of(await house.remediations(WAITING))


async def test_what_one_plan_would_touch_anyway_stays_together(house: House) -> None:
    await asked_about(house, A)
    house.world.depends = {B: (A,)}
    changed(house, A, B, C)
    await drifted_for_long(house)
    assert house.world.live == {A: {"size": 9}, B: {"size": 9}, C: {"size": 1}}
    assert of(await house.remediations(WAITING)) == [(A, B)]


async def test_each_that_waits_is_decided_alone(house: House) -> None:
    await asked_about(house, A, B)
    changed(house, A, B, C)
    await drifted_for_long(house)
    assert of(await house.remediations(WAITING)) == [(A,), (B,)]
    assert house.world.live[C] == {"size": 1}


async def test_nothing_is_divided_where_all_of_it_waits(house: House) -> None:
    await asked_about(house, A, B, C)
    changed(house, A, B, C)
    await drifted_for_long(house)
    assert of(await house.remediations()) == [(A, B, C)]


async def test_a_provider_in_doubt_holds_up_only_its_own(house: House) -> None:
    house.world.providers = {A: "cloud", B: "other"}
    house.world.doubts = (ProviderDoubt("cloud", "edited"),)
    changed(house, A, B)
    await drifted_for_long(house)
    assert house.world.live[B] == {"size": 1}
    assert of(await house.remediations(RemediationState.HELD)) == [(A,)]


async def test_a_fight_holds_up_nothing_else(house: House) -> None:
    house.limit(stack_per_day=9)
    for _ in range(3):
        changed(house, A)
        await drifted_for_long(house)
        assert house.world.live[A] == {"size": 1}
    changed(house, A, B)
    await drifted_for_long(house)
    assert house.world.live == {A: {"size": 9}, B: {"size": 1}, C: {"size": 1}}
    assert of(await house.remediations(RemediationState.HELD)) == [(A,)]


async def test_a_plan_that_one_resource_refuses_is_made_for_the_others(house: House) -> None:
    house.adapter.refuses = {A: PermanentError("renamed in code", about=(A,))}
    changed(house, A, B)
    await drifted_for_long(house)
    assert house.world.live[B] == {"size": 1}
    (waiting,) = await house.remediations(RemediationState.NEEDS_HUMAN)
    assert (waiting.addresses, waiting.note) == ((A,), "renamed in code")


async def test_what_was_not_seen_again_holds_up_nothing_else(house: House) -> None:
    await house.put(AUTO)
    changed(house, A, B)
    await house.scan()
    house.world.unreadable.add(A)
    house.world.providers = {A: "cloud", B: "other"}
    await house.scan(seconds=31)
    assert house.world.live[B] == {"size": 1}
    assert of(await house.remediations(RemediationState.DETECTED)) == [(A,)]


async def test_a_limit_on_the_whole_is_not_evaded_by_dividing(house: House) -> None:
    def ask(situation: Situation) -> Hold | Open:
        return Hold("too many at once") if len(situation.findings) > 1 else Open()

    guards = (*house.service.guards, Guard("limit", ask, at=ONCE_PLANNED))
    house.service = replace(house.service, guards=guards)
    changed(house, A, B)
    await drifted_for_long(house)
    assert of(await house.remediations()) == [(A, B)]


async def test_parts_are_confirmed_and_counted_as_the_whole_was(house: House) -> None:
    await asked_about(house, B)
    changed(house, A, B)
    await house.put(AUTO)
    await house.scan()
    whole = await house.the_open()
    await house.scan(seconds=31)
    parts = [one for one in await house.remediations() if one.id != whole.id]
    assert {one.created_at for one in parts} == {whole.created_at}
    assert {one.policy_id for one in parts} == {AUTO.policy_id}
    (corrected,) = await house.remediations(RemediationState.CONVERGED)
    assert corrected.addresses == (A,)


async def test_newer_drift_is_corrected_while_another_waits(house: House) -> None:
    await asked_about(house, A)
    changed(house, A)
    await drifted_for_long(house)
    (waiting,) = await house.remediations(WAITING)
    changed(house, B)
    await house.scan()
    await house.scan(seconds=31)
    assert house.world.live[B] == {"size": 1}
    assert await house.remediations(WAITING) == (waiting,)
    # Newer drift of what waits itself: the plan that was shown is void.
    house.world.live[A] = {"size": 7}
    await house.scan()
    assert (await house.remediation(waiting.id)).state is RemediationState.SUPERSEDED
    await house.scan(seconds=31)
    (newer,) = await house.remediations(WAITING)
    assert newer.plan is not None
    (resource,) = newer.plan["resources"]
    assert (resource["changes"][0]["before"], resource["changes"][0]["after"]) == (7, 1)

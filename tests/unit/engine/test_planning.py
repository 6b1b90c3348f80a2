from __future__ import annotations

import pytest

from reconciler.domain.errors import ConflictError, NotFoundError, RetryableError
from reconciler.domain.model import StackName
from reconciler.domain.records import FindingId
from reconciler.engine.decisions import suppress
from reconciler.engine.planning import plan_finding, plan_stack
from tests.unit.engine.house import MANUAL, SHOP, A, B, House


async def test_a_plan_shows_what_a_correction_would_do(house: House) -> None:
    house.world.live[A] = {"size": 9}
    house.world.declared[B] = {"size": 5}
    await house.scan()
    wanted, other = await house.findings()
    plan = await plan_finding(house.service, wanted.id)
    assert (plan["stack"], plan["targets"], plan["summary"]) == ("shop", [A], "1 to update")
    (resource,) = plan["resources"]
    assert resource["changes"] == [{"path": "size", "before": 9, "after": 1}]
    assert plan["concerns"] == []
    assert len(plan["digest"]) == 64
    theirs = await plan_finding(house.service, other.id)
    assert theirs["concerns"] == ["thing.b would get values that no apply recorded: size = 5"]
    assert house.world.effects == []
    assert list(house.service.runs.iterdir()) == []


async def test_what_would_be_changed_too_is_told_with_its_own_finding(house: House) -> None:
    house.world.live[A] = {"size": 9}
    house.world.live[B] = {"size": 9}
    await house.scan()
    wanted = next(finding for finding in await house.findings() if finding.address == A)
    house.adapter.drags = {B}
    plan = await plan_finding(house.service, wanted.id)
    assert plan["concerns"] == ["thing.b would be changed too (update), with a finding of its own"]


async def test_a_plan_of_a_stack_is_about_all_its_open_findings(house: House) -> None:
    empty = await plan_stack(house.service, SHOP)
    assert (empty["summary"], empty["targets"]) == ("nothing to do", [])
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await suppress(house.service, (await house.the_open()).id, reason="fine", actor="ann")
    house.world.live[B] = {"size": 9}
    await house.scan()
    assert (await plan_stack(house.service, SHOP))["targets"] == [B]


async def test_the_digest_is_the_one_an_approval_is_bound_to(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    plan = await plan_finding(house.service, finding.id)
    assert plan["digest"] == (await house.the_open()).plan_digest


async def test_what_cannot_be_planned_says_why_and_leaves_nothing(house: House) -> None:
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    house.world.refuses_plan = RetryableError("locked by ann")
    with pytest.raises(RetryableError, match="locked by ann"):
        await plan_finding(house.service, finding.id)
    assert list(house.service.runs.iterdir()) == []
    house.world.live[A] = {"size": 1}
    await house.scan()
    with pytest.raises(ConflictError) as caught:
        await plan_finding(house.service, finding.id)
    assert caught.value.code == "already-healed"


async def test_there_is_no_plan_of_nothing(house: House) -> None:
    with pytest.raises(NotFoundError):
        await plan_finding(house.service, FindingId("none"))
    with pytest.raises(NotFoundError):
        await plan_stack(house.service, StackName("none"))

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.policy import PolicyId
from reconciler.engine import policies
from reconciler.engine.config_file import sync_config
from reconciler.wire.policies import Match, PolicyBody
from tests.unit.engine.house import AUTO, MANUAL, House, stack_record

DRAFT = PolicyBody(name="tags", action_type="auto_correct", match=Match(path="tags.*"), owner="ann")
FROM_FILE = replace(AUTO, source="config")


async def test_a_policy_is_made_changed_and_removed(house: House) -> None:
    made = await policies.create(house.service, DRAFT, actor="ann")
    assert (made.source, made.version, made.selection.path) == ("api", 1, "tags.*")
    quieter = replace(DRAFT, min_score=50)
    changed = await policies.update(house.service, made.policy_id, quieter, actor="ann")
    assert (changed.policy_id, changed.version, changed.min_score) == (made.policy_id, 2, 50)
    await policies.delete(house.service, made.policy_id, actor="ann")
    assert await house.read(lambda view: view.policies.all()) == ()
    assert await house.events() == ["policy.changed"] * 3
    assert await house.actions() == ["policy.created", "policy.updated", "policy.deleted"]


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, name=" "),
        replace(DRAFT, template_id="none"),
        replace(DRAFT, driver="swap"),
        replace(DRAFT, isolation_group="sg-1"),
        replace(DRAFT, action_type="quarantine", driver="script"),
        replace(DRAFT, action_type="quarantine", driver="script", script="not-allowed"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused(house: House, draft: PolicyBody) -> None:
    with pytest.raises(InvalidError):
        await policies.create(house.service, draft, actor="ann")


async def test_names_are_used_once(house: House) -> None:
    first = await policies.create(house.service, DRAFT, actor="ann")
    with pytest.raises(ConflictError) as caught:
        await policies.create(house.service, DRAFT, actor="ann")
    assert caught.value.code == "name-taken"
    assert caught.value.remedy is not None
    assert caught.value.remedy.startswith("choose another name, or change that one")
    await policies.update(house.service, first.policy_id, DRAFT, actor="ann")


async def test_what_the_file_states_is_changed_in_the_file(house: House) -> None:
    await sync_config(house.service, stacks=[stack_record()], policies=[FROM_FILE])
    for deed in (
        policies.update(house.service, AUTO.policy_id, DRAFT, actor="ann"),
        policies.delete(house.service, AUTO.policy_id, actor="ann"),
    ):
        with pytest.raises(ConflictError) as caught:
            await deed
        assert caught.value.code == "from-config"
    with pytest.raises(NotFoundError):
        await policies.delete(house.service, PolicyId("none"), actor="ann")


async def test_the_file_is_followed_and_the_api_left_alone(house: House) -> None:
    made = await policies.create(house.service, DRAFT, actor="ann")
    other = replace(MANUAL, source="config", position=1)
    await sync_config(house.service, stacks=[stack_record()], policies=[FROM_FILE, other])
    await sync_config(house.service, stacks=[stack_record()], policies=[FROM_FILE, other])
    assert (await house.actions()).count("policy.created") == 3
    await sync_config(
        house.service, stacks=[stack_record()], policies=[replace(other, min_score=3)]
    )
    kept = await house.read(lambda view: view.policies.all())
    assert {one.policy_id: one.version for one in kept} == {made.policy_id: 1, "manual": 2}


async def test_two_of_the_file_with_one_name_are_refused(house: House) -> None:
    twin = replace(FROM_FILE, policy_id=PolicyId("twin"))
    with pytest.raises(ConflictError, match="two policies"):
        await sync_config(house.service, stacks=[stack_record()], policies=[FROM_FILE, twin])


async def test_new_policies_are_asked_in_the_order_they_were_added(house: House) -> None:
    names = ["review-iam", "all-else", "a-third"]
    for name in names:
        await policies.create(house.service, replace(DRAFT, name=name), actor="ann")
    kept = await house.read(lambda view: view.policies.all())
    assert [(one.name, one.position) for one in kept] == list(zip(names, range(3), strict=True))


async def test_a_policy_that_is_changed_keeps_its_position(house: House) -> None:
    first = await policies.create(house.service, replace(DRAFT, name="z"), actor="ann")
    second = await policies.create(house.service, replace(DRAFT, name="a"), actor="ann")
    changed = await policies.update(house.service, second.policy_id, DRAFT, actor="ann")
    assert (first.position, changed.position) == (0, 1)

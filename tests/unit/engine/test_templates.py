from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.records import TemplateId
from reconciler.engine import templates
from reconciler.engine.templates import TemplateDraft
from tests.unit.engine.house import MANUAL, A, B, House

DRAFT = TemplateDraft("thing", {"size": 1}, name="small things", applies_to=("*/thing.a",))


async def test_an_uploaded_template_keeps_its_history(house: House) -> None:
    made = await templates.create(house.service, DRAFT, actor="ann")
    assert (made.revision, made.source, made.resource_id) == (1, "api", None)
    wider = replace(DRAFT, template_definition={"size": 2})
    changed = await templates.update(house.service, made.template_id, wider, actor="ann")
    assert changed.revision == 2
    same = await templates.update(house.service, made.template_id, wider, actor="ann")
    assert same == changed
    history = await house.read(lambda view: view.templates.revisions(made.template_id))
    assert [one.template_definition["size"] for one in history] == [2, 1]
    assert await house.events() == ["template.changed", "template.changed"]
    await templates.delete(house.service, made.template_id, actor="ann")
    assert await house.read(lambda view: view.templates.get(made.template_id)) is None
    assert await house.actions() == ["template.created", "template.updated", "template.deleted"]


async def test_a_secret_of_an_uploaded_template_is_kept_as_a_digest(house: House) -> None:
    draft = replace(DRAFT, template_definition={"db": {"password": "CANARY"}, "size": 1})
    made = await templates.create(house.service, draft, actor="ann")
    assert made.template_definition["size"] == 1
    assert set(made.template_definition["db"]["password"]) == {"digest"}
    same = await templates.update(house.service, made.template_id, draft, actor="ann")
    assert same.revision == 1
    other = replace(draft, template_definition={"db": {"password": "CANARY-2"}, "size": 1})
    changed = await templates.update(house.service, made.template_id, other, actor="ann")
    assert changed.revision == 2
    assert "CANARY" not in repr(changed)


async def test_a_policy_of_an_uploaded_template_is_about_all_it_covers(house: House) -> None:
    made = await templates.create(house.service, DRAFT, actor="ann")
    await house.put(replace(MANUAL, template_id=made.template_id))
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    assert (await house.the_open()).addresses == (A,)
    with pytest.raises(ConflictError) as caught:
        await templates.delete(house.service, made.template_id, actor="ann")
    assert caught.value.code == "in-use"


async def test_what_code_declares_is_changed_in_the_code(house: House) -> None:
    await house.scan()
    derived = await house.read(lambda view: view.templates.of_resource(f"shop/{A}"))
    assert derived is not None
    with pytest.raises(ConflictError) as caught:
        await templates.update(house.service, derived.template_id, DRAFT, actor="ann")
    assert caught.value.code == "from-config"
    with pytest.raises(ConflictError):
        await templates.delete(house.service, derived.template_id, actor="ann")


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, resource_type=""),
        replace(DRAFT, resource_type="x" * 201),
        replace(DRAFT, name="x" * 201),
        replace(DRAFT, applies_to=("",)),
        replace(DRAFT, applies_to=("x" * 1001,)),
        replace(DRAFT, applies_to=("x",) * 101),
    ],
)
async def test_what_could_mean_nothing_is_refused(house: House, draft: TemplateDraft) -> None:
    with pytest.raises(InvalidError):
        await templates.create(house.service, draft, actor="ann")


async def test_there_is_nothing_to_change_about_nothing(house: House) -> None:
    with pytest.raises(NotFoundError):
        await templates.update(house.service, TemplateId("none"), DRAFT, actor="ann")
    with pytest.raises(NotFoundError):
        await templates.delete(house.service, TemplateId("none"), actor="ann")

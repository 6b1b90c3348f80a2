"""Objects are read where they were recorded, whatever the code says of the provider now."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.model import Drifted, InSync, Missing, Origin, Snapshot, Verdict
from tests.integration.terraform.correcting import corrector
from tests.providers.world_provider import World
from tests.world_stack import WorldStack, verdicts

# What a state holds of a provider, and what is kept of it, is the same for both tools.
pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")

CODE = """
resource "world_thing" "web" {
  name = "web"
  tags = { role = "web" }
}
resource "world_thing" "db" {
  name = "db"
}
"""
LABEL = "registry.terraform.io/trueup/world"


def provider(stack: WorldStack, *settings: str, alias: str = "") -> str:
    own = [f'alias = "{alias}"'] if alias else []
    lines = "\n  ".join((*own, f'world = "{stack.cloud}"', *settings))
    return f'provider "world" {{\n  {lines}\n}}\n'


async def look(stack: WorldStack, **more: Any) -> tuple[Snapshot, dict[str, Verdict]]:
    """Scan once with nothing in memory, as a restarted daemon or a command does."""
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference(**more))
        return snapshot, await verdicts(adapter, snapshot)


def doubts(snapshot: Snapshot) -> list[str]:
    assert {doubt.provider for doubt in snapshot.provider_doubts} <= {LABEL}
    return [doubt.reason for doubt in snapshot.provider_doubts]


@pytest.fixture
def seen(stack: WorldStack) -> WorldStack:
    """A stack that was applied in a region, with default tags."""
    settings = ('region = "west"', 'default_tags = { env = "dev" }', 'token = "secret-token-1"')
    stack.write(CODE, provider=provider(stack, *settings))
    stack.apply()
    return stack


def west(stack: WorldStack) -> World:
    return World(Path(f"{stack.cloud}.west"))


def rewritten(stack: WorldStack, before: str, after: str) -> None:
    file = stack.directory / "main.tf"
    assert before in file.read_text()
    file.write_text(file.read_text().replace(before, after))


async def test_objects_are_read_in_the_recorded_region_until_another_is_applied(
    seen: WorldStack,
) -> None:
    """Row T3."""
    snapshot, first = await look(seen)
    assert set(first.values()) == {InSync()}
    assert doubts(snapshot) == []

    rewritten(seen, '"west"', '"east"')
    snapshot, edited = await look(seen)
    assert set(edited.values()) == {InSync()}
    assert doubts(snapshot) == ['region is "east" in code; the objects were recorded with "west"']
    assert any(LABEL in warning for warning in snapshot.warnings)

    with west(seen).changed() as content:
        web = next(one for one in content["objects"].values() if one["name"] == "web")
        web["size"] = 9
    _, drifted = await look(seen)
    assert isinstance(drifted["world_thing.web"], InSync) is False
    assert drifted["world_thing.db"] == InSync()

    seen.apply()
    snapshot, applied = await look(seen)
    assert set(applied.values()) == {InSync()}
    assert doubts(snapshot) == []
    rewritten(seen, '"east"', '"north"')
    snapshot, _ = await look(seen)
    assert doubts(snapshot) == ['region is "north" in code; the objects were recorded with "east"']


async def test_edited_default_tags_are_unapplied_and_a_drifted_tag_is_out_of_band(
    seen: WorldStack,
) -> None:
    """Row T1."""
    await look(seen)
    rewritten(seen, 'env = "dev"', 'env = "prod"')
    with west(seen).changed() as content:
        web = next(one for one in content["objects"].values() if one["name"] == "web")
        web["tags_all"]["role"] = "db"
    async with corrector(seen) as ours:
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.db", "world_thing.web")
    origins = {
        (finding.address, change.path): change.origin
        for finding in report.findings
        for change in finding.changes
    }
    assert origins == {
        ("world_thing.db", "tags_all.env"): Origin.UNAPPLIED,
        ("world_thing.web", "tags_all.env"): Origin.UNAPPLIED,
        ("world_thing.web", "tags.role"): Origin.OUT_OF_BAND,
    }
    assert [[one.path for one in resource.new] for resource in plan.resources] == [
        ["tags_all.env"],
        ["tags_all.env"],
    ]
    assert len(concerns(plan, report.findings, doubts=report.provider_doubts)) > 0


async def test_default_tags_that_were_applied_to_a_part_are_read_as_applied_there(
    seen: WorldStack,
) -> None:
    await look(seen)
    rewritten(seen, 'env = "dev"', 'env = "prod"')
    seen.apply(None, "-target=world_thing.web")
    snapshot, found = await look(seen)
    assert found["world_thing.web"] == InSync()
    waiting = found["world_thing.db"]
    assert isinstance(waiting, Drifted)
    assert [(change.path, change.origin) for change in waiting.changes] == [
        ("tags_all.env", Origin.UNAPPLIED)
    ]
    assert len(doubts(snapshot)) == 1
    seen.apply()
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == []


async def test_default_tags_edited_before_the_first_scan_are_unapplied(seen: WorldStack) -> None:
    rewritten(seen, 'env = "dev"', 'env = "prod"')
    snapshot, found = await look(seen)
    for verdict in found.values():
        assert isinstance(verdict, Drifted)
        assert {change.origin for change in verdict.changes} == {Origin.UNAPPLIED}
    assert doubts(snapshot) == [
        "its configuration in the code holds a change for world_thing.db and 1 more"
    ]
    rewritten(seen, 'env = "prod"', 'env = "dev"')
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == []


async def test_new_credentials_are_no_doubt_and_are_used(seen: WorldStack) -> None:
    await look(seen)
    rewritten(seen, "secret-token-1", "secret-token-2")
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == []
    rewritten(seen, "secret-token-2", "expired")
    rewritten(seen, '"west"', '"east"')
    async with seen.adapter() as adapter:
        with pytest.raises(Exception, match="ExpiredToken"):
            await adapter.load(seen.reference())


@pytest.mark.parametrize("now", ["var.place", '"north"', "null"])
async def test_a_setting_that_was_secret_is_not_told_when_it_is_edited(
    stack: WorldStack, now: str
) -> None:
    secret = 'variable "place" {\n  sensitive = true\n  default = "canary-west"\n}\n'
    stack.write(
        CODE + secret, provider=provider(stack, "region = var.place", 'default_tags = { a = "b" }')
    )
    stack.apply()
    await look(stack)
    rewritten(stack, "canary-west", "canary-east")
    rewritten(stack, "region = var.place", f"region = {now}")
    snapshot, found = await look(stack)
    assert set(found.values()) == {InSync()}
    (told,) = doubts(snapshot)
    assert told.startswith("region is ")
    assert told.endswith("; the objects were recorded with another value")
    assert "canary" not in repr((snapshot.provider_doubts, snapshot.warnings))


async def test_a_region_in_the_environment_that_is_another_one_is_a_doubt(
    stack: WorldStack,
) -> None:
    stack.extra["WORLD_REGION"] = "west"
    stack.apply(CODE)
    await look(stack)
    snapshot, found = await look(stack, environment={"WORLD_REGION": "east"})
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == ['WORLD_REGION is "east"; the objects were last found with "west"']
    snapshot, found = await look(stack, environment={"WORLD_REGION": "east"}, engine="cli")
    assert doubts(snapshot) == ['WORLD_REGION is "east"; the objects were last found with "west"']
    snapshot, _ = await look(stack)
    assert doubts(snapshot) == []


async def test_a_whole_plan_doubts_what_is_written_out_otherwise(seen: WorldStack) -> None:
    await look(seen)
    rewritten(seen, '"west"', '"east"')
    rewritten(seen, 'env = "dev"', 'env = "prod"')
    rewritten(seen, "secret-token-1", "secret-token-2")
    snapshot, found = await look(seen, engine="cli")
    assert {type(verdict) for verdict in found.values()} == {Missing}
    (only,) = doubts(snapshot)
    assert only.split("; ") == [
        'default_tags.env is "prod" in code',
        'the objects were recorded with "dev"',
        'region is "east" in code',
        'the objects were recorded with "west"',
    ]


async def test_a_setting_that_changes_no_answer_is_taken_over(seen: WorldStack) -> None:
    await look(seen)
    rewritten(seen, 'region = "west"', 'region = "west"\n  patience = 5')
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == []


async def test_an_unrelated_apply_does_not_move_the_recorded_region(seen: WorldStack) -> None:
    await look(seen)
    rewritten(seen, '"west"', '"east"')
    seen.run("state", "mv", "world_thing.db", "world_thing.store")
    rewritten(seen, '"world_thing" "db"', '"world_thing" "store"')
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert len(doubts(snapshot)) == 1


async def test_a_renamed_alias_is_no_doubt_and_an_edited_one_is(stack: WorldStack) -> None:
    aliased = CODE.replace('name = "db"', 'name = "db"\n provider = world.far\n')
    heads = provider(stack), provider(stack, 'region = "west"', alias="far")
    stack.write(aliased, provider="".join(heads))
    stack.apply()
    snapshot, found = await look(stack)
    assert set(found.values()) == {InSync()}
    for one in ('alias = "far"', "world.far"):
        rewritten(stack, one, one.replace("far", "away"))
    snapshot, found = await look(stack)
    assert set(found.values()) == {InSync()}
    assert snapshot.provider_doubts == ()
    rewritten(stack, '"west"', '"east"')
    snapshot, found = await look(stack)
    assert set(found.values()) == {InSync()}
    assert [doubt.provider.endswith("world.far") for doubt in snapshot.provider_doubts] == [True]


async def test_a_resource_given_another_alias_is_read_where_it_was_recorded(
    stack: WorldStack,
) -> None:
    heads = provider(stack), provider(stack, 'region = "west"', alias="far")
    stack.write(CODE, provider="".join(heads))
    stack.apply()
    await look(stack)
    rewritten(stack, 'name = "db"', 'name = "db"\n provider = world.far\n')
    snapshot, found = await look(stack)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == ['region is "west" in code; the objects were recorded with none']


async def test_a_damaged_or_missing_memory_is_a_first_look(seen: WorldStack) -> None:
    await look(seen)
    (kept,) = (seen.cache / "data" / "providers").iterdir()
    assert b"secret-token-1" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_bytes(b"damaged")
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    shutil.rmtree(seen.cache / "data")
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    shutil.rmtree(seen.cache / "data")
    (seen.cache / "data").write_text("a file where a folder should be")
    snapshot, found = await look(seen)
    assert set(found.values()) == {InSync()}
    assert doubts(snapshot) == []


async def test_what_was_deleted_is_missing_with_an_edited_provider_too(seen: WorldStack) -> None:
    await look(seen)
    rewritten(seen, '"west"', '"east"')
    with west(seen).changed() as content:
        content["objects"] = {
            key: one for key, one in content["objects"].items() if one["name"] != "db"
        }
    snapshot, found = await look(seen)
    assert found == {"world_thing.db": Missing(Origin.BOTH), "world_thing.web": InSync()}
    assert len(doubts(snapshot)) == 1

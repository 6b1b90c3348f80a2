"""What a correction would write that no update recorded, and what it does not correct at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, Missing, Origin, Verdict
from reconciler.domain.plan import Plan
from reconciler.ports import Failed
from tests.integration.pulumi.correcting import corrector
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.project import verdicts
from tests.worlds.pulumi.tools import PulumiTools

IGNORING = {"ignoreChanges": ["tags.owner"]}


@pytest.fixture(scope="session")
def kv(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    return kv_project(
        tmp_path_factory.mktemp("kv"),
        pulumi,
        lax=item("lax", tags={"owner": "x", "keep": "y"}, options=IGNORING),
        plain=item("plain", zones=["z1", "z2"], word="CANARY-word"),
        source=item("source"),
        follower=item("follower", "rev ${source.rev}"),
        lazy=item("lazy", kind="Lazy"),
    )


@pytest.fixture
def project(kv: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return kv.copied(folder)


async def seen(project: KvProject) -> dict[str, Verdict]:
    async with project.adapter() as adapter:
        return await verdicts(adapter, await adapter.load(project.reference()))


async def planned(project: KvProject, folder: Path, *names: str) -> Plan:
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        addresses = [
            resource.address
            for resource in snapshot.resources
            if resource.address.rpartition("::")[2] in names
        ]
        assert len(addresses) == len(names)
        return await adapter.plan(snapshot, addresses, folder=folder)


def new(plan: Plan, name: str) -> dict[str, tuple[object, object]]:
    (resource,) = [one for one in plan.resources if one.address.endswith(f"::{name}")]
    return {str(one.path): (one.recorded, one.planned) for one in resource.new}


async def test_drift_beside_an_ignored_path_is_restored_with_nothing_new(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P6."""
    with project.changed("lax") as content:
        content["tags"] = {"owner": "hack", "keep": "hack"}
    plan = await planned(project, tmp_path, "lax")
    assert plan.summary == "1 to update"
    assert new(plan, "lax") == {}


async def test_an_ignored_path_counts_as_new_when_the_object_is_made_anew(
    project: KvProject, tmp_path: Path
) -> None:
    project.edit("lax", tags={"owner": "edited", "keep": "y"})
    project.object_file("lax").unlink()
    plan = await planned(project, tmp_path, "lax")
    assert plan.summary == "1 to create"
    assert new(plan, "lax") == {"tags.owner": ("x", "edited")}


async def test_edited_code_and_changed_defaults_are_new_value_by_value(
    project: KvProject, tmp_path: Path
) -> None:
    project.edit("plain", zones=["z2", "z1"], size=9, word="CANARY-other")
    with project.changed("plain") as content:
        content["value"] = "hack"
    plan = await planned(project, tmp_path, "plain")
    told = new(plan, "plain")
    assert told.keys() == {"size", "word", "zones"}
    assert told["size"] == (3, 9)
    assert told["zones"] == (["z1", "z2"], ["z2", "z1"])
    assert "CANARY" not in repr(plan)


async def test_a_value_that_follows_a_recreated_object_is_not_new_unless_its_code_is(
    project: KvProject, tmp_path: Path
) -> None:
    for name in ("source", "follower"):
        project.object_file(name).unlink()
    (tmp_path / "one").mkdir()
    plan = await planned(project, tmp_path / "one", "source", "follower")
    assert plan.summary == "2 to create"
    assert new(plan, "follower") == new(plan, "source") == {}

    project.edit("follower", value="revision ${source.rev}")
    (tmp_path / "two").mkdir()
    plan = await planned(project, tmp_path / "two", "source", "follower")
    assert new(plan, "follower").keys() == {"value"}
    assert new(plan, "source") == {}


async def test_an_object_that_is_gone_and_edited_is_missing_from_both_sides(
    project: KvProject,
) -> None:
    project.edit("plain", value="edited")
    project.edit("lax", tags={"owner": "edited", "keep": "y"})
    for name in ("plain", "lax", "source"):
        project.object_file(name).unlink()
    found = await seen(project)
    assert found["plain"] == Missing(Origin.BOTH)
    assert found["lax"] == Missing(Origin.OUT_OF_BAND)  # what is edited there is ignored
    assert found["source"] == Missing(Origin.OUT_OF_BAND)


async def test_what_a_refresh_found_gone_is_missing_from_both_sides_when_edited(
    project: KvProject,
) -> None:
    await seen(project)
    for name in ("plain", "source"):
        project.object_file(name).unlink()
    project.refresh()
    project.edit("plain", value="edited")
    found = await seen(project)
    assert found["plain"] == Missing(Origin.BOTH)
    assert found["source"] == Missing(Origin.OUT_OF_BAND)


async def test_the_correction_of_a_renamed_object_says_that_the_rename_comes_first(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P1."""
    resources = project.declared()
    renamed = resources.pop("plain")
    renamed["options"] = {"aliases": [project.urn("plain")]}
    project.write(**resources, other=renamed)
    with project.changed("plain") as content:
        content["value"] = "hack"
    found = await seen(project)
    assert isinstance(found["plain"], Drifted)
    assert [change.origin for change in found["plain"].changes] == [Origin.OUT_OF_BAND]
    with pytest.raises(PermanentError, match="renames it to other by an alias") as refused:
        await planned(project, tmp_path, "plain")
    assert "apply the rename first" in str(refused.value.remedy)


async def test_a_renamed_object_that_is_edited_too_is_unapplied(project: KvProject) -> None:
    resources = project.declared()
    renamed = resources.pop("plain")
    renamed["options"] = {"aliases": [project.urn("plain")]}
    renamed["properties"]["value"] = "edited"
    project.write(**resources, other=renamed)
    found = await seen(project)
    assert isinstance(found["plain"], Drifted)
    told = {str(change.path): change.origin for change in found["plain"].changes}
    assert told == {"value": Origin.UNAPPLIED}


async def test_what_is_put_right_before_it_is_planned_leaves_nothing_to_do(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P1."""
    with project.changed("plain") as content:
        content["value"] = "hack"
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        found = await verdicts(adapter, snapshot)
        assert isinstance(found["plain"], Drifted)
        with project.changed("plain") as content:
            content["value"] = "one"
        plan = await adapter.plan(snapshot, [project.urn("plain")], folder=tmp_path)
    assert plan.empty


async def test_a_failed_correction_leaves_the_drift_what_it_was(project: KvProject) -> None:
    """Row V7."""
    for name in ("plain", "lazy"):
        with project.changed(name) as content:
            content["value"] = "hack"
    project.object_file("source").unlink()
    before = await seen(project)
    (project.world / "refusing").touch()
    lazy = project.urn("lazy", "kv:index:Lazy")
    async with corrector(project) as it:
        outcome = await it.correct(project.urn("plain"), project.urn("source"), lazy)
    assert isinstance(outcome, Failed)
    assert project.written() == []
    assert await seen(project) == before


async def test_a_failed_correction_is_no_code_when_the_code_is_edited_after_it(
    project: KvProject,
) -> None:
    with project.changed("plain") as content:
        content["value"] = "hack"
    project.object_file("source").unlink()
    (project.world / "refusing").touch()
    async with corrector(project) as it:
        assert isinstance(await it.correct(project.urn("plain"), project.urn("source")), Failed)
    project.edit("plain", size=9)
    project.edit("source", value="edited")
    found = await seen(project)
    assert found["source"] == Missing(Origin.BOTH)
    assert isinstance(found["plain"], Drifted)
    told = {str(one.path): one.origin for one in found["plain"].changes}
    assert told == {"value": Origin.OUT_OF_BAND, "size": Origin.UNAPPLIED}


async def test_an_untouched_project_is_in_sync(project: KvProject) -> None:
    found = await seen(project)
    assert {name for name, one in found.items() if isinstance(one, InSync)} >= {
        "follower",
        "lax",
        "lazy",
        "plain",
        "source",
    }

"""A provider that the code or the environment leads elsewhere, on a real native provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.concerns import concerns
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Drifted,
    InSync,
    Kind,
    Missing,
    Origin,
    ProviderDoubt,
    Snapshot,
    Verdict,
)
from reconciler.engine.scan import Scanning, scan_stack
from tests.worlds.pulumi.kv import KvProject, item, kv_project, provider
from tests.worlds.pulumi.project import KEY, verdicts
from tests.worlds.pulumi.tools import PulumiTools

WEST = "kv (west)"
IN_WEST = {"provider": "${west}"}


@pytest.fixture(scope="session")
def kv(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    return kv_project(
        tmp_path_factory.mktemp("kv"),
        pulumi,
        west=provider(region="r1", token="CANARY-token"),
        a=item("a", tags={"owner": "x", "keep": "y"}),
        b=item("b", options=IN_WEST),
        c=item("c", "${b.value}", options=IN_WEST),
    )


@pytest.fixture
def project(kv: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return kv.copied(folder)


async def looked(project: KvProject) -> tuple[Snapshot, dict[str, Verdict]]:
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        return snapshot, await verdicts(adapter, snapshot)


async def test_objects_are_read_with_the_recorded_configuration_when_the_code_names_another(
    project: KvProject,
) -> None:
    """Row P2."""
    project.edit("west", region="r2")
    with project.changed("b", "r1") as content:
        content["value"] = "hack"
    snapshot, found = await looked(project)
    assert snapshot.provider_doubts == (
        ProviderDoubt(WEST, 'region is "r2" in code; the objects were recorded with "r1"'),
    )
    assert isinstance(found["a"], InSync)
    west, b, c = found["west"], found["b"], found["c"]
    assert isinstance(west, Drifted)
    assert west.requires_replace
    (change,) = west.changes
    assert (change.path, change.recorded, change.declared) == ("region", "r1", "r2")
    assert change.origin is Origin.UNAPPLIED
    assert isinstance(b, Drifted)
    assert [(one.path, one.live) for one in b.changes] == [("value", "hack")]
    assert isinstance(c, Drifted)  # the engine replaces it with its provider
    assert c.requires_replace


async def test_an_object_is_not_corrected_while_its_provider_is_edited_and_not_applied(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P2."""
    project.edit("west", region="r2")
    with project.changed("b", "r1") as content:
        content["value"] = "hack"
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        with pytest.raises(PermanentError, match=r'region is "r2" in code') as refused:
            await adapter.plan(snapshot, [project.urn("b")], folder=tmp_path)
    assert "pulumi up" in str(refused.value.remedy)
    assert project.written() == []


async def test_a_region_in_the_stack_configuration_that_is_not_applied_moves_no_object(
    project: KvProject,
) -> None:
    """Row P2."""
    project.configure(region="r9")
    project.object_file("a").unlink()
    snapshot, found = await looked(project)
    (doubt,) = snapshot.provider_doubts
    assert doubt.provider == "kv (default)"
    assert doubt.reason == 'region is "r9" in code; the objects were recorded without it'
    assert found["a"] == Missing(Origin.BOTH)
    assert isinstance(found["b"], InSync)


async def test_a_region_that_is_unknown_before_the_update_is_a_doubt(project: KvProject) -> None:
    """Row P2."""
    resources = project.declared()
    resources["west"]["properties"]["region"] = "${new.rev}"
    project.write(new=item("new"), **resources)
    snapshot, found = await looked(project)
    (doubt,) = snapshot.provider_doubts
    assert doubt.reason == (
        'region is not known before the next update; the objects were recorded with "r1"'
    )
    assert found["new"] == Missing(Origin.UNAPPLIED)
    assert not isinstance(found["b"], Missing)


async def test_another_credential_alone_is_no_doubt(project: KvProject) -> None:
    project.edit("west", token="CANARY-rotated")
    snapshot, found = await looked(project)
    assert snapshot.provider_doubts == ()
    west = found["west"]
    assert isinstance(west, Drifted)  # an update changes it; no object is elsewhere
    assert [(change.path, change.origin) for change in west.changes] == [
        ("token", Origin.UNAPPLIED)
    ]
    assert isinstance(found["b"], InSync)


async def test_no_credential_of_an_edited_provider_is_told(project: KvProject) -> None:
    project.edit("west", region="r2", token="CANARY-rotated", label="x://u:CANARY-pw@h/")
    snapshot, found = await looked(project)
    assert "CANARY" not in repr((snapshot, found))
    assert [doubt.reason.partition(" is ")[0] for doubt in snapshot.provider_doubts] == [
        "label",
        "region",
    ]


async def test_a_region_of_the_environment_is_a_doubt_until_every_object_was_found_there(
    project: KvProject,
) -> None:
    """Row P3."""
    first, _ = await looked(project)
    elsewhere = project.given(KV_REGION="far")
    second, found = await looked(elsewhere)
    third, _ = await looked(elsewhere)
    back, again = await looked(project)

    reason = 'KV_REGION is "far"; the objects were last found without it'
    assert first.provider_doubts == back.provider_doubts == ()
    # It means nothing to a provider whose own configuration names a region.
    doubt = ProviderDoubt("kv (default)", reason)
    assert second.provider_doubts == third.provider_doubts == (doubt,)
    assert isinstance(found["a"], Missing)
    assert isinstance(found["b"], InSync)
    assert isinstance(again["a"], InSync)


async def test_what_looks_lost_in_another_region_is_made_nowhere_unasked(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P3: the objects stay where they are, and a person is asked before others are made."""
    await looked(project)
    before = project.objects()
    elsewhere = project.given(KV_REGION="far")
    folder = tmp_path / "run"
    folder.mkdir()
    async with elsewhere.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        report = await scan_stack(elsewhere.reference(), scanning=scanning)
        (lost,) = (one for one in report.findings if one.address == project.urn("a"))
        snapshot = await adapter.load(elsewhere.reference())
        plan = await adapter.plan(snapshot, [lost.address], folder=folder)
    assert lost.kind is Kind.MISSING
    said = concerns(plan, [lost], doubts=report.provider_doubts)
    assert any("KV_REGION" in str(concern) for concern in said), said
    # Without the doubt it would be plain drift, and put back by whoever may.
    assert not concerns(plan, [lost], doubts=())
    assert project.objects() == before


async def test_where_providers_look_is_kept_without_secrets(project: KvProject) -> None:
    await looked(project)
    kept = [file for file in (project.cache / "data").rglob("*.providers") if file.is_file()]
    assert len(kept) == 1
    assert b"r1" not in kept[0].read_bytes()

"""Edited code under which a targeted update leaves an invalid checkpoint: nothing is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.ports import Done
from tests.integration.pulumi.correcting import corrector
from tests.worlds.pulumi.kv import KvProject, item, kv_project, provider
from tests.worlds.pulumi.tools import PulumiTools


@pytest.fixture(scope="module")
def template(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    return kv_project(
        tmp_path_factory.mktemp("kv"),
        pulumi,
        base=item("base"),
        middle=item("middle", "rev ${base.rev}"),
        follower=item("follower", "rev ${middle.rev}"),
        west=provider(region="home", label="west"),
    )


@pytest.fixture
def kv(template: KvProject, tmp_path: Path) -> KvProject:
    folder = tmp_path / "own"
    folder.mkdir()
    project = template.copied(folder)
    for name in ("base", "middle"):
        with project.changed(name) as content:
            content["value"] = "hack"
    return project


@pytest.mark.parametrize("value", ["alone", "rev ${base.rev}"])
@pytest.mark.parametrize("target", ["base", "middle"])
async def test_nothing_is_planned_while_the_code_lets_an_untargeted_dependent_go(
    kv: KvProject, target: str, value: str
) -> None:
    kv.edit("follower", value=value)
    async with corrector(kv) as it:
        with pytest.raises(PermanentError) as refused:
            await it.plan(kv.urn(target))
    assert "the code no longer makes follower depend on " in str(refused.value)
    assert not kv.written()


async def test_a_target_is_corrected_when_its_dependents_wait_for_more(kv: KvProject) -> None:
    kv.edit("follower", value="rev ${middle.rev} ${base.rev}")
    async with corrector(kv) as it:
        assert isinstance(await it.correct(kv.urn("base")), Done)
    assert kv.objects()["home/base"]["value"] == "one"


async def test_nothing_is_planned_while_the_code_moves_another_object_to_another_provider(
    kv: KvProject,
) -> None:
    resources = kv.declared()
    resources["follower"]["options"] = {"provider": "${west}"}
    kv.write(**resources)
    async with corrector(kv) as it:
        with pytest.raises(PermanentError) as refused:
            await it.plan(kv.urn("base"))
    assert "the code moves follower from the provider default to west" in str(refused.value)
    assert not kv.written()

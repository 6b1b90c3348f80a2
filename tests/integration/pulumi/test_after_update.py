"""What an update chose is no change by hand, and what moves along with one is no second change."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.model import Origin
from tests.parts import require
from tests.worlds.pulumi.counters import COUNTERS, counting
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.tools import PulumiTools, find_aws_provider
from tests.worlds.pulumi.watching import watching


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    folder = tmp_path_factory.mktemp("updated")
    return kv_project(folder, pulumi, one=item("one"), other=item("other"))


@pytest.fixture
def project(deployed: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, whose provider counts in `rev` how often it wrote an object."""
    folder = tmp_path / "own"
    folder.mkdir()
    return deployed.copied(folder)


def by_hand(project: KvProject, name: str, **values: object) -> None:
    with project.changed(name) as content:
        content.update(values)


async def test_what_somebodys_update_chose_is_no_finding(project: KvProject) -> None:
    async with watching(project) as watched:
        project.edit("one", value="two")
        project.up()
        assert await watched.scan() == {}
        # From now on that value counts: another one is a change again.
        by_hand(project, "one", rev=77)
        assert await watched.scan() == {"one": {Origin.UNDECLARED: (["rev"], [])}}


async def test_what_an_update_after_drift_chose_is_no_finding(project: KvProject) -> None:
    async with watching(project) as watched:
        by_hand(project, "one", value="hack", rev=5)
        by_hand(project, "other", value="hack", rev=5)
        await watched.scan()
        project.up("--refresh")
        assert project.objects()["home/one"]["value"] == "one"
        assert await watched.scan() == {}


async def test_what_moves_along_with_a_change_by_hand_follows_from_it(project: KvProject) -> None:
    async with watching(project) as watched:
        by_hand(project, "one", value="hack", rev=5)
        assert await watched.scan() == {"one": {Origin.OUT_OF_BAND: (["value"], ["rev"])}}


async def test_what_no_update_chose_stays_a_finding(project: KvProject) -> None:
    async with watching(project) as watched:
        by_hand(project, "one", rev=5)
        by_hand(project, "other", rev=5)
        alone: dict[Origin | None, tuple[list[str], list[str]]]
        alone = {Origin.UNDECLARED: (["rev"], [])}
        assert await watched.scan() == {"one": alone, "other": alone}
        project.refresh()
        assert await watched.scan() == {"one": alone, "other": alone}
        # An update of one beside the other, which its refresh takes into the record again.
        project.edit("one", value="two")
        project.up("--refresh")
        assert await watched.scan() == {"other": alone}


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_counters_of_a_bridged_provider_are_no_finding_after_an_update(
    pulumi: PulumiTools, tmp_path: Path
) -> None:
    lack = "the real one is looked for in offline mirrors"
    provider = require("aws provider", find_aws_provider(), lack=lack)
    with counting(tmp_path, tools=pulumi, provider=provider) as stack:
        async with watching(stack) as watched:
            kind, worker = COUNTERS["worker"]
            stack.write({**COUNTERS, "worker": (kind, {**worker, "instanceType": "t3.small"})})
            stack.up()
            assert await watched.scan() == {}

            versions = {"LaunchTemplateName": "counters-worker"}
            data = {"InstanceType": "t3.large"}
            stack.client("ec2").create_launch_template_version(**versions, LaunchTemplateData=data)
            changed = {Origin.OUT_OF_BAND: (["instanceType"], ["latestVersion"])}
            assert await watched.scan() == {"worker": changed}
            stack.up("--refresh")
            assert await watched.scan() == {}

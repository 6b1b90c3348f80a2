"""Projects as people lay them out, and what they name on the command line."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import InSync
from reconciler.engine.scan import Scanning, scan_stack
from tests.e2e.command import Trueup
from tests.pulumi_world import THING, PulumiStack
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.project import KEY, PASSPHRASE
from tests.worlds.pulumi.tools import PulumiTools


@pytest.fixture(scope="session")
def kv(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    return kv_project(tmp_path_factory.mktemp("kv"), pulumi, a=item("a", word="CANARY-word"))


@pytest.fixture
def project(kv: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return kv.copied(folder)


async def test_a_property_that_does_not_exist_is_named(project: KvProject) -> None:
    """Row P10."""
    project.write(a=item("a", nonsense="CANARY-word"))
    with pytest.raises(PermanentError, match="Property nonsense does not exist") as told:
        await project.scan()
    assert "CANARY" not in f"{told.value} {told.value.remedy}"


async def test_a_plugin_that_a_yaml_program_needs_and_that_is_missing_is_named(
    project: KvProject,
) -> None:
    """Row P10."""
    project.write(**project.declared(), odd={"type": "absent:index:Thing", "properties": {}})
    with pytest.raises(PermanentError, match="pulumi-resource-absent") as told:
        await project.scan()
    assert "pulumi plugin install resource absent" in str(told.value.remedy)


async def test_a_relative_passphrase_file_is_in_the_project(project: KvProject) -> None:
    """Row P12."""
    (project.directory / "words").write_text(PASSPHRASE)
    inherited = {"PULUMI_CONFIG_PASSPHRASE_FILE": "words"}
    given = {n: v for n, v in project.environment.items() if n != "PULUMI_CONFIG_PASSPHRASE"}
    reference = replace(project.reference(), environment={**given, **inherited})
    async with project.adapter() as adapter:
        snapshot = await adapter.load(reference)
        found = [one async for one in adapter.observe(snapshot, [project.urn("a")])]
    assert [type(one.verdict) for one in found] == [InSync]


async def test_a_project_file_may_be_json(stack: PulumiStack) -> None:
    """Row P12."""
    for name in ("Pulumi", "Pulumi.dev"):
        file = stack.directory / f"{name}.yaml"
        (stack.directory / f"{name}.json").write_text(json.dumps(yaml.safe_load(file.read_text())))
        file.unlink()
    found = await stack.scan()
    assert isinstance(found["kept"], InSync)


async def test_a_component_names_all_below_it_and_the_end_of_a_urn_one(stack: PulumiStack) -> None:
    """Row P12."""
    with stack.changed() as things:
        for name in ("inner", "kept"):
            things[name]["value"] = "hack"
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))

        async def found(*names: str) -> set[str]:
            report = await scan_stack(stack.reference(), scanning=scanning, addresses=names)
            return {finding.address.rpartition("::")[2] for finding in report.findings}

        assert await found("things:index:Group::group") == {"inner"}
        assert await found(f"{THING}::inner") == {"inner"}
        assert await found(f"{THING}::kept") == {"kept"}
        assert await found() == {"inner", "kept"}


def test_a_scan_from_a_folder_within_the_project_is_of_the_project(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P12: as the CLI, which looks for the project above."""
    inside = project.directory / "docs" / "deep"
    inside.mkdir(parents=True)
    folders = {"XDG_CACHE_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    trueup = Trueup({**os.environ, **folders, **project.environment})
    with project.changed("a") as content:
        content["value"] = "hack"
    project.run("stack", "select")
    ended = trueup.run("scan", "--json", cwd=inside)
    assert ended.code == 2, ended.everything
    (report,) = ended.json["stacks"]
    assert [one["address"] for one in report["findings"]] == [project.urn("a")]
    assert "CANARY" not in ended.everything

"""Projects as people lay them out, and what they name on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import InSync
from tests.pulumi_world import PulumiStack
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.project import PASSPHRASE
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

"""The program is run again for whatever it may have read, and not for what changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.model import Drifted, InSync, Missing, Origin
from tests.worlds.pulumi.kv import KvProject, item
from tests.worlds.pulumi.project import verdicts
from tests.worlds.pulumi.tools import PulumiTools

READ = ("bin/v", "target/v", ".config/v")


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """A project whose values stand in files of many folders; for copying only."""
    project = KvProject(folder=tmp_path_factory.mktemp("files"), program=pulumi.cli).laid()
    for name in READ:
        file = project.directory / name
        file.parent.mkdir(parents=True)
        file.write_text("one")
    texts = {f"r{n}": {"fn::readFile": f"./{name}"} for n, name in enumerate(READ)}
    project.write(a=item("a"))
    project.run("stack", "init")
    project.write(**{name: item(name, value) for name, value in texts.items()})  # type: ignore[arg-type]
    project.up()
    return project


@pytest.fixture
def project(deployed: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return deployed.copied(folder).noting()


async def test_a_file_is_part_of_the_program_whatever_its_folder_is_called(
    project: KvProject,
) -> None:
    """Row P7."""
    async with project.adapter() as adapter:
        for number, name in enumerate(READ):
            (project.directory / name).write_text("another value")
            found = await verdicts(adapter, await adapter.load(project.reference()))
            drifted = found[f"r{number}"]
            assert isinstance(drifted, Drifted)
            assert {change.origin for change in drifted.changes} == {Origin.UNAPPLIED}


async def test_a_log_that_grows_stops_running_the_program_and_code_still_does(
    project: KvProject,
) -> None:
    """Row P7."""
    log = project.directory / "report.log"
    async with project.adapter() as adapter:
        runs = []
        for number in range(7):
            log.write_text("line\n" * number)
            await adapter.load(project.reference())
            runs.append(project.calls("preview"))
        assert runs[-1] == runs[-2] == runs[-3]
        (project.directory / "bin" / "v").write_text("edited")
        found = await verdicts(adapter, await adapter.load(project.reference()))
    assert project.calls("preview") > runs[-1]
    assert isinstance(found["r0"], Drifted)
    assert isinstance(found["r1"], InSync)


async def test_a_file_of_the_repository_and_a_newer_plugin_run_the_program_again(
    project: KvProject,
) -> None:
    """Row P7: a file beside the project, and a provider whose version nobody pinned."""
    (project.folder / ".git").mkdir()
    shared = project.folder / "shared.txt"
    shared.write_text("one")
    project.edit("r0", value={"fn::readFile": "../shared.txt"})
    async with project.adapter() as adapter:
        found = await verdicts(adapter, await adapter.load(project.reference()))
        assert isinstance(found["r0"], InSync)
        shared.write_text("edited")
        found = await verdicts(adapter, await adapter.load(project.reference()))
        assert isinstance(found["r0"], Drifted)

        plugin = project.folder / "bin" / "pulumi-resource-kv"
        older = plugin.rename(plugin.with_name("older"))
        plugin.write_text(f'#!/bin/sh\nKV_REGION=newer exec {older} "$@"\n')
        plugin.chmod(0o755)
        found = await verdicts(adapter, await adapter.load(project.reference()))
        assert found["r1"] == Missing()


async def test_a_package_of_the_program_may_have_the_name_of_a_folder_of_builds(
    pulumi: PulumiTools, tmp_path: Path
) -> None:
    """Row P7: a Python package that is called `target`."""
    project = KvProject(folder=tmp_path, program=pulumi.cli).laid()
    (project.directory / "Pulumi.yaml").write_text("name: kv\nruntime: python\n")
    package = project.directory / "target" / "__init__.py"
    package.parent.mkdir()
    package.write_text('VALUE = "one"\n')
    given = '{"name": "a", "value": VALUE}'
    (project.directory / "__main__.py").write_text(
        "import pulumi\nfrom target import VALUE\n\n"
        f'pulumi.CustomResource("kv:index:Item", "a", {given})\n'
    )
    project.run("stack", "init")
    project.up()
    async with project.adapter() as adapter:
        found = await verdicts(adapter, await adapter.load(project.reference()))
        assert isinstance(found["a"], InSync)
        package.write_text('VALUE = "another"\n')
        found = await verdicts(adapter, await adapter.load(project.reference()))
    drifted = found["a"]
    assert isinstance(drifted, Drifted)
    assert [(change.declared, change.live) for change in drifted.changes] == [("another", "one")]

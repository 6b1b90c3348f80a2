"""What holds for every example project."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path

from reconciler.discovery import FoundStack, discover_stacks
from reconciler.registry import InstalledTools
from reconciler.settings_file import load_settings
from tests.stacks.program import PROJECTS, STACKS, Project, Ran


def _found() -> tuple[FoundStack, ...]:
    return discover_stacks(STACKS, InstalledTools()).stacks


def test_init_finds_every_project() -> None:
    found = {stack.directory for stack in _found() if stack.tool == "pulumi"}

    assert {project.folder for project in PROJECTS} <= found


def test_the_project_file_says_what_can_be_configured(project: Project) -> None:
    declared = project.declared

    assert declared["runtime"] == "python"
    assert declared["description"]
    for key, rule in declared["config"].items():
        # Pulumi allows a type for a project's own keys only, and demands a value for others.
        expected = {"value"} if ":" in key else {"type", "description", "default"}
        assert expected == rule.keys() - {"items"}, key


def test_the_requirements_are_the_majors_tested_here(project: Project) -> None:
    for line in (project.folder / "requirements.txt").read_text().splitlines():
        found = re.fullmatch(r"([a-z-]+)>=(\d+)[.\d]*,<(\d+)", line)
        assert found, line
        name, least, next_major = found.groups()
        assert version(name).split(".")[0] == least
        assert int(next_major) == int(least) + 1


def test_it_deploys_with_its_defaults_without_a_word(ran: Ran) -> None:
    assert ran.error is None
    assert ran.said == ()
    assert ran.outputs
    assert all(ran.outputs.values())


def test_every_component_registers_its_outputs(ran: Ran) -> None:
    components = [resource for resource in ran.resources if not resource.custom]

    assert components
    assert all(resource.outputs for resource in components)


def test_every_resource_belongs_to_a_component(ran: Ran) -> None:
    components = {resource.urn for resource in ran.resources if not resource.custom}

    assert [r.name for r in ran.resources if r.custom and r.parent not in components] == []


def test_no_two_projects_share_a_module() -> None:
    packages = [file.parent.name for file in STACKS.glob("*/*/__init__.py")]

    assert len(packages) == len(set(packages)) >= len(PROJECTS)


def test_the_readme_is_short_and_its_settings_are_valid(
    project: Project, ran: Ran, tmp_path: Path
) -> None:
    text = (project.folder / "README.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "stacks").symlink_to(STACKS)
    file = tmp_path / "trueup.toml"
    file.write_text(example)

    settings = load_settings(file, {}, tools=InstalledTools())

    assert 15 <= len(text.splitlines()) <= 25
    assert [stack.directory.resolve() for stack in settings.stacks] == [project.folder]
    (policy,) = settings.policies
    assert policy.match.stack == settings.stacks[0].name
    assert [t for t in ran.types() if fnmatchcase(t, policy.match.type or "")]
    assert tomllib.loads(example)["policy"]


def test_nothing_names_a_package_index_or_a_machine(project: Project) -> None:
    texts = [
        path.read_text()
        for path in project.folder.rglob("*")
        if path.suffix in {".py", ".txt", ".yaml", ".md"}
    ]

    assert not [text for text in texts if re.search(r"index-url|https?://|/(?:home|root)/", text)]

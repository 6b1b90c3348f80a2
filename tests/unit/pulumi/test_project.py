"""Project files, and which stack is meant."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from iac_adapters.pulumi.project import Project, load_project, selected_stack
from reconciler.domain.errors import PermanentError

SHOP = "name: shop\nruntime: yaml\n"


def project(folder: Path, text: str | bytes = SHOP, name: str = "Pulumi.yaml") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("name", ["Pulumi.json", "Pulumi.yaml", "Pulumi.yml"])
def test_a_project_says_its_name_and_its_runtime(tmp_path: Path, name: str) -> None:
    file = project(tmp_path, name=name)
    found = load_project(tmp_path)
    assert found == Project(tmp_path, file, "shop", "yaml")
    assert found.program == tmp_path
    assert found.stack_file("dev") == tmp_path / f"Pulumi.dev{file.suffix}"


def test_a_project_may_say_where_everything_lies(tmp_path: Path) -> None:
    project(
        tmp_path,
        """
name: shop
runtime: {name: python, options: {virtualenv: .venv}}
main: infra/
backend: {url: "file://~/states"}
stackConfigDir: stacks
config: {region: {default: here}}
""",
    )
    found = load_project(tmp_path)
    assert (found.runtime, found.options) == ("python", {"virtualenv": ".venv"})
    assert found.program == tmp_path / "infra"
    assert found.backend == "file://~/states"
    assert found.stack_file("organization/shop/dev") == tmp_path / "stacks" / "Pulumi.dev.yaml"


def test_config_is_the_folder_where_it_still_is_a_name(tmp_path: Path) -> None:
    project(tmp_path, f"{SHOP}config: stacks\n")
    assert load_project(tmp_path).stack_file("dev") == tmp_path / "stacks" / "Pulumi.dev.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: shop\nruntime: [yaml\nmain: x\n", r"Pulumi\.yaml:3: "),
        ("name: shop\n\truntime: yaml\n", r"Pulumi\.yaml:2: "),
        (b"name: \xff\n", "not UTF-8 text"),
        ("", "holds no project"),
        ("- name: shop\n", "holds no project"),
        ("runtime: yaml\n", "`name` is missing"),
        ("name: ''\nruntime: yaml\n", "`name` is missing"),
        ("name: 7\nruntime: yaml\n", "`name` is missing"),
        ("name: shop\n", "`runtime` is missing"),
        ("name: shop\nruntime: {options: {}}\n", "`runtime` is missing"),
        ("name: shop\nruntime: {name: python, options: [x]}\n", "`runtime` is missing"),
    ],
)
def test_a_file_that_is_no_project_is_refused_with_its_line_or_key(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    file = project(tmp_path, text)
    with pytest.raises(PermanentError, match=words) as told:
        load_project(tmp_path)
    assert str(told.value).startswith(str(file))
    assert told.value.remedy


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"no Pulumi\.yaml"):
        load_project(tmp_path)


BACKEND = "file:///states"


def chosen(folder: Path, content: str) -> str | None:
    """Return the stack that is selected where the CLI keeps `content` for the project."""
    home = folder / "home"
    (home / "workspaces").mkdir(parents=True)
    file = project(folder)
    digest = hashlib.sha1(str(file).encode(), usedforsecurity=False).hexdigest()
    (home / "workspaces" / f"shop-{digest}-workspace.json").write_text(content)
    return selected_stack(load_project(folder), BACKEND, {"PULUMI_HOME": str(home)})


@pytest.mark.parametrize(
    ("content", "stack", "reason"),
    [
        (
            json.dumps({"stacks": {BACKEND: "organization/shop/dev"}}),
            "organization/shop/dev",
            "as 3.259 writes it",
        ),
        (json.dumps({"stack": "dev"}), "dev", "as older releases did"),
        (json.dumps({"stack": "old", "stacks": {BACKEND: "new"}}), "new", "the newer form wins"),
        (json.dumps({"stacks": {"file:///others": "dev"}}), None, "another backend's choice"),
        (json.dumps({"stack": ""}), None, "nothing is selected"),
        (json.dumps({"stacks": []}), None, "not a choice"),
        ("[]", None, "not a workspace"),
        ("{", None, "cut short"),
    ],
)
def test_the_selected_stack_is_the_clis(
    tmp_path: Path, content: str, stack: str | None, reason: str
) -> None:
    assert chosen(tmp_path, content) == stack, reason


def test_the_environment_outdoes_what_was_selected(tmp_path: Path) -> None:
    project(tmp_path)
    environment = {"PULUMI_HOME": str(tmp_path), "PULUMI_STACK": "prod"}
    found = load_project(tmp_path)
    assert selected_stack(found, BACKEND, environment) == "prod"
    assert selected_stack(found, BACKEND, {"PULUMI_HOME": str(tmp_path)}) is None

"""Which stacks a command means, and what is said to the tool of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.terraform.options import TerraformOptions
from reconciler.bootstrap.targets import Targets, resolve_targets
from reconciler.domain.errors import PermanentError
from reconciler.ports import StackReference
from reconciler.registry import InstalledTools
from reconciler.settings_file import load_settings

FILE = """
[[stack]]
name = "web"
directory = "web"
workspace = "blue"
var_files = ["web/a.tfvars"]
[[stack]]
name = "api"
directory = "api"
pulumi_stack = "dev"
[[stack]]
name = "api-prod"
directory = "api"
pulumi_stack = "prod"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder, file in (("web", "main.tf"), ("api", "Pulumi.yaml"), ("other", "main.tf")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).touch()
    (tmp_path / "web" / "a.tfvars").touch()
    (tmp_path / "trueup.toml").write_text(FILE)
    return tmp_path


def resolved(home: Path, *chosen: str, **options: Any) -> tuple[StackReference, ...]:
    tools = InstalledTools()
    stacks = load_settings(home / "trueup.toml", {}, tools=tools).stacks
    return resolve_targets(Targets(chosen, options=options), tools=tools, stacks=stacks, here=home)


def test_each_stack_has_the_options_of_its_own_tool(home: Path) -> None:
    web, api, prod = resolved(home)
    assert web.options == TerraformOptions(workspace="blue", var_files=(home / "web/a.tfvars",))
    assert api.options == PulumiOptions(pulumi_stack="dev")
    assert prod.options == PulumiOptions(pulumi_stack="prod")


def test_a_list_adds_to_the_file_and_a_word_replaces_it(home: Path) -> None:
    more = home / "more.tfvars"
    more.touch()
    (web,) = resolved(home, "web", workspace="green", var_files=[str(more)])
    assert web.options == TerraformOptions(
        workspace="green", var_files=(home / "web/a.tfvars", more)
    )


def test_an_option_is_said_to_those_whose_tool_has_it(home: Path) -> None:
    web, api, prod = resolved(home, workspace="green")
    assert web.options_as(TerraformOptions).workspace == "green"
    assert [one.options_as(PulumiOptions).pulumi_stack for one in (api, prod)] == ["dev", "prod"]


def test_an_option_that_no_chosen_stack_can_take_is_refused(home: Path) -> None:
    with pytest.raises(PermanentError, match=r"^`--stack` is an option of pulumi stacks, and"):
        resolved(home, "web", pulumi_stack="dev")
    with pytest.raises(PermanentError, match=r"^no tool has an option 'workspce'") as refused:
        resolved(home, "web", workspce="green")
    assert refused.value.remedy is not None
    assert refused.value.remedy.startswith("did you mean workspace? options of terraform stacks: ")


def test_a_directory_that_is_listed_twice_means_both_stacks(home: Path) -> None:
    """Row T25."""
    assert [one.name for one in resolved(home, "./api")] == ["api", "api-prod"]
    assert [one.name for one in resolved(home, "./api", "api-prod")] == ["api", "api-prod"]
    assert [one.name for one in resolved(home, "api")] == ["api"]


def test_a_directory_means_the_stack_that_the_options_name(home: Path) -> None:
    assert [one.name for one in resolved(home, "./api", pulumi_stack="prod")] == ["api-prod"]
    (other,) = resolved(home, "./api", pulumi_stack="third")
    assert other.options == PulumiOptions(pulumi_stack="third")
    assert [one.name for one in resolved(home, "other")] == ["other"]


def test_a_value_that_the_tool_refuses_is_named(home: Path) -> None:
    with pytest.raises(PermanentError, match=r"'\.\./x' cannot be a workspace's name"):
        resolved(home, "web", workspace="../x")


def test_a_folder_within_a_pulumi_project_means_the_project(home: Path) -> None:
    """Row P12."""
    inner = home / "api" / "lib" / "parts"
    inner.mkdir(parents=True)
    (home / "web" / "lib").mkdir()
    (stack,) = resolved(home, "api/lib/parts", pulumi_stack="dev")
    assert (stack.name, stack.directory) == ("api", home / "api")
    with pytest.raises(PermanentError, match=r"no .* code found in"):
        resolved(home, "web/lib")  # terraform works where it is started


def test_a_project_file_may_be_json(home: Path) -> None:
    (home / "json").mkdir()
    (home / "json" / "Pulumi.json").write_text("{}")
    (stack,) = resolved(home, "json")
    assert stack.tool == "pulumi"

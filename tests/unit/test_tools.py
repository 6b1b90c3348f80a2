from __future__ import annotations

import re
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable, find_executable, locate, uses_tofu
from reconciler.domain.errors import PermanentError
from reconciler.mirrors import held_providers, provider_mirrors
from reconciler.tools import find_program, program_version, survey_programs
from tests.tool_mirrors import tofu_mirror, write_cli_configuration

LOCK = 'provider "registry.{host}/hashicorp/aws" {{\n  version = "5.100.0"\n}}\n'


def program(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


def test_path_comes_before_the_tool_folder_and_that_before_the_cache(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    cache = tmp_path / ".cache/trueup/toolchain"
    assert locate("tofu", machine) is None
    for folder, version in (
        (cache / "tofu-1.9.0", "1.9.0"),
        (cache / "tofu-1.11.5", "1.11.5"),
        (tmp_path / ".local/share/trueup/bin", "1.8.0"),
        (tmp_path / "bin", "1.7.0"),
    ):
        path = program(folder, "tofu", f"OpenTofu v{version}")
        assert locate("tofu", machine) == Executable(path=path, name="tofu", version=version)


def test_other_programs_come_from_path_and_then_from_the_tool_folder(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    assert find_program("git", machine) is None
    own = program(tmp_path / ".local/share/trueup/bin", "git", "git version 2.1")
    assert find_program("git", machine) == own
    first = program(tmp_path / "bin", "git", "git version 2.0")
    assert find_program("git", machine) == first


def test_a_program_that_says_nothing_is_a_lack(tmp_path: Path, machine: dict[str, str]) -> None:
    program(tmp_path / "bin", "git", "git version 2.39.5")
    broken = program(tmp_path / "bin", "go", "")
    tools = {tool.name: tool for tool in survey_programs(machine)}
    assert (tools["git"].found, tools["git"].version) == (True, "2.39.5")
    assert (tools["go"].found, tools["go"].path) == (False, broken)
    assert program_version(tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param("", "terraform", id="nothing said: terraform"),
        pytest.param(LOCK.format(host="terraform.io"), "terraform", id="locked by terraform"),
        pytest.param(LOCK.format(host="opentofu.org"), "tofu", id="locked by tofu"),
    ],
)
def test_the_tool_is_the_one_the_stack_was_made_with(
    tmp_path: Path, machine: dict[str, str], lock: str, expected: str
) -> None:
    program(tmp_path / "bin", "terraform", "Terraform v1.11.4")
    program(tmp_path / "bin", "tofu", "OpenTofu v1.11.5")
    (tmp_path / ".terraform.lock.hcl").write_text(lock)
    assert find_executable(tmp_path, machine).name == expected
    assert find_executable(tmp_path, machine, "terraform").name == "terraform"
    assert find_executable(tmp_path, {**machine, "TRUEUP_TERRAFORM": "tofu"}).name == "tofu"


def test_plugins_and_state_also_tell(tmp_path: Path) -> None:
    assert not uses_tofu(tmp_path)
    state = tmp_path / "terraform.tfstate"
    state.write_text('{"provider": "provider[\\"registry.opentofu.org/hashicorp/aws\\"]"}')
    assert uses_tofu(tmp_path)
    (tmp_path / ".terraform/providers/registry.terraform.io").mkdir(parents=True)
    assert not uses_tofu(tmp_path)


def test_tofu_stands_in_for_terraform_but_not_the_other_way_round(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    with pytest.raises(PermanentError, match="neither terraform nor tofu"):
        find_executable(tmp_path, machine)
    tofu = program(tmp_path / "bin", "tofu", "OpenTofu v1.11.5")
    assert find_executable(tmp_path, machine).path == tofu
    tofu.unlink()
    program(tmp_path / "bin", "terraform", "Terraform v1.11.4")
    (tmp_path / ".terraform.lock.hcl").write_text(LOCK.format(host="opentofu.org"))
    with pytest.raises(PermanentError, match="belongs to OpenTofu"):
        find_executable(tmp_path, machine)


@pytest.mark.parametrize(
    ("says", "words"),
    [("Terraform v0.14.11", "too old"), ("Terraform v1.0.11", "too old"), ("hello", "version")],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, machine: dict[str, str], says: str, words: str
) -> None:
    path = program(tmp_path / "bin", "terraform", says)
    with pytest.raises(PermanentError, match=words) as caught:
        find_executable(tmp_path, machine)
    assert str(path) in str(caught.value)


def test_a_replaced_program_is_asked_again(tmp_path: Path, machine: dict[str, str]) -> None:
    program(tmp_path / "bin", "terraform", "Terraform v1.5.0")
    before = locate("terraform", machine)
    (tmp_path / "bin" / "terraform").unlink()
    program(tmp_path / "bin", "terraform", "Terraform v1.11.4")
    after = locate("terraform", machine)
    assert before is not None
    assert after is not None
    assert (before.version, after.version) == ("1.5.0", "1.11.4")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    plugins = tmp_path / "plugins"
    unpacked = plugins / "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    unpacked.mkdir(parents=True)
    (unpacked / "terraform-provider-aws_v5.100.0_x5").touch()
    packed = plugins / "registry.terraform.io/acme/thing"
    packed.mkdir(parents=True)
    (packed / "terraform-provider-thing_1.0.0_linux_amd64.zip").touch()
    return plugins


def test_a_named_mirror_comes_first(mirror: Path, machine: dict[str, str]) -> None:
    found = provider_mirrors({**machine, "TRUEUP_PROVIDER_MIRROR": f"/nowhere:{mirror}"})
    assert found[0] == mirror
    own = Path(machine["HOME"]) / ".terraform.d/plugins"
    (own / "registry.terraform.io").mkdir(parents=True)
    assert own in provider_mirrors(machine)


def test_tofu_sees_every_plugin_under_its_own_registry(
    mirror: Path, machine: dict[str, str]
) -> None:
    linked = tofu_mirror(mirror, machine)
    assert linked == tofu_mirror(mirror, machine)
    assert held_providers([linked]) == [
        "registry.opentofu.org/acme/thing",
        "registry.opentofu.org/hashicorp/aws",
    ]
    folder = linked / "registry.opentofu.org/hashicorp/aws/5.100.0/linux_amd64"
    assert folder.is_symlink()
    assert (folder / "terraform-provider-aws_v5.100.0_x5").is_file()
    assert not folder.parent.is_symlink()


def test_only_with_direct_may_anything_be_downloaded(mirror: Path, tmp_path: Path) -> None:
    offline = write_cli_configuration(tmp_path / "a.rc", [mirror]).read_text()
    assert f'path = "{mirror}"' in offline
    assert "direct {" not in offline
    online = write_cli_configuration(tmp_path / "b.rc", [mirror], direct=True).read_text()
    assert re.search(r"direct \{\s+exclude = \[.*hashicorp/aws", online)

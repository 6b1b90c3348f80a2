"""Providers that the CLI configuration has run from a developer's own folder."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import InSync, Missing
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack

_CODE: Final = 'resource "local_file" "a" {\n  filename = "a.txt"\n  content  = "one"\n}\n'


@pytest.fixture
def stack(makers: Path, terraform: Executable, tmp_path: Path) -> MakersStack:
    """A stack that was applied with the packaged provider, and is overridden since."""
    made = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=_CODE)
    made.apply()
    own = tmp_path / "build"
    own.mkdir()
    (plugin,) = (makers / "registry.terraform.io/hashicorp/local").rglob("terraform-provider-l*")
    built = own / "terraform-provider-local"
    shutil.copy(plugin, built)
    with built.open("ab") as file:
        file.write(b"another build")
    rc_file = tmp_path / "overriding"
    rc_file.write_text(
        "provider_installation {\n  # dev_overrides { not this }\n"
        f'  dev_overrides {{\n    "hashicorp/local" = "{own}"\n'
        f'    "hashicorp/unused" = "/nowhere"\n  }}\n  direct {{}}\n}}\n'
    )
    return replace(made, environment={"TF_CLI_CONFIG_FILE": str(rc_file)})


@pytest.mark.parametrize("locked", [True, False])
async def test_an_override_is_followed_and_said(
    stack: MakersStack, tmp_path: Path, *, locked: bool
) -> None:
    """Row V10."""
    if not locked:
        (stack.directory / ".terraform.lock.hcl").unlink()
        shutil.rmtree(stack.directory / ".terraform")
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    snapshot = await adapter.load(stack.reference())
    assert [one.verdict async for one in adapter.observe(snapshot, None)] == [InSync()]
    assert any(
        "is run from" in warning and "overriding" in warning for warning in snapshot.warnings
    )
    slots = adapter._pool._slots.values()
    (running,) = [psutil.Process(s.process.process.pid).exe() for s in slots if s.process]
    assert running == str(tmp_path / "build" / "terraform-provider-local")
    (stack.directory / "a.txt").unlink()
    assert [one.verdict async for one in adapter.observe(snapshot, None)] == [Missing()]
    await adapter.close()


@pytest.mark.parametrize("engine", ["auto", "plugin", "cli"])
async def test_a_folder_without_the_plugin_is_named(
    stack: MakersStack, tmp_path: Path, engine: str
) -> None:
    """Row V10: no plan can be made without it either."""
    (tmp_path / "build" / "terraform-provider-local").unlink()
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    with pytest.raises(PermanentError, match=r"build: holds no plugin of .*hashicorp/local"):
        await adapter.load(stack.reference(engine=engine))
    await adapter.close()


@pytest.mark.parametrize("name", [".terraformrc", ".terraform.d/build.tfrc.json"])
async def test_an_override_in_the_home_directory_is_followed_as_by_the_tool(
    stack: MakersStack, tmp_path: Path, name: str
) -> None:
    """Row V10."""
    home, own = tmp_path / "home", tmp_path / "build"
    file = home / name
    file.parent.mkdir(parents=True)
    file.write_text(
        f'{{"provider_installation": {{"dev_overrides": {{"hashicorp/local": "{own}"}},'
        ' "direct": [{}]}}'
    )
    at_home = replace(stack, environment={"HOME": str(home), "TF_CLI_CONFIG_FILE": ""})
    assert str(own) in at_home.run("plan", "-input=false")
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    snapshot = await adapter.load(at_home.reference())
    assert any(f"is run from {own}" in warning for warning in snapshot.warnings)
    await adapter.close()


async def test_a_relative_folder_is_below_the_code_whoever_calls_the_tool_from_where(
    stack: MakersStack, tmp_path: Path
) -> None:
    """Row V10: with `-chdir` the tool reads its settings first and looks for folders afterwards."""
    above, rc_file = stack.directory.parent, tmp_path / "overriding"
    rc_file.write_text(rc_file.read_text().replace(str(tmp_path / "build"), "build"))
    shutil.copytree(tmp_path / "build", stack.directory / "build")
    (above / "build").mkdir()  # what the tool would refuse, if it looked here
    called = replace(stack, directory=above)
    called.run(f"-chdir={stack.directory.name}", "plan", "-input=false", "-lock=false")
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    snapshot = await adapter.load(stack.reference(working_directory=above))
    assert [one.verdict async for one in adapter.observe(snapshot, None)] == [InSync()]
    await adapter.close()

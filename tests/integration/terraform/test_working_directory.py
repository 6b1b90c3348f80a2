"""A stack whose terraform is called from elsewhere, with `-chdir`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, Missing, ResourceAddress
from reconciler.ports import AdapterSetup, Exited
from tests.makers import MakersStack, verdicts

_CODE: Final = """
resource "local_file" "a" {
  filename = "a.txt"
  content  = file("${path.cwd}/greeting")
}
"""
_A: Final = ResourceAddress("local_file.a")


@pytest.fixture
def stack(makers: Path, terraform: Executable, tmp_path: Path) -> MakersStack:
    """A stack that was applied by `terraform -chdir=code` from the folder above it."""
    made = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=_CODE)
    (made.directory.parent / "greeting").write_text("hello")
    above = replace(made, directory=made.directory.parent)
    above.run("-chdir=code", "apply", "-auto-approve", "-input=false")
    assert (made.directory / "a.txt").read_text() == "hello"
    return made


def _adapter(folder: Path) -> TerraformAdapter:
    return TerraformAdapter(
        AdapterSetup(data_dir=folder, cache_dir=folder / "cache", key=b"k" * 32)
    )


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_path_cwd_is_where_the_tool_is_called_from(
    stack: MakersStack, tmp_path: Path, engine: str
) -> None:
    """Row T16."""
    adapter = _adapter(tmp_path)
    reference = stack.reference(working_directory=stack.directory.parent, engine=engine)
    assert await verdicts(adapter, reference) == {_A: InSync()}
    # The code refers to it, so it is part of what a recording depends on.
    (stack.directory.parent / "greeting").write_text("good day")
    (found,) = (await verdicts(adapter, reference)).values()
    assert isinstance(found, Drifted)
    await adapter.close()


async def test_without_it_the_code_does_not_evaluate(stack: MakersStack, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path)
    with pytest.raises(PermanentError, match="greeting"):
        await adapter.load(stack.reference())
    with pytest.raises(PermanentError, match="gone: no such directory") as raised:
        await adapter.load(stack.reference(working_directory=tmp_path / "gone"))
    assert "`working_directory`" in (raised.value.remedy or "")
    await adapter.close()


async def test_a_correction_is_planned_and_applied_from_there(
    stack: MakersStack, tmp_path: Path
) -> None:
    """Row T16."""
    adapter = _adapter(tmp_path)
    (stack.directory / "a.txt").unlink()
    reference = stack.reference(working_directory=stack.directory.parent)
    snapshot = await adapter.load(reference)
    found = [one.verdict async for one in adapter.observe(snapshot, [_A])]
    assert found == [Missing()]
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    await adapter.plan(snapshot, [_A], folder=folder)
    runner = ProcessRunner()
    process = await runner.start(adapter.correction(snapshot, folder=folder), folder)
    ended = await runner.wait(process, folder)
    assert isinstance(ended, Exited)
    assert ended.exit_code == 0, (folder / "log").read_text()
    made = stack.directory / "a.txt"
    assert made.read_text() == "hello"
    # As terraform makes it, and not as the daemon's own files are made.
    assert made.stat().st_mode & 0o777 == 0o755
    await adapter.close()

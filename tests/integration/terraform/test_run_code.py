"""A stack that may not run code is refused before any of it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import InSync
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack, verdicts

_QUIET: Final = 'resource "local_file" "a" {\n  filename = "a.txt"\n  content  = "one"\n}\n'
_MODULE: Final = 'module "m" { source = "./m" }\n'


def _running(ran: Path) -> str:
    command = f'["/bin/sh", "-c", "touch {ran}; echo {{}}"]'
    return f'\n\ndata "external" "run" {{\n  program = {command}\n}}\n'


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """What the program leaves behind."""
    return tmp_path / "ran"


@pytest.mark.parametrize("engine", ["plugin", "cli", "auto"])
@pytest.mark.parametrize("place", ["main.tf:7: data.external.run", "m/run.tf:3: module.m."])
async def test_a_program_that_a_scan_would_run_is_named_and_not_run(
    makers: Path, terraform: Executable, tmp_path: Path, ran: Path, engine: str, place: str
) -> None:
    below = place.startswith("m/")
    code = _QUIET + (_MODULE if below else _running(ran))
    if below:
        (tmp_path / "s" / "code" / "m").mkdir(parents=True)
        (tmp_path / "s" / "code" / "m" / "run.tf").write_text(_running(ran))
    stack = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=code)
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    with pytest.raises(PermanentError, match="`run_code = false` forbids that") as raised:
        await adapter.load(stack.reference(run_code=False, engine=engine))
    assert f"{stack.directory}/{place}" in str(raised.value)
    assert list(ran.parent.glob("ran")) == []
    await adapter.load(stack.reference(engine=engine))
    assert list(ran.parent.glob("ran")) == [ran]
    await adapter.close()


async def test_a_stack_that_runs_nothing_is_read(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    stack = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=_QUIET)
    stack.apply()
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    found = await verdicts(adapter, stack.reference(run_code=False))
    assert found == {"local_file.a": InSync()}
    # What the parser does not understand may hold anything.
    (stack.directory / "odd.tf").write_text("locals {\n  a = <<X\n")
    with pytest.raises(PermanentError, match="cannot tell whether"):
        await adapter.load(stack.reference(run_code=False))
    await adapter.close()

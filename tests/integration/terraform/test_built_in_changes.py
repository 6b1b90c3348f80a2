"""Resources that are built into the tool: what the code has for them is told with its paths."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import Drifted, NotApplicable, Origin
from reconciler.domain.values import Sensitive
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack, verdicts

_CODE: Final = """
variable "turn" { default = "one" }
variable "word" {
  default   = "the first word"
  sensitive = true
}
resource "terraform_data" "input" { input = { turn = var.turn } }
resource "terraform_data" "trigger" { triggers_replace = [var.turn] }
resource "terraform_data" "secret" { input = var.word }
resource "terraform_data" "same" { input = "same" }
"""
_EDITED: Final = 'turn = "two"\nword = "the second word"\n'


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_a_change_that_was_not_applied_is_told_with_its_paths(
    makers: Path, terraform: Executable, tmp_path: Path, engine: str
) -> None:
    stack = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=_CODE)
    stack.apply()
    (stack.directory / "edited.auto.tfvars").write_text(_EDITED)
    setup = AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    adapter = TerraformAdapter(setup)
    found = await verdicts(adapter, stack.reference(engine=engine))
    await adapter.close()
    assert isinstance(found.pop("terraform_data.same"), NotApplicable)
    told = {}
    for address, verdict in found.items():
        assert isinstance(verdict, Drifted)
        (told[address],) = verdict.changes
        assert told[address].origin is Origin.UNAPPLIED
    assert [(one.path, one.declared, one.recorded) for one in told.values()] == [
        ("input.turn", "two", "one"),
        ("input", told["terraform_data.secret"].declared, told["terraform_data.secret"].recorded),
        ("triggers_replace", ["two"], ["one"]),
    ]
    assert isinstance(told["terraform_data.secret"].declared, Sensitive)
    assert "word" not in repr(found)
    assert told["terraform_data.trigger"].forces_replacement

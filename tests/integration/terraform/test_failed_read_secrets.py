"""What a provider quotes when a data source cannot be read: nothing that the code calls secret."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackReport
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack

_KEY: Final = b"k" * 32
# No literal of the code, and nothing that a state keeps.
_CANARY: Final = "CANARY-of-9-parts"
_VARIABLE: Final = """
variable "word" {
  default   = "CAN"
  sensitive = true
}
data "local_file" "read" { filename = join("", [var.word, "ARY-", "of-", 9, "-par", "ts"]) }
"""
_FUNCTION: Final = """
data "local_file" "read" {
  filename = sensitive(join("", ["CAN", "ARY-", "of-", 9, "-par", "ts"]))
}
"""
_PLAIN: Final = 'data "local_file" "read" { filename = "lost.txt" }\n'
# An error that leaves nothing recorded.
_BROKEN: Final = """
resource "terraform_data" "word" { input = "a" }
resource "terraform_data" "number" { input = tonumber(terraform_data.word.input) }
"""
_FED: Final = 'resource "terraform_data" "fed" { input = data.local_file.read.content }\n'


async def _report(stack: MakersStack, data: Path) -> StackReport:
    adapter = TerraformAdapter(AdapterSetup(data_dir=data, cache_dir=data / "cache", key=_KEY))
    try:
        scanning = Scanning(adapter, SystemClock(), judging(_KEY))
        return await scan_stack(stack.reference(), scanning=scanning)
    finally:
        await adapter.close()


@pytest.mark.parametrize(
    ("code", "quoted"), [(_VARIABLE, "***"), (_FUNCTION, "***"), (_PLAIN, "lost.txt")]
)
async def test_no_secret_of_what_cannot_be_read_is_told(
    makers: Path, terraform: Executable, tmp_path: Path, code: str, quoted: str
) -> None:
    stack = MakersStack.made(
        tmp_path / "s", mirror=makers, terraform=terraform.path, code=code + _FED
    )
    report = await _report(stack, tmp_path)
    assert _CANARY not in repr(report)
    (warning,) = report.warnings
    reason = dict(report.unreadable)[ResourceAddress("data.local_file.read")]
    assert f"open {quoted}: no such file" in warning
    assert f"open {quoted}: no such file" in reason


async def test_no_secret_of_it_is_told_where_another_error_ends_the_scan(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    code = _VARIABLE + _FED + _BROKEN
    stack = MakersStack.made(tmp_path / "s", mirror=makers, terraform=terraform.path, code=code)
    with pytest.raises(PermanentError, match="Invalid function argument") as raised:
        await _report(stack, tmp_path)
    assert _CANARY not in str(raised.value)
    assert "open ***: no such file" in str(raised.value)

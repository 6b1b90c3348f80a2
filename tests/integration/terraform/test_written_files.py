"""Files that resources of real providers write: edited by hand, they are corrected unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.concerns import concerns
from reconciler.ports import Done
from tests.integration.terraform.correcting import corrector_of
from tests.makers import MakersStack

CODE = """
resource "local_file" "a" {
  filename = "a.txt"
  content  = "as applied"
}
resource "local_file" "b" {
  filename       = "b.txt"
  content_base64 = base64encode("as applied")
}
resource "local_sensitive_file" "c" {
  filename = "c.txt"
  content  = "as applied"
}
resource "local_file" "copy" {
  filename = "copy.txt"
  source   = "source.txt"
}
"""


@pytest.fixture
def stack(makers: Path, terraform: Executable, tmp_path: Path) -> MakersStack:
    folder = tmp_path / "s"
    made = MakersStack.made(folder, mirror=makers, terraform=terraform.path, code=CODE)
    (made.directory / "source.txt").write_text("as applied")
    made.apply()
    return made


@pytest.mark.parametrize(
    ("address", "name"),
    [("local_file.a", "a.txt"), ("local_file.b", "b.txt"), ("local_sensitive_file.c", "c.txt")],
)
async def test_an_edited_file_is_written_as_it_was_recorded(
    stack: MakersStack, tmp_path: Path, address: str, name: str
) -> None:
    file = stack.directory / name
    file.chmod(0o600)
    file.write_text("by hand")
    async with corrector_of(
        stack.reference(), cache=tmp_path / "cache", folder=tmp_path
    ) as corrector:
        report = await corrector.scan()
        snapshot, plan = await corrector.plan(address)
        assert concerns(plan, report.findings, doubts=report.provider_doubts) == ()
        assert isinstance(await corrector.apply(snapshot), Done)
    assert file.read_text() == "as applied"


async def test_a_source_that_was_edited_waits(stack: MakersStack, tmp_path: Path) -> None:
    (stack.directory / "copy.txt").unlink()
    source = stack.directory / "source.txt"
    async with corrector_of(
        stack.reference(), cache=tmp_path / "cache", folder=tmp_path
    ) as corrector:
        report = await corrector.scan()
        _, same = await corrector.plan("local_file.copy", name="same")
        source.write_text("by hand")
        _, edited = await corrector.plan("local_file.copy", name="edited")
    doubts = report.provider_doubts
    assert concerns(same, report.findings, doubts=doubts) == ()
    assert concerns(edited, report.findings, doubts=doubts) == (
        "local_file.copy would get values that no apply recorded: source (the file's content)",
    )

"""Files that the code opens by a name that it works out: a change of theirs is unapplied code."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform import assembly
from iac_adapters.terraform.executable import Executable
from iac_adapters.terraform.known_texts import Scope
from reconciler.domain.model import Drifted, InSync, Origin
from tests.world_stack import WorldStack, verdicts

_CODE: Final = """
variable "shared" { default = "unused" }
locals {
  base = abspath("${path.module}/..")
  all  = { one = "../shared/two.txt" }
}
resource "world_thing" "by_variable" {
  name  = "a"
  place = file("${var.shared}/one.txt")
}
resource "world_thing" "by_function" {
  name  = "b"
  place = file(join("/", [local.base, format("%s/%s", "shared", "one.txt")]))
}
resource "world_thing" "by_key" {
  name  = "c"
  place = file(local.all["one"])
}
"""
_ADDRESSES: Final = ("world_thing.by_variable", "world_thing.by_function", "world_thing.by_key")


@pytest.fixture
def shared(stack: WorldStack) -> Path:
    """A folder beside the stack, whose files its code has read at the last apply."""
    folder = stack.directory.parent / "shared"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text(name)
    (stack.directory / "terraform.tfvars").write_text('shared = "../shared"\n')
    stack.apply(_CODE)
    return folder


async def test_a_file_elsewhere_is_watched_where_its_name_follows_from_the_code(
    stack: WorldStack, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row T23: behind a variable and functions; one behind a key of a map is seen in time."""
    async with stack.adapter() as adapter:
        for _ in range(2):
            found = await verdicts(adapter, await adapter.load(stack.reference()))
            assert found == dict.fromkeys(_ADDRESSES, InSync())
        for name in ("one", "two"):
            (shared / f"{name}.txt").write_text("edited")
        stack.forget_calls()
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        for address in _ADDRESSES:
            verdict = found[address]
            assert isinstance(verdict, Drifted)
            (change,) = [one for one in verdict.changes if one.path == "place"]
            assert (change.declared, change.origin) == ("edited", Origin.UNAPPLIED)
        assert stack.calls("plan") == 1
        # Alone, the one that nothing names is seen when the recording is ten minutes old.
        (shared / "two.txt").write_text("again")
        monkeypatch.setattr(assembly, "_BRIEF_S", -1.0)
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        verdict = found["world_thing.by_key"]
        assert isinstance(verdict, Drifted)
        assert "again" in [change.declared for change in verdict.changes]


def test_what_is_known_of_a_text_is_what_the_tool_evaluates(
    terraform: Executable, tmp_path: Path
) -> None:
    """Row T23."""
    code = """
locals {
  shared = "../sh\\tared" # a comment
  deep   = "${local.shared}/deep"
}
variable "given" { default = "a b" }
"""
    expressions = [
        "local.deep", '"$${x}-${var.given}-%%{y}"', "path.module", "path.root",
        "abspath(path.module)", "dirname(path.root)", 'dirname("a/b/c")', 'dirname("/a")',
        'dirname("a/b/")', 'dirname("../x")', 'basename("..")', "basename(path.root)",
        'basename("a/b/")', 'format("%s-%v", "a", var.given)', 'join("/", ["a", "b"])',
        'trimsuffix("a/", "/")', 'trimprefix("/a", "/")', 'replace("a.b.c", ".", "/")',
        'coalesce("", "b")', 'try("a", "b")', 'trimspace(" a ")', 'chomp("a\\n\\n")',
        'pathexpand("~/a")', 'upper("aé")', "terraform.workspace",
    ]  # fmt: skip
    (tmp_path / "main.tf").write_text(code)
    said = subprocess.run(
        [str(terraform.path), "console"],
        cwd=tmp_path,
        input=f"jsonencode([{', '.join(expressions)}])\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    theirs = json.loads(json.loads(said))
    scope = Scope((code,), tmp_path, tmp_path, tmp_path, "default")
    found = [scope.text_at(one, 0) for one in expressions]
    assert [(text.value, text.whole) for text in found] == [(text, True) for text in theirs]

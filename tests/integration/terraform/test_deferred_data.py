"""A data source that waits for an object that is gone: the tool reads it at the apply."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.plugin_host.process import PluginProcess
from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Origin,
    StackReport,
    Unreadable,
    Verdict,
)
from reconciler.domain.origin import contains_unknown
from reconciler.domain.report import ExitCode, exit_code
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack, verdicts

_KEY: Final = b"k" * 32
_CODE: Final = """
terraform {
  required_providers {
    local = { source = "registry.terraform.io/hashicorp/local" }
  }
}
resource "local_file" "source" {
  filename = "source.txt"
  content  = "one"
}
%s
resource "local_file" "fed" {
  filename = "fed.txt"
  content  = data.local_file.read.content
}
resource "terraform_data" "fed" { input = data.local_file.read.content }
resource "local_file" "apart" {
  filename = "apart.txt"
  content  = "apart"
}
output "read" { value = data.local_file.read.content }
"""
_WAITING: Final = {
    "depends_on": """
data "local_file" "read" {
  filename   = "source.txt"
  depends_on = [local_file.source]
}
""",
    "name": """
data "local_file" "read" { filename = local_file.source.filename }
""",
    "computed": """
data "local_file" "read" { filename = replace(local_file.source.id, "/^.*$/", "source.txt") }
""",
    "chain": """
data "local_file" "first" {
  filename   = "source.txt"
  depends_on = [local_file.source]
}
data "local_file" "read" { filename = replace(data.local_file.first.id, "/^.*$/", "source.txt") }
""",
}
_MOVED: Final = """
moved {
  from = local_file.apart
  to   = local_file.moved
}
"""
_LOST: Final = """
data "local_file" "lost" { filename = "lost.txt" }
resource "terraform_data" "lost" { input = data.local_file.lost.content }
"""


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[TerraformAdapter]:
    """An adapter that stays open."""
    opened = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=_KEY)
    )
    yield opened
    await opened.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often providers were asked for what, by the method's name."""
    calls: Counter[str] = Counter()
    unary = PluginProcess.unary

    async def counted(
        self: PluginProcess, method: str, request: bytes, *, timeout_s: float | None
    ) -> bytes:
        calls[method.rpartition("/")[2]] += 1
        return await unary(self, method, request, timeout_s=timeout_s)

    monkeypatch.setattr(PluginProcess, "unary", counted)
    return calls


def _applied(folder: Path, makers: Path, tool: Executable, code: str) -> MakersStack:
    stack = MakersStack.made(folder / "s", mirror=makers, terraform=tool.path, code=code)
    (stack.directory / "lost.txt").write_text("lost")
    stack.apply()
    return stack


def _actions(stack: MakersStack) -> dict[str, tuple[str, ...]]:
    """Return what the tool's own plan would do, by address; nothing where it leaves all alone."""
    stack.run("plan", "-input=false", "-lock=false", "-out=own.plan")
    document: dict[str, Any] = json.loads(stack.run("show", "-json", "own.plan"))
    return {
        entry["address"]: tuple(entry["change"]["actions"])
        for entry in document["resource_changes"]
        if entry["change"]["actions"] != ["no-op"]
    }


async def _report(adapter: TerraformAdapter, stack: MakersStack) -> StackReport:
    scanning = Scanning(adapter, SystemClock(), judging(_KEY))
    return await scan_stack(stack.reference(), scanning=scanning)


def _is_of_drift(verdict: Verdict) -> bool:
    assert isinstance(verdict, Drifted)
    assert {change.origin for change in verdict.changes} == {Origin.OUT_OF_BAND}
    assert all(contains_unknown(change.declared) for change in verdict.changes)
    return bool(verdict.changes) and verdict.follows == "local_file.source"


@pytest.mark.parametrize("way", sorted(_WAITING))
async def test_a_scan_shows_what_the_plan_does_where_the_tool_puts_off_a_data_source(
    makers: Path, tool: Executable, tmp_path: Path, adapter: TerraformAdapter, way: str
) -> None:
    stack = _applied(tmp_path, makers, tool, _CODE % _WAITING[way])
    untouched = await verdicts(adapter, stack.reference())
    assert untouched["local_file.fed"] == InSync()
    (stack.directory / "source.txt").unlink()

    planned = _actions(stack)
    assert planned.pop("data.local_file.read") == ("read",)
    planned.pop("data.local_file.first", None)
    assert planned == {
        "local_file.source": ("create",),
        "local_file.fed": ("delete", "create"),
        "terraform_data.fed": ("update",),
    }
    seen = await verdicts(adapter, stack.reference())
    shown = {address for address, one in seen.items() if isinstance(one, Drifted | Missing)}
    assert shown == planned.keys()
    assert seen["local_file.source"] == Missing()
    fed, built_in = seen["local_file.fed"], seen["terraform_data.fed"]
    assert _is_of_drift(fed)
    assert _is_of_drift(built_in)
    assert isinstance(fed, Drifted)
    assert fed.requires_replace
    assert seen["local_file.apart"] == InSync()
    assert not any(isinstance(verdict, Unreadable) for verdict in seen.values())

    report = await _report(adapter, stack)
    assert (report.warnings, report.unreadable, report.provider_doubts) == ((), (), ())
    assert (report.incomplete, exit_code([report])) == (False, ExitCode.DRIFT)
    assert {finding.address for finding in report.findings} == planned.keys()


async def test_one_that_is_there_again_is_in_sync(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    stack = _applied(tmp_path, makers, terraform, _CODE % _WAITING["depends_on"])
    source = stack.directory / "source.txt"
    source.unlink()
    assert (await verdicts(adapter, stack.reference()))["local_file.source"] == Missing()
    source.write_text("one")
    seen = await verdicts(adapter, stack.reference())
    assert (seen["local_file.source"], seen["local_file.fed"]) == (InSync(), InSync())


async def test_code_that_waits_beside_it_is_told_from_what_follows(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    code = _CODE % _WAITING["depends_on"]
    stack = _applied(tmp_path, makers, terraform, code)
    (stack.directory / "main.tf").write_text(code.replace('"apart"\n}', '"other"\n}'))
    (stack.directory / "source.txt").unlink()
    seen = await verdicts(adapter, stack.reference())
    assert _is_of_drift(seen["terraform_data.fed"])
    assert isinstance(apart := seen["local_file.apart"], Drifted)
    assert {change.origin for change in apart.changes} == {Origin.UNAPPLIED}


async def test_one_that_is_put_off_is_seen_beside_a_move_that_is_not_applied(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """The tool plans no part of the code that leaves the moved object out."""
    code = _CODE % _WAITING["depends_on"]
    stack = _applied(tmp_path, makers, terraform, code)
    moved = code.replace('"local_file" "apart"', '"local_file" "moved"')
    (stack.directory / "main.tf").write_text(moved + _MOVED)
    (stack.directory / "source.txt").unlink()
    seen = await verdicts(adapter, stack.reference())
    assert _is_of_drift(seen["local_file.fed"])
    assert isinstance(apart := seen["local_file.apart"], Drifted)
    assert (apart.changes, apart.origin) == ((), Origin.UNAPPLIED)


async def test_what_depends_on_one_that_waits_by_code_that_is_not_applied_follows(
    makers: Path, tool: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """The last apply knew of no object that the data source waits for."""
    plain = 'data "local_file" "read" { filename = "source.txt" }'
    stack = MakersStack.made(tmp_path / "s", mirror=makers, terraform=tool.path, code=_CODE % plain)
    (stack.directory / "source.txt").write_text("one")
    stack.apply()
    (stack.directory / "main.tf").write_text(_CODE % _WAITING["depends_on"])
    (stack.directory / "source.txt").unlink()
    planned = _actions(stack)
    assert planned.pop("data.local_file.read") == ("read",)
    assert planned["local_file.fed"] == ("delete", "create")
    seen = await verdicts(adapter, stack.reference())
    shown = {address for address, one in seen.items() if isinstance(one, Drifted | Missing)}
    assert shown == planned.keys()
    assert _is_of_drift(seen["local_file.fed"])
    assert _is_of_drift(seen["terraform_data.fed"])
    assert seen["local_file.apart"] == InSync()


async def test_one_that_the_tool_reads_and_cannot_is_an_error_of_its_own(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """It waits for nothing that is gone."""
    read = 'data "local_file" "read" { filename = "lost.txt" }'
    stack = _applied(tmp_path, makers, terraform, _CODE % read)
    (stack.directory / "lost.txt").unlink()
    (stack.directory / "source.txt").unlink()
    with pytest.raises(AssertionError, match="Read local file data source error"):
        _actions(stack)
    report = await _report(adapter, stack)
    unread = {address for address, _ in report.unreadable}
    assert unread == {
        "data.local_file.read",
        "local_file.fed",
        "terraform_data.fed",
        "output.read",
    }
    assert [finding.address for finding in report.findings] == ["local_file.source"]
    assert exit_code([report]) is ExitCode.INCOMPLETE


async def test_one_that_is_put_off_is_seen_beside_one_that_fails(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    stack = _applied(tmp_path, makers, terraform, _CODE % _WAITING["depends_on"] + _LOST)
    (stack.directory / "source.txt").unlink()
    (stack.directory / "lost.txt").unlink()
    report = await _report(adapter, stack)
    unread = {address for address, _ in report.unreadable}
    assert {"data.local_file.lost", "terraform_data.lost"} <= unread
    assert "data.local_file.read" not in unread
    (warning,) = report.warnings
    assert "(data.local_file.lost)" in warning
    assert exit_code([report]) is ExitCode.INCOMPLETE


async def test_no_scan_asks_more_of_a_provider_where_nothing_fails(
    makers: Path,
    terraform: Executable,
    tmp_path: Path,
    adapter: TerraformAdapter,
    asked: Counter[str],
) -> None:
    stack = _applied(tmp_path, makers, terraform, _CODE % _WAITING["depends_on"])
    await verdicts(adapter, stack.reference())
    reads = {name: asked[name] for name in ("ReadResource", "ReadDataSource")}
    assert reads == {"ReadResource": 3, "ReadDataSource": 1}
    (stack.directory / "source.txt").unlink()
    asked.clear()
    await verdicts(adapter, stack.reference())
    # The one object that it waits for is read once more; nobody asks again what has failed.
    assert asked["ReadResource"] == 4

"""Outputs of the root module: what the tool would change of them, and who brought it about."""

from __future__ import annotations

import subprocess
from typing import Final

import pytest

from iac_adapters.terraform import rows_without_object, seen_outputs
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import (
    Drifted,
    Finding,
    Missing,
    Origin,
    StackReport,
    Unreadable,
)
from reconciler.domain.report import ExitCode, exit_code
from reconciler.domain.values import UNKNOWN
from reconciler.engine.scan import Scanning, scan_stack
from tests.integration.terraform.tools import EACH_ENGINE, ENGINES
from tests.world_stack import KEY, WorldStack, verdicts
from tests.worlds.oracle import of_a_plan

_CAUSE: Final = """
resource "world_thing" "cause" {
  name = "cause"
  size = 4
}
"""
_NEW: Final = 'resource "world_thing" "new" { name = "new" }\n'


def _tool_says(stack: WorldStack) -> int:
    """Return what `plan -detailed-exitcode` says: 2 where it would change anything."""
    environment = {**stack.environment, "PATH": "/usr/bin:/bin"}
    words = [str(stack.program), "plan", "-input=false", "-lock=false", "-detailed-exitcode"]
    done = subprocess.run(
        words, cwd=stack.directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 2), done.stderr
    return done.returncode


async def _reports(
    stack: WorldStack, *, engine: str, times: int = 1, addresses: tuple[str, ...] = ()
) -> list[StackReport]:
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        return [
            await scan_stack(stack.reference(engine=engine), scanning=scanning, addresses=addresses)
            for _ in range(times)
        ]


def _found(report: StackReport) -> dict[str, Finding]:
    return {str(finding.address): finding for finding in of_a_plan(report)}


@pytest.mark.parametrize(
    ("engine", "value"),
    [("plugin", "timestamp()"), ("cli", "timestamp()"), ("plugin", '["x", try(uuid(), "none")]')],
)
async def test_an_output_that_only_an_apply_can_tell_is_the_same_finding_at_each_scan(
    stack: WorldStack, engine: str, value: str
) -> None:
    """Rows T17 and T27."""
    stack.apply(f'output "at" {{ value = {value} }}')
    assert _tool_says(stack) == 2
    first, again = await _reports(stack, engine=engine, times=2)
    (finding,) = first.findings
    assert (finding.address, finding.origin) == ("output.at", Origin.UNAPPLIED)
    (change,) = finding.changes
    assert change.declared == (UNKNOWN if value == "timestamp()" else ["x", UNKNOWN])
    assert finding.source is not None
    assert finding.source.file == "main.tf"
    assert not first.warnings
    assert exit_code([first]) is ExitCode.DRIFT
    assert [one.fingerprint for one in again.findings] == [finding.fingerprint]


_FED: Final = """
module "inner" {
  source = "./inner"
  given  = world_thing.new.id
}
locals {
  id    = { "a.b" = world_thing.new.id }
  told  = module.inner.told
  other = local.id["a.b"]
}
data "world_count" "late" { depends_on = [world_thing.new] }
output "by_itself" { value = world_thing.new.id }
output "by_local" { value = local.other }
output "by_module" { value = local.told }
output "by_data" { value = data.world_count.late }
output "at" { value = "${world_thing.cause.name} ${timestamp()}" }
"""


@EACH_ENGINE
async def test_an_output_that_a_shown_change_feeds_is_not_listed_besides(
    stack: WorldStack, engine: str
) -> None:
    """Row T27: through locals, modules and data sources; beside it one that nothing feeds."""
    inner = stack.directory / "inner"
    inner.mkdir()
    (inner / "main.tf").write_text(
        'variable "given" {}\nlocals { kept = var.given }\noutput "told" { value = local.kept }\n'
    )
    stack.write(_CAUSE)
    stack.run("get")
    stack.apply()
    stack.write(_CAUSE + _NEW + _FED)
    stack.run("get")
    (report,) = await _reports(stack, engine=engine)
    found = _found(report)
    assert found.keys() == {"world_thing.new", "output.at"}
    assert not report.warnings
    stack.apply()
    (report,) = await _reports(stack, engine=engine)
    assert _found(report).keys() == {"output.at"}


_MOVED: Final = """
locals { serial = world_thing.cause.serial }
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
output "db" { value = world_thing.cause.serial }
output "by_local" { value = "serial ${local.serial}" }
output "by_follower" { value = world_thing.follower.labels }
output "name" { value = world_thing.cause.name }
"""


@EACH_ENGINE
async def test_an_output_fed_by_a_value_that_somebody_moved_follows_it(
    stack: WorldStack, engine: str
) -> None:
    """Rows T27 and U2."""
    stack.apply(_CAUSE + _MOVED)
    (quiet,) = await _reports(stack, engine=engine)
    assert not quiet.findings
    with stack.changed() as things:
        before, things["cause"]["serial"] = things["cause"]["serial"], "another"
    assert _tool_says(stack) == 2
    first, again = await _reports(stack, engine=engine, times=2)
    found = _found(first)
    outputs = {"output.db", "output.by_local", "output.by_follower"}
    assert found.keys() == {"world_thing.follower", *outputs}
    for address in outputs:
        finding = found[address]
        assert (finding.origin, finding.consequence_of) == (
            Origin.OUT_OF_BAND, "world_thing.cause",
        )  # fmt: skip
        assert finding.reason == "follows world_thing.cause (serial)"
        assert finding.source is not None
    (change,) = found["output.db"].changes
    assert (change.declared, change.recorded) == ("another", before)
    assert not first.warnings
    assert {finding.fingerprint for finding in again.findings} == {
        finding.fingerprint for finding in first.findings
    }
    with stack.changed() as things:
        things["cause"]["serial"] = before
    assert _tool_says(stack) == 0
    (quiet,) = await _reports(stack, engine=engine)
    assert not quiet.findings


@ENGINES
async def test_a_secret_output_that_follows_is_shown_without_its_value(
    stack: WorldStack, engine: str
) -> None:
    secret = "value = world_thing.cause.serial\n  sensitive = true"
    stack.apply(f'{_CAUSE}output "db" {{\n  {secret}\n}}\n')
    with stack.changed() as things:
        things["cause"]["serial"] = "not-to-be-seen"
    (report,) = await _reports(stack, engine=engine)
    finding = _found(report)["output.db"]
    (change,) = finding.changes
    assert (change.origin, change.sensitive) == (Origin.OUT_OF_BAND, True)
    assert "not-to-be-seen" not in repr(finding)


async def test_an_output_stays_unread_while_what_it_followed_cannot_be_read(
    stack: WorldStack,
) -> None:
    stack.apply(_CAUSE + 'output "db" { value = world_thing.cause.serial }')
    async with stack.adapter() as adapter:
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
        for knob, expected in ((None, Drifted), ("deny", Unreadable), ("deny", Unreadable)):
            stack.turn(cause=knob)
            seen = await verdicts(adapter, await adapter.load(stack.reference()))
            assert isinstance(seen["output.db"], expected)
        stack.turn(cause=None)
        with stack.changed() as things:
            things["cause"]["serial"] = "a third"
        seen = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(seen["output.db"], Drifted)


@ENGINES
async def test_an_output_of_an_ignored_place_follows_what_somebody_set_there(
    stack: WorldStack, engine: str
) -> None:
    code = _CAUSE.replace("size = 4", "size = 4\n  lifecycle { ignore_changes = [size] }")
    stack.apply(code + 'output "size" { value = world_thing.cause.size }')
    with stack.changed() as things:
        things["cause"]["size"] = 9
    assert _tool_says(stack) == 2
    (report,) = await _reports(stack, engine=engine)
    (finding,) = of_a_plan(report)
    assert (finding.address, finding.origin) == ("output.size", Origin.OUT_OF_BAND)
    assert [change.declared for change in finding.changes] == [9]


@ENGINES
async def test_an_output_of_a_place_that_a_plan_puts_back_is_in_sync(
    stack: WorldStack, engine: str
) -> None:
    stack.apply(_CAUSE + 'output "size" { value = world_thing.cause.size }')
    with stack.changed() as things:
        things["cause"]["size"] = 9
    (report,) = await _reports(stack, engine=engine)
    assert _found(report).keys() == {"world_thing.cause"}
    assert not report.warnings


@ENGINES
async def test_code_and_world_that_change_an_output_are_told_apart(
    stack: WorldStack, engine: str
) -> None:
    code = """
    output "both" { value = "%s ${world_thing.cause.serial}" }
    output "code" { value = "%s ${world_thing.cause.name}" }
    output "gone_by_hand" { value = "%s" == "1" ? "x" : world_thing.cause.serial }
    """
    stack.apply(_CAUSE + code % ("1", "1", "1"))
    with stack.changed() as things:
        things["cause"]["serial"] = "x"
    stack.write(_CAUSE + code % ("2", "2", "2"))
    (report,) = await _reports(stack, engine=engine)
    found = _found(report)
    assert {address: finding.origin for address, finding in found.items()} == {
        "output.both": Origin.BOTH,
        "output.code": Origin.UNAPPLIED,
    }
    assert found["output.both"].changes[0].declared == "2 x"
    assert found["output.both"].consequence_of is None
    assert found["output.code"].consequence_of is None
    assert not report.warnings


async def test_an_output_is_scanned_by_itself_as_in_a_whole_scan(stack: WorldStack) -> None:
    stack.apply(_CAUSE + 'output "at" { value = "${timestamp()}${world_thing.cause.serial}" }')
    with stack.changed() as things:
        things["cause"]["serial"] = "another"
    (whole,) = await _reports(stack, engine="plugin")
    (alone,) = await _reports(stack, engine="plugin", addresses=("output.at",))
    assert alone.findings == tuple(f for f in whole.findings if f.address == "output.at")
    assert alone.findings


async def test_an_output_scanned_by_itself_is_no_defect_where_its_feeder_stands_for_it(
    stack: WorldStack,
) -> None:
    """The feeder is read besides, though the scan is not asked for it."""
    follower = """
    resource "world_thing" "follower" {
      name = "follower"
      lifecycle { replace_triggered_by = [world_thing.cause] }
    }
    """
    stack.apply(f'{_CAUSE}{follower}output "at" {{ value = world_thing.follower.serial }}')
    stack.write(f'{_CAUSE}{follower}output "at" {{ value = "${{world_thing.follower.serial}} x" }}')
    (before,) = await _reports(stack, engine="plugin", addresses=("output.at",))
    assert _found(before).keys() == {"output.at"}
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        with stack.changed() as things:
            things["cause"]["size"] = 5
        reference = stack.reference()
        whole = await scan_stack(reference, scanning=scanning)
        assert _found(whole).keys() == {"world_thing.cause", "world_thing.follower"}
        alone = await scan_stack(reference, scanning=scanning, addresses=("output.at",))
    assert not alone.warnings
    assert not alone.findings


async def test_what_feeds_an_output_and_is_gone_stands_for_it(stack: WorldStack) -> None:
    stack.apply(_CAUSE + 'output "db" { value = world_thing.cause.serial }')
    with stack.changed() as things:
        del things["cause"]
    stack.forget_calls()
    seen = await stack.scan()
    assert seen == {"world_thing.cause": Missing()}
    assert stack.calls("plan") == 1


async def test_outputs_are_unreadable_where_what_moved_keeps_the_tool_from_a_plan(
    stack: WorldStack,
) -> None:
    condition = """
    lifecycle {
      postcondition {
        condition     = self.serial != "broken"
        error_message = "the serial is broken"
      }
    }
    """
    code = _CAUSE.replace("size = 4", f"size = 4\n{condition}")
    stack.apply(code + 'output "db" { value = world_thing.cause.serial }')
    with stack.changed() as things:
        things["cause"]["serial"] = "broken"
    async with stack.adapter() as adapter:
        for calls in (None, 0):
            stack.forget_calls()
            seen = await verdicts(adapter, await adapter.load(stack.reference()))
            verdict = seen["output.db"]
            assert isinstance(verdict, Unreadable)
            assert "the serial is broken" in verdict.reason
            assert calls is None or stack.calls("plan") == calls


@pytest.mark.parametrize("engine", ["plugin", "cli", "follows"])
async def test_an_output_that_a_scan_fails_to_show_is_reported_by_the_scan_itself(
    stack: WorldStack, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours is played: the output is left out of the verdicts."""
    stack.apply(_CAUSE + 'output "db" { value = world_thing.cause.serial }')
    if engine == "follows":
        with stack.changed() as things:
            things["cause"]["serial"] = "another"
        monkeypatch.setattr(seen_outputs, "shown_by_itself", lambda _output, _changing: False)
    else:
        stack.write(_CAUSE + 'output "db" { value = "of code" }')
        monkeypatch.setattr(
            rows_without_object, "shown_by_itself", lambda _output, _changing: False
        )
    (report,) = await _reports(stack, engine="cli" if engine == "cli" else "plugin")
    assert _found(report).keys() == {"output.db"}
    (warning,) = report.warnings
    assert warning.startswith("output.db: the plan would update it")
    assert "defect of trueup" in warning

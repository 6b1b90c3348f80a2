"""A condition of the code that fails: drift is shown all the same, as by `plan -refresh-only`."""

from __future__ import annotations

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Origin, StackReport
from reconciler.domain.report import ExitCode, exit_code
from reconciler.domain.state_lineage import WHOLE_STACK
from reconciler.engine.scan import Scanning, scan_stack
from tests.providers.world_provider import World
from tests.world_stack import KEY, ToolFailed, WorldStack

WEB, LEAF, OTHER = "world_thing.web", "world_thing.leaf", "world_thing.other"
CODE = """
variable "allowed" { default = true }
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red" }
  lifecycle {
    %s {
      condition     = var.allowed
      error_message = "The team of web is not allowed any more."
    }
  }
}
resource "world_thing" "leaf" {
  name   = "leaf"
  labels = { of = world_thing.web.name, team = "red" }
}
resource "world_thing" "other" {
  name   = "other"
  labels = { team = "red" }
}
"""
HOLDING = (CODE % "precondition").replace("= var.allowed", "= var.allowed || true")
FAILING = {"TF_VAR_allowed": "false"}


async def scan(stack: WorldStack, **environment: str) -> StackReport:
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        reference = stack.reference(environment={**FAILING, **environment})
        return await scan_stack(reference, scanning=scanning)


def found(report: StackReport) -> dict[str, tuple[Origin | None, list[str]]]:
    assert report.unreadable == ()
    return {
        finding.address: (finding.origin, [change.path for change in finding.changes])
        for finding in report.findings
    }


@pytest.mark.parametrize("kind", ["precondition", "postcondition"])
async def test_drift_is_shown_beside_a_condition_that_fails(stack: WorldStack, kind: str) -> None:
    stack.apply(CODE % kind)

    untouched = await scan(stack)
    assert found(untouched) == {}
    (warning,) = untouched.warnings
    assert f"Resource {kind} failed" in warning
    assert "The team of web is not allowed any more." in warning
    assert "main.tf:" in warning
    # The tool refuses to plan: whatever was read, the stack is not in sync.
    assert exit_code([untouched]) is ExitCode.INCOMPLETE
    (doubt,) = untouched.provider_doubts
    assert doubt.provider == WHOLE_STACK
    assert doubt.reason.startswith("a plan ends with an error: main.tf:")
    assert warning.startswith(doubt.reason.removeprefix("a plan ends with an error: "))

    with stack.changed() as things:
        for name in ("web", "leaf", "other"):
            things[name]["labels"] = {**things[name]["labels"], "team": "blue"}
    drifted = (Origin.OUT_OF_BAND, ["labels.team"])
    assert found(await scan(stack)) == {WEB: drifted, LEAF: drifted, OTHER: drifted}


async def test_what_is_gone_behind_a_condition_is_missing(stack: WorldStack) -> None:
    stack.apply(CODE % "precondition")
    with stack.changed() as things:
        del things["other"], things["leaf"]

    assert found(await scan(stack)) == {
        LEAF: (Origin.OUT_OF_BAND, []),
        OTHER: (Origin.OUT_OF_BAND, []),
    }


async def test_code_that_waits_behind_a_condition_is_not_applied(stack: WorldStack) -> None:
    stack.apply(CODE % "precondition")
    stack.write((CODE % "precondition").replace('team = "red"', 'team = "green"'))
    with stack.changed() as things:
        things["web"]["zones"] = ["z"]

    assert found(await scan(stack)) == {
        WEB: (Origin.BOTH, ["labels.team", "zones"]),
        LEAF: (Origin.UNAPPLIED, ["labels.team"]),
        OTHER: (Origin.UNAPPLIED, ["labels.team"]),
    }


async def test_a_condition_that_holds_again_is_not_named(stack: WorldStack) -> None:
    stack.apply(CODE % "precondition")
    assert (await scan(stack)).incomplete
    holding = await scan(stack, TF_VAR_allowed="true")
    assert (holding.warnings, holding.provider_doubts, holding.incomplete) == ((), (), False)


async def test_code_that_its_provider_refuses_is_not_in_sync(stack: WorldStack) -> None:
    stack.apply(HOLDING.replace('name   = "other"', 'name = "other"\n  secret = "CANARY-other"'))
    with stack.changed() as things:
        things["leaf"]["labels"] = {**things["leaf"]["labels"], "team": "blue"}
    with World(stack.cloud).refusing({"other": "a secret like CANARY-other is too short"}):
        with pytest.raises(ToolFailed, match="Error: Refused"):
            stack.run("plan", "-input=false", "-no-color")
        report = await scan(stack)

    assert found(report) == {LEAF: (Origin.OUT_OF_BAND, ["labels.team"])}
    (warning,) = report.warnings
    assert warning.startswith("main.tf:22: Refused (world_thing.other): a secret like ")
    assert "CANARY" not in repr(report)
    (doubt,) = report.provider_doubts
    assert doubt.provider == WHOLE_STACK
    assert exit_code([report]) is ExitCode.INCOMPLETE


async def test_a_check_that_fails_stops_nothing(stack: WorldStack) -> None:
    check = """
check "allowed" {
  assert {
    condition     = var.allowed
    error_message = "The team of web is not allowed any more."
  }
}
"""
    stack.apply(
        (CODE % "precondition").replace(
            "condition     = var.allowed", "condition = var.allowed || true"
        )
    )
    code = (stack.directory / "main.tf").read_text()
    (stack.directory / "main.tf").write_text(code + check)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}

    report = await scan(stack)

    assert found(report) == {WEB: (Origin.OUT_OF_BAND, ["labels.team"])}
    # A warning for the tool as well, whose plan ends well.
    (warning,) = report.warnings
    assert "Check block assertion failed" in warning
    assert warning.endswith("The team of web is not allowed any more.")
    assert (exit_code([report]), report.provider_doubts) == (ExitCode.DRIFT, ())


async def test_a_condition_of_a_modules_output_hides_nothing(
    stack: WorldStack,
) -> None:
    module = stack.directory / "inner"
    module.mkdir()
    (module / "main.tf").write_text("""
variable "allowed" {}
output "team" {
  value = "red"
  precondition {
    condition     = var.allowed
    error_message = "No team is allowed."
  }
}
""")
    code = HOLDING
    stack.write(f"""{code}
module "inner" {{
  source  = "./inner"
  allowed = var.allowed
}}
resource "world_thing" "taking" {{
  name   = "taking"
  labels = {{ team = module.inner.team }}
}}
""")
    stack.run("get")
    stack.apply()
    with stack.changed() as things:
        things["other"]["labels"] = {"team": "blue"}
        things["taking"]["labels"] = {"team": "blue"}

    report = await scan(stack)

    drifted = (Origin.OUT_OF_BAND, ["labels.team"])
    assert found(report) == {OTHER: drifted, "world_thing.taking": drifted}
    assert "Module output value precondition failed" in report.warnings[0]


async def test_what_cannot_be_evaluated_at_all_is_held_against_the_record(
    stack: WorldStack,
) -> None:
    """A condition may be there to keep the rest from an error of its own."""
    red = 'team = { true = "red" }[var.allowed]'
    stack.apply((CODE % "precondition").replace('team = "red"', red, 1))
    with stack.changed() as things:
        for name in ("web", "leaf", "other"):
            things[name]["labels"] = {**things[name]["labels"], "team": "blue"}

    report = await scan(stack)

    drifted = (Origin.OUT_OF_BAND, ["labels.team"])
    assert found(report) == {WEB: drifted, LEAF: drifted, OTHER: drifted}
    assert "Resource precondition failed" in report.warnings[0]


async def test_a_variable_that_is_not_valid_is_an_error_as_it_is_for_the_tool(
    stack: WorldStack,
) -> None:
    validation = """variable "allowed" {
  default = true
  validation {
    condition     = var.allowed
    error_message = "It has to be allowed."
  }
}"""
    code = (CODE % "precondition").replace('variable "allowed" { default = true }', validation)
    stack.apply(code)

    with pytest.raises(PermanentError, match=r"Invalid value for variable[\s\S]*It has to be"):
        await scan(stack)

"""Wherever the command line shows a severity it says why."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.paint import Paint
from reconciler.cli.plan_lines import plan_lines, plan_overview
from reconciler.wire import models as wire
from reconciler.wire.decoding import decode
from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.scenes import shown_finding

WHY = "anyone may use it"


def test_a_list_of_findings_says_why(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [api.finding(severity="critical", severity_reason=WHY)])
    said = ask("findings")
    assert "WHY" in said.lines[0]
    assert WHY in said.lines[1]


def test_a_finding_says_why(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, severity="low", severity_reason=WHY)
    assert f"low: {WHY}" in ask("show", "f1").out
    assert ask("show", "f1", "--json").json["severity_reason"] == WHY


def test_a_remediation_and_its_plan_say_why(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, severity="critical", severity_reason=WHY)
    daemon.lists("/remediations", [api.remediation()])
    said = ask("remediation", "e1").out
    assert f"resource     aws_sqs_queue.orders  critical: {WHY}" in said
    assert f"~ update   aws_sqs_queue.orders  critical  main.tf:12  {WHY}" in said


def test_a_tried_policy_says_why(daemon: FakeDaemon, ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text('[[policy]]\nname = "all"\nmatch = {}\naction_type = "manual_review"\n')
    daemon.lists("/findings", [api.finding(severity="critical", severity_reason=WHY)])
    (item,) = ask("policy", "test", str(file), "--json").json["items"]
    assert (item["severity"], item["severity_reason"]) == ("critical", WHY)
    assert WHY in ask("policy", "test", str(file)).out


def test_a_reason_that_does_not_fit_beside_its_resource_stands_below() -> None:
    by_address = {"aws_sqs_queue.orders": decode(wire.Finding, api.finding(severity_reason=WHY))}
    plan = decode(wire.Plan, api.plan())
    lines = list(plan_lines(plan, paint=Paint(width=60), findings=by_address))
    assert lines[0] == "~ update   aws_sqs_queue.orders  medium  main.tf:12"
    assert lines[1].strip() == WHY
    assert max(map(len, lines[:2])) <= 60


def test_an_overview_of_a_plan_says_why() -> None:
    by_address = {"aws_sqs_queue.orders": decode(wire.Finding, api.finding(severity_reason=WHY))}
    plan = decode(wire.Plan, api.plan())
    (line,) = plan_overview(plan, paint=Paint(width=200), findings=by_address, most=5)
    assert line.endswith(f"medium  main.tf:12  {WHY}")

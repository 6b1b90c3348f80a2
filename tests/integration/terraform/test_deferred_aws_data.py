"""Data sources of the AWS provider that wait for objects which somebody deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import Origin, StackName
from reconciler.domain.report import ExitCode, exit_code
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup, StackReference
from tests.simulator import Simulator, run_tool, tool_environment
from tests.worlds.provider_file import provider_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
_KEY: Final = b"k" * 32
_CODE: Final = """
module "source" { source = "./source" }
data "aws_ssm_parameter" "read" {
  for_each   = toset(["a"])
  name       = "/put-off/source"
  depends_on = [module.source]
}
resource "aws_ssm_parameter" "fed" {
  name  = "/put-off/fed"
  type  = "SecureString"
  value = data.aws_ssm_parameter.read["a"].value
}
resource "aws_vpc" "net" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "put-off" }
}
data "aws_vpc" "net" {
  filter {
    name   = "tag:Name"
    values = [aws_vpc.net.tags["Name"]]
  }
}
resource "aws_ssm_parameter" "net" {
  name  = "/put-off/net"
  type  = "String"
  value = data.aws_vpc.net.id
}
resource "aws_ssm_parameter" "apart" {
  name  = "/put-off/apart"
  type  = "String"
  value = "apart"
}
"""
_SOURCE: Final = """
resource "aws_ssm_parameter" "source" {
  name  = "/put-off/source"
  type  = "SecureString"
  value = "CANARY-put-off"
}
"""


async def test_a_scan_shows_what_the_plan_does_where_objects_of_data_sources_are_gone(
    simulator: Simulator, terraform: Executable, tmp_path: Path
) -> None:
    directory = tmp_path / "code"
    (directory / "source").mkdir(parents=True)
    (directory / "provider.tf").write_text(provider_file())
    (directory / "main.tf").write_text(_CODE)
    (directory / "source" / "main.tf").write_text(_SOURCE)
    environment = tool_environment("terraform", endpoint=simulator.endpoint, folder=tmp_path)

    def tool(*arguments: str) -> str:
        return run_tool(terraform.path, directory, *arguments, environment=environment)

    def client(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=simulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    tool("init", "-input=false")
    tool("apply", "-auto-approve", "-input=false")
    state = json.loads(tool("show", "-json"))["values"]["root_module"]["resources"]
    (vpc,) = (one["values"]["id"] for one in state if one["address"] == "aws_vpc.net")
    client("ssm").delete_parameter(Name="/put-off/source")
    client("ec2").delete_vpc(VpcId=vpc)

    tool("plan", "-input=false", "-lock=false", "-out=own.plan")
    document = json.loads(tool("show", "-json", "own.plan"))
    planned = {
        entry["address"]
        for entry in document["resource_changes"]
        if entry["mode"] == "managed" and entry["change"]["actions"] != ["no-op"]
    }
    reference = StackReference(
        StackName("aws"),
        directory,
        "terraform",
        engine="plugin",
        environment={**environment, "TRUEUP_TERRAFORM": str(terraform.path)},
    )
    adapter = TerraformAdapter(AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path, key=_KEY))
    try:
        report = await scan_stack(
            reference, scanning=Scanning(adapter, SystemClock(), judging(_KEY))
        )
    finally:
        await adapter.close()

    assert (report.unreadable, report.warnings, report.provider_doubts) == ((), (), ())
    origins = {finding.address: finding.origin for finding in report.findings}
    assert origins == dict.fromkeys(planned, Origin.OUT_OF_BAND)
    assert planned == {
        "module.source.aws_ssm_parameter.source",
        "aws_vpc.net",
        "aws_ssm_parameter.fed",
        "aws_ssm_parameter.net",
    }
    assert exit_code([report]) is ExitCode.DRIFT
    assert "CANARY" not in repr(report)

"""What an apply chose, by the AWS provider: a counter, and an object made again by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Kind, Origin, StackName, StackReport
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup, StackReference
from tests.providers.standing_aws import attached
from tests.simulator import Simulator, initialise, run_tool, tool_environment
from tests.worlds.provider_file import provider_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
KEY = b"k" * 32
CODE = """
resource "aws_iam_role" "worker" {
  name = "after-apply"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}
resource "aws_launch_template" "worker" {
  name          = "after-apply"
  instance_type = "t3.micro"
}
"""


async def test_what_an_apply_chose_is_no_finding(
    simulator: Simulator, terraform: Executable, tmp_path: Path
) -> None:
    directory = tmp_path / "code"
    directory.mkdir()
    (directory / "provider.tf").write_text(provider_file())
    (directory / "main.tf").write_text(CODE)
    environment = tool_environment("terraform", endpoint=simulator.endpoint, folder=tmp_path)

    def apply() -> None:
        words = ("apply", "-auto-approve", "-input=false")
        run_tool(terraform.path, directory, *words, environment=attached(environment, directory))

    initialise(terraform.path, directory, environment=environment)
    apply()
    reference = StackReference(
        StackName("aws"),
        directory,
        "terraform",
        engine="plugin",
        environment={**environment, "TRUEUP_TERRAFORM": str(terraform.path)},
    )
    adapter = TerraformAdapter(AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path, key=KEY))
    scanning = Scanning(adapter, SystemClock(), judging(KEY))
    kept: dict[str, KeptBaseline] = {}

    async def scan() -> StackReport:
        held = replace(scanning, yardstick=Yardstick(kept, keep=True))
        report = await scan_stack(reference, scanning=held)
        kept.update({begun.key: begun for begun in report.begun})
        return report

    try:
        assert (await scan()).findings == ()
        iam = boto3.client(
            "iam",
            endpoint_url=simulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        iam.delete_role(RoleName="after-apply")
        (gone,) = (await scan()).findings
        assert (gone.kind, gone.origin) == (Kind.MISSING, Origin.OUT_OF_BAND)
        apply()
        assert (await scan()).findings == ()

        (directory / "main.tf").write_text(CODE.replace("t3.micro", "t3.small"))
        apply()
        assert (await scan()).findings == ()
    finally:
        await adapter.close()

"""What `ignore_changes` names stays ignored, whatever a provider of the old type system plans."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import Drifted, InSync, Noise, StackName
from reconciler.ports import AdapterSetup, StackReference
from tests.makers import verdicts
from tests.providers.standing_aws import attached
from tests.simulator import Simulator, initialise, tool_environment
from tests.worlds.provider_file import DEFAULT_REGION, provider_file

_CODE: Final = """
resource "aws_sqs_queue" "all" {
  name = "legacy-all"
  tags = { own = "1" }
  lifecycle { ignore_changes = all }
}
resource "aws_sqs_queue" "tags" {
  name = "legacy-tags"
  tags = { own = "1" }
  lifecycle { ignore_changes = [tags, tags_all] }
}
resource "aws_sqs_queue" "dotted" {
  name = "legacy-dotted"
  tags = { own = "1" }
  lifecycle { ignore_changes = [tags.own] }
}
resource "aws_sqs_queue" "bare" { name = "legacy-bare" }
resource "aws_instance" "web" {
  ami           = "ami-12c6146b"
  instance_type = "t3.micro"
  user_data     = "#!/bin/sh\\necho one\\n"
  lifecycle { ignore_changes = [user_data, ami] }
}
resource "aws_instance" "disk" {
  ami           = "ami-12c6146b"
  instance_type = "t3.micro"
  root_block_device { volume_size = 8 }
  lifecycle { ignore_changes = [ami, root_block_device] }
}
"""
_IGNORING: Final = (
    "aws_sqs_queue.all",
    "aws_sqs_queue.tags",
    "aws_instance.web",
    "aws_instance.disk",
)


def _run(tool: Path, directory: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(tool), *arguments],
        cwd=directory,
        env={**os.environ, **attached(environment, directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    return done.stdout


def _planned(tool: Path, directory: Path, environment: dict[str, str]) -> set[str]:
    """Return the addresses that the tool's own plan would change."""
    _run(tool, directory, environment, "plan", "-input=false", "-out=p")
    document = json.loads(_run(tool, directory, environment, "show", "-json", "p"))
    return {
        one["address"]
        for one in document["resource_changes"]
        if one["change"]["actions"] != ["no-op"]
    }


def _keep_disk(ec2: Any, state: Path) -> None:
    """Have a disk outlive its instance; the schema's default is what the plan gives the code."""
    resources = json.loads(state.read_text())["resources"]
    (disk,) = (one["instances"][0] for one in resources if one["name"] == "disk")
    kept = {"DeviceName": "/dev/sda1", "Ebs": {"DeleteOnTermination": False}}
    ec2.modify_instance_attribute(InstanceId=disk["attributes"]["id"], BlockDeviceMappings=[kept])


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ignored_places_and_default_tags_taken_off_by_hand_are_no_drift(
    simulator: Simulator, terraform: Executable, tmp_path: Path
) -> None:
    """Rows T9, T10, T29 and U1."""
    directory = tmp_path / "code"
    directory.mkdir()
    (directory / "provider.tf").write_text(provider_file(default_tags={"Env": "prod"}))
    (directory / "main.tf").write_text(_CODE)
    environment = tool_environment("terraform", endpoint=simulator.endpoint, folder=tmp_path / "rc")
    initialise(terraform.path, directory, environment=environment)
    _run(terraform.path, directory, environment, "apply", "-auto-approve", "-input=false")
    cloud = boto3.Session("test", "test", region_name=DEFAULT_REGION)
    sqs = cloud.client("sqs", endpoint_url=simulator.endpoint)
    ec2 = cloud.client("ec2", endpoint_url=simulator.endpoint)
    adapter = TerraformAdapter(
        AdapterSetup(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", key=b"k" * 32)
    )
    reference = StackReference(
        StackName("legacy"),
        directory,
        "terraform",
        engine="plugin",
        environment={**environment, "TRUEUP_TERRAFORM": str(terraform.path)},
    )
    untouched = await verdicts(adapter, reference)
    assert not any(isinstance(one, Drifted) for one in untouched.values()), untouched
    # Its tags are null in the code and {} when they are read.
    assert untouched["aws_sqs_queue.bare"] == InSync()
    for name in ("all", "tags", "dotted"):
        url = sqs.get_queue_url(QueueName=f"legacy-{name}")["QueueUrl"]
        sqs.untag_queue(QueueUrl=url, TagKeys=["Env"])
        sqs.tag_queue(QueueUrl=url, Tags={"own": "by hand"})
    _keep_disk(ec2, directory / "terraform.tfstate")
    (directory / "main.tf").write_text(_CODE.replace("echo one", "echo two"))
    assert _planned(terraform.path, directory, environment) == {"aws_sqs_queue.dotted"}
    seen = await verdicts(adapter, reference)
    await adapter.close()
    drifted = {address for address, one in seen.items() if isinstance(one, Drifted)}
    assert drifted == {"aws_sqs_queue.dotted"}
    assert isinstance(seen["aws_sqs_queue.tags"], Noise)
    assert isinstance(seen["aws_instance.disk"], Noise)
    assert set(_IGNORING) <= seen.keys()

"""The ground the other suites stand on: both real tools deploy to the simulated cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import psutil
import pytest

from iac_adapters.terraform.executable import Executable, find_executable
from tests import simulator as simulator_module
from tests.conftest import ToolEnvironment
from tests.ports import free_port
from tests.simulator import Simulator, apply, running_simulator

CODE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {}
resource "aws_ssm_parameter" "greeting" {
  name  = "/%s/greeting"
  type  = "String"
  value = "hello"
}
"""


def test_each_tool_deploys_from_the_mirror(
    tool: Executable,
    tool_settings: ToolEnvironment,
    simulator: Simulator,
    workdir: Callable[[Path], Path],
    tmp_path: Path,
) -> None:
    source = tmp_path / "stack"
    source.mkdir()
    (source / "main.tf").write_text(CODE % tool.name)
    directory = workdir(source)
    environment = tool_settings(tool.name)
    apply(tool.path, directory, environment=environment)
    client = boto3.client(
        "ssm",
        endpoint_url=simulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    stored = client.get_parameter(Name=f"/{tool.name}/greeting")
    assert stored["Parameter"]["Value"] == "hello"
    assert find_executable(directory, environment).name == tool.name
    assert not (source / "terraform.tfstate").exists()


def test_a_simulator_ends_with_its_use() -> None:
    with running_simulator() as running:
        assert psutil.pid_exists(running.pid)
        running.reset()
    assert not psutil.pid_exists(running.pid)


def test_a_simulator_on_a_port_that_was_taken_meanwhile_is_another_one(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tests that shared a cloud would see each other's changes."""
    taken = [urlsplit(simulator.endpoint).port]
    monkeypatch.setattr(
        simulator_module, "free_port", lambda: taken.pop() if taken else free_port()
    )
    with running_simulator() as running:
        assert taken == []
        assert running.endpoint != simulator.endpoint

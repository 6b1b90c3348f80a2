from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from reconciler.cli.main import run


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one tool, a terraform of ours, and nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "terraform"
    program.write_text("#!/bin/sh\necho Terraform v1.11.4\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TRUEUP_TERRAFORM", raising=False)
    stack = tmp_path / "web"
    stack.mkdir()
    (stack / "main.tf").write_text('provider "aws" {}\n')
    (tmp_path / "trueup.toml").write_text('[[stack]]\ndirectory = "web"\nenv_file = "web.env"\n')
    (tmp_path / "web.env").write_text("AWS_ACCESS_KEY_ID=AKIAVERYSECRET\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    assert run(["doctor", "--json"]) == 0
    return {tool["name"]: tool for tool in json.loads(capsys.readouterr().out)["tools"]}


def test_found_and_missing_have_the_promised_shape(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = report(capsys)
    assert tools["terraform"] == {
        "name": "terraform",
        "found": True,
        "path": str(machine / "bin" / "terraform"),
        "version": "1.11.4",
        "lack": None,
    }
    assert tools["pulumi"]["found"] is False
    assert "Pulumi stacks" in str(tools["pulumi"]["lack"])
    assert "terraform init" in str(tools["web: providers"]["lack"])


def test_a_locked_provider_that_is_not_installed_is_named(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.100.0"\n}\n'
    (machine / "web" / ".terraform.lock.hcl").write_text(lock)
    plugin = report(capsys)["web: registry.terraform.io/hashicorp/aws"]
    assert plugin["found"] is False
    assert "not installed" in str(plugin["lack"])


def test_credentials_are_named_and_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "$AWS_ACCESS_KEY_ID" in shown
    assert "AKIAVERYSECRET" not in shown


def test_a_broken_configuration_ends_1_after_the_tools(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "trueup.toml").write_text("[deamon]\n")
    assert run(["doctor"]) == 1
    told = capsys.readouterr()
    assert "terraform" in told.out
    assert "trueup.toml:1: unknown key deamon" in told.err


def test_a_configuration_can_be_named(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = machine / "other.toml"
    other.write_text("")
    assert run(["--config", str(other), "doctor", "--json"]) == 0
    configuration = json.loads(capsys.readouterr().out)["configuration"]
    assert configuration == {"file": str(other), "stacks": []}

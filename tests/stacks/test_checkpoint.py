"""The projects under the real Pulumi CLI, as far as it goes without a cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi.programs import find_pulumi, tool_environment
from tests.parts import require
from tests.stacks.program import HOSTS, Project
from tests.stacks.secrets_on_the_wire import is_secret

TOKEN = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Cli:
    """The CLI on a backend of its own."""

    program: Path
    folder: Path

    def run(self, project: Project, *words: str) -> subprocess.CompletedProcess[str]:
        own = {
            "PULUMI_BACKEND_URL": f"file://{self.folder}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_PYTHON_CMD": sys.executable,
        }
        return subprocess.run(
            [str(self.program), *words, "--non-interactive"],
            cwd=project.folder,
            env={**tool_environment(os.environ), **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )

    def checkpoint(self, project: Project) -> str:
        name: str = project.declared["name"]
        return (self.folder / ".pulumi" / "stacks" / name / "dev.json").read_text()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    found = require("pulumi", find_pulumi(os.environ), lack="`make setup` builds it")
    (tmp_path / "backend").mkdir()
    return Cli(found, tmp_path / "backend")


@pytest.fixture
def copied(tmp_path: Path) -> Any:
    def copy(project: Project) -> Project:
        folder = tmp_path / project.folder.name
        shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
        return Project(folder)

    return copy


def test_the_cli_accepts_the_settings_and_their_defaults(
    cli: Cli, copied: Any, project: Project
) -> None:
    own = copied(project)
    assert cli.run(own, "stack", "init", "dev").returncode == 0

    answer = cli.run(own, "config", "--json")

    assert answer.returncode == 0, answer.stderr
    assert {key.removeprefix(f"{own.declared['name']}:") for key in json.loads(answer.stdout)} == (
        own.declared["config"].keys()
    )


def test_a_host_s_declaration_stands_in_the_checkpoint_and_its_secrets_do_not(
    cli: Cli, copied: Any
) -> None:
    own = copied(HOSTS)
    for words in (
        ("stack", "init", "dev"),
        ("config", "set", "--secret", "metricsToken", TOKEN),
        ("up", "--yes"),
    ):
        answer = cli.run(own, *words)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    text = cli.checkpoint(own)
    resources = json.loads(text)["checkpoint"]["latest"]["resources"]
    baselines = [resource for resource in resources if resource["type"] == "trueup:host:Baseline"]
    assert {one["outputs"]["host"] for one in baselines} == {"web-1", "web-2"}
    for baseline in baselines:
        token, ssh = baseline["outputs"]["files"]
        assert is_secret(token["sha256"])
        assert ssh["path"] == "/etc/ssh/sshd_config.d/10-baseline.conf"
        assert [rule["port"] for rule in baseline["outputs"]["firewall"]] == [22, 443]
        assert baseline["inputs"]["packages"] == baseline["outputs"]["packages"]
    assert TOKEN not in text
    again = cli.run(own, "preview", "--refresh", "--expect-no-changes")
    assert again.returncode == 0, again.stdout


def test_a_bad_setting_is_told_without_a_stack_trace(cli: Cli, copied: Any) -> None:
    own = copied(HOSTS)
    for words in (("stack", "init", "dev"), ("config", "set", "adminCidr", "the office")):
        assert cli.run(own, *words).returncode == 0

    answer = cli.run(own, "preview")

    assert answer.returncode != 0
    assert "source must be a network: 'the office'" in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr

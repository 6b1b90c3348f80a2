from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from reconciler.cli.main import run
from tests.patience import PATIENCE_S, wait_until
from tests.unit.toolchain_machine import TOFU as TOFU_VERSION

ROOT = Path(__file__).parents[2]
STAND_IN = ROOT / "toolchain" / "stand_in" / "pulumi-language-python"


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one tool, a terraform of ours, and nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs / "terraform", "Terraform v1.11.4")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TRUEUP_TERRAFORM", "TRUEUP_PULUMI", "PULUMI_HOME"):
        monkeypatch.delenv(name, raising=False)
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
        "note": None,
    }
    assert tools["pulumi"]["found"] is False
    assert "Pulumi stacks" in str(tools["pulumi"]["lack"])
    assert "terraform init" in str(tools["web: providers"]["lack"])


BUILT_IN = 'resource "terraform_data" "it" {}\ndata "terraform_remote_state" "net" {}\n'


@pytest.mark.parametrize(
    ("code", "due"),
    [
        (BUILT_IN, False),
        (BUILT_IN + 'terraform {\n  required_version = ">= 1.0"\n}\n', False),
        (BUILT_IN + 'terraform {\n  backend "local" {}\n}\n', True),
        (BUILT_IN + "terraform {\n  required_providers {}\n}\n", True),
        (BUILT_IN + 'module "net" {\n  source = "./net"\n}\n', True),
        (BUILT_IN + 'resource "random_id" "it" {}\n', True),
        (BUILT_IN + "resource {", True),
    ],
)
def test_init_is_due_only_where_it_would_install_something(
    machine: Path, capsys: pytest.CaptureFixture[str], code: str, *, due: bool
) -> None:
    """A plan of what terraform itself brings needs no `.terraform`, and init makes none."""
    (machine / "web" / "main.tf").write_text(code)
    assert ("web: providers" in report(capsys)) == due


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


PULUMI_PROGRAMS = [
    "pulumi",
    "pulumi-language-yaml",
    "pulumi-language-python",
    "pulumi-resource-pulumi-python",
    "pulumi-resource-terraform-provider",
]


@pytest.fixture
def project(machine: Path) -> Path:
    """A Pulumi project in the configuration, written in YAML."""
    project = machine / "shop"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    (machine / "trueup.toml").write_text('[[stack]]\ndirectory = "shop"\n')
    return project


@pytest.mark.parametrize("name", [*PULUMI_PROGRAMS, "go"])
def test_every_lack_says_what_it_costs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    tool = report(capsys)[name]
    assert (tool["found"], tool["path"], tool["version"]) == (False, None, None)
    assert "not found" in str(tool["lack"])
    assert re.search("neither|cannot", str(tool["lack"]))


def test_pulumi_is_missing_only_where_a_project_is(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor"]) == 0
    elsewhere = capsys.readouterr().out
    assert "not needed here, where no Pulumi project is:\n          pulumi, " in elsewhere
    assert "missing pulumi" not in elsewhere
    (machine / "web" / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    assert run(["doctor"]) == 0
    assert "missing pulumi-language-yaml" in capsys.readouterr().out


def test_pulumi_and_its_parts_are_found(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = machine / "cache" / "trueup" / "toolchain" / "pulumi-3.259.0"
    for name in PULUMI_PROGRAMS:
        program(folder / name, "v3.259.0")
    tools = report(capsys)
    for name in PULUMI_PROGRAMS:
        assert (tools[name]["found"], tools[name]["path"]) == (True, str(folder / name))
        assert tools[name]["note"] is None
    assert tools["pulumi"]["version"] == "3.259.0"
    assert tools["pulumi-resource-terraform-provider"]["version"] == "3.259.0"


@pytest.mark.parametrize(
    ("says", "words"),
    [("v3.100.0", "3.190 or later is needed: Pulumi stacks"), ("", "does not answer")],
)
def test_a_pulumi_that_cannot_be_used_is_missing(
    machine: Path, capsys: pytest.CaptureFixture[str], says: str, words: str
) -> None:
    path = program(machine / "bin" / "pulumi", says)
    tool = report(capsys)["pulumi"]
    assert (tool["found"], tool["path"]) == (False, str(path))
    assert words in str(tool["lack"])


def test_the_stand_in_is_named_as_what_it_is(
    machine: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    program(machine / "bin" / "pulumi", "v3.259.0")
    host = machine / "bin" / "pulumi-language-python"
    host.symlink_to(STAND_IN)
    tools = report(capsys)
    for name in ("pulumi-language-python", "shop: pulumi-language-python"):
        assert (tools[name]["found"], tools[name]["path"]) == (True, str(host))
        assert "stand-in" in str(tools[name]["note"])
        assert "installs no packages" in str(tools[name]["note"])
    assert run(["doctor"]) == 0
    assert "trueup's stand-in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("runtime: yaml", "yaml"),
        ("runtime: {name: python, options: {virtualenv: venv}}", "python"),
        ("runtime: nodejs", "nodejs"),
    ],
)
def test_each_stack_names_the_host_it_needs(
    machine: Path, project: Path, capsys: pytest.CaptureFixture[str], text: str, host: str
) -> None:
    (project / "Pulumi.yaml").write_text(f"name: shop\n{text}\n")
    name = f"shop: pulumi-language-{host}"
    lack = report(capsys)[name]["lack"]
    assert lack == "not found beside pulumi: this stack can be neither previewed nor corrected"
    program(machine / "bin" / "pulumi", "v3.259.0")
    path = program(machine / "bin" / f"pulumi-language-{host}", "")
    tools = report(capsys)
    assert (tools[name]["found"], tools[name]["path"]) == (True, str(path))
    assert not any("providers" in name for name in tools)


@pytest.mark.parametrize("text", ["", "name: shop", "runtime: 3", "runtime: {}", "a: [", "- x"])
def test_a_project_without_a_runtime_is_a_lack(
    project: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (project / "Pulumi.yaml").write_text(text)
    lack = report(capsys)["shop: language host"]["lack"]
    assert str(lack).startswith(f"{project / 'Pulumi.yaml'} names no runtime")


GO = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
echo "$3" >> "{folder}/built"
printf '#!/bin/sh\\necho OpenTofu v{version}\\n' > "$2"
/bin/chmod +x "$2"
"""


def add_go(machine: Path) -> None:
    go = machine / "bin" / "go"
    go.write_text(GO.format(folder=machine, version=TOFU_VERSION))
    go.chmod(0o755)


def test_fix_obtains_tofu_where_there_is_no_terraform(
    machine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add_go(machine)
    (machine / "bin" / "terraform").unlink()
    assert run(["doctor", "--fix", "--json"]) == 0
    told = capfd.readouterr()
    tools = {tool["name"]: tool for tool in json.loads(told.out)["tools"]}
    tofu = machine / "cache" / "trueup" / "toolchain" / f"tofu-{TOFU_VERSION}" / "tofu"
    assert (tools["tofu"]["found"], tools["tofu"]["path"]) == (True, str(tofu))
    assert f"building tofu {TOFU_VERSION}" in told.err
    assert "opentofu" in (machine / "built").read_text()


def test_without_fix_it_names_what_fix_would_obtain(
    machine: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.is_dir()
    assert run(["doctor"]) == 0
    assert "obtain pulumi: trueup doctor --fix" in capsys.readouterr().out
    program(machine / "bin" / "pulumi", "v3.259.0")
    assert run(["doctor"]) == 0
    assert "doctor --fix" not in capsys.readouterr().out.splitlines()[-1]


def test_fix_does_nothing_where_nothing_is_needed(
    machine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add_go(machine)
    assert run(["doctor", "--fix"]) == 0
    assert "nothing is missing that can be obtained" in capfd.readouterr().err
    assert not (machine / "built").exists()


def test_fix_obtains_what_is_named_beside_a_terraform(
    machine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add_go(machine)
    assert run(["doctor", "--fix", "tofu"]) == 0
    assert (machine / "built").exists()
    assert "tofu" in capfd.readouterr().out


@pytest.mark.usefixtures("project")
def test_fix_says_clearly_what_could_not_be_had(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRUEUP_NO_DOWNLOAD", "1")
    assert run(["doctor", "--fix"]) == 1
    told = capfd.readouterr().err
    assert "pulumi: building it needs Go" in told
    assert "error: pulumi could not be obtained; the reason is above" in told
    assert "tofu" not in told


def test_fix_says_what_cannot_be_used(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    old = program(machine / "bin" / "pulumi", "v3.100.0")
    assert run(["doctor", "--fix", "pulumi"]) == 1
    assert f"{old} is there and cannot be used" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["tofu"], "add --fix"), (["--fix", "kubectl"], "'kubectl' is not one of 'tofu', 'pulumi'")],
)
def test_fix_is_asked_for_and_knows_what_it_can(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_an_interrupted_fix_ends_what_it_started_and_leaves_nothing_half(machine: Path) -> None:
    go = machine / "bin" / "go"
    go.write_text(
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n'
        'printf x > "$2"; /bin/chmod +x "$2"\n'
        f'echo "$$" > {machine}/go.pid; exec /bin/sleep 600\n'
    )
    go.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "doctor", "--fix", "tofu"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    note = machine / "go.pid"
    wait_until(lambda: note.exists() and note.read_text().endswith("\n"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "nothing half-made was left" in err
    assert "Traceback" not in err
    assert not psutil.pid_exists(int(note.read_text()))
    files = (machine / "cache" / "trueup" / "toolchain").rglob("*")
    assert [path.name for path in files if path.is_file()] == [".lock"]

"""Where `make setup` gets Pulumi from, in which order, and what stands beside a CLI it built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.unit.toolchain_machine import BRIDGE, ROOT, Machine

CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
YAML_PACKAGE = "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
BRIDGE_PACKAGE = "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic"
PARTS = [
    "language_host.py",
    "pulumi",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-language-yaml",
    "pulumi-resource-pulumi-python",
]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has a terraform: here only Pulumi is looked at."""
    machine = Machine(tmp_path / "home")
    machine.add("terraform")
    return machine


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("bin", id="on PATH"),
        pytest.param(".local/share/trueup/bin", id="in trueup's tool folder"),
        pytest.param(".pulumi/bin", id="installed by its user"),
        pytest.param(".local/share/trueup/pulumi-installed/bin", id="installed by an earlier run"),
    ],
)
def test_what_is_there_is_used_and_nothing_is_built(machine: Machine, folder: str) -> None:
    machine.add_go()
    there = machine.add("pulumi", folder=machine.home / folder)
    out, err = machine.set_up("pulumi")
    assert f"pulumi: {there}\n" in out
    assert "installer" not in out
    assert machine.built() == []
    assert f"pulumi-language-python: not beside {there}" in err


def test_a_named_program_outdoes_every_other(machine: Machine) -> None:
    machine.add("pulumi")
    named = machine.add("pulumi", folder=machine.home / "elsewhere")
    out, _ = machine.set_up("pulumi", TRUEUP_PULUMI=str(named))
    assert f"pulumi: {named}\n" in out
    machine.add_go()
    _, err = machine.set_up("pulumi", TRUEUP_PULUMI="/nowhere/pulumi")
    assert "TRUEUP_PULUMI names /nowhere/pulumi, and no program is there" in err
    assert machine.built() == []


def test_it_is_built_whole_and_once(machine: Machine) -> None:
    machine.add_go()
    out, err = machine.set_up("pulumi")
    assert err == ""
    assert "not downloaded, because TRUEUP_NO_DOWNLOAD is set" in out
    assert f"pulumi: {machine.pulumi / 'pulumi'}\n" in out
    assert machine.cached() == PARTS
    # The CLI last: whoever finds it finds the rest.
    assert machine.built() == [YAML_PACKAGE, CLI_PACKAGE]
    machine.set_up("pulumi")
    assert len(machine.built()) == 2


def test_two_at_a_time_build_it_once(machine: Machine) -> None:
    machine.add_go()
    for process in [machine.start("pulumi"), machine.start("pulumi")]:
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    assert machine.cached() == PARTS
    assert len(machine.built()) == 2


def test_the_parts_are_programs_with_the_content_they_have_at_their_source(
    machine: Machine,
) -> None:
    machine.add_go()
    machine.set_up("pulumi")
    for name in ("pulumi-language-python", "language_host.py"):
        source = ROOT / "toolchain" / "stand_in" / name
        assert (machine.pulumi / name).read_bytes() == source.read_bytes()
    script = machine.pulumi / "pulumi-language-python-exec"
    assert script.read_text() == "runs a program"
    assert script.stat().st_mode & 0o777 == 0o755


def test_an_old_stand_in_is_renewed_also_without_go(machine: Machine) -> None:
    machine.add_go()
    machine.set_up("pulumi")
    host = machine.pulumi / "language_host.py"
    host.write_text("an earlier one")
    (machine.home / "bin" / "go").unlink()
    out, err = machine.set_up("pulumi")
    assert (out.splitlines()[-1], err) == (f"pulumi: {machine.pulumi / 'pulumi'}", "")
    assert host.read_bytes() == (ROOT / "toolchain/stand_in/language_host.py").read_bytes()


@pytest.mark.parametrize("name", PARTS)
def test_a_part_that_went_missing_is_made_again(machine: Machine, name: str) -> None:
    machine.add_go()
    machine.set_up("pulumi")
    (machine.pulumi / name).unlink()
    machine.set_up("pulumi")
    assert machine.cached() == PARTS


@pytest.mark.parametrize("change", [{"CODE": "1"}, {"SAYS": "exit 3"}])
def test_a_failed_build_leaves_no_cli(machine: Machine, change: dict[str, str]) -> None:
    machine.add_go()
    out, err = machine.set_up("pulumi", **change)
    assert "pulumi: /" not in out
    assert "Pulumi stacks can be neither read nor corrected" in err
    assert {"pulumi", "pulumi-language-yaml"}.isdisjoint(machine.cached())
    assert not any(name.startswith(".") for name in machine.cached())


def test_without_go_the_lack_and_its_cost_are_told(machine: Machine) -> None:
    out, err = machine.set_up("--tools", "demo")
    assert "TRUEUP_NO_DOWNLOAD" in out
    assert "pulumi: building it needs Go" in err
    assert "pulumi: not found, and not obtained: Pulumi stacks can be neither read" in err
    assert "pulumi-resource-terraform-provider: building it needs Go" in err
    assert not machine.pulumi.exists()


def test_the_bridge_is_built_for_the_demo_and_the_tests_only(machine: Machine) -> None:
    machine.add_go()
    machine.add("pulumi")
    machine.add("tofu")
    machine.set_up("--tools", "pulumi")
    assert machine.built() == []
    for tools in ("demo", "all"):
        out, _ = machine.set_up("--tools", tools)
        name = "pulumi-resource-terraform-provider"
        assert f"{name}: {machine.toolchain}/{name}-{BRIDGE}/{name}\n" in out
    assert machine.built() == [BRIDGE_PACKAGE]


@pytest.mark.parametrize("folder", ["bin", ".pulumi/plugins/resource-terraform-provider-v{}"])
def test_a_bridge_that_is_there_is_used(machine: Machine, folder: str) -> None:
    machine.add_go()
    machine.add("pulumi")
    there = machine.add(
        "pulumi-resource-terraform-provider", folder=machine.home / folder.format(BRIDGE)
    )
    out, _ = machine.set_up("--tools", "demo")
    assert f"pulumi-resource-terraform-provider: {there}\n" in out
    assert machine.built() == []


def test_a_users_go_flags_do_not_change_what_is_built(machine: Machine) -> None:
    machine.add("pulumi")
    machine.add("go", '#!/bin/sh\necho "$*" "$CGO_ENABLED" "$GOWORK" >> "$HOME/argv"\nexit 1\n')
    machine.set_up("--tools", "demo", GOFLAGS="-mod=mod", CGO_ENABLED="1", GOWORK="/x/go.work")
    argv = (machine.home / "argv").read_text()
    assert "-mod=readonly" in argv
    assert argv.endswith(f"{BRIDGE_PACKAGE} 0 off\n")


def test_the_stand_in_starts_as_a_script(machine: Machine) -> None:
    machine.add_go()
    machine.set_up("pulumi")
    assert os.access(ROOT / "toolchain/stand_in/pulumi-language-python", os.X_OK)
    assert os.access(machine.pulumi / "pulumi-language-python", os.X_OK)


def test_it_is_obtained_for_those_only_who_ask_for_it(machine: Machine) -> None:
    machine.add_go()
    machine.set_up()
    machine.set_up("--tools", "needed")
    assert machine.built() == []
    machine.set_up("--tools", "pulumi")
    assert CLI_PACKAGE in machine.built()

"""Which tools `make setup` looks for and builds, and what it says when it cannot."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.unit.toolchain_machine import TOFU, Machine

TOFU_PACKAGE = "github.com/opentofu/opentofu/cmd/tofu"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that has a Pulumi: here only Terraform and OpenTofu are looked at."""
    machine = Machine(tmp_path / "home")
    for name in ("pulumi", "pulumi-language-yaml", "pulumi-language-python"):
        machine.add(name)
    machine.add("pulumi-resource-pulumi-python")
    machine.add("pulumi-resource-terraform-provider")
    return machine


def test_a_terraform_that_is_there_is_enough(machine: Machine) -> None:
    machine.add_go()
    terraform = machine.add("terraform")
    out, _ = machine.set_up()
    assert f"terraform: {terraform}\n" in out
    assert machine.built() == []
    machine.set_up("--tools", "demo")
    assert machine.built() == []
    machine.set_up("terraform")
    assert machine.built() == []
    machine.set_up("--tools", "all")
    assert machine.built() == [TOFU_PACKAGE]


def test_it_is_built_once_also_by_two_at_a_time(machine: Machine) -> None:
    machine.add_go()
    both = [machine.start(), machine.start()]
    told = [process.communicate(timeout=PATIENCE_S)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert machine.built() == [TOFU_PACKAGE]
    assert machine.cached() == ["tofu"]
    assert all(f"tofu: {machine.toolchain}/tofu-{TOFU}/tofu\n" in text for text in told)
    machine.set_up()
    assert machine.built() == [TOFU_PACKAGE]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"CODE": "1"}, "go build failed", id="go fails"),
        pytest.param({"SAYS": "exit 3"}, "does not run", id="the result fails"),
        pytest.param({"SAYS": "echo OpenTofu v0.1"}, "does not run", id="it is another version"),
    ],
)
def test_a_failed_build_leaves_nothing(
    machine: Machine, change: dict[str, str], words: str
) -> None:
    machine.add_go()
    _, err = machine.set_up(**change)
    assert words in err
    assert "no Terraform stack can be read" in err
    assert machine.cached() == []


def test_without_go_the_lack_and_its_cost_are_told(machine: Machine) -> None:
    _, err = machine.set_up()
    assert "tofu: building it needs Go" in err
    assert "no Terraform stack can be read" in err


def test_a_tool_is_asked_for_by_name(machine: Machine) -> None:
    machine.add_go()
    machine.add("terraform")
    out, _ = machine.set_up("tofu")
    assert out.splitlines()[-1] == f"tofu: {machine.toolchain}/tofu-{TOFU}/tofu"
    assert machine.built() == [TOFU_PACKAGE]
    process = machine.start("kubectl")
    assert (
        "no tool is named kubectl (tools: terraform, tofu,"
        in process.communicate(timeout=PATIENCE_S)[1]
    )
    assert process.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_half(machine: Machine, number: signal.Signals) -> None:
    started = machine.home / "started"
    machine.add(
        "go",
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n'
        f'printf x > "$2"; /bin/chmod +x "$2"; echo > {started}\nexec /bin/sleep 600\n',
    )
    process = machine.start()
    wait_until(started.exists)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert err == "interrupted: nothing half-made was left\n"
    assert machine.cached() == []

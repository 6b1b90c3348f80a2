"""Pulumi's own installer: asked in a process of its own, believed only when a CLI is there."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from tests.patience import is_gone, wait_until
from tests.unit.toolchain_machine import ROOT, Machine

HEAD = """
import os, pathlib, subprocess, time

class PulumiCommand:
    @classmethod
    def install(cls, root):
"""
BRINGS = """
        program = pathlib.Path(root) / "bin" / "pulumi"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh")
        program.chmod(0o755)
"""
FAILS = "        raise OSError('no such host')\n"
BRINGS_NOTHING = "        pass\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine that may download, with an SDK of the test's own."""
    machine = Machine(tmp_path / "home")
    machine.add("terraform")
    del machine.environment["TRUEUP_NO_DOWNLOAD"]
    machine.environment["PYTHONPATH"] = str(tmp_path / "sdk")
    offer(machine, FAILS)
    return machine


def offer(machine: Machine, body: str) -> None:
    """Have the SDK's installer do `body`."""
    package = Path(machine.environment["PYTHONPATH"]) / "pulumi"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "automation.py").write_text(
        HEAD + f"        pathlib.Path('{machine.home}/asked').open('a').write('x')\n" + body
    )


def asked(machine: Machine) -> int:
    file = machine.home / "asked"
    return len(file.read_text()) if file.exists() else 0


def own(machine: Machine) -> Path:
    return machine.home / ".local/share/trueup"


def installed(machine: Machine) -> Path:
    return own(machine) / "pulumi-installed/bin/pulumi"


def test_what_it_brings_is_used_and_asked_for_once(machine: Machine) -> None:
    machine.add_go()
    offer(machine, BRINGS)
    for _ in range(2):
        out, _ = machine.set_up("pulumi")
        assert f"pulumi: {installed(machine)}\n" in out
    assert asked(machine) == 1
    assert machine.built() == []
    assert [path.name for path in own(machine).iterdir()] == ["pulumi-installed"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(FAILS, "OSError: no such host", id="it fails"),
        pytest.param(BRINGS_NOTHING, "it left no program", id="it brings nothing"),
    ],
)
def test_where_it_fails_the_reason_is_told_and_pulumi_is_built(
    machine: Machine, body: str, reason: str
) -> None:
    machine.add_go()
    offer(machine, body)
    out, err = machine.set_up("pulumi")
    assert f"its installer did not bring it: {reason}" in err
    assert f"pulumi: {machine.pulumi / 'pulumi'}\n" in out
    assert not installed(machine).exists()
    assert list(own(machine).iterdir()) == []


def test_a_failure_is_not_repeated_within_a_day_while_a_built_one_is_there(
    machine: Machine,
) -> None:
    machine.add_go()
    machine.set_up("pulumi")
    out, _ = machine.set_up("pulumi")
    assert out == f"pulumi: {machine.pulumi / 'pulumi'}\n"
    assert asked(machine) == 1
    note = machine.toolchain / ".pulumi-not-installed"
    os.utime(note, (time.time() - 90_000, time.time() - 90_000))
    offer(machine, BRINGS)
    out, _ = machine.set_up("pulumi")
    assert f"pulumi: {installed(machine)}\n" in out


def test_without_another_it_is_asked_again_at_once(machine: Machine) -> None:
    machine.set_up("pulumi")
    machine.set_up("pulumi")
    assert asked(machine) == 2


def test_without_the_sdk_there_is_no_installer_to_ask(machine: Machine) -> None:
    package = Path(machine.environment["PYTHONPATH"]) / "pulumi"
    (package / "automation.py").unlink()
    (package / "__init__.py").unlink()
    package.rmdir()
    machine.python = ("-S",)
    out, err = machine.set_up("pulumi")
    assert "its installer is not asked, it comes with Pulumi's Python SDK" in out
    assert "building it needs Go" in err


class Clock:
    """Stands still but for each file in `steps`, which makes it a second later.

    So an installer is silent for as long as a test says, however busy the machine is.
    """

    time = staticmethod(time.time)

    def __init__(self, home: Path) -> None:
        self.steps = home / "steps"
        self.steps.mkdir()
        self._looks = home / "looks"
        self._looks.touch()

    def monotonic(self) -> float:
        return float(len(list(self.steps.iterdir())))

    def sleep(self, _seconds: float) -> None:
        """Note one more look at what has arrived."""
        with self._looks.open("a") as looks:
            looks.write("x")
        time.sleep(0.02)


@pytest.fixture
def clock(machine: Machine) -> Clock:
    return Clock(machine.home)


@pytest.fixture
def installer(machine: Machine, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module itself, with little patience and a clock of the test's own."""
    monkeypatch.syspath_prepend(ROOT / "toolchain")
    monkeypatch.setenv("PYTHONPATH", machine.environment["PYTHONPATH"])
    monkeypatch.delenv("TRUEUP_NO_DOWNLOAD", raising=False)
    module = importlib.import_module("pulumi_installer")
    monkeypatch.setattr(module, "SILENCE_LIMIT_S", 1.5)
    monkeypatch.setattr(module, "time", clock)
    return module


def test_one_that_is_silent_is_ended_with_what_it_started(
    machine: Machine, installer: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    steps, pid = machine.home / "steps", machine.home / "pid"
    script = f"echo $$ > {pid}; while :; do mktemp -p {steps} >/dev/null; sleep 0.05; done"
    offer(machine, f"        subprocess.run(['/bin/sh', '-c', {script!r}])\n")
    folder, note = machine.home / "installed", machine.home / "note"
    assert installer.install_pulumi(folder, failure=note, otherwise_there=False) is None
    assert "nothing arrived for" in capsys.readouterr().err
    assert note.exists()
    wait_until(lambda: is_no_more(int(pid.read_text())))
    assert not folder.exists()


def test_one_from_which_something_arrives_is_waited_for(
    machine: Machine, installer: ModuleType
) -> None:
    slow = f"""
        home = pathlib.Path({str(machine.home)!r})
        for number in range(5):
            (pathlib.Path(os.environ["TMPDIR"]) / str(number)).write_text("bytes")
            (home / "steps" / str(number)).touch()
            seen = (home / "looks").stat().st_size + 2
            while (home / "looks").stat().st_size < seen:
                time.sleep(0.01)
"""
    offer(machine, slow + BRINGS)
    folder, note = machine.home / "installed", machine.home / "note"
    found = installer.install_pulumi(folder, failure=note, otherwise_there=False)
    assert found == folder / "bin" / "pulumi"
    assert not note.exists()


def is_no_more(pid: int) -> bool:
    try:
        return is_gone(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True

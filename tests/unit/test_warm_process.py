"""A fork in the place of the installed `trueup`: what of it must be as it would be without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.strangers.worlds import JsonWorld, install_worlds
from tests.warm.process import Forked, forking, start

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="the system tells nobody how a stranger's process ended"
)
TRUEUP = Path(sys.executable).with_name("trueup")


def run(*arguments: str, cwd: Path, more: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    process = start(
        [TRUEUP, *arguments],
        environment={**os.environ, **(more or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


CASES = [
    (("version",), {}),
    (("scan", "nowhere"), {}),
    (("scan", "."), {"TRUEUP_CONFIG": "missing.toml"}),
    (("status", "--config", "broken.toml"), {}),
    (("--no-such-option",), {"LANG": "C", "COLUMNS": "60"}),
]


@pytest.mark.parametrize(("arguments", "more"), CASES)
def test_it_says_and_returns_what_the_script_does(
    tmp_path: Path, arguments: tuple[str, ...], more: Mapping[str, str]
) -> None:
    (tmp_path / "broken.toml").write_text("[daemon")
    forked = run(*arguments, cwd=tmp_path, more=more)
    with forking(wanted=False):
        assert run(*arguments, cwd=tmp_path, more=more) == forked


def test_its_end_by_a_signal_is_told(tmp_path: Path) -> None:
    (tmp_path / "trueup.toml").write_text('[daemon]\nlisten = "127.0.0.1:0"\ndata_dir = "data"\n')
    process = start(
        [TRUEUP, "serve"],
        environment=os.environ,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert isinstance(process, Forked)
    assert process.stderr is not None
    assert "trueup serves" in process.stderr.readline()
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert not Path(f"/proc/{process.pid}").exists()


def test_a_fork_finds_the_tools_that_another_path_of_modules_brings(tmp_path: Path) -> None:
    JsonWorld.made(tmp_path / "shop")
    more = {"PYTHONPATH": str(install_worlds(tmp_path / "site"))}
    code, out, err = run("scan", "shop", "--json", cwd=tmp_path, more=more)
    assert code == 0, err
    assert '"in_sync":3' in out.replace(" ", "")
    code, _out, err = run("scan", "shop", "--json", cwd=tmp_path)
    assert code == 1
    assert "shop" in err


def test_what_else_reaches_the_interpreter_takes_one_of_its_own(tmp_path: Path) -> None:
    process = start(
        [TRUEUP, "version"],
        environment={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert not isinstance(process, Forked)
    assert process.communicate(timeout=60)[0].startswith("trueup")

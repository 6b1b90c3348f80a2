"""The orphan guard: what each start of a plugin or a tool waits for."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from iac_adapters.plugin_host import orphan_guard
from iac_adapters.plugin_host.spawn import GUARD_MODE

_IMPORTED = re.compile(r"^import time: .*\| *(\S+)$", re.MULTILINE)
_STANDARD_SIGNALS = (1 << 31) - 1
_SLOW = {"contextlib", "enum", "signal", "subprocess", "threading", "typing"}


def guarded(mode: str, script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `script` under the guard, which is held as long as the script runs."""
    command = [sys.executable, "-I", "-S", *options, orphan_guard.__file__, mode, str(os.getpid())]
    held, ours = os.pipe()
    try:
        return subprocess.run(
            [*command, "/bin/sh", "-c", script],
            stdin=held,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(held)
        os.close(ours)


@pytest.mark.parametrize("mode", sorted({GUARD_MODE, "hold", "release"}))
def test_a_start_loads_nothing_that_takes_long(mode: str) -> None:
    """Those were half of the 24 ms of processor time of a start."""
    loaded = set(_IMPORTED.findall(guarded(mode, "exit 0", "-X", "importtime").stderr))
    assert "os" in loaded
    assert not loaded & _SLOW


@pytest.mark.parametrize("mode", sorted({GUARD_MODE, "hold", "release"}))
def test_a_program_says_ends_and_ignores_what_it_would_by_itself(mode: str) -> None:
    said = guarded(mode, "echo out; echo err >&2; grep SigIgn /proc/$$/status; exit 7")
    assert (said.returncode, said.stderr) == (7, "err\n")
    out, ignored = said.stdout.splitlines()
    assert out == "out"
    # Of two beyond the standard ones the system's own library sees to.
    assert int(ignored.split()[1], 16) & _STANDARD_SIGNALS == 0


@pytest.mark.parametrize("mode", ["hold", "release"])
def test_a_program_that_a_signal_ended_is_told_as_a_shell_tells_it(mode: str) -> None:
    assert guarded(mode, "kill -KILL $$").returncode == 128 + 9


@pytest.mark.parametrize("mode", sorted({GUARD_MODE, "hold", "release"}))
def test_a_program_that_cannot_run_is_named(mode: str) -> None:
    command = [sys.executable, "-I", "-S", orphan_guard.__file__, mode, str(os.getpid())]
    said = subprocess.run(
        [*command, "/nowhere/program"], capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == orphan_guard.COULD_NOT_RUN
    assert said.stderr == f"{orphan_guard.SAYS}No such file or directory\n"

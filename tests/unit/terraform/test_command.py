"""Commands end when they should, and take their children with them."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest

from iac_adapters.terraform.command import run_tool
from reconciler.domain.errors import PermanentError, RetryableError
from tests.patience import is_gone, let_pass, until

_SHELL = Path("/bin/sh")


async def test_output_and_exit_code_are_returned(tmp_path: Path) -> None:
    script = "printf '%s ' $CHECKPOINT_DISABLE $TF_INPUT $MINE; echo bad >&2; exit 3"
    run = await run_tool(
        _SHELL, ["-c", script], directory=tmp_path, environment={"MINE": "m"}, timeout_s=30
    )
    assert run.exit_code == 3
    assert run.stdout.split() == [b"1", b"0", b"m"]
    assert run.stderr == "bad\n"


@pytest.mark.parametrize("umask", [0o022, 0o027])
async def test_what_a_command_makes_has_the_modes_that_the_user_wants(
    tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        await run_tool(
            _SHELL, ["-c", ">made"], directory=tmp_path,
            environment={"PATH": os.environ["PATH"]}, timeout_s=30,
        )  # fmt: skip
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
async def test_nothing_of_it_is_left_when_it_is_ended(tmp_path: Path, how: str) -> None:
    script = "sleep 600 >/dev/null 2>&1 & echo $! > child; wait"
    running = asyncio.create_task(
        run_tool(
            _SHELL,
            ["-c", script],
            directory=tmp_path,
            environment=dict(os.environ),
            timeout_s=600,
        )
    )
    child = tmp_path / "child"
    await until(lambda: child.exists() and bool(child.read_text().strip()))
    process = psutil.Process(int(child.read_text()))
    if how == "timeout":
        let_pass(600)
        with pytest.raises(RetryableError, match=r"`sh -c` did not end within 600 s"):
            await running
    else:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    await until(lambda: is_gone(process))


@pytest.mark.parametrize("killed", ["command", "orphan guard"])
async def test_nothing_of_it_is_left_when_somebody_kills_it(tmp_path: Path, killed: str) -> None:
    script = "sleep 600 >/dev/null 2>&1 & echo $$ $PPID $! > pids; wait"
    running = asyncio.create_task(
        run_tool(
            _SHELL,
            ["-c", script],
            directory=tmp_path,
            environment=dict(os.environ),
            timeout_s=600,
        )
    )
    pids = tmp_path / "pids"
    await until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    command, orphan_guard, child = map(psutil.Process, map(int, pids.read_text().split()))
    (command if killed == "command" else orphan_guard).kill()
    with pytest.raises(RetryableError, match=r"`sh -c` was ended by SIGKILL"):
        await running
    for process in (command, child):
        # A process that was killed is there for a moment longer than who killed it.
        await until(partial(is_gone, process))


@pytest.mark.parametrize("code", [127, 128, 255])
async def test_an_exit_code_beyond_those_of_signals_is_returned(tmp_path: Path, code: int) -> None:
    run = await run_tool(
        _SHELL, ["-c", f"exit {code}"], directory=tmp_path, environment={}, timeout_s=30
    )
    assert run.exit_code == code


async def test_a_program_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="nowhere: cannot be started"):
        await run_tool(tmp_path / "nowhere", [], directory=tmp_path, environment={}, timeout_s=30)


_PARENT = """
import asyncio, sys
from pathlib import Path
from iac_adapters.terraform.command import run_tool

asyncio.run(run_tool(Path("/bin/sh"), ["-c", sys.argv[1]], directory=Path.cwd(),
                     environment={"PATH": "/bin:/usr/bin"}, timeout_s=600, holds_lock=True))
"""


async def test_what_holds_a_lock_can_give_it_back_when_we_are_killed(tmp_path: Path) -> None:
    script = "trap 'rm lock; exit 1' INT; touch lock; while :; do sleep 0.05; done"
    root = str(Path(__file__).parents[3])
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PARENT, script, cwd=tmp_path, env={"PYTHONPATH": root}
    )
    lock = tmp_path / "lock"
    await until(lock.exists)
    parent.kill()
    await parent.wait()
    await until(lambda: not lock.exists())

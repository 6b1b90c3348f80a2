"""Two daemons that know nothing of each other never apply to one stack at the same time."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.terraform.options import TerraformOptions
from reconciler.dispatch.apply_locks import FileApplyLocks, apply_locks_folder
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import ResourceAddress, Snapshot, StackName, Verdict
from reconciler.domain.remediation_states import RemediationState
from reconciler.ports import RunnerJob, StackReference
from tests.fake_world import World, WorldAdapter
from tests.patience import PATIENCE_S, until
from tests.unit.engine.house import AUTO, SHOP, A, House, open_house

WAITS: Final = """
import os, sys, time
print("up", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
"""
STARTS: Final = """
import asyncio, sys
from pathlib import Path
from reconciler.dispatch.apply_locks import FileApplyLocks
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.ports import RunnerJob, StackReference

locks, stack, run, end, waits = map(str, sys.argv[1:])
holding = FileApplyLocks(Path(locks)).acquire(StackReference("shop", Path(stack), "terraform"))
job = RunnerJob((sys.executable, "-c", waits, end), Path(stack), {})
asyncio.run(ProcessRunner().start(job, Path(run), holding=holding))
"""
APPLIES: Final = """
import os, sys, time
live, effects, go = sys.argv[1:]
with open(effects, "a") as file: file.write("begin\\n")
while not os.path.exists(go):
    time.sleep(0.02)
with open(live, "w") as file: file.write('{"size": 1}')
with open(effects, "a") as file: file.write("end\\n")
"""


def stack_in(folder: Path, **more: object) -> StackReference:
    return replace(StackReference(StackName("shop"), folder, "terraform"), **more)  # type: ignore[arg-type]


def is_free(locks: FileApplyLocks, stack: StackReference) -> bool:
    try:
        os.close(locks.acquire(stack))
    except RetryableError:
        return False
    return True


def test_a_stack_is_applied_to_by_one_at_a_time(tmp_path: Path) -> None:
    mine, theirs = FileApplyLocks(tmp_path / "locks"), FileApplyLocks(tmp_path / "locks")
    held = mine.acquire(stack_in(tmp_path))
    assert not is_free(theirs, stack_in(tmp_path))
    assert not is_free(theirs, stack_in(tmp_path, name="another-name"))
    os.close(held)
    assert is_free(theirs, stack_in(tmp_path))


def test_a_directory_reached_by_another_way_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "stack")
    locks = FileApplyLocks(tmp_path / "locks")
    held = locks.acquire(stack_in(tmp_path / "stack"))
    assert not is_free(locks, stack_in(tmp_path / "link"))
    os.close(held)


def test_workspaces_and_pulumi_stacks_of_one_directory_do_not_wait_for_each_other(
    tmp_path: Path,
) -> None:
    locks = FileApplyLocks(tmp_path / "locks")
    held = locks.acquire(stack_in(tmp_path, options=TerraformOptions(workspace="default")))
    assert not is_free(locks, stack_in(tmp_path, options=TerraformOptions()))
    assert is_free(locks, stack_in(tmp_path, options=TerraformOptions(workspace="prod")))
    elsewhere = {"TF_WORKSPACE": "prod"}
    assert is_free(locks, stack_in(tmp_path, options=TerraformOptions(), environment=elsewhere))
    os.close(held)
    dev, prod = (PulumiOptions(pulumi_stack=name) for name in ("dev", "prod"))
    held = locks.acquire(stack_in(tmp_path, tool="pulumi", options=dev))
    assert not is_free(locks, stack_in(tmp_path, tool="pulumi", options=dev))
    assert is_free(locks, stack_in(tmp_path, tool="pulumi", options=prod))
    os.close(held)


def test_the_locks_are_the_users_own(tmp_path: Path) -> None:
    folder = apply_locks_folder({"XDG_STATE_HOME": str(tmp_path)})
    assert apply_locks_folder({"XDG_STATE_HOME": "relative"}).is_relative_to(Path.home())
    os.close(FileApplyLocks(folder).acquire(stack_in(tmp_path)))
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (folder, file)] == [0o700, 0o600]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PermanentError, match="file/locks"):
        FileApplyLocks(tmp_path / "file" / "locks").acquire(stack_in(tmp_path))


@pytest.mark.parametrize("kills_runner", [False, True])
async def test_a_lock_lasts_as_long_as_the_apply_though_its_daemon_is_gone(
    tmp_path: Path, *, kills_runner: bool
) -> None:
    locks, stack = FileApplyLocks(tmp_path / "locks"), stack_in(tmp_path)
    run, end = tmp_path / "run", tmp_path / "end"
    argv = [str(tmp_path / "locks"), str(tmp_path), str(run), str(end), WAITS]
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", STARTS, *argv], check=True, timeout=60
    )
    try:
        await until(lambda: (run / "log").exists() and "up" in (run / "log").read_text())
        started = json.loads((run / "started.json").read_text())
        if kills_runner:
            os.kill(started["pid"], signal.SIGKILL)
            await until(lambda: not psutil.pid_exists(started["pid"]) or is_dead(started["pid"]))
        assert not is_free(locks, stack)
    finally:
        end.touch()
    await until(lambda: is_free(locks, stack))


def is_dead(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@dataclass(slots=True)
class SharedWorld(World):
    """A world whose one live object is a file, so that two daemons share it."""

    file: Path = Path()

    def verdict(self, address: ResourceAddress) -> Verdict:
        self.live[A] = json.loads(self.file.read_text())
        # Not `super()`: a dataclass with slots is made anew, and it would not find itself.
        return World.verdict(self, address)


@dataclass(slots=True)
class RealApplies(WorldAdapter):
    """Corrects by a real process."""

    folder: Path = Path()

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        del snapshot, folder
        files = [str(self.folder / name) for name in ("live.json", "effects", "go")]
        return RunnerJob((sys.executable, "-c", APPLIES, *files), self.folder, {})


async def test_two_daemons_with_two_data_directories_apply_once(tmp_path: Path) -> None:
    live, effects = tmp_path / "live.json", tmp_path / "effects"
    live.write_text('{"size": 9}')
    locks = FileApplyLocks(tmp_path / "locks")
    async with AsyncExitStack() as opened:
        one, other = [
            await opened.enter_async_context(a_daemon(tmp_path, name, locks)) for name in "ab"
        ]
        for house in (one, other):
            await house.put(AUTO)
            await house.scan()
        first = asyncio.create_task(one.scan(seconds=31))
        await until(lambda: effects.exists() and effects.read_text() == "begin\n")
        await other.scan(seconds=31)
        waiting = await other.the_open()
        assert (waiting.state, effects.read_text()) == (RemediationState.QUEUED, "begin\n")
        (tmp_path / "go").touch()
        await asyncio.wait_for(first, PATIENCE_S)
        await other.later(seconds=60)
        for house in (one, other):
            assert [each.state for each in await house.remediations()] == [
                RemediationState.CONVERGED
            ]
        assert effects.read_text() == "begin\nend\n"
        assert await other.runs() == ()


def a_daemon(shared: Path, name: str, locks: FileApplyLocks) -> AbstractAsyncContextManager[House]:
    folder = shared / name
    folder.mkdir()
    world = SharedWorld({A: {"size": 1}}, {A: {"size": 1}}, {}, file=shared / "live.json")
    worlds: dict[StackName, World] = {SHOP: world}
    adapter = RealApplies(worlds, folder=shared)
    return open_house(
        folder, worlds, adapter_of=lambda _: adapter, runner=ProcessRunner(), apply_locks=locks
    )

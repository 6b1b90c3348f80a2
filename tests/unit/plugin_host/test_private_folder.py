"""The folder of a plugin's socket, where several processes make and sweep such folders."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iac_adapters.plugin_host import private_folder
from iac_adapters.plugin_host.private_folder import PrivateFolder


@pytest.fixture(autouse=True)
def _own_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_folder, "short_base", lambda: tmp_path)


def test_a_folder_that_was_swept_before_it_was_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    lock = private_folder._locked

    def locked(descriptor: int) -> bool:
        if not swept:
            swept.extend(tmp_path.glob("trueup-p-*"))
            shutil.rmtree(swept[0])
        return lock(descriptor)

    monkeypatch.setattr(private_folder, "_locked", locked)
    folder = PrivateFolder.create()
    assert swept
    assert folder.path.is_dir()
    folder.remove()


def test_what_a_killed_process_left_is_swept_and_what_is_held_is_not(tmp_path: Path) -> None:
    held = PrivateFolder.create()
    left = tmp_path / "trueup-p-left"
    left.mkdir()
    (left / "lock").touch()
    other = PrivateFolder.create()
    assert held.path.is_dir()
    assert not left.exists()
    for folder in (held, other):
        folder.remove()


_HOLDING = """
import asyncio, sys, tempfile
from iac_adapters.plugin_host.private_folder import private_folder
tempfile.tempdir = sys.argv[1]
async def main():
    async with private_folder() as folder:
        (folder / "plan").write_text("a secret")
        print(folder, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


def test_the_plan_of_a_process_that_is_killed_is_swept_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        plan = Path(process.stdout.readline().strip(), "plan")
        PrivateFolder.create().remove()
        assert plan.read_text() == "a secret"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert plan.exists()
    PrivateFolder.create().remove()
    assert list(tmp_path.iterdir()) == []


async def _cancelled_while_it_waits_for_a_thread() -> None:
    free, leaving = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))

    async def hold() -> None:
        async with private_folder.private_folder():
            loop.run_in_executor(None, free.wait)
            leaving.set()

    holding = asyncio.create_task(hold())
    await leaving.wait()
    await asyncio.sleep(0)  # its removal waits for the thread now
    holding.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await holding
    free.set()


def test_a_folder_is_removed_by_who_is_cancelled_before_a_thread_is_free(tmp_path: Path) -> None:
    asyncio.run(_cancelled_while_it_waits_for_a_thread())
    assert list(tmp_path.iterdir()) == []

"""The `Runner` port over `reconciler/runner.py`: one process of its own for each job.

It is no child of ours, so our end is not its end, and nobody's waiting reaps it. What is
known of it are its folder and its process; whether that process is still itself is told by
the time it started, since numbers are used again.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from reconciler.dispatch.process_identity import (
    boot_id,
    command_line,
    group_of,
    started_at_s,
)
from reconciler.domain.errors import InDoubtError, RetryableError
from reconciler.domain.run_folder import RunFolder
from reconciler.ports import (
    Exited,
    NeverBegun,
    RunnerJob,
    RunnerProcess,
    RunnerState,
    Running,
    Vanished,
)

_RUNNER: Final = Path(__file__).parent.parent / "runner.py"
_READY: Final = "ready"
_CHECK_EVERY_S: Final = 0.2
_SAME_START_S: Final = 0.05


class ProcessRunner:
    """Implements `reconciler.ports.Runner`; keeps nothing in memory."""

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        """Start `job`. See `Runner.start`.

        Raises:
            RetryableError: no runner could be started; nothing was run.
            InDoubtError: it could not be told the whole job; most likely nothing was run.
        """
        return await asyncio.to_thread(_start, job, folder, holding)

    def state(self, process: RunnerProcess | None, folder: Path) -> RunnerState:
        """Return what is known of it. See `Runner.state`."""
        folder = folder.absolute()
        if process is None and _untouched(folder):
            return NeverBegun()
        if (ended := _ended(folder)) is not None:
            return ended
        if _at_work(process, folder) if process is not None else _somebody_at_work(folder):
            return Running()
        # It may have ended between the two looks.
        return _ended(folder) or Vanished()

    async def wait(self, process: RunnerProcess | None, folder: Path) -> Exited | Vanished:
        """Return when it has ended, whoever started it."""
        while True:
            state = await asyncio.to_thread(self.state, process, folder)
            if isinstance(state, Exited | Vanished):
                return state
            if isinstance(state, NeverBegun):
                return Vanished()
            await asyncio.sleep(_CHECK_EVERY_S)

    def interrupt(self, process: RunnerProcess) -> bool:
        """Ask it to stop; whether it was there to be asked. It passes on the first request only."""
        if not _is_itself(process):
            return False
        try:
            os.kill(process.pid, signal.SIGUSR1)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def found(folder: Path) -> RunnerProcess | None:
    """Return the living runner whose folder this is, by its own record."""
    pid = _record(RunFolder(folder).started).get("pid")
    if not isinstance(pid, int):
        return None
    named = str(folder.absolute()) in command_line(pid)
    start = started_at_s(pid)
    return RunnerProcess(pid, start, boot_id()) if named and start is not None else None


def _start(job: RunnerJob, folder: Path, holding: int | None) -> RunnerProcess:
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_RUNNER), *_names(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            pass_fds=() if holding is None else (holding,),
        )
    except OSError as error:
        raise RetryableError(
            f"{folder}: no runner can be started: {error.strerror}",
            remedy="check that the data directory can be written to",
        ) from error
    with launcher:
        pid = _told(launcher, folder)
        started = started_at_s(pid)
        _tell(launcher, job, holding)
    if started is None:
        raise InDoubtError("the runner was gone as soon as it had its job")
    return RunnerProcess(pid, started, boot_id())


def _names(folder: Path) -> list[str]:
    """Return the runner's arguments; the folder whole, since it is found again by that."""
    run = RunFolder(folder)
    return [str(run.path), run.started.name, run.log.name, run.ended.name]


def _told(launcher: subprocess.Popen[bytes], folder: Path) -> int:
    """Return the runner's process id as it tells it, which it does before it does anything."""
    assert launcher.stdout is not None  # noqa: S101 - piped
    line = launcher.stdout.readline().decode(errors="replace").strip()
    word, _, pid = line.partition(" ")
    if word == _READY and pid.isdecimal():
        return int(pid)
    assert launcher.stdin is not None  # noqa: S101 - piped
    launcher.stdin.close()
    raise RetryableError(
        f"{folder}: the runner did not begin: {line or 'it said nothing'}",
        remedy="check that the data directory can be written to",
    )


def _tell(launcher: subprocess.Popen[bytes], job: RunnerJob, holding: int | None) -> None:
    assert launcher.stdin is not None  # noqa: S101 - piped
    text = json.dumps(
        {
            "argv": list(job.argv),
            "directory": str(job.directory),
            "environment": dict(job.environment),
            "holding": holding,
        }
    )
    try:
        launcher.stdin.write(text.encode())
        launcher.stdin.close()
    except OSError as error:
        raise InDoubtError(f"the runner did not take its job: {error.strerror}") from error


def _untouched(folder: Path) -> bool:
    """Whether no runner wrote here, or the one that did took no job.

    It writes before it takes a job, and it takes none of a daemon that is dead: after a
    restart what is untouched ends untouched.
    """
    run = RunFolder(folder)
    return folder.is_dir() and not any(path.exists() for path in (run.started, run.log, run.ended))


def _ended(folder: Path) -> Exited | None:
    record = _record(RunFolder(folder).ended)
    try:
        return Exited(
            exit_code=int(record["exit_code"]),
            ended_at=datetime.fromisoformat(record["ended_at"]),
            interrupted=bool(record["interrupted"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _record(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _somebody_at_work(folder: Path) -> bool:
    runner = _record(RunFolder(folder).started).get("pid")
    return found(folder) is not None or (
        isinstance(runner, int) and _command_goes_on(runner, folder)
    )


def _at_work(process: RunnerProcess, folder: Path) -> bool:
    if process.boot_id != boot_id():
        return False
    return _is_itself(process) or _command_goes_on(process.pid, folder)


def _command_goes_on(runner: int, folder: Path) -> bool:
    """Whether a runner that was killed has left its command at work.

    The command is known by the group it was put into: nobody else can get the number of
    that group as long as it is in use.
    """
    command = _record(RunFolder(folder).started).get("command")
    return isinstance(command, int) and group_of(command) == runner


def _is_itself(process: RunnerProcess) -> bool:
    if process.boot_id != boot_id():
        return False
    start = started_at_s(process.pid)
    return start is not None and abs(start - process.started_at_s) < _SAME_START_S

"""Run one command of a tool to its end, with all that it starts itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.orphan_guard import COULD_NOT_RUN, SAYS, session_members
from reconciler.domain.errors import PermanentError, RetryableError

_ORPHAN_GUARD: Final = Path(__file__).with_name("orphan_guard.py")
_GRACE_S: Final = 10.0
_KILLED_S: Final = 2.0
_PAUSE_S: Final = 0.05
_CHECK_EVERY_S: Final = 0.5
_CHUNK_BYTES: Final = 2**16
_BY_A_SIGNAL: Final = 128
"""What the orphan guard adds to the number of the signal that ended its command."""


class OutOfTimeError(RetryableError):
    """A command did not end in its time."""


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What a command left behind. Its output may hold secrets."""

    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: str = field(repr=False)


async def run_command(  # noqa: PLR0913 - all but two by keyword
    executable: Path,
    arguments: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    holds_lock: bool = False,
    heard: Callable[[bytes], None] | None = None,
) -> ToolRun:
    """Run `executable` in `directory` and return once it ended, whatever its exit code.

    It runs in a session of its own and dies with us. When the time is up, or the caller is
    cancelled, it is interrupted, and killed where that does not end it: no process of the
    session is left in either case, nor when somebody kills it. One that `holds_lock` is asked
    to stop when we die, and has half a minute to give the lock back. `environment` is all it
    gets. Files that it makes have the modes that they would have for the person who runs us:
    what it is told to save (plans) belongs into a private folder. Each line that it writes is
    `heard` at once.

    Raises:
        OutOfTimeError: it did not end within `timeout_s` seconds.
        RetryableError: a signal ended it. What it has said so far is no answer.
        PermanentError: it could not be started.
    """
    orphan_guard = "release" if holds_lock else "hold"
    process = await _start(orphan_guard, [str(executable), *arguments], directory, environment)
    first = next((argument for argument in arguments if not argument.startswith("-chdir=")), "")
    name = f"{executable.name} {first}".strip()
    try:
        async with asyncio.timeout(timeout_s):
            stdout, stderr = await _said(process, heard)
    except TimeoutError:
        await _end(process)
        raise OutOfTimeError(
            f"{directory}: `{name}` did not end within {timeout_s:g} s",
            remedy="check that its backend and providers answer; the call may be repeated",
        ) from None
    except BaseException:
        # Shielded: a second cancellation must not leave the group behind.
        await asyncio.shield(_end(process))
        raise
    if _was_killed(process):
        # It could not end its plugins any more; nobody else knows of them.
        await asyncio.shield(_end_session(process))
        if (number := _signal_of(process)) is not None:
            raise RetryableError(
                f"{directory}: `{name}` was ended by {number.name}",
                remedy="the machine may lack memory, see `dmesg`; the call may be repeated",
            )
    text = stderr.decode(errors="replace")
    if process.returncode == COULD_NOT_RUN and text.startswith(SAYS):
        raise PermanentError(
            f"{executable}: cannot be started: {text.removeprefix(SAYS).strip()}",
            remedy="check that the program exists, may be executed and fits this machine",
        )
    return ToolRun(
        exit_code=process.returncode if process.returncode is not None else -1,
        stdout=stdout,
        stderr=text,
    )


def cut_short(directory: Path, name: str) -> RetryableError:
    """Return the error for a command that ended well without saying all that it says."""
    return RetryableError(
        f"{directory}: `{name}` ended with exit code 0, but its output is not whole",
        remedy="look for a full disk, or a program around the tool that loses output",
    )


async def _start(
    mode: str, command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    # Never `exec`: a tool starts plugins of its own, and they must go with it.
    orphan_guard = [sys.executable, "-I", "-S", str(_ORPHAN_GUARD), mode, str(os.getpid())]
    # The pipe's other end, which we keep until we die, is what the orphan guard waits on.
    stdin, held = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *orphan_guard,
            *command,
            cwd=directory,
            env=_environment_in(directory, environment),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        os.close(held)
        if str(error.filename) == str(directory):
            raise PermanentError(
                f"{directory}: is not there any more", remedy="restore the stack's directory"
            ) from error
        raise PermanentError(
            f"{command[0]}: cannot be started: {error.strerror}",
            remedy="check that the program exists, may be executed and fits this machine",
        ) from error
    finally:
        os.close(stdin)
    weakref.finalize(process, os.close, held)
    return process


def _environment_in(directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    # Our own PWD names the directory that we were started in.
    return {**environment, "PWD": str(directory.absolute())}


async def _end(process: asyncio.subprocess.Process) -> None:
    """Interrupt the group, then kill what is left of the session."""
    if process.returncode is None:
        _signal(process, signal.SIGINT)
        # Drained, or a full pipe would hold it; but a child that keeps the pipe open
        # after its parent's end is not waited for.
        drain = asyncio.create_task(process.communicate())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await process.wait()
        _kill_session(process)
        with contextlib.suppress(asyncio.CancelledError, ValueError, OSError):
            await drain
    _kill_session(process)
    await process.wait()


async def _said(
    process: asyncio.subprocess.Process, heard: Callable[[bytes], None] | None
) -> tuple[bytes, bytes]:
    """Return what the command wrote, once nobody writes any more.

    An orphan guard that was killed leaves the command with our pipes, which it could hold for ever.
    """
    said = asyncio.create_task(_heard(process, heard) if heard else process.communicate())
    try:
        while not (await asyncio.wait({said}, timeout=_CHECK_EVERY_S))[0]:
            if process.returncode is not None and _was_killed(process):
                await _end_session(process)
        return await said
    finally:
        said.cancel()


async def _heard(
    process: asyncio.subprocess.Process, heard: Callable[[bytes], None]
) -> tuple[bytes, bytes]:
    """Return what `communicate` returns, each line of stdout heard as it comes."""
    output, errors = process.stdout, process.stderr
    if output is None or errors is None:
        return await process.communicate()

    async def lines() -> bytes:
        chunks, rest = [], b""
        while chunk := await output.read(_CHUNK_BYTES):
            chunks.append(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                heard(line)
        return b"".join(chunks)

    stdout, stderr, _ = await asyncio.gather(lines(), errors.read(), process.wait())
    return stdout, stderr


def _was_killed(process: asyncio.subprocess.Process) -> bool:
    """Whether a signal ended the command, or the orphan guard that held it."""
    return process.returncode is None or not 0 <= process.returncode < _BY_A_SIGNAL


def _signal_of(process: asyncio.subprocess.Process) -> signal.Signals | None:
    """Return what ended it; None where it ended by itself, with 255 as pulumi does, say."""
    code = process.returncode if process.returncode is not None else 0
    with contextlib.suppress(ValueError):
        return signal.Signals(-code if code < 0 else code - _BY_A_SIGNAL)
    return None


async def _end_session(process: asyncio.subprocess.Process) -> None:
    """Interrupt what a killed command left of its session, and kill what does not end by that.

    Where the orphan guard was killed, the command itself is there still, and may hold a lock.
    """
    _signal(process, signal.SIGINT)
    await _until_gone(process, within_s=_GRACE_S)
    _kill_session(process)
    # A process that was sent SIGKILL may run for some milliseconds more.
    await _until_gone(process, within_s=_KILLED_S)


async def _until_gone(process: asyncio.subprocess.Process, *, within_s: float) -> None:
    """Wait until nothing of the session is left, or the time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while session_members(process.pid):  # noqa: ASYNC110 - they are not our children
                await asyncio.sleep(_PAUSE_S)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _kill_session(process: asyncio.subprocess.Process) -> None:
    # Pulumi gives each plugin a group of its own; all of them stay in our session.
    _signal(process, signal.SIGKILL)
    for member in session_members(process.pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)

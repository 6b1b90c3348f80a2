"""Runs the commands a user would type; none of them outlives the demo."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from demo.narration import StepError

_LIMIT_S: Final = 280.0
_GRACE_S: Final = 10.0
_CHUNK_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: its exit code, what it printed, how long it took."""

    exit_code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    directory: Path,
    environment: Mapping[str, str],
    as_terminal: bool = False,
) -> Ran:
    """Run a command to its end; with `as_terminal` its standard output is a terminal.

    It has a process group of its own. If we are interrupted, so is the group, and it is
    killed where that does not end it.

    Raises:
        StepError: it could not be started or took longer than 280 s.
    """
    started = time.monotonic()
    stdout, its_stdout = pty.openpty() if as_terminal else os.pipe()
    stderr, its_stderr = os.pipe()
    try:
        process = subprocess.Popen(
            [str(part) for part in argv],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=its_stdout,
            stderr=its_stderr,
            start_new_session=True,
        )
    except OSError as error:
        raise StepError(f"{argv[0]} cannot be started: {error.strerror}") from error
    finally:
        os.close(its_stdout)
        os.close(its_stderr)
    outputs = (_Output(stdout), _Output(stderr))
    try:
        process.wait(_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise StepError(f"{argv[0]} took longer than {_LIMIT_S:.0f} s") from error
    except BaseException:
        _end(process)
        raise
    seconds = time.monotonic() - started
    texts = [output.text() for output in outputs]
    return Ran(process.returncode, texts[0], texts[1], seconds)


def end_children() -> None:
    """End by its id each process that we started and that still runs."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    for child in psutil.wait_procs(children, timeout=_GRACE_S)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


class _Output:
    """Reads one descriptor until its other end is closed, so that no pipe fills up."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join(_GRACE_S)
        return b"".join(self._parts).decode(errors="replace").replace("\r\n", "\n")

    def _read(self) -> None:
        # A terminal whose other end is gone answers with an error instead of an end.
        with contextlib.suppress(OSError):
            while data := os.read(self._descriptor, _CHUNK_BYTES):
                self._parts.append(data)
        os.close(self._descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the group as Ctrl-C does, then kill what is left of it."""
    _signal(process, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

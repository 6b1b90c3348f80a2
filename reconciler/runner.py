"""Runs one command to its end, whatever becomes of the daemon that asked for it.

Executed as a script: `python -I -S runner.py FOLDER STARTED LOG ENDED`, the last three being names
of files in FOLDER, with the job on its standard input:
`{"argv": [...], "directory": "...", "environment": {...}, "holding": null}`, where `holding` may
be an open file descriptor that we and the command keep open as long as either lives. It says
`ready PID` on its standard output once STARTED is on disk, and only then expects the job. Of a
caller that died before it had told the whole job it takes none, and takes its record back: where
there is no such record, nothing was run. What the command says goes to LOG, how it ended to
ENDED. Both stay true when we are killed, since the command writes to the file itself and not
through us.

Our own files are private; the command runs under the caller's umask, as it would in a
person's shell: what it makes for others to read stays readable.

It imports the standard library only, and lives in a session of its own. Signals that end
others it lets pass; the first SIGUSR1 becomes one SIGINT to the command, which is asked to
stop exactly once: a second signal would make it forget what it has done.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

READY = "ready"
COULD_NOT_RUN = 127
NEVER_BEGUN = 130
_PASSING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_WRITE_ATTEMPTS = 600
_WRITE_PAUSE_S = 1.0


class _Files:
    """What we write, in the order we do; `reconciler.domain.run_folder` names them."""

    def __init__(self, folder: Path, started: str, log: str, ended: str) -> None:
        self.started = folder / started
        self.log = folder / log
        self.ended = folder / ended


class _Stop:
    """The one request to stop: remembered until there is somebody to pass it to."""

    def __init__(self) -> None:
        self.wanted = False
        self.command: subprocess.Popen[bytes] | None = None

    def ask(self, *_: object) -> None:
        """Pass the request on, the first time only."""
        if self.wanted:
            return
        self.wanted = True
        if self.command is not None:
            self.command.send_signal(signal.SIGINT)


def main(arguments: list[str]) -> int:
    """Leave the caller's session, then see one job through; return 0 when its end is on record."""
    folder, *names = arguments
    files = _Files(Path(folder), *names)
    if os.fork() > 0:
        return 0
    os.setsid()
    umask = os.umask(0o077)
    stop = _Stop()
    for number in _PASSING:
        # A handler and not SIG_IGN: what is ignored stays ignored in the command.
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGUSR1, stop.ask)
    if not _record(files.started, {"pid": os.getpid(), "at": _now()}):
        return _refuse("its folder cannot be written to")
    job = _job()
    if job is None:
        files.started.unlink(missing_ok=True)
        return 1
    return _see_through(job, files, stop, umask)


def _job() -> dict[str, object] | None:
    """Say that we are ready and return the job; None when the caller died over it."""
    with contextlib.suppress(OSError):
        _write(1, f"{READY} {os.getpid()}\n")
    text = sys.stdin.buffer.read()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    try:
        job: dict[str, object] = json.loads(text)
    except ValueError:
        return None
    return job


def _refuse(reason: str) -> int:
    sys.stdout.write(f"{reason}\n")
    sys.stdout.flush()
    return 1


def _see_through(job: dict[str, object], files: _Files, stop: _Stop, umask: int) -> int:
    log = os.open(files.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if stop.wanted:
        return _end(files.ended, log, NEVER_BEGUN, interrupted=True)
    try:
        command = subprocess.Popen(
            job["argv"],  # type: ignore[call-overload]
            cwd=job["directory"],
            env=job["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=umask,
            # A killed runner leaves the command at work: the lock must be the command's too.
            pass_fds=_holding(job),
        )
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        _write(log, f"the command could not be started: {reason}\n")
        return _end(files.ended, log, COULD_NOT_RUN)
    stop.command = command
    if stop.wanted:
        command.send_signal(signal.SIGINT)
    begun = {"pid": os.getpid(), "command": command.pid, "at": _now()}
    _record(files.started, begun)
    code = command.wait()
    if code < 0:
        # It could not end its plugins any more; nobody else knows of them.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(os.getpgrp(), signal.SIGTERM)
    return _end(files.ended, log, code, interrupted=stop.wanted)


def _holding(job: dict[str, object]) -> tuple[int, ...]:
    descriptor = job.get("holding")
    return (descriptor,) if isinstance(descriptor, int) else ()


def _end(ended: Path, log: int, code: int, *, interrupted: bool = False) -> int:
    with contextlib.suppress(OSError):
        os.fsync(log)
    os.close(log)
    end = {"exit_code": code, "ended_at": _now(), "interrupted": interrupted}
    # A full disk may have room again; without this record nobody knows how it ended.
    for _ in range(_WRITE_ATTEMPTS):
        if _record(ended, end):
            return 0
        if not ended.parent.is_dir():
            break
        time.sleep(_WRITE_PAUSE_S)
    return 1


def _record(file: Path, content: dict[str, object]) -> bool:
    """Leave `content` in `file`, whole and on the disk; False when it cannot be written."""
    draft = file.with_suffix(".new")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(content, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
        directory = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError:
        return False
    return True


def _write(stream: int, text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(stream, data) :]


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    # Left without ceremony: in the parent of the fork nothing is ours to clean up.
    code_ = main(sys.argv[1:])
    os._exit(code_)

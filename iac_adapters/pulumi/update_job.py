"""Runs one `pulumi up` to its end and tells of it without secrets.

Executed as `python -P -m iac_adapters.pulumi.update_job FOLDER`, below the runner. What the CLI
prints goes to a file of its own, so that it never dies of a pipe that nobody reads, whatever
becomes of us; what that says is passed on line by line, reduced to steps and messages, with
the words blanked that must not be said. The file is removed at the end.

Plan violations print the values on both sides, and programs print what they like; so nothing
of the raw output is kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from iac_adapters.json_lines import object_in
from iac_adapters.plugin_host.orphan_guard import session_members
from iac_adapters.pulumi.cli import speakable
from iac_adapters.pulumi.events import done_in, said_in
from iac_adapters.pulumi.locks import Holder, read_lock
from iac_adapters.redaction.redactor import Redactor

JOB_FILE: Final = "plan-job.json"
RAW_FILE: Final = "plan-raw.log"
_ERROR: Final = "error: "
NOT_STARTED: Final = "the command could not be started"
_CHECK_EVERY_S: Final = 0.1
_ORPHANS_MAY_FINISH_S: Final = 15.0
_COULD_NOT_RUN: Final = 127


def main(folder: Path) -> int:
    """See one update through; return the CLI's exit code, negative for a signal."""
    job = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    teller = Teller(sys.stdout, Redactor(frozenset(job["secrets"])))
    for lock in job["stale_locks"]:
        remove_stale_lock(Path(lock["file"]), pid=lock["pid"], timestamp=lock["timestamp"])
    raw = folder / RAW_FILE
    descriptor = os.open(raw, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        command = subprocess.Popen(
            job["command"], stdin=subprocess.DEVNULL, stdout=descriptor, stderr=descriptor
        )
    except OSError as error:
        teller.say(f"{NOT_STARTED}: {error.strerror}")
        return _COULD_NOT_RUN
    finally:
        os.close(descriptor)
    _pass_on_one_interrupt(command)
    code = _follow(command, raw, teller)
    if code < 0:
        _end_orphans()
    raw.unlink(missing_ok=True)
    return code


def remove_stale_lock(file: Path, *, pid: int, timestamp: str) -> None:
    """Remove exactly the lock that was found dead, if it still is; `pulumi cancel` removes all."""
    lock = read_lock(file)
    if lock is None or lock.holder is not Holder.DEAD:
        return
    if (lock.pid, lock.timestamp) == (pid, timestamp):
        file.unlink(missing_ok=True)


@dataclass(slots=True)
class Teller:
    """Writes what may be said of the CLI's output."""

    target: IO[str]
    redactor: Redactor
    _rest: bytes = field(default=b"")

    def take(self, chunk: bytes) -> None:
        """Take in what the CLI printed since the last time, and tell of its whole lines."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if (text := reduced(line, self.redactor)) is not None:
                self.say(text)

    def say(self, text: str) -> None:
        """Write one line, whole."""
        self.target.write(f"{text}\n")
        self.target.flush()


def reduced(line: bytes, redactor: Redactor) -> str | None:
    """Return what may be kept of one line of the CLI; None for what is of no interest."""
    event = object_in(line)
    if event is None:
        return _reduced_text(line.decode(errors="replace").strip(), redactor)
    if (step := done_in(event)) is not None:
        name = next(key for key in event if key.endswith("Event"))
        metadata = {"op": step.op, "urn": step.urn, "type": step.type}
        return json.dumps({name: {"metadata": metadata}})
    if (said := said_in(event)) is not None:
        kept = {"severity": said.severity, "message": speakable(said.text, redactor)}
        return json.dumps({"diagnosticEvent": kept | ({"urn": said.urn} if said.urn else {})})
    if isinstance(summary := event.get("summaryEvent"), dict):
        return json.dumps({"summaryEvent": _counts(summary)})
    return None


def _reduced_text(text: str, redactor: Redactor) -> str | None:
    """Return a line that is no event; the CLI's own errors, such as of a lock, as events."""
    if not text:
        return None
    said = speakable(text, redactor)
    if not text.startswith(_ERROR):
        return said
    return json.dumps({"diagnosticEvent": {"severity": "error", "message": said}})


def _counts(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: summary.get(name) for name in ("resourceChanges", "result", "durationSeconds")}


def _pass_on_one_interrupt(command: subprocess.Popen[bytes]) -> None:
    """Let the CLI give its lock back: the second interrupt would have it forget what it did."""
    asked: list[int] = []

    def ask(*_: object) -> None:
        if not asked:
            asked.append(1)
            with contextlib.suppress(ProcessLookupError):
                command.send_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, ask)
    # A signal to the whole group reaches the CLI by itself.
    signal.signal(signal.SIGTERM, lambda *_: None)


def _follow(command: subprocess.Popen[bytes], raw: Path, teller: Teller) -> int:
    with raw.open("rb") as stream:
        while True:
            ended = command.poll()
            for chunk in _chunks(stream):
                teller.take(chunk)
            if ended is not None:
                teller.take(b"\n")
                return ended
            time.sleep(_CHECK_EVERY_S)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(1 << 16):
        yield chunk


def _end_orphans() -> None:
    """Let the plugins of a killed CLI finish the call they are in, then end them."""
    spared = {os.getpid(), os.getppid()}
    limit = time.monotonic() + _ORPHANS_MAY_FINISH_S
    while time.monotonic() < limit and _orphans(spared):
        time.sleep(_CHECK_EVERY_S)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _orphans(spared):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        time.sleep(_CHECK_EVERY_S * 5)


def _orphans(spared: set[int]) -> list[int]:
    return [pid for pid in session_members(os.getsid(0)) if pid not in spared]


if __name__ == "__main__":
    code_ = main(Path(sys.argv[1]))
    if code_ < 0:
        # Ended as the CLI was, so that the runner's record says so too.
        signal.signal(-code_, signal.SIG_DFL) if -code_ != signal.SIGKILL else None
        os.kill(os.getpid(), -code_)
    sys.exit(code_)

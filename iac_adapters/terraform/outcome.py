"""What an apply came to, read from what it left behind: its record, its log, its state.

Clean is what can be shown to be: every resource that was begun has an end in the log, and
the tool could keep its state. Everything else is in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from iac_adapters.json_lines import lines_of, object_in
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.diagnostics_text import (
    Diagnostic,
    errors_in,
    render_diagnostics,
)
from iac_adapters.terraform.left_state import ERRORED_STATE
from iac_adapters.terraform.run_log import (
    NOT_STARTED,
    lock_holder,
    summary_of,
    touched_by,
)
from reconciler.domain.model import ResourceAddress
from reconciler.domain.run_folder import RunFolder
from reconciler.ports import Done, Exited, Failed, InDoubt, Outcome, Vanished

_STALE: Final = "Saved plan is stale"
_STATE_LOST: Final = ("Failed to save state", "Failed to persist state", "Error saving state")
_SHOWN_CHARACTERS: Final = 2000


@dataclass(slots=True)
class RunLog:
    """What a whole log says, folded line by line."""

    summary: str | None = None
    begun: set[ResourceAddress] = field(default_factory=set)
    ended: int = 0
    errors: list[Diagnostic] = field(default_factory=list)
    not_started: str | None = None
    torn: bool = False

    def take(self, line: bytes) -> None:
        """Fold one line in."""
        event = object_in(line)
        if event is None:
            self.torn = line.startswith(b"{")
            if line.startswith(NOT_STARTED):
                self.not_started = line.decode(errors="replace").strip()
            return
        self.torn = False
        self.summary = summary_of(event) or self.summary
        self.errors += errors_in(line)
        touched = touched_by(event)
        if touched is None:
            return
        match event.get("type"):
            case "apply_start":
                self.begun.add(touched.address)
            case "apply_complete" | "apply_errored":
                self.begun.discard(touched.address)
                self.ended += 1


def read_log(log: Path) -> RunLog:
    """Return what the log says; one that is not there says nothing."""
    run_log = RunLog()
    for line in lines_of(log):
        run_log.take(line)
    return run_log


def outcome_of(
    directory: Path, *, tool: str, ended: Exited | Vanished, log: Path, redactor: Redactor
) -> Outcome:
    """Return what the run came to; reads only."""
    run_log = read_log(log)
    if (left := _errored_state((directory, log.parent), log)) is not None:
        return InDoubt(
            f"{tool} could not keep its state and left it in {left};"
            f" `{tool} state push {ERRORED_STATE}` in that directory puts it back",
            for_person=True,
        )
    if isinstance(ended, Vanished):
        return InDoubt("the runner is gone without a record of how the apply ended")
    if ended.exit_code == 0 and run_log.errors:
        reason = _reason(run_log.errors, redactor)
        return Failed(f"{tool} ended with exit code 0, and yet said: {reason}", read_first=True)
    if ended.exit_code == 0:
        return Done(run_log.summary or "applied")
    return _failed(run_log, ended, tool=tool, redactor=redactor)


def _failed(run_log: RunLog, ended: Exited, *, tool: str, redactor: Redactor) -> Outcome:
    if run_log.not_started is not None:
        return Failed(run_log.not_started)
    if any(_STALE in error.summary for error in run_log.errors):
        return Failed("the state moved on after the plan was made; nothing was done", stale=True)
    if (holder := lock_holder(run_log.errors)) is not None:
        return Failed(f"the state is locked by {redactor.without(holder)}; nothing was done")
    if (doubt := _doubt(run_log, ended, tool)) is not None:
        return InDoubt(doubt)
    if ended.interrupted:
        return Failed(f"it was asked to stop; {run_log.ended} resources were dealt with before")
    return Failed(_reason(run_log.errors, redactor))


def _doubt(run_log: RunLog, ended: Exited, tool: str) -> str | None:
    if ended.exit_code < 0:
        return f"{tool} was killed by signal {-ended.exit_code}"
    if run_log.begun:
        names = ", ".join(sorted(run_log.begun))
        return f"{tool} ended with exit code {ended.exit_code} in the middle of {names}"
    if any(words in error.summary for error in run_log.errors for words in _STATE_LOST):
        return f"{tool} could not keep its state"
    if run_log.torn or not (run_log.errors or ended.interrupted):
        return f"{tool} ended with exit code {ended.exit_code} and did not say why"
    return None


def _reason(errors: list[Diagnostic], redactor: Redactor) -> str:
    # Without the excerpt of the code: a literal in it may be a secret nobody marked.
    plain = [replace(error, snippet=None) for error in errors]
    text = redactor.without(render_diagnostics(plain))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _errored_state(folders: tuple[Path, ...], log: Path) -> Path | None:
    """Return the state this run could not keep; one that was there before is another's."""
    try:
        since_ns = RunFolder(log.parent).started.stat().st_mtime_ns
    except OSError:
        since_ns = 0
    for folder in folders:
        file = folder / ERRORED_STATE
        if file.is_file() and file.stat().st_mtime_ns >= since_ns:
            return file
    return None

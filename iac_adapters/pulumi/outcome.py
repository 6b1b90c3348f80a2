"""What an update came to, read from what it left behind: its record, its log, the checkpoint.

Clean is what can be shown to be: every step that was begun has an end in the log, no provider
died over one, and the checkpoint names no operation whose end is unknown. Everything else is
in doubt.

Source: exit codes of pulumi 3.259: 1 failed or cancelled gracefully, 8 cancelled by force.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.json_lines import lines_of, object_in
from iac_adapters.pulumi.backend import MOST_STATE_BYTES, Place
from iac_adapters.pulumi.checkpoint import parse_checkpoint
from iac_adapters.pulumi.events import Said, done_in, said_in
from iac_adapters.pulumi.run_log import changing, result_in
from iac_adapters.pulumi.update_job import NOT_STARTED
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.ports import Done, Exited, Failed, InDoubt, Outcome, Vanished

_FORCED: Final = 8
_COUNTED: Final = {"create": "created", "update": "changed", "delete": "destroyed",
                   "create-replacement": "replaced", "import": "imported"}  # fmt: skip
_SHOWN_CHARACTERS: Final = 2000
_SAYS_NOTHING: Final = "update failed"
# Of what an update did not come to, once it had failed elsewhere.
_NOT_REACHED: Final = ("expected resource operations for ", "but none were seen")
_LOCKED: Final = "the stack is currently locked"
_HELD: Final = "created by "
_VIOLATED: Final = ("violates plan", "is not allowed by the plan")
# What the CLI says when a plugin went away in the middle of a call. How its socket ended stands
# behind the first: EOF, or a reset where the plugin died with something left to read.
_DIED: Final = ("error reading from server", "transport is closing", "connection refused",
                "the plugin exited")  # fmt: skip
_INVALID: Final = "snapshot integrity failure"


@dataclass(slots=True)
class RunLog:
    """What a whole log says, folded line by line."""

    over: bool = False
    begun: set[str] = field(default_factory=set)
    ended: int = 0
    done: Counter[str] = field(default_factory=Counter)
    errors: list[Said] = field(default_factory=list)
    not_started: str | None = None
    holder: str = ""

    def take(self, line: bytes) -> None:
        """Fold one line in."""
        event = object_in(line)
        if event is None:
            self._take_text(line.decode(errors="replace").strip())
            return
        self.over = self.over or result_in(event) is not None
        said = said_in(event)
        if said is not None and said.severity == "error":
            self.errors.append(said)
        step = done_in(event)
        if step is None or changing(step) is None:
            return
        if step.stage == "pre":
            self.begun.add(step.urn)
        else:
            self.begun.discard(step.urn)
            self.ended += 1
            self.done[step.op] += step.stage == "outputs"

    def _take_text(self, text: str) -> None:
        if text.startswith(NOT_STARTED):
            self.not_started = text
        elif _HELD in text:
            self.holder = f", {text[text.index(_HELD) :]}"

    @property
    def summary(self) -> str:
        """Say what was done, as `1 created, 2 changed`.

        The CLI's own count takes in the record of which version a provider has, too.
        """
        parts = [f"{self.done[op]} {word}" for op, word in _COUNTED.items() if self.done[op]]
        return ", ".join(parts) or ("nothing changed" if self.over else "updated")

    @property
    def untouched(self) -> bool:
        """Whether no step that changes anything was ever begun."""
        return not self.begun and not self.ended

    def told(self, *words: str) -> bool:
        """Whether one of the errors says any of `words`."""
        return any(word in error.text for error in self.errors for word in words)


def read_log(log: Path) -> RunLog:
    """Return what the log says; one that is not there says nothing."""
    run_log = RunLog()
    for line in lines_of(log):
        run_log.take(line)
    return run_log


def outcome_of(place: Place, *, ended: Exited | Vanished, log: Path) -> Outcome:
    """Return what the run came to; reads only."""
    if isinstance(ended, Vanished):
        return InDoubt("the runner is gone without a record of how the update ended")
    run_log = read_log(log)
    if run_log.untouched and run_log.told(_LOCKED):
        return Failed(f"the stack is locked by another update{run_log.holder}; nothing was done")
    if (left := _left_pending(place)) is not None:
        return InDoubt(left)
    if ended.exit_code == 0:
        return Done(run_log.summary)
    return _failed(run_log, ended)


def _failed(run_log: RunLog, ended: Exited) -> Outcome:
    if run_log.not_started is not None:
        return Failed(run_log.not_started)
    if (doubt := _doubt(run_log, ended)) is not None:
        return InDoubt(doubt)
    if run_log.told(*_VIOLATED):
        return _violated(run_log)
    if ended.interrupted:
        return Failed(f"it was asked to stop; {run_log.ended} resources were dealt with before")
    if run_log.errors:
        return Failed(_reason(run_log.errors))
    return Failed(
        "pulumi failed without a word, as it does when resources have come into the code or"
        f" gone from it after the plan was made; {run_log.ended} were dealt with before"
    )


def _doubt(run_log: RunLog, ended: Exited) -> str | None:
    """Return why nobody can tell what was done; None when the log tells all of it."""
    if ended.exit_code < 0:
        return f"pulumi was killed by signal {-ended.exit_code}"
    if ended.exit_code == _FORCED:
        return "pulumi was made to stop at once"
    if run_log.begun:
        names = ", ".join(sorted(urn.rpartition("::")[2] for urn in run_log.begun))
        return f"pulumi ended with exit code {ended.exit_code} in the middle of {names}"
    if run_log.told(_INVALID):
        return "Pulumi says that its checkpoint is invalid now (`pulumi state repair` mends it)"
    if run_log.told(*_DIED):
        return "a provider died in the middle of a call"
    if not run_log.errors and not run_log.over:
        return f"pulumi ended with exit code {ended.exit_code} and did not say why"
    return None


def _violated(run_log: RunLog) -> Outcome:
    # The fence is per resource, at the time of its step: others may have been corrected before.
    if run_log.untouched:
        return Failed("the world or the code moved on after the plan was made", stale=True)
    return Failed(
        "the world or the code moved on after the plan was made;"
        f" {run_log.ended} resources were dealt with before"
    )


def _left_pending(place: Place) -> str | None:
    """Return what the checkpoint says of operations nobody ended; None when it says nothing."""
    file = place.state_file
    if file is None:
        return None
    try:
        checkpoint = parse_checkpoint(read_bytes(file, most=MOST_STATE_BYTES), origin=str(file))
    except (OSError, PermanentError) as error:
        return f"the checkpoint cannot be read: {error}"
    if not checkpoint.pending:
        return None
    operations = ", ".join(
        f"{operation.kind} {operation.resource.name}" for operation in checkpoint.pending
    )
    return f"the checkpoint says that it is still {operations}"


def _reason(errors: list[Said]) -> str:
    texts = [error.text for error in errors if error.text != _SAYS_NOTHING]
    causes = [text for text in texts if not all(words in text for words in _NOT_REACHED)]
    text = "\n".join(dict.fromkeys(causes or texts)) or _SAYS_NOTHING
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

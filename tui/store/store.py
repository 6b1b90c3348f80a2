"""What is true now, as far as the daemon said: rows, remediations, runs, stacks and the hold."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from reconciler.client.proposals import Proposals
from reconciler.wire.holds import Hold
from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import Run
from reconciler.wire.stacks import Stack
from tui.store.counts import Counts
from tui.store.noting import Note, Noting
from tui.store.rows import Row

if TYPE_CHECKING:  # the first event brings it, and the catalogue of all of them
    from reconciler.wire.events import Event

_MOST_GONE: Final = 2000
_MOST_ASKED: Final = 50
_LISTED: Final = frozenset({"open", "quarantined"})
_KINDS: Final = {
    "drift": "findings", "quarantine": "findings", "remediation": "remediations", "run": "runs",
    "stack": "stacks",
}  # fmt: skip
"""What an event of a topic tells of."""
_READ_AGAIN: Final = {"hold.set": "hold", "hold.released": "hold", "policy.changed": "policy"}
"""What is read as a whole after an event."""


@dataclass(slots=True)
class Changes:
    """What a tick changed; `everything` when the lists were read anew."""

    findings: set[str] = field(default_factory=set)
    remediations: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    stacks: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.everything
            or self.findings
            or self.remediations
            or self.runs
            or self.stacks
            or self.others
        )


class Store:
    """Mirrors the daemon's lists. Events change what they tell of and name what must be read.

    The same events in any order, twice, or with some lost end in the same store once what is
    named in `unread` was read. An answer on its way may be older than an event that is here, so
    what is told of something that `reading` or `listing` has under way is named in `unread` again.
    `gone` holds the rows that left lately, as they were.
    """

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.gone: dict[str, Row] = {}
        self.remediations: dict[str, Remediation] = {}
        self.runs: dict[str, Run] = {}
        self.steps: dict[str, dict[str, float]] = {}
        """When a resource of a run under way came to its step, in seconds of a monotonic clock."""
        self.stacks: dict[str, Stack] = {}
        self.policies: Mapping[str, str] = {}
        self.proposals = Proposals()
        self.hold: Hold | None = None
        self.changes = Changes()
        self.unread = Changes()
        self.reading = Changes()
        self.listing: Changes | None = None
        self.seq = 0
        self.counts = Counts()
        self._noting = Noting()

    def taken(self) -> Changes:
        """Return what changed since the last time, once."""
        changes, self.changes = self.changes, Changes()
        return changes

    def put_row(self, row: Row) -> None:
        """Take in a finding as it was read; one that is not listed any more leaves."""
        if row.state not in _LISTED:
            self.drop_row(row.id, state=row.state)
            return
        self.gone.pop(row.id, None)
        before = self.rows.get(row.id)
        self._show_note(row)
        row.revision = before.revision if before else 0
        if before and before.decided_about != row.decided_about:
            row.revision += 1
        self.rows[row.id] = row
        self.changes.findings.add(row.id)

    def drop_row(self, finding_id: str, *, state: str = "") -> None:
        """Take a finding off the list, and remember for a while what it was; `state` is its last.

        Its row is shown struck through until the order is made anew.
        """
        row = self.rows.pop(finding_id, None) or self.gone.get(finding_id)
        if row is None:
            return
        row.state = state
        self.gone[finding_id] = row
        if len(self.gone) > _MOST_GONE:
            del self.gone[next(iter(self.gone))]
        self.changes.findings.add(finding_id)

    def put_remediation(self, remediation: Remediation) -> None:
        """Take in a remediation as it was read, and note it in the rows it corrects."""
        self.remediations[remediation.id] = remediation
        self.changes.remediations.add(remediation.id)
        note = Note(
            remediation.id, remediation.state, remediation.action_type, remediation.created_at
        )
        self._note(note, remediation.finding_ids)

    def _note(self, note: Note, finding_ids: Iterable[str]) -> None:
        """Note a remediation of findings, of which some may be read later than it."""
        for finding_id in self._noting.put(note, finding_ids):
            row = self.rows.get(finding_id)
            if row is not None and self._show_note(row):
                row.revision += 1
                self.changes.findings.add(finding_id)

    def _show_note(self, row: Row) -> bool:
        """Have a row show its remediation; return whether it shows another one than before."""
        before = row.remediation_id, row.remediation, row.action
        note = self._noting.shown(row.id)
        now = (note.id, note.state, note.action) if note else ("", "", "")
        row.remediation_id, row.remediation, row.action = now
        return before != now

    def put_run(self, run: Run) -> None:
        """Take in a run as it was read."""
        self._note_steps(self.runs.get(run.id), run)
        self.runs[run.id] = run
        self.changes.runs.add(run.id)

    def _note_steps(self, before: Run | None, run: Run) -> None:
        """Keep since when each resource of a run is at its step, where that was seen."""
        if run.state != "started":
            self.steps.pop(run.id, None)
        elif before is not None:
            moved = {
                address: time.monotonic()
                for address, step in run.progress.items()
                if before.progress.get(address) != step
            }
            self.steps.setdefault(run.id, {}).update(moved)

    def put_stack(self, stack: Stack) -> None:
        """Take in a stack as it was read."""
        self.stacks[stack.name] = stack
        self.changes.stacks.add(stack.name)

    @contextmanager
    def lists_read(self, found: set[str]) -> Iterator[None]:
        """Forget the rows that no list had, once the lists were read; `found` are those they had.

        What events told of meanwhile is named in `unread`, whatever the lists said of it.
        """
        before = set(self.rows)
        meanwhile = self.listing = Changes()
        try:
            yield
            left = before - found - meanwhile.findings
            for gone in left:
                self.drop_row(gone)
            if len(left) <= _MOST_ASKED:
                self.unread.findings |= left  # why they left stands in no list
        finally:
            self.listing = None
            self.unread.findings |= meanwhile.findings
            self.unread.remediations |= meanwhile.remediations
            self.unread.runs |= meanwhile.runs
            self.unread.stacks |= meanwhile.stacks

    def _told(self, event: Event) -> None:
        """Have read again what an answer on its way may be older about than `event`."""
        topic = event.type.partition(".")[0]
        kind = _KINDS.get(topic)
        if kind is None:
            return
        names = {str(event.body.get("stack" if topic == "stack" else "id", event.subject))}
        if topic == "quarantine":
            names = {*event.body.get("finding_ids", ())}
        if self.listing is not None:
            getattr(self.listing, kind).update(names)
        getattr(self.unread, kind).update(names & getattr(self.reading, kind))

    def apply(self, event: Event) -> None:
        """Take in what an event tells; what it does not tell is named in `unread`."""
        self.seq = max(self.seq, event.seq)
        topic, _, what = event.type.partition(".")
        if topic == "drift":
            self._drift(event.body, what)
        elif topic == "remediation":
            self._remediation(event.body)
        elif topic == "run":
            self._run(event.body)
        elif topic == "stack":
            self.unread.stacks.add(str(event.body.get("stack", event.subject)))
        elif topic == "quarantine":
            # That they are of an isolated resource now is told by no event of drift.
            self.unread.findings |= {*event.body.get("finding_ids", ())} & self.rows.keys()
            self.changes.others.add(topic)
        elif event.type in _READ_AGAIN:
            self.unread.others.add(_READ_AGAIN[event.type])
        else:
            self.changes.others.add(topic)
        self._told(event)

    def _drift(self, body: dict[str, Any], what: str) -> None:
        finding_id = str(body["id"])
        if what == "healed" or body.get("state") not in _LISTED:
            self.drop_row(finding_id, state=str(body.get("state", "")))
            self.unread.findings.discard(finding_id)
            return
        self.unread.findings.add(finding_id)
        row = self.rows.get(finding_id)
        if row is None:
            return
        before = row.decided_about
        row.severity, row.kind = str(body["severity"]), str(body["kind"])
        row.score, row.report_id = int(body["score"]), str(body["report_id"])
        row.revision += before != row.decided_about
        self.changes.findings.add(finding_id)

    def _remediation(self, body: dict[str, Any]) -> None:
        remediation_id, state = str(body["id"]), str(body["state"])
        self.unread.remediations.add(remediation_id)
        known = self.remediations.get(remediation_id)
        if known is not None:
            self.remediations[remediation_id] = replace(
                known, state=state, run_id=body.get("run_id"), note=body.get("note")
            )
            self.changes.remediations.add(remediation_id)
        made_at = known.created_at if known else None
        note = Note(remediation_id, state, str(body["action_type"]), made_at)
        self._note(note, body.get("finding_ids", ()))

    def _run(self, body: dict[str, Any]) -> None:
        run_id = str(body["id"])
        known = self.runs.get(run_id)
        if known is None or body["state"] != "started":
            self.unread.runs.add(run_id)
        if known is None:
            return
        now = replace(
            known,
            state=body["state"],
            summary=body.get("summary"),
            exit_code=body.get("exit_code"),
            progress={**known.progress, **body.get("progress", {})},
        )
        self._note_steps(known, now)
        self.runs[run_id] = now
        self.changes.runs.add(run_id)

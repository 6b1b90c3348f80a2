"""What was read of the daemon: rows, remediations, runs, stacks and the hold."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from reconciler.client.proposals import Proposals
from reconciler.wire.holds import Hold
from reconciler.wire.quarantines import Quarantine
from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import Run
from reconciler.wire.stacks import Stack
from tui.store.changes import Changes
from tui.store.counts import Counts
from tui.store.noting import Note, Noting
from tui.store.rows import Row
from tui.store.sent import Sent

_MOST_GONE: Final = 2000
_MOST_ASKED: Final = 50
LISTED: Final = frozenset({"open", "quarantined"})
"""The states of a finding that is on the list."""


class Mirror:
    """The daemon's lists as they were read; what is to be read again is named in `unread`.

    `reading` and `listing` say what is on its way. `gone` holds the rows that left lately, as they
    were.
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
        self.sent = Sent()
        self.changes = Changes()
        self.unread = Changes()
        self.reading = Changes()
        self.listing: Changes | None = None
        self.seq = 0
        self.counts = Counts()
        self._noting = Noting()
        self._not_isolated: dict[str, str] = {}

    def taken(self) -> Changes:
        """Return what changed since the last time, once."""
        changes, self.changes = self.changes, Changes()
        return changes

    def put_row(self, row: Row, *, began: int | None = None) -> None:
        """Take in a finding as it was read; one that is not listed any more leaves.

        `began` is the moment of `sent` at which that read began, here and below.
        """
        if row.state not in LISTED:
            self.drop_row(row.id, state=row.state)
            return
        self.gone.pop(row.id, None)
        before = self.rows.get(row.id)
        self.sent.was_read(row.id, began=began)
        self._show_note(row)
        row.not_isolated = self._not_isolated.get(row.id, "")
        row.revision = before.revision if before else 0
        if before and before.decided_about != row.decided_about:
            row.revision += 1
        self.rows[row.id] = row
        self.counts.changed()
        self.changes.findings.add(row.id)

    def put_quarantines(self, quarantines: Iterable[Quarantine]) -> None:
        """Take in all that are not released, as they were read."""
        before = self._not_isolated
        self._not_isolated = {
            finding_id: found.note or "it is connected again"
            for found in quarantines
            if found.reconnected_at is not None
            for finding_id in found.finding_ids
        }
        for finding_id in before.keys() | self._not_isolated.keys():
            if (row := self.rows.get(finding_id)) is not None:
                row.not_isolated = self._not_isolated.get(finding_id, "")
                self.changes.findings.add(finding_id)

    def drop_row(self, finding_id: str, *, state: str = "") -> None:
        """Take a finding off the list, and remember for a while what it was; `state` is its last.

        Its row is shown struck through until the order is made anew.
        """
        self.sent.end(finding_id)
        row = self.rows.pop(finding_id, None) or self.gone.get(finding_id)
        if row is None:
            return
        row.state = state
        self.counts.changed()
        self.gone[finding_id] = row
        if len(self.gone) > _MOST_GONE:
            del self.gone[next(iter(self.gone))]
        self.changes.findings.add(finding_id)

    def put_remediation(self, remediation: Remediation, *, began: int | None = None) -> None:
        """Take in a remediation as it was read, and note it in the rows it corrects."""
        self.remediations[remediation.id] = remediation
        self.sent.was_read(remediation.id, began=began)
        self.show_sent(remediation.id)
        note = Note(
            remediation.id, remediation.state, remediation.action_type, remediation.created_at
        )
        self.note(note, remediation.finding_ids)

    def drop_remediation(self, remediation_id: str) -> None:
        """Forget a remediation that there is not, as after a database was restored."""
        self.sent.end(remediation_id)
        self.show_sent(remediation_id)
        self.remediations.pop(remediation_id, None)
        self.note(Note(remediation_id, "", "", None), ())

    def note(self, note: Note, finding_ids: Iterable[str]) -> None:
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
        row.sent = self.sent.of(row.id, row.remediation_id)
        return before != now

    def put_run(self, run: Run) -> None:
        """Take in a run as it was read."""
        self.note_steps(self.runs.get(run.id), run)
        self.runs[run.id] = run
        self.changes.runs.add(run.id)

    def drop_run(self, run_id: str) -> None:
        """Forget a run that there is not, or that is older than those that are kept."""
        self.runs.pop(run_id, None)
        self.steps.pop(run_id, None)
        self.changes.runs.add(run_id)

    def note_steps(self, before: Run | None, run: Run) -> None:
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

    def put_stack(self, stack: Stack, *, began: int | None = None) -> None:
        """Take in a stack as it was read."""
        self.stacks[stack.name] = stack
        self.sent.was_read(stack.name, began=began)
        self.changes.stacks.add(stack.name)

    def show_sent(self, name: str) -> None:
        """Have whatever `name` is about show what was sent about it, if anything."""
        remediation = self.remediations.get(name)
        if remediation is not None:
            self.changes.remediations.add(name)
        if name in self.stacks:
            self.changes.stacks.add(name)
        for finding_id in (name, *(remediation.finding_ids if remediation else ())):
            if (row := self.rows.get(finding_id)) is not None:
                row.sent = self.sent.of(row.id, row.remediation_id)
                self.changes.findings.add(finding_id)

    @contextmanager
    def lists_read(self, found: Changes) -> Iterator[None]:
        """Forget what no list had, once the lists were read; `found` is what they had.

        What events told of meanwhile is named in `unread`, whatever the lists said of it.
        """
        before = Changes(set(self.rows), set(self.remediations), set(self.runs))
        meanwhile = self.listing = Changes()
        try:
            yield
            left = before.findings - found.findings - meanwhile.findings
            for gone in left:
                self.drop_row(gone)
            if len(left) <= _MOST_ASKED:
                self.unread.findings |= left  # why they left stands in no list
            for gone in before.remediations - found.remediations - meanwhile.remediations:
                self.drop_remediation(gone)
            for gone in before.runs - found.runs - meanwhile.runs:
                self.drop_run(gone)
        finally:
            self.listing = None
            self.unread.findings |= meanwhile.findings
            self.unread.remediations |= meanwhile.remediations
            self.unread.runs |= meanwhile.runs
            self.unread.stacks |= meanwhile.stacks

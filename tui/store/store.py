"""What is true now, as far as the daemon said: what was read, and what events told since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tui.store.mirror import LISTED, Mirror
from tui.store.noting import ENDED, Note

if TYPE_CHECKING:  # the first event brings it, and the catalogue of all of them
    from reconciler.wire.events import Event

_KINDS: Final = {
    "drift": "findings", "quarantine": "findings", "remediation": "remediations", "run": "runs",
    "stack": "stacks",
}  # fmt: skip
"""What an event of a topic tells of."""
_READ_AGAIN: Final = {
    "hold.set": "hold",
    "hold.released": "hold",
    "policy.changed": "policy",
    "settings.reloaded": "policy",
}
"""What is read as a whole after an event; a guardrail that changed is told with the stacks."""


class Store(Mirror):
    """Mirrors the daemon's lists. Events change what they tell of and name what must be read.

    The same events in any order, twice, or with some lost end in the same store once what is
    named in `unread` was read. An answer on its way may be older than an event that is here, so
    what is told of something that `reading` or `listing` has under way is named in `unread` again.
    """

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
            self.unread.others.add("quarantines")
        elif event.type in _READ_AGAIN:
            self.unread.others.add(_READ_AGAIN[event.type])
        else:
            self.changes.others.add(topic)
        self._told(event)

    def _drift(self, body: dict[str, Any], what: str) -> None:
        finding_id = str(body["id"])
        if what == "healed" or body.get("state") not in LISTED:
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
        self.counts.changed()
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
        self.note(note, body.get("finding_ids", ()))
        if state in ENDED:
            # To suppress it ignores its findings, which an older daemon tells in no event of drift.
            self.unread.findings |= {*body.get("finding_ids", ())} & self.rows.keys()

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
        self.note_steps(known, now)
        self.runs[run_id] = now
        self.changes.runs.add(run_id)

"""Which remediation a finding shows, in whatever order they and the finding are read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

ENDED: Final = frozenset(
    {"converged", "suppressed", "superseded", "rejected", "expired", "cancelled", "failed"}
)


class Note(NamedTuple):
    """A remediation as far as a finding shows it; `made_at` is None as long as it was not read."""

    id: str
    state: str
    action: str
    made_at: datetime | None


class Noting:
    """The remediations of each finding, also of those that were not read yet."""

    def __init__(self) -> None:
        self._notes: dict[str, dict[str, Note]] = {}
        self._about: dict[str, frozenset[str]] = {}

    def put(self, note: Note, finding_ids: Iterable[str]) -> frozenset[str]:
        """Take in that a remediation is about these findings; return which may show another now."""
        about = frozenset(finding_ids)
        before = self._about.get(note.id, frozenset())
        self._about[note.id] = about
        for finding_id in before - about:  # it was divided
            notes = self._notes[finding_id]
            del notes[note.id]
            if not notes:
                del self._notes[finding_id]
        for finding_id in about:
            self._notes.setdefault(finding_id, {})[note.id] = note
        return before | about

    def shown(self, finding_id: str) -> Note | None:
        """Return the one that is under way, else the newest; None where there is none."""
        notes = self._notes.get(finding_id)
        return max(notes.values(), key=_weight) if notes else None


def _weight(note: Note) -> tuple[bool, bool, float]:
    # One that only an event told of is newer than all that were read.
    made_at = note.made_at
    return note.state not in ENDED, made_at is None, made_at.timestamp() if made_at else 0.0

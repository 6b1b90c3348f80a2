"""Accepting what no code declares, on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.remediations import ReasonBody
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads it
    from reconciler.domain import kept_baseline


@model
class AcceptBody(ReasonBody):
    """Why the live values of a finding are right from now on.

    With `fingerprint` exactly that drift is accepted, and no other that came since.
    """

    fingerprint: str | None = None


@model
class Acceptance(Wire):
    """One move of a baseline by a person. `undone_at` says when it was taken back."""

    id: str
    stack: str
    address: str
    finding_id: str
    fingerprint: str
    accepted_by: str
    reason: str
    accepted_at: Time
    undone_by: str | None = None
    undone_at: Time | None = None


@model
class DeclarationText(Wire):
    """The code that would declare what a finding shows, to be put where `file` says."""

    language: str
    text: str
    file: str | None = None
    line: int | None = None


def acceptance_object(acceptance: kept_baseline.Acceptance) -> dict[str, Any]:
    """Return an acceptance as the API shows it; the values of the baseline stay here."""
    return mapping.shown(Acceptance, acceptance, address=acceptance.after.key).as_json()

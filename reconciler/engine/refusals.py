"""What cannot be decided, each with the code that says why."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.model import Origin
from reconciler.domain.records import FindingRecord, Remediation, RemediationId, ReportId
from reconciler.domain.remediation_states import BEFORE_EFFECT, TERMINAL, RemediationState
from reconciler.domain.sources import SCAN
from reconciler.engine.moves import policy_of, the_remediation
from reconciler.engine.service import Service
from reconciler.stores import Transaction

LONGEST_REASON: Final = 2000
_BEING_PLANNED: Final = frozenset({RemediationState.QUEUED, RemediationState.PLANNING})


def check_reason(reason: str) -> None:
    """Refuse a reason that says nothing.

    Raises:
        InvalidError: it is empty or too long.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidError(f"a reason has 1 to {LONGEST_REASON} characters")


def check_digest(known: Remediation, given: str | None) -> None:
    """Refuse a decision about another plan than the one `known` has; None is about whichever.

    Raises:
        ConflictError: its plan has not the digest `given` (`plan-digest-mismatch`).
    """
    if given is None or known.plan_digest == given:
        return
    if known.plan_digest is not None and known.plan_digest.startswith(given):
        raise ConflictError(
            f"only the first {len(given)} characters of the plan's digest were given",
            code="plan-digest-mismatch",
            remedy=f"give all {len(known.plan_digest)} characters",
        )
    now = f"; it is {known.state.value.replace('_', ' ')} now: {known.note}" if known.note else ""
    raise ConflictError(
        f"remediation {known.id} is asked about anew: since that digest was shown, its plan, a"
        f" reason to look at it or where its stack is read changed{now}",
        code="plan-digest-mismatch",
        remedy=f"show it anew, then decide by its digest: trueup remediation {known.id[:8]}",
    )


def awaiting(tx: Transaction, remediation_id: RemediationId, *, at: datetime) -> Remediation:
    """Return the remediation if it awaits an approval, and still may get one.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it does not (`not-awaiting`).
    """
    known = the_remediation(tx, remediation_id)
    if known.state is not RemediationState.AWAITING_APPROVAL:
        raise ConflictError(
            f"remediation {known.id} does not wait for an approval: it is {known.state.value}",
            code="not-awaiting",
            remedy=_instead(known),
        )
    if known.expires_at is not None and known.expires_at <= at:
        raise ConflictError(
            f"the time to approve remediation {known.id} is over", code="not-awaiting"
        )
    return known


def approvable(
    tx: Transaction, service: Service, remediation_id: RemediationId, *, by: str, at: datetime
) -> Remediation:
    """Return the remediation if it awaits an approval, or may get another one beside its first.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it does and may not (`not-awaiting`).
    """
    known = the_remediation(tx, remediation_id)
    persons = {approval.person for approval in known.approvals}
    if known.state not in _BEING_PLANNED or not persons or by in persons:
        return awaiting(tx, remediation_id, at=at)
    policy = policy_of(tx, known)
    limits = service.limits_of(known.stack, policy=policy.name if policy else None)
    if len(persons) >= max(limits.approvals, limits.approvals_to_delete):
        return awaiting(tx, remediation_id, at=at)
    return known


def _instead(known: Remediation) -> str | None:
    """Return what to do about one that goes on after an approval; None where nothing can be."""
    if known.state not in BEFORE_EFFECT or not known.approvals:
        return None
    persons = ", ".join(sorted({approval.person for approval in known.approvals}))
    return (
        f"{persons} approved it, and its plan is made once more before it is carried out; if it"
        " needs another approval, it asks for that afterwards. To end it before:"
        f" trueup cancel {known.id[:8]}"
    )


def needing_person(tx: Transaction, remediation_id: RemediationId) -> Remediation:
    """Return the remediation if only a person can help it.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it goes on without (`moved-on`).
    """
    known = the_remediation(tx, remediation_id)
    if known.state is not RemediationState.NEEDS_HUMAN:
        raise moved_on(known, "goes on without a decision")
    return known


def moved_on(known: Remediation, why: str) -> ConflictError:
    """Return the error that says where the remediation stands by now, and `why` that is too late.

    Of one that has ended, that it has is all there is to say.
    """
    so = "is already finished" if known.state in TERMINAL else why
    return ConflictError(f"remediation {known.id} is {known.state.value} and {so}", code="moved-on")


def already_healed(what: str) -> ConflictError:
    """Return the error that says there is nothing left to do about `what`."""
    return ConflictError(f"the drift of {what} is gone already", code="already-healed")


def finding_of_report(tx: Transaction, report_id: ReportId) -> FindingRecord:
    """Return the finding that the report tells of, as it stands now; a scan's own if there is one.

    Raises:
        NotFoundError: there is no such report.
        ConflictError: its drift is gone (`already-healed`).
    """
    report = tx.reports.get(report_id)
    if report is None:
        raise NotFoundError(f"there is no drift report {report_id}")
    address = report.resource_id.removeprefix(f"{report.stack}/")
    found = [
        finding for finding in tx.findings.unhealed(report.stack) if finding.address == address
    ]
    undeclared = report.drift_details.get("origin") == Origin.UNDECLARED
    # A resource may have a finding that no plan acts on beside the other one.
    alike = sorted(found, key=lambda record: (record.origin is Origin.UNDECLARED) != undeclared)
    # What a scan sees can be compared with what is there right before an apply.
    for source in (SCAN, report.seen_by):
        for record in alike:
            if record.seen_by == source:
                return record
    raise already_healed(report.resource_id)

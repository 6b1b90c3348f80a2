"""What people ask for: a correction, a quarantine or a plan of the drift of one report."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.errors import InvalidError
from reconciler.domain.policy import ActionType
from reconciler.domain.records import Remediation, ReportId
from reconciler.domain.remediation_states import Event
from reconciler.engine.due import go_on
from reconciler.engine.moves import move
from reconciler.engine.new_remediations import begin, new_remediation
from reconciler.engine.persons import person_behind
from reconciler.engine.quarantine.asking import GAVE_WAY, gives_way, of_its_resource, take_in
from reconciler.engine.quarantine.foreseeing import refuse_unconnected
from reconciler.engine.refusals import finding_of_report
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def request(
    service: Service,
    report_id: ReportId,
    *,
    action_type: ActionType | None = None,
    isolation_group: str | None = None,
    actor: str,
    person: str | None = None,
) -> Remediation:
    """Return the open remediation of the report's finding, opening one where there is none.

    A quarantine with an `isolation_group` swaps groups, and detaches no edge. Where one of the
    same resource waits, that is of this finding too from now on.

    A correction that waits is cancelled for a quarantine; the note says which.

    A person's wish is no approval: its plan awaits one, unless a policy lets it be
    corrected unasked.

    Raises:
        NotFoundError: there is no such report.
        ConflictError: its drift is gone (`already-healed`), its resource is isolated so already
            (`already-quarantined`), nothing could be isolated (`not-isolatable`), or another
            remediation has to end first (`other-remediation`, `moved-on`).
        InvalidError: an isolation group is given, and no quarantine is asked for.
    """
    if isolation_group is not None and action_type is not ActionType.QUARANTINE:
        raise InvalidError(
            "an isolation group isolates, and no quarantine is asked for",
            remedy="set action_type to `quarantine`, or leave out `isolation_group`",
        )
    if action_type is ActionType.QUARANTINE:
        # Before a correction is cancelled for it.
        await refuse_unconnected(service, report_id, group=isolation_group)
    at = service.clock.now()

    def work(tx: Transaction) -> Remediation:
        record = finding_of_report(tx, report_id)
        known = tx.remediations.open_with(record.id)
        if known is not None and not gives_way(known, action_type, isolation_group):
            return go_on(tx, known)
        other = None
        if action_type is ActionType.QUARANTINE:
            other = of_its_resource(tx, record, known, isolation_group)
        if known is not None:
            move(tx, known, Event.CANCELLED, at=at, actor=actor, note=GAVE_WAY)
        if other is not None:
            note = "; ".join(filter(None, (_cancelled(known), other.note)))
            joined = replace(other, note=note or None)
            return go_on(tx, take_in(tx, joined, record, at=at, actor=actor))
        wanted = action_type or ActionType.MANUAL_REVIEW
        whose = person_behind(tx, actor, person)
        fresh = new_remediation([record], wanted, at=at, requested_by=whose)
        fresh = replace(
            fresh,
            report_id=report_id,
            isolation_group=isolation_group,
            note=_cancelled(known),
        )
        begin(tx, fresh, at=at, actor=actor)
        return fresh

    return await service.store.transact(work)


def _cancelled(known: Remediation | None) -> str | None:
    """Say that `known`, of which the caller may still show a plan, was cancelled for this one."""
    if known is None:
        return None
    what = "quarantine" if known.action_type is ActionType.QUARANTINE else "correction"
    state = known.state.value.replace("_", " ")
    return f"{what} {known.id[:8]} ({state}) was cancelled for this"

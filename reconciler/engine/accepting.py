"""A person says that an undeclared change is right from now on, or takes that back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.domain.accepting import with_accepted
from reconciler.domain.added_children import accepted_child
from reconciler.domain.declaring import (
    hcl_child,
    hcl_declaration,
    yaml_child,
    yaml_declaration,
)
from reconciler.domain.details import accepted_changes
from reconciler.domain.errors import ConflictError, NotFoundError
from reconciler.domain.ignoring import uncovered
from reconciler.domain.kept_baseline import Acceptance, KeptBaseline
from reconciler.domain.model import Kind, Origin
from reconciler.domain.records import FindingId, FindingRecord, FindingState, Json
from reconciler.engine.due import scan_soon
from reconciler.engine.journal import audit, new_id
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def accept(
    service: Service,
    finding_id: FindingId,
    *,
    reason: str,
    fingerprint: str | None,
    actor: str,
) -> Acceptance:
    """Move the baseline to what the finding shows; the scan that is due now closes the finding.

    Exactly what was shown is accepted: what has moved since is still a change. With
    `fingerprint` only that drift is.

    Raises:
        NotFoundError: there is no such finding.
        ConflictError: a plan would act on it (`not-undeclared`), it is healed
            (`already-healed`), it was accepted already (`already-accepted`), it is another drift
            by now (`drift-changed`), or no scan has kept a baseline yet (`no-baseline`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Acceptance:
        record = _undeclared(tx, finding_id)
        if fingerprint is not None and fingerprint != record.fingerprint:
            raise ConflictError(
                f"the drift of {record.address} is another one by now",
                code="drift-changed",
                remedy=f"look at it again: trueup show {finding_id[:8]}",
            )
        _refuse_twice(tx, record)
        before = tx.baselines.get(record.stack, record.address)
        after = _accepted(record, before, by=actor, reason=reason, at=at)
        acceptance = Acceptance(
            id=new_id(),
            stack=record.stack,
            finding_id=record.id,
            before=before,
            after=after,
            fingerprint=record.fingerprint,
            accepted_by=actor,
            reason=reason,
            accepted_at=at,
        )
        tx.baselines.put_many(record.stack, [after])
        tx.baselines.note(acceptance)
        _tell(tx, "finding.accepted", record, acceptance, at=at, actor=actor)
        return acceptance

    return await service.store.transact(work)


async def undo(service: Service, finding_id: FindingId, *, actor: str) -> Acceptance:
    """Put the baseline back to what it was before the finding was accepted last.

    Raises:
        NotFoundError: there is no such finding.
        ConflictError: it was not accepted (`not-accepted`), or something else of the same
            resource was accepted since (`accepted-since`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> Acceptance:
        record = _finding(tx, finding_id)
        last = next(
            (
                acceptance
                for acceptance in tx.baselines.acceptances(finding_id)
                if not acceptance.undone_at
            ),
            None,
        )
        if last is None:
            raise ConflictError(
                f"finding {finding_id} is not accepted",
                code="not-accepted",
                remedy="nothing has to be taken back",
            )
        _refuse_overtaken(tx, record, last)
        if last.before is None:
            tx.baselines.remove_many(record.stack, [record.address])
        else:
            tx.baselines.put_many(record.stack, [last.before])
        tx.baselines.undone(last.id, by=actor, at=at)
        undone = replace(last, undone_by=actor, undone_at=at)
        _tell(tx, "finding.acceptance_undone", record, undone, at=at, actor=actor)
        return undone

    return await service.store.transact(work)


async def declaration(service: Service, finding_id: FindingId) -> Json:
    """Return the code that would declare what a finding shows, and where its block stands.

    Raises:
        NotFoundError: there is no such finding.
        ConflictError: the code declares it already (`not-undeclared`), or it is healed
            (`already-healed`).
    """

    def read(view: Transaction) -> tuple[FindingRecord, str]:
        record = _undeclared(view, finding_id)
        stack = view.stacks.get(record.stack)
        return record, stack.tool if stack is not None else ""

    record, tool = await service.store.read(read)
    changes = accepted_changes(record.details)
    source = record.details.get("source") or {}
    is_urn = record.address.startswith("urn:") or tool == "pulumi"
    if record.kind is Kind.ADDED:
        child = yaml_child if is_urn else hcl_child
        text = child(record.type, record.details.get("parent") or "its parent", changes)
    else:
        text = (yaml_declaration if is_urn else hcl_declaration)(record.address, changes)
    return {
        "language": "yaml" if is_urn else "hcl",
        "text": text,
        "file": source.get("file"),
        "line": source.get("line"),
    }


def _accepted(
    record: FindingRecord, before: KeptBaseline | None, *, by: str, reason: str, at: datetime
) -> KeptBaseline:
    """Return the baseline by which exactly what the finding shows is right."""
    if record.kind is Kind.ADDED:
        return accepted_child(record.address, record.fingerprint, by=by, reason=reason, at=at)
    if before is None:
        raise ConflictError(
            f"no baseline of {record.address} is kept yet",
            code="no-baseline",
            remedy=f"scan its stack first: trueup stack scan {record.stack}",
        )
    changes = accepted_changes(record.details)
    return with_accepted(before, changes, by=by, reason=reason, at=at)


def _finding(tx: Transaction, finding_id: FindingId) -> FindingRecord:
    record = tx.findings.get(finding_id)
    if record is None:
        raise NotFoundError(f"there is no finding {finding_id}")
    return record


def _undeclared(tx: Transaction, finding_id: FindingId) -> FindingRecord:
    record = _finding(tx, finding_id)
    if record.origin is not Origin.UNDECLARED:
        raise ConflictError(
            f"the code decides what is right for {record.address}",
            code="not-undeclared",
            remedy="change the code, or leave it as it is:"
            f" trueup ignore {finding_id[:8]} {_needed_options(record)}--reason WHY",
        )
    if record.state is FindingState.HEALED:
        raise ConflictError(f"the drift of {record.address} is gone already", code="already-healed")
    return record


def _needed_options(record: FindingRecord) -> str:
    """Return the options without which `trueup ignore` refuses the finding."""
    return "".join(f"--covers {word} " for word in uncovered(record, ()))


def _refuse_twice(tx: Transaction, record: FindingRecord) -> None:
    for acceptance in tx.baselines.acceptances(record.id):
        if acceptance.undone_at is None and acceptance.fingerprint == record.fingerprint:
            raise ConflictError(
                f"{record.address} was accepted already by {acceptance.accepted_by}",
                code="already-accepted",
                remedy="the next scan closes the finding",
            )


def _refuse_overtaken(tx: Transaction, record: FindingRecord, last: Acceptance) -> None:
    newest = next(
        acceptance
        for acceptance in tx.baselines.acceptances_of(record.stack, record.address)
        if acceptance.undone_at is None
    )
    if newest.id != last.id:
        raise ConflictError(
            f"a later change of {record.address} was accepted since",
            code="accepted-since",
            remedy=f"take that back first: trueup accept {newest.finding_id[:8]} --undo",
        )


def _tell(
    tx: Transaction,
    action: str,
    record: FindingRecord,
    acceptance: Acceptance,
    *,
    at: datetime,
    actor: str,
) -> None:
    details = {
        "stack": record.stack,
        "address": record.address,
        "fingerprint": acceptance.fingerprint,
        "reason": acceptance.reason,
        "paths": [change.path for change in accepted_changes(record.details)],
    }
    audit(tx, action, record.id, at=at, actor=actor, details=details)
    scan_soon(tx, record.stack, at=at)

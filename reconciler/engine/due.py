"""What must be looked at again: written in rows, and told to whoever listens after the commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.model import StackName
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.wakeups import AdvanceRemediation, ScanStack
from reconciler.engine.service import Service
from reconciler.stores import Transaction


async def request_scan(service: Service, name: StackName) -> None:
    """Make the stack due now; one that is not registered is left alone."""
    at = service.clock.now()
    await service.store.transact(lambda tx: scan_soon(tx, name, at=at))


def scan_soon(tx: Transaction, name: StackName, *, at: datetime) -> None:
    """Make the stack due at `at`, and say so.

    The row is written even when it is due already: a scan that is under way compares it with
    what it read at its start, and would otherwise take this request for its own.
    """
    stack = tx.stacks.get(name)
    if stack is None:
        return
    tx.stacks.put(replace(stack, next_due_at=at))
    tx.wake(ScanStack(name))


def go_on(tx: Transaction, remediation: Remediation) -> Remediation:
    """Have the remediation advanced soon, and return it."""
    advance_soon(tx, [remediation.id])
    return remediation


def advance_soon(
    tx: Transaction, remediations: Iterable[RemediationId], *, due: datetime | None = None
) -> None:
    """Say that each of `remediations` can go on, at once or at `due`."""
    for remediation_id in remediations:
        tx.wake(AdvanceRemediation(remediation_id, due))

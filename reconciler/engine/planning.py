"""What a correction would do, for whoever asks; nothing is kept and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from reconciler.domain.errors import ConflictError, NotFoundError
from reconciler.domain.lifecycle import is_planned, targets_of
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Plan
from reconciler.domain.records import (
    FindingId,
    FindingRecord,
    FindingState,
    Json,
    StackRecord,
)
from reconciler.engine.folders import folder_of_scan
from reconciler.engine.judged_plan import judged_plan
from reconciler.engine.plan_object import plan_object
from reconciler.engine.scanned import Loaded, load
from reconciler.engine.service import Service
from reconciler.ports import IacAdapter, StackReference
from reconciler.stores import Transaction

_Known: TypeAlias = tuple[StackRecord, tuple[FindingRecord, ...]]


async def plan_finding(service: Service, finding_id: FindingId) -> Json:
    """Return the plan that would correct one finding, and why it would need a person.

    Raises:
        NotFoundError: there is no such finding, or its stack is gone.
        ConflictError: it is healed (`already-healed`).
        RetryableError: the state is locked by somebody, or a backend did not answer.
        PermanentError: the code or the set-up allows no plan.
    """

    def known(view: Transaction) -> _Known:
        record = view.findings.get(finding_id)
        if record is None:
            raise NotFoundError(f"there is no finding {finding_id}")
        if record.state is FindingState.HEALED:
            raise ConflictError(
                f"the drift of {record.address} is gone already", code="already-healed"
            )
        return _stack(view, record.stack), (record,)

    return await _plan(service, known)


async def plan_stack(service: Service, stack: StackName) -> Json:
    """Return the plan that would correct every finding that a scan has open; ignored ones stay.

    Raises:
        NotFoundError, RetryableError, PermanentError: see `plan_finding`.
    """

    def known(view: Transaction) -> _Known:
        # What others report may name an address that the tool does not know: no plan could be made.
        wanted = (
            finding
            for finding in view.findings.unhealed(stack)
            if finding.state is FindingState.OPEN and is_planned(finding)
        )
        return _stack(view, stack), tuple(wanted)

    return await _plan(service, known)


async def plan_addresses(
    adapter: IacAdapter,
    reference: StackReference,
    addresses: Sequence[ResourceAddress],
    *,
    runs: Path,
) -> Plan:
    """Return what correcting `addresses` would do; what the tool saved of it is gone again.

    Raises:
        RetryableError, PermanentError: see `plan_finding`.
    """
    loaded = Loaded(adapter, await adapter.load(reference))
    return await _planned(loaded, addresses, runs=runs)


async def _plan(service: Service, known: Callable[[Transaction], _Known]) -> Json:
    stack, records = await service.store.read(known)
    if not records:
        return plan_object(Plan(stack=stack.name, targets=(), resources=()))
    # A plan of ours that is under way has the tool's own lock, and this would be refused.
    async with service.planning[stack.name]:
        # The correction that was waited for may have healed them.
        stack, records = await service.store.read(known)
        if not records:
            return plan_object(Plan(stack=stack.name, targets=(), resources=()))
        loaded = await load(service, stack)
        plan = await _planned(loaded, targets_of(records), runs=service.runs)
    others = await service.store.read(lambda view: view.findings.unhealed(stack.name))
    judged = judged_plan(plan, records, snapshot=loaded.snapshot, stack=stack, others=others)
    return plan_object(plan, reasons=judged.concerns)


async def _planned(loaded: Loaded, addresses: Sequence[ResourceAddress], *, runs: Path) -> Plan:
    with folder_of_scan(runs) as folder:
        return await loaded.adapter.plan(loaded.snapshot, addresses, folder=folder)


def _stack(view: Transaction, name: StackName) -> StackRecord:
    stack = view.stacks.get(name)
    if stack is None:
        raise NotFoundError(f"there is no stack {name}")
    return stack

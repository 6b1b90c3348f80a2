"""What a request for a quarantine can be told at once: that nothing could be isolated."""

from __future__ import annotations

import asyncio
from typing import Final

from reconciler.domain.errors import ConflictError, PermanentError, RetryableError
from reconciler.domain.policy import ActionType
from reconciler.domain.records import FindingRecord, ReportId, StackRecord
from reconciler.engine.quarantine.asking import gives_way, of_its_resource
from reconciler.engine.quarantine.connecting import edges_of, holders_of
from reconciler.engine.refusals import finding_of_report
from reconciler.engine.scanned import load
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_WITHIN_S: Final = 15.0
"""A client waits 30 s for the answer to a request."""


async def refuse_unconnected(service: Service, report_id: ReportId, *, group: str | None) -> None:
    """Return where a quarantine of the report's resource has something to detach or to swap.

    Also where that cannot be told in time, and where a quarantine of it waits already: its plan
    says so then.

    Raises:
        NotFoundError, ConflictError: see `requesting.request`; nothing connects the resource, or
            its stack cannot be planned (`not-isolatable`).
    """

    def work(view: Transaction) -> tuple[FindingRecord, StackRecord] | None:
        record = finding_of_report(view, report_id)
        known = view.remediations.open_with(record.id)
        if known is not None and not gives_way(known, ActionType.QUARANTINE, group):
            return None
        if of_its_resource(view, record, known, group) is not None:
            return None
        stack = view.stacks.get(record.stack)
        return None if stack is None else (record, stack)

    found = await service.store.read(work)
    if found is None:
        return
    record, stack = found
    try:
        async with asyncio.timeout(_WITHIN_S):
            loaded = await load(service, stack)
            if group is None:
                await edges_of(loaded, [record])
            else:
                await holders_of(loaded, [record], group=group)
    except (RetryableError, TimeoutError):
        return
    except PermanentError as error:
        raise ConflictError(str(error), code="not-isolatable", remedy=error.remedy) from error

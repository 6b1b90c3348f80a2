"""`/drift/reports`: what was seen of each resource, and when."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Asker, Daemon, Id, answered
from reconciler.api.queries import ReportsQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import ReportId
from reconciler.domain.sources import source_of
from reconciler.engine.ingest_report import submit_report
from reconciler.engine.report_check import ReportDraft
from reconciler.wire import mapping
from reconciler.wire.pages import page_object
from reconciler.wire.reports import ReportBody, report_of


async def submit(service: Daemon, asker: Asker, body: ReportBody) -> Response:
    """Report drift that another source saw, or that what it saw is healed."""
    draft = mapping.stated(ReportDraft(body.resource_id), body)
    report = await submit_report(service, draft, source=source_of(asker), actor=asker.subject)
    headers = {"Location": f"/api/v1/drift/reports/{report.report_id}"}
    return answered(report_of(report), status=201, headers=headers)


async def list_reports(service: Daemon, query: Annotated[ReportsQuery, Query()]) -> Response:
    """List drift reports, newest first."""
    page = await service.store.read(
        lambda view: view.reports.page(
            resource_id=query.resource_id,
            template_id=query.template_id,
            since=query.since,
            cursor=query.cursor,
            limit=query.limit,
        )
    )
    return answered(page_object(page, report_of))


async def read_report(service: Daemon, report_id: Id) -> Response:
    """Read one drift report."""
    found = await service.store.read(lambda view: view.reports.get(ReportId(report_id)))
    if found is None:
        raise NotFoundError(f"there is no drift report {report_id}")
    return answered(report_of(found))

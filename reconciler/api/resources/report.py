"""`/report`: what happened over a span of time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Daemon, answered
from reconciler.api.queries import ReportQuery
from reconciler.engine.reporting import report_since
from reconciler.wire.fleet_reports import fleet_report_of


async def read_report(service: Daemon, query: Annotated[ReportQuery, Query()]) -> Response:
    """Report on what drifted since a time, the last seven days without one."""
    return answered(fleet_report_of(await report_since(service, query.since)))

"""Drift reports on the wire."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import SeenBy, SeverityWord, Time, Word, shown, text

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class ReportBody(Body):
    """Drift that another source saw; `resource_id` is `STACK/ADDRESS`.

    `healed` says that what this source reported of the resource before is gone.
    """

    resource_id: Annotated[
        str, text(least=3, most=2000, pattern=r"^[^/]+/.+$", example="web/aws_vpc.main")
    ]
    drift_details: Annotated[dict[str, Any], shown(examples=[{"changes": []}])] = field(
        default_factory=dict
    )
    healed: bool = False
    drift_hash: Word | None = None
    template_id: Word | None = None
    timestamp: Time | None = None
    type: Annotated[str, text(least=0, most=200)] = ""
    kind: Literal["changed", "missing", "unmanaged"] = "changed"
    severity: SeverityWord = "medium"


@model
class Report(Wire):
    """What was seen of one resource at one moment."""

    report_id: str
    resource_id: str
    template_id: str | None
    timestamp: Time
    drift_hash: str
    drift_details: dict[str, Any]
    stack: str
    event: Literal["detected", "changed", "healed", "reported", "late"]
    seen_by: SeenBy


def report_of(report: records.DriftReport) -> Report:
    """Return a drift report."""
    return mapping.shown(Report, report)

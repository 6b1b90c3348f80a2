"""A report on a span of time, on the wire. Spans are in seconds; a mean of nothing is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from reconciler.wire import mapping
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import Time

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import fleet_report


@model
class Tally(Wire):
    """What was found and healed in the span, and what is open at its end."""

    name: str
    found: int
    healed: int
    open: int
    mean_to_repair_s: float | None


@model
class DayTally(Wire):
    """The same of one day, in UTC."""

    day: str
    found: int
    healed: int


@model
class RuleTally(Wire):
    """How often a policy made a remediation, and how these ended; or a rule ignored a finding.

    `converged` are those that corrected, `gone` those whose drift went away before anything ran.
    """

    name: str
    kind: Literal["policy", "ignore"]
    times: int
    converged: int
    rejected: int
    failed: int
    expired: int
    suppressed: int
    gone: int = 0


@model
class FleetReport(Wire):
    """What drifted, how soon it was found and gone, and which rules spoke most.

    `mean_to_detect_s` is at most: from the last scan before a drift was found to the scan that
    found it. Rows are at most twenty each.
    """

    since: Time
    until: Time
    found: int
    healed: int
    open: int
    mean_to_detect_s: float | None
    mean_to_repair_s: float | None
    median_to_repair_s: float | None
    days: list[DayTally]
    by_severity: list[Tally]
    by_type: list[Tally]
    by_stack: list[Tally]
    by_owner: list[Tally]
    rules: list[RuleTally]


def fleet_report_of(report: fleet_report.FleetReport) -> FleetReport:
    """Return a report."""
    return mapping.shown(
        FleetReport,
        report,
        days=[mapping.shown(DayTally, day) for day in report.days],
        by_severity=_tallies(report.by_severity),
        by_type=_tallies(report.by_type),
        by_stack=_tallies(report.by_stack),
        by_owner=_tallies(report.by_owner),
        rules=[mapping.shown(RuleTally, rule) for rule in report.rules],
    )


def _tallies(rows: tuple[fleet_report.Tally, ...]) -> list[Tally]:
    return [mapping.shown(Tally, row) for row in rows]

"""`trueup report`: what drifted over a span of time, how soon it was found, and how soon gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.moments import past
from reconciler.cli.table import Cell, Column
from reconciler.domain.errors import PermanentError
from reconciler.wire import models as wire
from reconciler.wire import routes

_TALLIES: Final = (
    ("by_severity", "SEVERITY"),
    ("by_type", "TYPE"),
    ("by_stack", "STACK"),
    ("by_owner", "OWNER"),
)
_RULES: Final = (
    Column("RULE", least=12),
    Column("KIND"),
    Column("TIMES"),
    Column("CONVERGED", spare=True),
    Column("GONE", spare=True),
    Column("REJECTED", spare=True),
    Column("FAILED", spare=True),
)


@click.command(epilog=examples("trueup report", "trueup report --since 30d --html drift.html"))
@click.option(
    "--since", metavar="T", default="7d", help="7d (default), 12h, or a time: 2026-11-01T00:00:00Z."
)
@click.option(
    "--html", "file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with plots to FILE; the page loads no other file.",
)  # fmt: skip
@asks_daemon
def report(invocation: Invocation, *, since: str, file: Path | None) -> None:
    """Report on what drifted: how much, how soon it was found, how soon it was gone.

    DETECTED is an upper bound: the time from the last scan without a drift to the scan that found
    it. Of a policy, CONVERGED counts what was corrected, and GONE the drift that went away before
    anything was applied.
    """
    body = invocation.api.ask(routes.READ_FLEET_REPORT, since=past(since))
    if file is not None:
        _write(file, body)
        invocation.narrate(f"wrote {file}")
    invocation.answer(body, _lines(invocation, body))


def span_text(seconds: float | None) -> str:
    """Return a span as people say it: `45s`, `12m`, `3.5h`, `2.1d`."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600)):
        if seconds >= size:
            return f"{seconds / size:.1f}{unit}"
    return f"{seconds / 60:.0f}m" if seconds >= 60 else f"{seconds:.0f}s"  # noqa: PLR2004 - a minute


def span_of(report: wire.FleetReport) -> str:
    """Return from when to when a report is."""
    return f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"


def _write(file: Path, body: wire.FleetReport) -> None:
    from reconciler.cli.report_page import page  # noqa: PLC0415  few ask for it

    try:
        file.write_text(page(body), encoding="utf-8")
    except OSError as error:
        raise PermanentError(
            f"{file} cannot be written: {error.strerror}", remedy="name another file"
        ) from error


def _lines(invocation: Invocation, body: wire.FleetReport) -> Iterator[str]:
    yield span_of(body)
    yield ""
    yield from invocation.facts(
        (
            ("found", str(body.found)),
            ("healed", str(body.healed)),
            ("open now", str(body.open)),
            ("detected in", f"at most {span_text(body.mean_to_detect_s)} (mean)"),
            ("gone in", f"{span_text(body.mean_to_repair_s)} (mean)"),
            ("", f"{span_text(body.median_to_repair_s)} (median)"),
        )
    )
    for key, title in _TALLIES:
        rows = getattr(body, key)
        if rows:
            yield ""
            yield from invocation.table(_tally_columns(title), _tally_rows(rows))
    if body.rules:
        yield ""
        yield from invocation.table(_RULES, [_rule_row(rule) for rule in body.rules])


def _tally_columns(title: str) -> Sequence[Column]:
    return (
        Column(title, least=12),
        Column("FOUND"),
        Column("HEALED"),
        Column("OPEN"),
        Column("GONE IN"),
    )


def _tally_rows(tallies: Sequence[wire.Tally]) -> list[tuple[Cell, ...]]:
    return [
        (
            ("strong", text_of(row.name)),
            ("plain", str(row.found)),
            ("plain", str(row.healed)),
            ("plain", str(row.open)),
            ("plain", span_text(row.mean_to_repair_s)),
        )
        for row in tallies
    ]


def _rule_row(rule: wire.RuleTally) -> tuple[Cell, ...]:
    ends = ("converged", "gone", "rejected", "failed")
    return (
        ("strong", text_of(rule.name)),
        ("plain", rule.kind),
        ("plain", str(rule.times)),
        *(("plain", str(getattr(rule, end)) if rule.kind == "policy" else "-") for end in ends),
    )

"""The last lines of a report: how many of what, and whether anything drifted at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from reconciler.cli.labels import counted, fallen
from reconciler.cli.paint import Paint
from reconciler.domain.model import (
    OUTPUT_TYPE,
    Counts,
    Finding,
    Kind,
    Origin,
    Severity,
    StackReport,
)
from reconciler.domain.passing_rows import comes_and_goes

_STYLED: Final = re.compile(r"\x1b\[[0-9;]*m")


def harmless(report: StackReport) -> str:
    """Return how many differences no apply would act on."""
    return counted(len(report.noise), "harmless difference")


def total_lines(report: StackReport, paint: Paint) -> Iterator[str]:
    """Yield what a report ends with; `No drift.` only when everything was read."""
    if not report.findings and not report.incomplete:
        yield from _together(_clean(report, paint), paint("dim", _timing(report.timing_ms)), paint)
        return
    yield from _fallen(report, paint)
    found = tally_line(report.findings, paint)
    timing = paint("dim", _timing(report.timing_ms))
    if found:
        yield from _together(f"severity: {found}", timing, paint)
    else:
        yield timing


def _clean(report: StackReport, paint: Paint) -> str:
    counts = report.counts
    matching = counts.resources - counts.not_applicable
    match_ = "matches" if matching == 1 else "match"
    words = f"{counted(matching, 'resource')} {match_}"
    if counts.not_applicable:
        words = f"{words}, {counts.not_applicable} not applicable"
    noise = f"; {harmless(report)} ignored" if report.noise else ""
    return f"{paint('good', 'No drift.')} {words}{noise}"


def _fallen(report: StackReport, paint: Paint) -> Iterator[str]:
    counts, waiting = _to_create(report)
    parts = [paint("good", f"{counts.in_sync} in sync")]
    parts += [paint(style, text) for text, style in fallen(counts)]
    parts += [paint("strong", f"{waiting} to create")] if waiting else []
    line = f"{_listed(report)}: {parts[0]}"
    for part in parts[1:]:
        if len(_STYLED.sub("", f"{line}, {part},")) > paint.width:
            yield f"{line},"
            line = f"  {part}"
        else:
            line = f"{line}, {part}"
    yield line


def _to_create(report: StackReport) -> tuple[Counts, int]:
    """Return the counts without what was never created, and how much that is."""
    waiting = sum(
        finding.kind is Kind.MISSING and finding.origin is Origin.UNAPPLIED
        for finding in report.findings
    )
    return replace(report.counts, missing=report.counts.missing - waiting), waiting


def _listed(report: StackReport) -> str:
    """Return how many resources there are, and beside them what is listed only at times.

    An output is listed when it drifts: counted as a resource, a stack of 4 would have 5.
    """
    addresses = [finding.address for finding in report.findings]
    addresses += [address for address, _ in report.unreadable]
    passing = [address for address in addresses if comes_and_goes(address)]
    outputs = sum(address.startswith(f"{OUTPUT_TYPE}.") for address in passing)
    parts = [counted(report.counts.resources - len(passing), "resource")]
    parts += [counted(outputs, "output")] if outputs else []
    sources = len(passing) - outputs
    return ", ".join([*parts, counted(sources, "data source")] if sources else parts)


def tally_line(findings: Iterable[Finding], paint: Paint) -> str:
    """Return `1 critical, 2 high`; nothing when there are no findings."""
    severities = Counter(finding.severity for finding in findings)
    return ", ".join(
        paint(severity.word, f"{severities[severity]} {severity.word}")
        for severity in sorted(Severity, reverse=True)
        if severities[severity]
    )


def fleet_line(reports: Sequence[StackReport], *, failed: int, paint: Paint) -> str:
    """Return one line over several stacks, worst first."""
    drifted = sum(bool(report.findings) for report in reports)
    unsure = sum(report.incomplete and not report.findings for report in reports)
    kinds = (
        ("failed", failed, "critical"),
        ("drifted", drifted, "high"),
        ("incomplete", unsure, "medium"),
        ("in sync", len(reports) - drifted - unsure, "good"),
    )
    parts = ", ".join(paint(style, f"{count} {word}") for word, count, style in kinds if count)
    found = tally_line((finding for report in reports for finding in report.findings), paint)
    line = f"{counted(len(reports) + failed, 'stack')}: {parts}"
    return f"{line}; findings: {found}" if found else line


def _together(line: str, timing: str, paint: Paint) -> Iterator[str]:
    """Yield both on one line where they fit."""
    together = f"{line}; {timing}"
    if len(_STYLED.sub("", together)) <= paint.width:
        yield together
    else:
        yield from (line, timing)


def _timing(timing_ms: Mapping[str, float]) -> str:
    steps = (step for step in ("load", "record", "read", "judge") if timing_ms.get(step, 0) >= 1)
    parts = ", ".join(f"{step} {_duration(timing_ms[step])}" for step in steps)
    total = _duration(timing_ms.get("total", 0.0))
    return f"{total} ({parts})" if parts else total


def _duration(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"  # noqa: PLR2004

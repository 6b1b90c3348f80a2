"""The last lines of a report: how many of what, and whether anything drifted at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.cli.labels import counted, fallen
from reconciler.cli.paint import Paint
from reconciler.domain.model import Counts, Finding, Severity, StackReport

_STYLED: Final = re.compile(r"\x1b\[[0-9;]*m")


def harmless(report: StackReport) -> str:
    """Return how many differences no apply would act on."""
    return counted(len(report.noise), "harmless difference")


def total_lines(report: StackReport, paint: Paint) -> Iterator[str]:
    """Yield what a report ends with; `No drift.` only when everything was read."""
    if not report.findings and not report.incomplete:
        yield from _together(_clean(report, paint), paint("dim", _timing(report.timing_ms)), paint)
        return
    yield from _fallen(report.counts, paint)
    found = tally_line(report.findings, paint)
    timing = paint("dim", _timing(report.timing_ms))
    if found:
        yield from _together(f"severity: {found}", timing, paint)
    else:
        yield timing


def _clean(report: StackReport, paint: Paint) -> str:
    counts = report.counts
    match_ = "matches" if counts.resources == 1 else "match"
    words = f"{counted(counts.resources, 'resource')} {match_}"
    noise = f"; {harmless(report)} ignored" if report.noise else ""
    return f"{paint('good', 'No drift.')} {words}{noise}"


def _fallen(counts: Counts, paint: Paint) -> Iterator[str]:
    parts = [paint("good", f"{counts.in_sync} in sync")]
    parts += [paint(style, text) for text, style in fallen(counts)]
    line = f"{counted(counts.resources, 'resource')}: {parts[0]}"
    for part in parts[1:]:
        if len(_STYLED.sub("", f"{line}, {part},")) > paint.width:
            yield f"{line},"
            line = f"  {part}"
        else:
            line = f"{line}, {part}"
    yield line


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

"""A report as people read it; ASCII only, so it survives every pipe and locale."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from reconciler.cli.change_lines import change_lines
from reconciler.cli.folding import folded
from reconciler.cli.paint import Paint, safe
from reconciler.cli.tree import Branch, grown
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Engine,
    Finding,
    Kind,
    Origin,
    Severity,
    StackReport,
)

_GLYPHS: Final = {Kind.CHANGED: "~", Kind.MISSING: "-", Kind.UNMANAGED: "+", Kind.UNREADABLE: "?"}
_OBTAINED: Final = {
    Engine.PLUGIN: "asked the provider plugins",
    Engine.CLI: "asked the tool's own plan",
}
_STYLED: Final = re.compile(r"\x1b\[[0-9;]*m")
_NARROWEST_VALUE: Final = 16


def report_lines(report: StackReport, *, paint: Paint, verbose: bool = False) -> Iterator[str]:
    """Yield the whole report, line by line, without line ends."""
    yield _header(report, paint)
    for warning in report.warnings:
        yield from _wrapped(f"warning: {safe(warning)}", "  ", paint, "medium")
    if report.findings:
        yield ""
        yield from _branch(grown(report.findings), "", paint, verbose)
    if report.unreadable:
        yield ""
        yield from _unreadable(report.unreadable, paint)
    yield from _noise(report, paint, verbose)
    yield ""
    yield from _totals(report, paint)


def error_lines(error: ReconcilerError, *, paint: Paint, stack: str | None = None) -> Iterator[str]:
    """Yield an error and what to do about it."""
    where = f"{safe(stack)}: " if stack else ""
    first, *rest = str(error).split("\n")
    yield paint("critical", "error: ") + where + safe(first)
    # A message may show source with a caret below: its own lines are kept as they are.
    yield from (f"  {safe(line)}" for line in rest)
    if error.remedy:
        yield from _wrapped(f"help: {safe(error.remedy)}", "  ", paint, "plain")


def finding_lines(finding: Finding, *, paint: Paint, verbose: bool = False) -> Iterator[str]:
    """Yield one finding under its whole address."""
    yield from _finding(finding.address, finding, "", paint, verbose)


def _header(report: StackReport, paint: Paint) -> str:
    name = paint("strong", safe(report.stack))
    facts = (report.tool, safe(report.directory), _OBTAINED[report.obtained_by])
    return f"{name}  {paint('dim', '  '.join(fact for fact in facts if fact))}"


def _branch(branch: Branch, indent: str, paint: Paint, verbose: bool) -> Iterator[str]:  # noqa: FBT001
    ordered = sorted(branch.findings, key=lambda it: (-it[1].severity, it[0]))
    for name, finding in ordered:
        yield from _finding(name, finding, indent, paint, verbose)
    for name in sorted(branch.modules):
        yield f"{indent}{paint('module', safe(name))}"
        yield from _branch(branch.modules[name], f"{indent}  ", paint, verbose)


def _finding(
    name: str,
    finding: Finding,
    indent: str,
    paint: Paint,
    verbose: bool,  # noqa: FBT001
) -> Iterator[str]:
    follows = finding.consequence_of is not None
    glyph = _GLYPHS[finding.kind]
    word = finding.severity.word
    source = f"{safe(finding.source.file)}:{finding.source.line}" if finding.source else ""
    mark = "  (replaces)" if finding.requires_replace else ""
    room = paint.width - len(indent) - 11 - len(mark)
    title = safe(name)
    gap = room - len(title) - len(source)
    joined = f"{' ' * gap}{source}" if source and gap > 1 else ""
    head = f"{glyph} {word:<8} "
    if follows:
        yield indent + paint("dim", f"{head}{title}{joined}")
        yield _note(f"gone with {safe(finding.consequence_of or '')}", indent, paint)
        return
    yield (
        f"{indent}{paint(word, head)}{paint('strong', title)}{paint('medium', mark)}"
        f"{paint('dim', joined)}"
    )
    if source and not joined:
        yield _note(source, indent, paint)
    yield from _body(finding, f"{indent}           ", paint, verbose)


def _note(text: str, indent: str, paint: Paint) -> str:
    return f"{indent}           {paint('dim', text)}"


def _body(finding: Finding, indent: str, paint: Paint, verbose: bool) -> Iterator[str]:  # noqa: FBT001
    sentence = _sentence(finding)
    if sentence:
        yield from _wrapped(sentence, indent, paint, "plain")
    for change in finding.changes:
        yield from change_lines(change, indent=indent, paint=paint)
    if not finding.consequences:
        return
    if verbose:
        yield indent + paint("dim", "also affected:")
        for change in finding.consequences:
            yield f"{indent}  {paint('dim', safe(change.path))}"
        return
    paths = sorted({safe(change.path) for change in finding.consequences})
    text = f"also affected: {', '.join(paths)}"
    yield from (indent + paint("dim", line) for line in folded(text, paint.width - len(indent)))


def _sentence(finding: Finding) -> str:
    match finding.kind, finding.origin:
        case Kind.MISSING, Origin.UNAPPLIED:
            text = "declared, and not created yet"
        case Kind.MISSING, _:
            text = "gone: the last apply recorded it, and it is there no more"
        case Kind.UNMANAGED, _:
            text = "there, and no code declares it any more"
        case _:
            text = ""
    return ": ".join(part for part in (text, safe(finding.reason or "")) if part)


def _unreadable(items: Iterable[tuple[str, str]], paint: Paint) -> Iterator[str]:
    by_reason = sorted(items, key=lambda item: (item[1], item[0]))
    for reason, group in groupby(by_reason, key=lambda item: item[1]):
        for address, _ in group:
            yield paint("medium", "? unread   ") + paint("strong", safe(address))
        yield from _wrapped(safe(" ".join(reason.split())), "           ", paint, "plain")


def _noise(report: StackReport, paint: Paint, verbose: bool) -> Iterator[str]:  # noqa: FBT001
    if not report.noise:
        return
    count = len(report.noise)
    yield ""
    hint = "" if verbose else " (-v lists them)"
    yield paint("dim", f"{_counted(count, 'difference')} no apply would act on{hint}")
    if not verbose:
        return
    for address, item in report.noise:
        yield paint("dim", f"  {safe(address)}  {safe(item.path)}")
        yield from _wrapped(safe(item.reason), "    ", paint, "dim")


def _totals(report: StackReport, paint: Paint) -> Iterator[str]:
    counts = report.counts
    kinds = (
        ("changed", counts.changed, "strong"),
        ("missing", counts.missing, "strong"),
        ("unmanaged", counts.unmanaged, "strong"),
        ("unreadable", counts.unreadable, "medium"),
        ("noise only", counts.noise, "dim"),
        ("not applicable", counts.not_applicable, "dim"),
    )
    parts = [paint("good", f"{counts.in_sync} in sync")]
    parts += [paint(style, f"{count} {word}") for word, count, style in kinds if count]
    severities = Counter(finding.severity for finding in report.findings)
    found = ", ".join(
        paint(severity.word, f"{severities[severity]} {severity.word}")
        for severity in sorted(Severity, reverse=True)
        if severities[severity]
    )
    line = f"{_counted(counts.resources, 'resource')}: {', '.join(parts)}"
    timing = paint("dim", _timing(report.timing_ms))
    if found:
        yield line
        line = f"severity: {found}"
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


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _wrapped(text: str, indent: str, paint: Paint, style: str) -> Iterator[str]:
    width = max(paint.width - len(indent), _NARROWEST_VALUE)
    for line in textwrap.wrap(text, width, break_on_hyphens=False) or [""]:
        yield indent + paint(style, line)

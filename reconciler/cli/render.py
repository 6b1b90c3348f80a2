"""A report as people read it; ASCII only, so it survives every pipe and locale."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from reconciler.cli.change_lines import change_lines
from reconciler.cli.child_lines import child_lines
from reconciler.cli.folding import folded
from reconciler.cli.paint import Paint, safe
from reconciler.cli.totals import harmless, total_lines
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

_OBTAINED: Final = {
    Engine.PLUGIN: "read through provider plugins",
    Engine.CLI: "read through the tool's own plan",
}
_WORTH_A_REASON: Final = Severity.HIGH
"""From here on a list says why; below it only what is shown alone does."""

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
    yield from child_lines(report, paint=paint, verbose=verbose)
    yield ""
    yield from total_lines(report, paint)


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
    yield from _finding(finding.address, finding, "", paint, verbose, alone=True)


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
    *,
    alone: bool = False,
) -> Iterator[str]:
    word = finding.severity.word
    source = f"{safe(finding.source.file)}:{finding.source.line}" if finding.source else ""
    mark = "  (replaces)" if finding.requires_replace else ""
    title = safe(name)
    fits = len(indent) + 13 + len(title + mark + source) <= paint.width
    joined = f"  {source}" if source and fits else ""
    head = f"{glyph_of(finding.kind, finding.origin)} {word:<8} "
    if finding.consequence_of is not None and finding.kind is Kind.MISSING:
        yield indent + paint("dim", f"{head}{title}{joined}")
        yield _note(f"not found any more, like {safe(finding.consequence_of)}", indent, paint)
        return
    yield (
        f"{indent}{paint(word, head)}{paint('strong', title)}{paint('medium', mark)}"
        f"{paint('dim', joined)}"
    )
    if source and not joined:
        yield _note(source, indent, paint)
    inner = f"{indent}           "
    if finding.severity_reason and (alone or verbose or finding.severity >= _WORTH_A_REASON):
        yield from _wrapped(f"{word}: {safe(finding.severity_reason)}", inner, paint, "dim")
    yield from _body(finding, inner, paint, verbose)


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


def glyph_of(kind: Kind, origin: Origin | None) -> str:
    """Return the sign of a finding; code that waits has the sign of what its apply would do."""
    match kind:
        case Kind.CHANGED:
            return "~"
        case Kind.MISSING:
            return "+" if origin is Origin.UNAPPLIED else "-"
        case Kind.UNMANAGED:
            return "-"
        case Kind.UNREADABLE:
            return "?"
        case Kind.ADDED:
            return "+"


def _sentence(finding: Finding) -> str:
    match finding.kind, finding.origin:
        case Kind.MISSING, Origin.UNAPPLIED:
            text = "in code, not created yet"
        case Kind.MISSING, Origin.BOTH:
            text = (
                "not found any more, and its code has changed since the last apply:"
                " an apply would create something else than was recorded"
            )
        case Kind.MISSING, _:
            text = "not found any more, though the last apply recorded it"
        case Kind.UNMANAGED, _:
            text = "not in code any more: the next apply deletes it"
        case Kind.CHANGED, Origin.UNDECLARED if finding.added_as:
            text = "no code declares this; a plan can destroy what was added, after an approval"
        case Kind.CHANGED, Origin.UNDECLARED:
            text = "no code declares this, so no plan would change it"
        case Kind.ADDED, _:
            text = f"no code declares it; it belongs to {safe(finding.parent or '')}"
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
    yield ""
    hint = "" if verbose else " (-v lists them)"
    yield paint("dim", f"{harmless(report)} ignored{hint}")
    if not verbose:
        return
    for address, item in report.noise:
        yield paint("dim", f"  {safe(address)}  {safe(item.path)}")
        yield from _wrapped(safe(item.reason), "    ", paint, "dim")


def _wrapped(text: str, indent: str, paint: Paint, style: str) -> Iterator[str]:
    width = max(paint.width - len(indent), _NARROWEST_VALUE)
    for line in textwrap.wrap(text, width, break_on_hyphens=False) or [""]:
        yield indent + paint(style, line)

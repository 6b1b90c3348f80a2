"""A report as people read it; ASCII only, so it survives every pipe and locale."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final

from reconciler.cli.differences import focused, leaves, shown
from reconciler.cli.paint import Paint, cut, safe
from reconciler.cli.tree import Branch, grown
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.model import (
    Change,
    Engine,
    Finding,
    Kind,
    Origin,
    Severity,
    StackReport,
)
from reconciler.domain.values import Sensitive, Value

_GLYPHS: Final = {Kind.CHANGED: "~", Kind.MISSING: "-", Kind.UNMANAGED: "+", Kind.UNREADABLE: "?"}
_OBTAINED: Final = {
    Engine.PLUGIN: "asked the provider plugins",
    Engine.CLI: "asked the tool's own plan",
}
_STYLED: Final = re.compile(r"\x1b\[[0-9;]*m")
_WIDEST_LIST: Final = 12
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


def difference_lines(  # noqa: PLR0913 - a line of text has many parts
    path: str,
    before: Value,
    after: Value,
    *,
    indent: str,
    paint: Paint,
    word: str = "",
    mark: str = "",
) -> Iterator[str]:
    """Yield what differs between two values of `path`; `word` says what the second one is."""
    found = leaves(before, after)
    if len(found) == 1 and not (found[0].gone or found[0].came):
        whole = path + _below(found[0].path)
        yield from _two_way(whole, found[0].before, found[0].after, word, indent, paint, mark)
        return
    yield f"{indent}{path}{paint('dim', f'  {word}' if word else '')}{mark}"
    yield from _inside(before, after, f"{indent}  ", paint)


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
        yield from _change(change, indent, paint)
    if not finding.consequences:
        return
    if verbose:
        yield indent + paint("dim", "which changes with it:")
        for change in finding.consequences:
            yield f"{indent}  {paint('dim', safe(change.path))}"
        return
    paths = sorted({safe(change.path) for change in finding.consequences})
    text = f"{_counted(len(paths), 'attribute')} would follow: {', '.join(paths)}"
    yield indent + paint("dim", cut(text, max(paint.width - len(indent), _NARROWEST_VALUE)))


def _sentence(finding: Finding) -> str:
    match finding.kind, finding.origin:
        case Kind.MISSING, Origin.UNAPPLIED:
            text = "declared, and not created yet"
        case Kind.MISSING, Origin.BOTH:
            text = (
                "gone: the last apply recorded it, and it is there no more; its code was changed"
                " too, so an apply would create something else than was recorded"
            )
        case Kind.MISSING, _:
            text = "gone: the last apply recorded it, and it is there no more"
        case Kind.UNMANAGED, _:
            text = "there, and no code declares it any more"
        case _:
            text = ""
    return ": ".join(part for part in (text, safe(finding.reason or "")) if part)


def _change(change: Change, indent: str, paint: Paint) -> Iterator[str]:
    path = safe(change.path)
    mark = paint("medium", "  (forces replacement)") if change.forces_replacement else ""
    if change.sensitive or _holds_secret(change):
        yield f"{indent}{path}  {paint('dim', _secret_note(change))}{mark}"
        return
    before, after, after_word = _direction(change)
    if change.origin is Origin.BOTH and not _same(change.declared, change.live):
        yield from _three_way(path, change, indent, paint, mark)
        return
    yield from difference_lines(
        path, before, after, word=after_word, indent=indent, paint=paint, mark=mark
    )


def _direction(change: Change) -> tuple[Value, Value, str]:
    """Return from, to, and what the second one is; the first is what it should be read against."""
    if change.origin is Origin.UNAPPLIED:
        return change.live, change.declared, "(declared, not applied)"
    if change.origin is Origin.BOTH:
        return change.recorded, change.live, "(live and declared, not recorded)"
    return change.recorded, change.live, "(live)"


def _two_way(  # noqa: PLR0913, PLR0917 - a line of text has many parts
    path: str,
    before: Value,
    after: Value,
    after_word: str,
    indent: str,
    paint: Paint,
    mark: str,
) -> Iterator[str]:
    left, right = shown(before), shown(after)
    if len(indent + path + left + right + after_word) + 7 <= paint.width:
        arrow = f"{paint('minus', left)} -> {paint('plus', right)}"
        yield f"{indent}{path}  {arrow} {paint('dim', after_word)}{mark}"
        return
    room = max(paint.width - len(indent) - 4, _NARROWEST_VALUE)
    left, right = focused(left, right, width=room)
    yield f"{indent}{path}  {paint('dim', after_word)}{mark}"
    yield f"{indent}  {paint('minus', '- ' + cut(left, room))}"
    yield f"{indent}  {paint('plus', '+ ' + cut(right, room))}"


def _three_way(path: str, change: Change, indent: str, paint: Paint, mark: str) -> Iterator[str]:
    values = (("declared", change.declared), ("recorded", change.recorded), ("live", change.live))
    line = "  ".join(f"{word} {shown(value)}" for word, value in values)
    if len(indent + path + line) + 2 <= paint.width:
        pieces = "  ".join(f"{paint('dim', word)} {shown(value)}" for word, value in values)
        yield f"{indent}{path}  {pieces}{mark}"
        return
    yield f"{indent}{path}{mark}"
    room = max(paint.width - len(indent) - 11, _NARROWEST_VALUE)
    for word, value in values:
        yield f"{indent}  {paint('dim', f'{word:<8}')} {cut(shown(value), room)}"


def _inside(before: Value, after: Value, indent: str, paint: Paint) -> Iterator[str]:
    found = leaves(before, after)
    for leaf in found[:_WIDEST_LIST]:
        label = f"{leaf.path}  " if leaf.path else ""
        room = max(paint.width - len(indent) - len(label) - 2, _NARROWEST_VALUE)
        if leaf.gone:
            yield f"{indent}{paint('minus', f'- {label}{cut(shown(leaf.before), room)}')}"
        elif leaf.came:
            yield f"{indent}{paint('plus', f'+ {label}{cut(shown(leaf.after), room)}')}"
        else:
            yield from _two_way(leaf.path, leaf.before, leaf.after, "", indent, paint, "")
    if len(found) > _WIDEST_LIST:
        yield indent + paint("dim", f"and {len(found) - _WIDEST_LIST} more; --json shows all")


def _below(path: str) -> str:
    return path if not path or path.startswith("[") else f".{path}"


def _holds_secret(change: Change) -> bool:
    return any(
        isinstance(value, Sensitive) for value in (change.declared, change.recorded, change.live)
    )


def _secret_note(change: Change) -> str:
    if change.origin is Origin.UNAPPLIED:
        return "(sensitive, changed in code, not applied)"
    return "(sensitive, changed)"


def _same(left: Value, right: Value) -> bool:
    return canonical_bytes(left) == canonical_bytes(right)


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

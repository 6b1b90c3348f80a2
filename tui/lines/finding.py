"""A finding as lines: three-way, only what changed, the words that differ marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from reconciler.wire.comparisons import Comparison
from reconciler.wire.findings import Change, Finding
from tui.ink import Line, line
from tui.lines.documents import document_lines
from tui.lines.values import SECRET, compared, is_secret, written
from tui.lines.words import ORIGINS, kind_span, severity_span

_SIDES: Final = ("declared", "recorded", "live")
_NOT_FOUND: Final = "the provider does not find it any more, though the last apply recorded it"
_MISSING: Final = {
    "unapplied": "it is in the code, and not created yet",
    "both": "the provider does not find it any more, and its code has changed since the last apply",
}
"""By the origin of a finding. That it was deleted is more than a provider says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of a finding is shown: `whole` values instead of what differs inside them.

    `context` is how many lines of a document are shown around what differs in it; with none the
    differences stand alone, as the daemon compared them.
    """

    whole: bool = False
    context: int = 0
    reasons: bool = True


def title_lines(finding: Finding) -> Iterator[Line]:
    """Yield what the finding is, in two lines, and who did it where a source says so."""
    replace = [("  forces replacement", "critical")] if finding.requires_replace else []
    yield line(
        severity_span(finding.severity), "  ", kind_span(finding.kind), "  ",
        (finding.address, "strong"), *replace,
    )  # fmt: skip
    source = finding.source
    place = f"  {source.file}:{source.line}" if source else ""
    about = line((f"stack {finding.stack}  {finding.type}{place}", "dim"))
    by = line(("  by ", "dim"), (finding.actor, "strong")) if finding.actor else ()
    yield (*about, *by)


def diff_lines(finding: Finding, shown: Shown | None = None) -> Iterator[Line]:
    """Yield each attribute that differs: declared, recorded, live."""
    wish = shown or Shown()
    if finding.kind == "missing":
        yield line((_MISSING.get(finding.origin or "", _NOT_FOUND), "removed"))
        yield ()
    if finding.reason:
        yield line((finding.reason, "medium"))
        yield ()
    for change in finding.changes:
        yield from change_lines(change, wish, follows=finding.consequence_of or "")
    if finding.consequences:
        yield line((f"follows from it ({len(finding.consequences)})", "head"))
        for change in finding.consequences:
            yield from change_lines(change, wish)
    if not finding.changes and finding.kind == "changed":
        yield line(("no attribute was reported", "dim"))


def change_lines(change: Change, shown: Shown, *, follows: str = "") -> Iterator[Line]:
    """Yield one attribute; `follows` is what its resource follows from."""
    cause = _cause(change, follows)
    tags = [(f"  {cause}", "dim")] if cause else []
    if change.forces_replacement:
        tags.append(("  forces replacement", "critical"))
    if change.sensitive or any(is_secret(value) for value in _values(change)):
        yield line((change.path, "strong"), *tags)
        yield line("    ", (f"{SECRET} it changed; its value is never sent", "dim"))
        yield ()
        return
    yield line((change.path, "strong"), *tags, *_reordered(change))
    comparison = change.comparison
    if comparison is not None and not shown.whole and not comparison.only_order:
        yield from _around(change, shown.context) or inside_lines(comparison)
    else:
        yield from _sides(change)
    yield ()


def _cause(change: Change, follows: str) -> str:
    """Return how it came to differ; where live is as recorded, nobody changed it outside."""
    if change.origin == "out_of_band" and change.recorded == change.live:
        return f"would change, because of {follows}" if follows else "would change"
    return ORIGINS.get(change.origin or "", "")


def _around(change: Change, context: int) -> Iterator[Line] | None:
    """Return what differs line by line; None without context, or where no document stands there."""
    if not context:
        return None
    before = change.recorded if change.recorded != change.live else change.declared
    return document_lines(before, change.live, indent="    ", context=context)


def _reordered(change: Change) -> list[tuple[str, str]]:
    if change.comparison is not None and change.comparison.only_order:
        return [("  order or spelling only", "info")]
    return []


def _values(change: Change) -> tuple[Any, Any, Any]:
    return change.declared, change.recorded, change.live


def _sides(change: Change) -> Iterator[Line]:
    """Yield the three sides, equal ones on one line; what differs is marked against live."""
    texts = dict(zip(_SIDES, map(written, _values(change)), strict=True))
    groups: dict[str, list[str]] = {}
    for side in _SIDES:
        groups.setdefault(texts[side], []).append(side)
    live = texts["live"]
    base = texts["recorded"] if texts["recorded"] != live else texts["declared"]
    before, after = compared(base, live)
    for text, sides in groups.items():
        marked = after if text == live else before if text == base else compared(text, live)[0]
        style = "added" if text == live else "removed"
        yield line("    ", (f"{' = '.join(sides):<20} ", style), *marked)


def inside_lines(comparison: Comparison) -> Iterator[Line]:
    """Yield what differs inside the value, as the daemon compared it."""
    for difference in comparison.differences:
        where = f"{difference.path}  " if difference.path else ""
        before, after = written(difference.before), written(difference.after)
        if difference.kind == "added":
            yield line("    ", (f"+ {where}{after}", "added"))
        elif difference.kind == "removed":
            yield line("    ", (f"- {where}{before}", "removed"))
        else:
            old, new = compared(before, after)
            yield line("    ", ("~ ", "medium"), (where, "strong"))
            yield line("      ", ("- ", "removed"), *old)
            yield line("      ", ("+ ", "added"), *new)
    if not comparison.complete:
        yield line("    ", ("too large to compare in time; u shows the whole values", "medium"))

"""States and severities as glyph, word and style, the same in every command."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from reconciler.cli.addresses import split_address
from reconciler.cli.paint import Paint, safe
from reconciler.cli.table import Cell

if TYPE_CHECKING:  # scan, which asks no daemon, never loads them
    from reconciler.domain.model import Counts
    from reconciler.wire import models as wire

SEVERITIES: Final = ("critical", "high", "medium", "low")
_KINDS: Final = {"changed": "~", "missing": "-", "unmanaged": "-", "unreadable": "?", "added": "+"}
_HEALTH: Final = {
    "in_sync": ("=", "good"),
    "drifted": ("~", "high"),
    "incomplete": ("?", "medium"),
    "error": ("!", "critical"),
    "never_run": (".", "dim"),
}
_STATES: Final = {
    "awaiting_approval": "medium",
    "held": "medium",
    "needs_human": "critical",
    "unknown": "critical",
    "failed": "high",
    "applying": "strong",
    "verifying": "strong",
    "converged": "good",
}
_ENDED: Final = frozenset({"suppressed", "superseded", "rejected", "expired", "cancelled"})
_RUNS: Final = {"started": "strong", "finished": "good", "failed": "high", "in_doubt": "critical"}

_FALLEN: Final = (
    ("changed", "changed", "strong"),
    ("missing", "missing", "strong"),
    ("unmanaged", "not in code", "strong"),
    ("added", "added by hand", "strong"),
    ("unreadable", "unreadable", "medium"),
    ("noise", "ignored by the provider", "dim"),
    ("not_applicable", "not applicable", "dim"),
)


def text_of(value: object) -> str:
    """Return `value` on one line, without anything a terminal would obey; nothing for None."""
    if value is None:
        return ""
    text = str(value)
    # Nearly all text is of this kind, and lists have 20,000 of it.
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return safe(" ".join(text.split()))


def short_address(value: object) -> str:
    """Return an address as tables show it: of a Pulumi URN, the type and name at its end."""
    return text_of(split_address(str(value))[1] if str(value).startswith("urn:") else value)


def spoken(word: str) -> str:
    """Return `awaiting_approval` as `awaiting approval`."""
    return safe(word.replace("_", " "))


def health_cells(health: str) -> tuple[Cell, Cell]:
    """Return a stack's glyph and word."""
    glyph, style = _HEALTH.get(health, ("?", "plain"))
    return (style, glyph), (style, spoken(health))


def severity_cell(finding: wire.Finding) -> Cell:
    """Return kind and severity of a finding, as `scan` writes them."""
    severity: str = finding.severity
    style = severity if severity in SEVERITIES else "plain"
    waits = finding.kind == "missing" and finding.origin == "unapplied"
    glyph = "+" if waits else _KINDS.get(finding.kind, "?")
    return style, f"{glyph} {safe(severity)}"


def state_cell(state: str) -> Cell:
    """Return where a remediation stands."""
    return "dim" if state in _ENDED else _STATES.get(state, "plain"), spoken(state)


def run_cell(state: str) -> Cell:
    """Return what is known of a run."""
    return _RUNS.get(state, "plain"), "running" if state == "started" else spoken(state)


def tally_of(found: wire.OpenFindings) -> dict[str, int]:
    """Return how many findings are open, by severity."""
    return {severity: getattr(found, severity) for severity in SEVERITIES}


def by_severity(tally: Mapping[str, int], paint: Paint) -> str:
    """Return `1 critical, 2 high`; nothing when there is nothing."""
    return ", ".join(paint(word, f"{tally[word]} {word}") for word in SEVERITIES if tally.get(word))


def counted(count: int, noun: str) -> str:
    """Return `1 finding` or `2 findings`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def fallen(counts: Counts | wire.Counts) -> Iterator[tuple[str, str]]:
    """Yield how many resources of a scan are not in sync, and why, each with its style."""
    for field, word, style in _FALLEN:
        count = getattr(counts, field)
        if count:
            yield f"{count} {word}", style


def paragraphs(text: str, *, indent: str, paint: Paint, style: str = "plain") -> Iterator[str]:
    """Yield a text of other people with its own lines, each wrapped: a tool's error has several."""
    for line in text.splitlines() or [""]:
        clean = safe(line.expandtabs().rstrip())
        own = clean[: len(clean) - len(clean.lstrip())]
        yield from wrapped(clean.lstrip(), indent=indent + own, paint=paint, style=style)


def wrapped(text: str, *, indent: str, paint: Paint, style: str = "plain") -> Iterator[str]:
    """Yield `text`, which must be safe, in lines that fit the screen."""
    width = max(paint.width - len(indent), 16)
    for line in textwrap.wrap(text, width, break_on_hyphens=False) or [""]:
        yield indent + paint(style, line)


def doubt_line(doubt: wire.ProviderDoubt) -> str:
    """Return why corrections of a stack, or of one of its providers, wait for a person."""
    return f"corrections require approval: {doubt.reason}"

"""A report as one HTML page with plots: no script, nothing loaded, light and dark, prints well.

Pure. Every name in it was written by somebody else and is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final
from unicodedata import east_asian_width

from reconciler.cli.paint import safe
from reconciler.cli.report import span_of, span_text
from reconciler.wire import models as wire

_WIDTH, _HEIGHT, _FOOT, _LEFT = 760, 200, 24, 36
_BAR_WIDTH: Final = 760
_ROW: Final = 24
_NAME_WIDTH: Final = 300
_MOST_LABELS: Final = 12
_LABEL_WIDTH: Final = 34
_LONGEST_NAME: Final = 44
_STYLE: Final = """
.wide { overflow-x: auto; }
:root { color-scheme: light dark; --ink: #1c2330; --page: #ffffff; --dim: #667085;
  --line: #d8dde6; --found: #c2410c; --healed: #15803d; --card: #f5f7fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --page: #14171d; --dim: #98a2b3;
  --line: #333a46; --found: #fb923c; --healed: #4ade80; --card: #1d222b; } }
@media print { :root { --ink: #000; --page: #fff; --dim: #444; --line: #bbb; --found: #c2410c;
  --healed: #15803d; --card: #fff; }
  h2, .key, svg { break-after: avoid; } .card, svg, tr { break-inside: avoid; }
  .card { border: 1px solid #bbb; } .wide { overflow: visible; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  margin: 0 auto; max-width: 800px; padding: 24px 20px; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 16px; margin: 28px 0 8px; }
p { color: var(--dim); margin: 2px 0 16px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px; }
.card { background: var(--card); border-radius: 8px; padding: 10px 14px; }
.card b { display: block; font-size: 22px; } .card span { color: var(--dim); font-size: 13px; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--dim); font-size: 11px; }
svg .name { fill: var(--ink); } .found { fill: var(--found); } .healed { fill: var(--healed); }
.axis { stroke: var(--line); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: right; padding: 4px 8px; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; min-width: 130px; }
th { color: var(--dim); font-weight: 600; white-space: nowrap; }
.key i { display: inline-block; width: 10px; height: 10px; border-radius: 2px;
  margin: 0 4px 0 12px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
"""
_PLOTS: Final = (("by_type", "Types"), ("by_stack", "Stacks"), ("by_owner", "Owners"))


_FILLS: Final = {"found": "#c2410c", "healed": "#15803d"}
"""Of bars where the styles are stripped; else theirs count."""


def page(report: wire.FleetReport) -> str:
    """Return the whole page."""
    return "\n".join(("<!doctype html>", *_page(report), ""))


def _page(report: wire.FleetReport) -> Iterator[str]:
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    # Nothing but what is in the page is shown, whatever a name may hold.
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
    )
    yield f"<title>Drift report</title><style>{_STYLE}</style></head><body>"
    yield "<h1>Drift report</h1>"
    yield f"<p>{_text(span_of(report))}</p>"
    yield from _cards(report)
    yield "<section><h2>By day</h2>"
    yield (
        '<p class="key">each day, in UTC: <i style="background:var(--found)"></i>found (left), '
        '<i style="background:var(--healed)"></i>healed (right)</p>'
    )
    yield from _days(report.days)
    yield "</section>"
    if report.by_severity:
        yield "<section><h2>Severities</h2>"
        yield from _table(report.by_severity, "Severity")
        yield "</section>"
    for key, title in _PLOTS:
        rows = getattr(report, key)
        if rows:
            yield f"<section><h2>{title}</h2>"
            yield from _bars(rows, title)
            yield from _table(rows, title)
            yield "</section>"
    if report.rules:
        yield from _rules(report.rules)
    yield "</body></html>"


def _cards(report: wire.FleetReport) -> Iterator[str]:
    facts = (
        (str(report.found), "found"),
        (str(report.healed), "healed"),
        (str(report.open), "open now"),
        (f"≤ {span_text(report.mean_to_detect_s)}", "mean time to detect"),
        (span_text(report.mean_to_repair_s), "mean time to repair"),
    )
    yield '<div class="cards">'
    for value, meaning in facts:
        yield f'<div class="card"><b>{_text(value)}</b> <span>{meaning}</span></div>'
    yield "</div>"


def _days(days: Sequence[wire.DayTally]) -> Iterator[str]:
    """Yield a plot with two bars a day."""
    most = max((max(day.found, day.healed) for day in days), default=0) or 1
    step = (_WIDTH - _LEFT) / max(len(days), 1)
    bar = max(step * 0.36, 0.5)
    plot = _HEIGHT - _FOOT - 12
    foot = _HEIGHT - _FOOT
    yield f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Found and healed by day">'
    yield f'<line class="axis" x1="{_LEFT}" y1="{foot}" x2="{_WIDTH}" y2="{foot}"/>'
    yield f'<text x="{_LEFT - 6}" y="16" text-anchor="end">{most}</text>'
    yield f'<text x="{_LEFT - 6}" y="{foot}" text-anchor="end">0</text>'
    every = -(-len(days) // _MOST_LABELS)
    for place, day in enumerate(days):
        left = _LEFT + place * step + step * 0.12
        for offset, kind in ((0.0, "found"), (bar, "healed")):
            high = plot * getattr(day, kind) / most
            yield (
                f'<rect class="{kind}" fill="{_FILLS[kind]}" x="{left + offset:.1f}"'
                f' y="{foot - high:.1f}" width="{bar:.1f}" height="{high:.1f}">'
                f"<title>{_text(day.day)}: {getattr(day, kind)} {kind}</title></rect>"
            )
        if place % every == 0 and left + _LABEL_WIDTH <= _WIDTH:
            yield f'<text x="{left:.1f}" y="{_HEIGHT - 8}">{_text(day.day[5:])}</text>'
    yield "</svg>"


def _bars(rows: Sequence[wire.Tally], title: str) -> Iterator[str]:
    """Yield a plot with one bar a row: what was found."""
    most = max(row.found for row in rows) or 1
    high = _ROW * len(rows)
    room = _BAR_WIDTH - _NAME_WIDTH - 50
    yield f'<svg viewBox="0 0 {_BAR_WIDTH} {high}" role="img" aria-label="{title}: found">'
    for place, row in enumerate(rows):
        top = place * _ROW
        wide = room * row.found / most
        yield (
            f'<text class="name" x="{_NAME_WIDTH - 8}" y="{top + 16}" text-anchor="end">'
            f"{_text(_cut(row.name))}</text>"
            f'<rect class="found" fill="{_FILLS["found"]}" x="{_NAME_WIDTH}" y="{top + 5}"'
            f' width="{wide:.1f}" height="14" rx="2"/>'
            f'<text x="{_NAME_WIDTH + wide + 6:.1f}" y="{top + 16}">{row.found}</text>'
        )
    yield "</svg>"


def _table(rows: Sequence[wire.Tally], title: str) -> Iterator[str]:
    yield f'<div class="wide"><table><thead><tr><th>{title}</th>'
    yield "<th>found</th><th>healed</th><th>open</th><th>gone in (mean)</th></tr></thead><tbody>"
    for row in rows:
        cells = (row.found, row.healed, row.open, span_text(row.mean_to_repair_s))
        yield _table_row(row.name, cells)
    yield "</tbody></table></div>"


def _rules(rules: Sequence[wire.RuleTally]) -> Iterator[str]:
    ends = ("converged", "gone", "rejected", "failed", "expired", "suppressed")
    yield '<section><h2>Rules that spoke most</h2><div class="wide"><table><thead><tr>'
    yield "<th>Rule</th><th>kind</th>"
    yield f"<th>times</th>{''.join(f'<th>{end}</th>' for end in ends)}</tr></thead><tbody>"
    for rule in rules:
        is_policy = rule.kind == "policy"
        cells = (rule.kind, rule.times, *(getattr(rule, end) if is_policy else "" for end in ends))
        yield _table_row(rule.name, cells)
    yield "</tbody></table></div></section>"


def _table_row(name: str, cells: Sequence[object]) -> str:
    shown = "".join(f"<td>{_text(str(cell))}</td>" for cell in cells)
    return f"<tr><td>{_text(name)}</td>{shown}</tr>"


def _cut(name: str) -> str:
    """Return as much of a name as has room left of its bar; some letters are two wide."""
    room = _LONGEST_NAME
    for place, letter in enumerate(name):
        room -= 2 if east_asian_width(letter) in "WF" else 1
        if room < 0:
            return f"{name[: place - 1]}…"
    return name


def _text(text: str) -> str:
    return escape(safe(text))

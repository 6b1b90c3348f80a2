"""The page of a report as a browser would have it: colours, print, and everything in its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli.report_page import page
from reconciler.wire.fleet_reports import DayTally, FleetReport, RuleTally, Tally

_AT = datetime(2026, 11, 28, tzinfo=UTC)
_TEXT, _GRAPHIC = 4.5, 3.0
"""The least contrasts of WCAG 2.2, level AA."""
_LETTER = 6.6
"""The widest mean of letters of 11 px in the fonts that a browser may take."""
LONG_NAME = "\u5728\u5eab" * 30


def report(days: int, names: tuple[str, ...] = ("aws_security_group", LONG_NAME)) -> FleetReport:
    rows = [Tally(name=name, found=12_345 - place, healed=1, open=3, mean_to_repair_s=61.0)
            for place, name in enumerate(names)]  # fmt: skip
    first = date(2026, 9, 1)
    tallies = [
        DayTally(day=(first + timedelta(days=place)).isoformat(), found=place * 7, healed=place)
        for place in range(days)
    ]
    rule = RuleTally(name="auto", kind="policy", times=3, converged=1, rejected=1, failed=0,
                     expired=0, suppressed=1)  # fmt: skip
    return FleetReport(
        since=_AT, until=_AT, found=9, healed=4, open=5, mean_to_detect_s=600.0,
        mean_to_repair_s=None, median_to_repair_s=None, days=tallies, by_severity=rows[:1],
        by_type=rows, by_stack=rows, by_owner=[], rules=[rule],
    )  # fmt: skip


def plots(of: FleetReport) -> list[ET.Element]:
    found = re.findall(r"<svg.*?</svg>", page(of), re.DOTALL)
    return [ET.fromstring(each) for each in found]  # noqa: S314 - our own page


def colours(style: str, scheme: str) -> dict[str, str]:
    """Return the variables as a browser has them in a scheme; print comes last and wins."""
    blocks = {
        "light": r"^:root \{(.*?)\}",
        "dark": r"prefers-color-scheme: dark\) \{ :root \{(.*?)\}",
        "print": r"@media print \{ :root \{(.*?)\}",
    }
    found = re.search(blocks[scheme], style, re.DOTALL | re.MULTILINE)
    assert found
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", found.group(1)))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_what_is_written_and_drawn_can_be_told_from_the_page(scheme: str) -> None:
    style = page(report(3)).partition("<style>")[2].partition("</style>")[0]
    of = colours(style, scheme)
    assert of.keys() == colours(style, "light").keys()
    for ink in ("ink", "dim"):
        for ground in ("page", "card"):
            assert contrast(of[ink], of[ground]) >= _TEXT, (ink, ground)
    for drawn in ("found", "healed"):
        assert contrast(of[drawn], of["page"]) >= _GRAPHIC


@pytest.mark.parametrize("days", [1, 2, 7, 30, 90])
def test_nothing_is_drawn_outside_of_its_plot(days: int) -> None:
    drawn = plots(report(days))
    assert len(drawn) == 3
    for plot in drawn:
        assert plot.get("role") == "img"
        assert plot.get("aria-label")
        _, _, wide, high = map(float, plot.attrib["viewBox"].split())
        for bar in plot.iter("rect"):
            x, y, width, height = (float(bar.attrib[k]) for k in ("x", "y", "width", "height"))
            assert 0 <= x <= x + width <= wide + 0.1
            assert 0 <= y <= y + height <= high + 0.1
        for text in plot.iter("text"):
            said = text.text or ""
            length = sum(11.0 if ord(letter) > 0x2E80 else _LETTER for letter in said)
            x = float(text.attrib["x"])
            left = x - length if text.get("text-anchor") == "end" else x
            assert left >= 0, said
            assert left + length <= wide + 0.1, said
            assert 0 < float(text.attrib["y"]) <= high


def test_the_labels_of_days_do_not_overlap() -> None:
    plot, *_ = plots(report(90))
    at = sorted(float(text.attrib["x"]) for text in plot.iter("text") if "-" in (text.text or ""))
    assert len(at) >= 6
    assert min(after - before for before, after in pairwise(at)) >= 5 * _LETTER


def test_a_printed_page_keeps_its_key_and_breaks_between_rows() -> None:
    style = page(report(3)).partition("<style>")[2].partition("</style>")[0]
    assert "print-color-adjust: exact" in style
    assert "tr { break-inside: avoid; }" in style
    assert "h2, .key, svg { break-after: avoid; }" in style


def test_every_column_has_a_heading() -> None:
    assert "<th></th>" not in page(report(3))


_VOID = {"meta"}
_LOADS = {"src", "href", "srcset", "data", "poster", "action", "xlink:href", "background"}


class Reader(HTMLParser):
    """Reads a page as one without styles: its lines of text, and whether each tag is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _ in attrs}
        assert tag not in {"script", "link", "img", "iframe", "object", "base"}
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in {"div", "td", "th", "h1", "h2", "p", "text", "title", "style"}:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.said.append(data)


def test_the_page_reads_well_without_styles_and_loads_nothing() -> None:
    hostile = "</td></table><script src=https://evil.example/x>"
    written = page(report(7, ("aws_security_group", hostile)))
    reader = Reader()
    reader.feed(written)
    reader.close()
    assert reader.open == []
    assert not reader.names & _LOADS
    said = [line.strip() for line in "".join(reader.said).splitlines() if line.strip()]
    assert {
        "Drift report",
        "9 found",
        "4 healed",
        "5 open now",
        "\u2264 10m mean time to detect",
    } <= {*said}
    assert hostile in said
    assert "each day, in UTC: found (left), healed (right)" in said
    bars = re.findall(r'<rect class="(\w+)" fill="(#\w+)"', written)
    assert len(set(bars)) == len({colour for _, colour in bars}) == 2
    assert len(bars) == written.count("<rect")
    style = written.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import", style)

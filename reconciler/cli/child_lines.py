"""What a scan could not see of children: what gave no answer, what waits, what nobody can ask."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from reconciler.cli.labels import counted
from reconciler.cli.paint import Paint, safe
from reconciler.domain.model import BlindSpot, ResourceAddress, StackReport, Unseen

_NARROWEST: Final = 16


def child_lines(report: StackReport, *, paint: Paint, verbose: bool) -> Iterator[str]:
    """Yield what is unknown of children; what only waits for its turn in detail alone."""
    silent = [item for item in report.unseen if item[1].asked]
    waiting = [item for item in report.unseen if not item[1].asked]
    if silent:
        hint = "" if verbose else " (-v lists them)"
        yield ""
        yield paint("medium", f"? {_children(len(silent))} could not be read{hint}")
        yield from _listed(silent, paint) if verbose else ()
    if not verbose:
        return
    if waiting:
        yield ""
        yield paint("dim", f"{_children(len(waiting))} not asked for yet")
        yield from _listed(waiting, paint)
    if report.blind_spots:
        yield ""
        yield paint("dim", "children that no scan can see")
        yield from _blind(report.blind_spots, paint)


def _children(count: int) -> str:
    return counted(count, "type") + " of children"


def _listed(items: Iterable[tuple[ResourceAddress, Unseen]], paint: Paint) -> Iterator[str]:
    ordered = sorted(items, key=lambda item: (item[1].reason, item[0]))
    for reason, group in groupby(ordered, key=lambda item: item[1].reason):
        for address, _ in group:
            yield paint("dim", f"  {safe(address)}")
        yield from _folded(" ".join(reason.split()), "    ", paint)


def _blind(spots: Iterable[BlindSpot], paint: Paint) -> Iterator[str]:
    for spot in spots:
        yield paint("dim", f"  {safe(spot.parent_type)}")
        yield from _folded(", ".join(spot.children), "    ", paint)


def _folded(text: str, indent: str, paint: Paint) -> Iterator[str]:
    width = max(paint.width - len(indent), _NARROWEST)
    for line in textwrap.wrap(safe(text), width, break_on_hyphens=False) or [""]:
        yield indent + paint("dim", line)

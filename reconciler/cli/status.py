"""`trueup status`: the fleet, one line per stack."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import click

from reconciler.cli.ages import absolute, moment, span
from reconciler.cli.asking import Asking, asks_daemon, examples
from reconciler.cli.client.follow import follow
from reconciler.cli.table import Cell, Column
from reconciler.cli.words import (
    SEVERITIES,
    by_severity,
    counted,
    health_cells,
    spoken,
    text_of,
    wrapped,
)
from reconciler.domain.values import Json

_COLUMNS: Final = (
    Column(""),
    Column("STACK", least=12),
    Column("HEALTH", least=10),
    Column("FINDINGS", least=12),
    Column("VERIFIED", least=12),
    Column("NEXT", spare=True),
)
_TYPES: Final = ("stack.", "drift.", "remediation.", "hold.")
_ATTENTION: Final = {"awaiting_approval": "for an approval", "needs_human": "for a person"}
_HOME, _END_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_CLEAR: Final = "\x1b[2J"


@click.command(epilog=examples("trueup status", "trueup status --watch"))
@click.option("-w", "--watch", is_flag=True, help="Stay, and show each change as it happens.")
@asks_daemon
def status(asking: Asking, *, watch: bool) -> None:
    """Say how each stack is, and when that was last verified."""
    if not watch:
        body = _read(asking)
        asking.answer(body, _lines(asking, body))
        return
    drawn = not asking.as_json and sys.stdout.isatty()
    if drawn:
        click.echo(_CLEAR, nl=False)

    def look() -> bool:
        body = _read(asking)
        lines = _lines(asking, body)
        if drawn:
            _draw(list(lines), colour=asking.paint.colour)
        else:
            asking.answer(body, (*lines, ""))
        sys.stdout.flush()
        return False

    follow(asking.api, look, types=_TYPES, lost=lambda error: asking.narrate(f"{error}; waiting"))


def _read(asking: Asking) -> Json:
    """Return `{hold, stacks, remediations}`; the last are those that wait for somebody."""
    api = asking.api
    return {
        "hold": api.get("hold").get("hold"),
        "stacks": api.listed("stacks")["items"],
        "remediations": [
            one for state in _ATTENTION for one in api.listed("remediations", state=state)["items"]
        ],
    }


def _draw(lines: Sequence[str], *, colour: bool) -> None:
    """Write over what is there; what does not fit the screen is left out."""
    room = shutil.get_terminal_size((80, 24)).lines - 1
    text = "".join(f"{line}{_END_OF_LINE}\n" for line in lines[:room])
    click.echo(f"{_HOME}{text}{_REST}", nl=False, color=colour or None)


def _lines(asking: Asking, body: Json) -> Iterator[str]:
    if body["hold"]:
        yield from hold_lines(asking, body["hold"])
        yield ""
    stacks = body["stacks"]
    if not stacks:
        yield "no stacks yet: `trueup init` writes a trueup.toml, `trueup stack add` adds one"
        return
    yield from asking.table(_COLUMNS, [_row(asking, one) for one in stacks])
    yield from _errors(asking, stacks)
    yield from _doubts(asking, stacks)
    yield ""
    yield from _totals(asking, stacks)
    yield from _attention(asking, body["remediations"])


def hold_lines(asking: Asking, hold: Json) -> Iterator[str]:
    """Yield who holds everything, since when and why."""
    until = f", until {absolute(hold['until'])}" if hold.get("until") else ""
    head = f"HOLD by {text_of(hold['by'])} {asking.ago(hold['since'])}{until}"
    reason = text_of(hold.get("reason"))
    text = f"{head}: {reason}" if reason else head
    yield from wrapped(text, indent="", paint=asking.paint, style="critical")
    yield "drift is watched; nothing is corrected until `trueup resume`"


def _row(asking: Asking, stack: Json) -> tuple[Cell, ...]:
    glyph, (style, word) = health_cells(stack["health"])
    if stack["health"] == "error" and stack.get("error_since"):
        word = f"error for {_since(stack['error_since'])}"
    tally = stack.get("findings") or {}
    gravest = next((one for one in SEVERITIES if tally.get(one)), "dim")
    found = ", ".join(f"{tally[one]} {one}" for one in SEVERITIES if tally.get(one))
    return (
        glyph,
        ("strong", text_of(stack["name"])),
        (style, word),
        (gravest, found or "-"),
        ("plain", asking.ago(stack.get("verified_at")) if stack.get("verified_at") else "never"),
        ("dim", asking.ahead(stack.get("next_due_at"))),
    )


def _since(text: str) -> str:
    return span((datetime.now(UTC) - moment(text)).total_seconds())


def _errors(asking: Asking, stacks: Sequence[Json]) -> Iterator[str]:
    for stack in stacks:
        if stack.get("error"):
            yield ""
            text = f"{text_of(stack['name'])}: {text_of(stack['error'])}"
            yield from wrapped(text, indent="  ", paint=asking.paint, style="medium")


def _doubts(asking: Asking, stacks: Sequence[Json]) -> Iterator[str]:
    for stack in stacks:
        for doubt in stack.get("provider_doubts") or ():
            text = f"{text_of(stack['name'])}: corrected only after approval: "
            text += text_of(doubt["reason"])
            yield ""
            yield from wrapped(text, indent="  ", paint=asking.paint, style="medium")


def _totals(asking: Asking, stacks: Sequence[Json]) -> Iterator[str]:
    health = Counter(stack["health"] for stack in stacks)
    states = ", ".join(f"{count} {spoken(word)}" for word, count in health.most_common())
    tally = Counter[str]()
    for stack in stacks:
        tally.update(stack.get("findings") or {})
    found = by_severity(tally, asking.paint)
    yield f"{counted(len(stacks), 'stack')}: {states}"
    if found:
        yield f"{counted(sum(tally.values()), 'finding')}: {found}"


def _attention(asking: Asking, remediations: Sequence[Json]) -> Iterator[str]:
    waiting = Counter(one["state"] for one in remediations)
    for state, what in _ATTENTION.items():
        if waiting[state]:
            verb = "waits" if waiting[state] == 1 else "wait"
            text = f"{waiting[state]} {verb} {what}"
            yield asking.paint("medium", f"{text}: trueup remediations --state {state}")

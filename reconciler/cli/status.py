"""`trueup status`: the fleet, one line per stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from reconciler.cli import watching
from reconciler.cli.ages import span
from reconciler.cli.completing import STACKS
from reconciler.cli.examples import examples
from reconciler.cli.expiring import expiring
from reconciler.cli.failing_channels import failing_channels, failing_lines
from reconciler.cli.holds import hold_lines, holds_of
from reconciler.cli.identities import choose
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.isolated import open_quarantines, quarantine_lines
from reconciler.cli.labels import (
    SEVERITIES,
    by_severity,
    counted,
    doubt_line,
    health_cells,
    paragraphs,
    spoken,
    tally_of,
    text_of,
)
from reconciler.cli.related import STACK
from reconciler.cli.table import Cell, Column
from reconciler.cli.watching import watch_option
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column(""),
    Column("STACK", least=18),
    Column("HEALTH", least=21),
    Column("FINDINGS", least=26),
    Column("VERIFIED", least=12),
    Column("NEXT", spare=True),
)
_TYPES: Final = ("stack.", "drift.", "remediation.", "hold.", "quarantine.", "channel.")
_ATTENTION: Final = {
    "awaiting_approval": "for approval",
    "needs_human": "for a person",
    "held": "for a guard",
}
_DECIDED: Final = "decided"
_WORST_FIRST: Final = ("error", "drifted", "incomplete", "never_run", "in_sync")
_EXIT_CODES: Final = {"error": 1, "incomplete": 3, "never_run": 3, "drifted": 2}
"""As of `scan`; the worst stack decides, an error before what is incomplete before drift."""


@click.command(
    epilog=examples(
        "trueup status",
        "trueup status webshop",
        "trueup status --drifted --exit-code",
        "trueup status --watch",
    )
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=STACKS)
@click.option("--drifted", is_flag=True, help="Only stacks that are not in sync.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="End with 0 in sync, 2 drift, 3 incomplete or never scanned, 1 error.",
)
@watch_option
@asks_daemon
def status(
    invocation: Invocation, *, names: tuple[str, ...], drifted: bool, exit_code: bool, watch: bool
) -> int:
    """Show stack health, worst first, and when each stack was last verified."""

    def read() -> _Fleet:
        return _read(invocation, names, drifted=drifted)

    def lines(fleet: _Fleet) -> Iterator[str]:
        return _lines(invocation, fleet, drifted=drifted)

    if watch:
        watching.watch(invocation, read, lines, types=_TYPES)
        return 0
    fleet = read()
    invocation.answer(fleet, lines(fleet))
    return _code(fleet.stacks) if exit_code else 0


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The stacks that were asked for; `remediations` are those that wait for somebody."""

    hold: wire.Hold | None
    holds: list[wire.Hold]
    stacks: list[wire.Stack]
    remediations: list[wire.Remediation]
    ignores: list[wire.IgnoreRule]
    quarantines: Sequence[wire.Quarantine]
    failing_channels: Sequence[wire.Channel]


def _code(stacks: Sequence[wire.Stack]) -> int:
    codes = {_EXIT_CODES.get(stack.health, 0) for stack in stacks}
    return next((code for code in (1, 3, 2) if code in codes), 0)


def _read(invocation: Invocation, names: Sequence[str], *, drifted: bool) -> _Fleet:
    api = invocation.api
    held = api.ask(routes.READ_HOLD)
    stacks = api.listed(routes.LIST_STACKS).items
    chosen = {choose(stacks, STACK, name).name for name in names}
    if names:
        stacks = [stack for stack in stacks if stack.name in chosen]
    waiting = [
        remediation
        for state in (*_ATTENTION, _DECIDED)
        for remediation in api.listed(routes.LIST_REMEDIATIONS, state=state).items
        if state in _ATTENTION or remediation.guard is not None
    ]
    if names:
        waiting = [remediation for remediation in waiting if remediation.stack in chosen]
    shown = [stack for stack in stacks if not drifted or _deviates(stack)]
    return _Fleet(
        hold=held.hold,
        holds=[hold for hold in holds_of(held) if not names or hold.stack in {None, *chosen}],
        stacks=sorted(shown, key=_badness),
        remediations=waiting,
        ignores=api.listed(routes.LIST_IGNORES).items,
        quarantines=[
            quarantine
            for quarantine in open_quarantines(api)
            if not names or quarantine.stack in chosen
        ],
        failing_channels=failing_channels(api),
    )


def _deviates(stack: wire.Stack) -> bool:
    return bool(stack.health != "in_sync" or any(tally_of(stack.findings).values()))


def _badness(stack: wire.Stack) -> tuple[object, ...]:
    """Return what sorts stacks worst first: health, then findings by severity, then name."""
    health = stack.health
    rank = _WORST_FIRST.index(health) if health in _WORST_FIRST else 0
    tally = tally_of(stack.findings)
    return rank, *(-tally[severity] for severity in SEVERITIES), stack.name


def _lines(invocation: Invocation, fleet: _Fleet, *, drifted: bool) -> Iterator[str]:
    if fleet.holds:
        yield from hold_lines(invocation, fleet.holds)
        yield ""
    if fleet.quarantines:
        yield from quarantine_lines(invocation, fleet.quarantines)
        yield ""
    if fleet.failing_channels:
        yield from failing_lines(invocation, fleet.failing_channels)
        yield ""
    stacks = fleet.stacks
    if not stacks and drifted:
        yield "no stack has drifted"
    elif not stacks:
        yield "no stacks yet: `trueup init` writes a trueup.toml, `trueup stack add DIR` adds one"
    if not stacks:
        return
    yield from _totals(invocation, stacks)
    yield from _attention(invocation, fleet.remediations)
    yield from expiring(invocation, fleet.ignores)
    yield ""
    yield from invocation.table(_COLUMNS, [_row(invocation, stack) for stack in stacks])
    yield from _errors(invocation, stacks)
    yield from _doubts(invocation, stacks)


def _row(invocation: Invocation, stack: wire.Stack) -> tuple[Cell, ...]:
    glyph, (style, word) = health_cells(stack.health)
    if stack.health == "error" and stack.error_since:
        word = f"error for {_since(stack.error_since)}"
    tally = tally_of(stack.findings)
    worst = next((severity for severity in SEVERITIES if tally[severity]), "dim")
    found = ", ".join(f"{tally[severity]} {severity}" for severity in SEVERITIES if tally[severity])
    if stack.suppressed:
        word = f"{word}, {stack.suppressed} suppressed"
    return (
        glyph,
        ("strong", text_of(stack.name)),
        (style, word),
        (worst, found or "-"),
        (
            "plain",
            invocation.ago(stack.verified_at) if stack.verified_at else "never",
        ),
        ("dim", invocation.ahead(stack.next_due_at)),
    )


def _since(at: datetime) -> str:
    return span((datetime.now(UTC) - at).total_seconds())


def _errors(invocation: Invocation, stacks: Sequence[wire.Stack]) -> Iterator[str]:
    for stack in stacks:
        if stack.error:
            yield ""
            text = f"{text_of(stack.name)}: {stack.error}"
            yield from paragraphs(text, indent="  ", paint=invocation.paint, style="medium")


def _doubts(invocation: Invocation, stacks: Sequence[wire.Stack]) -> Iterator[str]:
    for stack in stacks:
        for doubt in stack.provider_doubts:
            text = f"{text_of(stack.name)}: {doubt_line(doubt)}"
            yield ""
            yield from paragraphs(text, indent="  ", paint=invocation.paint, style="medium")


def _totals(invocation: Invocation, stacks: Sequence[wire.Stack]) -> Iterator[str]:
    health = Counter(stack.health for stack in stacks)
    states = ", ".join(
        f"{health[word]} {spoken(word)}"
        for word in (*_WORST_FIRST, *sorted(set(health) - set(_WORST_FIRST)))
        if health[word]
    )
    suppressed = sum(stack.suppressed for stack in stacks)
    tally = Counter[str]()
    for stack in stacks:
        tally.update(tally_of(stack.findings))
    found = by_severity(tally, invocation.paint)
    yield f"{counted(len(stacks), 'stack')}: {states}"
    if found:
        yield f"{counted(sum(tally.values()), 'finding')}: {found}"
    if suppressed:
        yield f"{suppressed} suppressed: trueup findings state:ignored"


def _waits_as(remediation: wire.Remediation) -> str:
    """Return its state; `held` of what a guard lets wait before it is queued, as `observe` does."""
    return "held" if remediation.state == _DECIDED else remediation.state


def _attention(invocation: Invocation, remediations: Sequence[wire.Remediation]) -> Iterator[str]:
    waiting = Counter(_waits_as(remediation) for remediation in remediations)
    for state, purpose in _ATTENTION.items():
        if waiting[state]:
            verb = "waits" if waiting[state] == 1 else "wait"
            text = f"{waiting[state]} {verb} {purpose}"
            listed = {each.state for each in remediations if _waits_as(each) == state}
            option = f" --state {state}" if listed == {state} else ""
            yield invocation.paint("medium", f"{text}: trueup remediations{option}")

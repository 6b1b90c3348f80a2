"""`trueup alert`: one per cause, where each is shown, and which of them are muted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.examples import examples
from reconciler.cli.identities import Related, find_one
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.related import FINDING
from reconciler.cli.table import Cell, Column
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("SEVERITY"),
    Column("ALERT", least=20),
    Column("OPEN"),
    Column("SHOWN ON", least=10, spare=True),
    Column("SINCE"),
    Column("ID"),
)
_MOST_SHOWN: Final = 20
_ALERT: Final[Related[wire.Alert]] = Related(
    noun="alert",
    all=routes.LIST_ALERTS,
    single=routes.READ_ALERT,
    id_of=lambda item: item.id,
    listing="trueup alert list",
    line=lambda item: text_of(item.title),
)


@click.group()
def alert() -> None:
    """List alerts, show one, and mute one until it is over."""


@alert.command("list", epilog=examples("trueup alert list", "trueup alert list --all"))
@click.option("--all", "every", is_flag=True, help="Also list alerts that are over.")
@asks_daemon
def list_alerts(invocation: Invocation, *, every: bool) -> None:
    """List open alerts, newest first, with the channels that show each."""
    body = invocation.api.listed(routes.LIST_ALERTS, state=None if every else "open")
    invocation.answer(body, _lines(invocation, body))


@alert.command("show", epilog=examples("trueup alert show 3f9c21ab"))
@click.argument("alert_id", metavar="ALERT")
@asks_daemon
def show(invocation: Invocation, *, alert_id: str) -> None:
    """Show an ALERT: which drift it is about, and what each channel shows of it."""
    found = find_one(invocation.api, _ALERT, alert_id)
    invocation.answer(found, _whole(invocation, found))


@alert.command(
    "mute",
    short_help="Show nothing more of an alert until it is over.",
    epilog=examples("trueup alert mute 3f9c21ab --reason 'known until Friday'"),
)
@click.argument("alert_id", metavar="ALERT")
@click.option("--reason", required=True, metavar="R", help="Why; kept in the audit log.")
@asks_daemon
def mute(invocation: Invocation, *, alert_id: str, reason: str) -> None:
    """Send nothing more about an ALERT until it is over. What channels show already stays."""
    found = find_one(invocation.api, _ALERT, alert_id)
    made = invocation.api.ask(routes.MUTE_ALERT, found.id, body={"reason": reason})
    invocation.answer(made, [f"{invocation.id(made.id)}  muted: {text_of(made.title)}"])


@alert.command("unmute", epilog=examples("trueup alert unmute 3f9c21ab"))
@click.argument("alert_id", metavar="ALERT")
@asks_daemon
def unmute(invocation: Invocation, *, alert_id: str) -> None:
    """Unmute an ALERT: channels show it again, as it is now."""
    found = find_one(invocation.api, _ALERT, alert_id)
    made = invocation.api.ask(routes.UNMUTE_ALERT, found.id)
    invocation.answer(made, [f"{invocation.id(made.id)}  shown again: {text_of(made.title)}"])


def _lines(invocation: Invocation, body: Listed[wire.Alert]) -> Iterator[str]:
    if not body.items:
        yield "no alerts"
        return
    yield from invocation.table(_COLUMNS, [_row(invocation, item) for item in body.items])
    for item in body.items:
        for on in item.shown_on:
            if on.ticket:
                short = invocation.id(item.id)
                yield f"{short}  {text_of(on.channel)}: {text_of(on.ticket.url)}"


def _whole(invocation: Invocation, item: wire.Alert) -> Iterator[str]:
    word = item.severity if item.state == "open" else "resolved"
    yield f"{invocation.paint(item.severity, word)}  {text_of(item.title)}"
    yield f"{item.still_open} of {item.total} open, first {invocation.ago(item.opened_at)}"
    if item.muted_at:
        yield f"muted by {text_of(item.muted_by or '')}: {text_of(item.mute_reason or '')}"
    yield from _about(invocation, item)
    for on in item.shown_on:
        sent = f" {invocation.ago(on.sent_at)}" if on.sent_at else ""
        ticket = f"  {text_of(on.ticket.url)}" if on.ticket else ""
        yield f"{text_of(on.channel)}: {on.state.replace('_', ' ')}{sent}{ticket}"
        if on.error:
            yield f"  {text_of(on.error)}"


def _about(invocation: Invocation, item: wire.Alert) -> Iterator[str]:
    for finding_id in item.finding_ids[:_MOST_SHOWN]:
        finding = invocation.api.find(routes.READ_FINDING, finding_id)
        said = FINDING.line(finding) if finding else "not kept any more"
        yield f"{invocation.id(finding_id)}  {said}"
    if (more := len(item.finding_ids) - _MOST_SHOWN) > 0:
        yield f"and {more} more: trueup alert show {invocation.id(item.id)} --json"
    if item.finding_ids:
        yield f"to see one: trueup show {invocation.id(item.finding_ids[0])}"


def _row(invocation: Invocation, item: wire.Alert) -> tuple[Cell, ...]:
    shown = ", ".join(
        on.channel if on.state == "shown" else f"{on.channel} ({_standing(on)})"
        for on in item.shown_on
    )
    muted = f"muted by {item.muted_by}: {item.mute_reason}" if item.muted_at else ""
    severity = item.severity if item.state == "open" else "plain"
    return (
        (severity, item.severity if item.state == "open" else "resolved"),
        ("strong", text_of(item.title)),
        ("plain", f"{item.still_open} of {item.total}"),
        ("plain", text_of(muted or shown or "-")),
        ("plain", invocation.ago(item.opened_at)),
        ("plain", invocation.id(item.id)),
    )


def _standing(on: wire.ShownOn) -> str:
    return "given up" if on.state == "given_up" else "waiting"

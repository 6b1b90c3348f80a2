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
    """List alerts, and mute one until it is over."""


@alert.command("list", epilog=examples("trueup alert list", "trueup alert list --all"))
@click.option("--all", "every", is_flag=True, help="Also list alerts that are over.")
@asks_daemon
def list_alerts(invocation: Invocation, *, every: bool) -> None:
    """List open alerts, newest first, with the channels that show each."""
    body = invocation.api.listed(routes.LIST_ALERTS, state=None if every else "open")
    invocation.answer(body, _lines(invocation, body))


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

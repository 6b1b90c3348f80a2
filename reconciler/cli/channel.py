"""`trueup channel`: where alerts are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.examples import examples
from reconciler.cli.failing_channels import (
    failing,
    failing_lines,
    tested_lines,
    unmatched_lines,
)
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.table import Cell, Column
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("CHANNEL", least=12),
    Column("FROM"),
    Column("SHOWN"),
    Column("WAITING"),
    Column("GIVEN UP", spare=True),
    Column("LAST ERROR", least=20),
)


@click.group()
def channel() -> None:
    """List the channels of trueup.toml, and send a test alert to one."""


@channel.command("list", epilog=examples("trueup channel list"))
@asks_daemon
def list_channels(invocation: Invocation) -> None:
    """List channels: how many alerts each shows, and how many still wait."""
    body = invocation.api.listed(routes.LIST_CHANNELS)
    invocation.answer(body, _list_lines(invocation, body))


@channel.command(
    "test",
    short_help="Send a test alert to a channel.",
    epilog=examples("trueup channel test ops"),
)
@click.argument("name", metavar="NAME")
@asks_daemon
def test(invocation: Invocation, *, name: str) -> None:
    """Open an alert on the channel NAME and resolve it again. Ends with 1 if it was refused."""
    tried = invocation.api.ask(routes.TEST_CHANNEL, name)
    lines = [f"{text_of(name)} {_outcome(tried)}"]
    if tried.left_open:
        lines.append("it may be open there until a test succeeds")
    invocation.answer(tried, lines)
    if tried.error is not None or tried.not_reached is not None:
        raise SystemExit(1)


def _outcome(tried: wire.ChannelTried) -> str:
    if tried.error is not None and tried.left_open:
        return f"took the test alert, and not its end: {text_of(tried.error)}"
    if tried.error is not None:
        return f"took no test alert: {text_of(tried.error)}"
    taken = "took a test alert and its end"
    if tried.not_reached is not None:
        return f"{taken}, but not for everybody: {text_of(tried.not_reached)}"
    return taken


def _list_lines(invocation: Invocation, body: Listed[wire.Channel]) -> Iterator[str]:
    if not body.items:
        yield "no channels; add a [[channel]] to trueup.toml"
        return
    yield from invocation.table(_COLUMNS, [_row(item) for item in body.items])
    troubles = (
        *failing_lines(invocation, failing(body.items)),
        *tested_lines(invocation, body.items),
        *unmatched_lines(invocation, body.items),
    )
    if troubles:
        yield ""
        yield from troubles


def _row(item: wire.Channel) -> tuple[Cell, ...]:
    error = item.error
    return (
        ("strong", text_of(item.name)),
        ("plain", f"{item.min_severity} on"),
        ("plain", str(item.shown)),
        ("medium" if item.waiting else "plain", str(item.waiting)),
        ("high" if item.given_up else "plain", str(item.given_up)),
        ("plain" if error is None else "medium", text_of(error or "-")),
    )

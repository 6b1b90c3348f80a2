"""`trueup hold` and `trueup resume`: the kill switch."""

from __future__ import annotations

import click

from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.policy_options import moment_given
from reconciler.cli.status import hold_lines


@click.command(
    epilog=examples(
        "trueup hold --reason 'deploying' --until 2h", "trueup hold --until 2099-05-01T10:00Z"
    )
)
@click.option(
    "--until",
    metavar="T",
    callback=moment_given,
    help="When it ends by itself: 2h, or a time. Default: with `trueup resume`.",
)
@click.option("--reason", metavar="R", help="Why; `trueup status` shows it.")
@asks_daemon
def hold(invocation: Invocation, *, until: str | None, reason: str | None) -> None:
    """Pause all corrections. An apply that runs already goes on to its end."""
    given = {"until": until, "reason": reason}
    body = {name: value for name, value in given.items() if value is not None}
    made = invocation.api.post("hold", body=body)
    invocation.answer(made, hold_lines(invocation, made["hold"]) if made.get("hold") else ())


@click.command(epilog=examples("trueup resume"))
@asks_daemon
def resume(invocation: Invocation) -> None:
    """End the hold. Corrections that wait for it go on."""
    before = invocation.api.get("hold")
    made = invocation.api.delete("hold")
    line = "hold released; corrections go on" if before.get("hold") else "there was no hold"
    invocation.answer(made or {"hold": None}, [line])

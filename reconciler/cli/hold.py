"""`trueup hold` and `trueup resume`: everything, a stack or a resource."""

from __future__ import annotations

import click

from reconciler.cli.completing import STACKS
from reconciler.cli.examples import examples
from reconciler.cli.holds import hold_lines, holds_of
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.moments import moment_given
from reconciler.wire import models as wire
from reconciler.wire import routes


@click.command(
    epilog=examples(
        "trueup hold --reason 'deploying' --until 2h",
        "trueup hold webshop --reason 'incident 4711'",
        "trueup hold webshop/aws_security_group.web",
    )
)
@click.argument("what", required=False, metavar="[STACK[/ADDRESS]]", shell_complete=STACKS)
@click.option(
    "--until",
    metavar="T",
    callback=moment_given,
    help="When it ends by itself: 2h, or a time. Default: only with `trueup resume`.",
)
@click.option("--reason", metavar="R", help="Why; `trueup status` shows it.")
@asks_daemon
def hold(
    invocation: Invocation, *, what: str | None, until: str | None, reason: str | None
) -> None:
    """Pause corrections: all of them, those of one STACK, or those of one resource.

    An apply that is already running is not stopped.
    """
    given = {"until": until, "reason": reason, **_scope(what)}
    body = {name: value for name, value in given.items() if value is not None}
    made = invocation.api.ask(routes.SET_HOLD, body=body)
    invocation.answer(made, hold_lines(invocation, holds_of(made)))


@click.command(epilog=examples("trueup resume", "trueup resume webshop"))
@click.argument("what", required=False, metavar="[STACK[/ADDRESS]]", shell_complete=STACKS)
@asks_daemon
def resume(invocation: Invocation, *, what: str | None) -> None:
    """End a hold: of a STACK, of one resource, or, without an argument, of everything.

    Without an argument the breaker is reset as well. Corrections that waited for the hold go on.
    """
    scope = _scope(what)
    before = [
        held for held in holds_of(invocation.api.ask(routes.READ_HOLD)) if _is_of(held, scope)
    ]
    invocation.api.do(routes.RELEASE_HOLD, **scope)
    left = invocation.api.ask(routes.READ_HOLD)
    found = any(_is_of(held, scope) for held in before)
    line = "hold released; corrections go on" if found else "there was no hold"
    lines = [line, *hold_lines(invocation, holds_of(left))]
    invocation.answer(left, lines)


def _scope(what: str | None) -> dict[str, str | None]:
    """Return the stack and the address that `STACK/ADDRESS` names; a stack has no slash in it."""
    stack, _, address = (what or "").partition("/")
    return {"stack": stack or None, "address": address or None}


def _is_of(held: wire.Hold, scope: dict[str, str | None]) -> bool:
    return {"stack": held.stack, "address": held.address} == scope

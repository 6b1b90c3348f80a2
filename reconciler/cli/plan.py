"""`trueup plan`: what a correction would do."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli.completing import STACKS
from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import counted, text_of
from reconciler.cli.plan_lines import plan_lines
from reconciler.cli.related import find_finding
from reconciler.domain.errors import NotFoundError
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.route import Route


@click.command(epilog=examples("trueup plan 3f9c21ab", "trueup plan webshop"))
@click.argument("subject", metavar="FINDING|STACK", shell_complete=STACKS)
@asks_daemon
def plan(invocation: Invocation, *, subject: str) -> None:
    """Show what the correction of a FINDING, or of all of a STACK, would do.

    Nothing is changed.
    """
    route, name = _route(invocation, subject)
    if not invocation.as_data:
        invocation.narrate("planning; this takes as long as the plan of terraform or pulumi itself")
    made = invocation.api.ask(route, name)
    invocation.answer(made, _lines(invocation, made))


def _route(invocation: Invocation, subject: str) -> tuple[Route[wire.Plan], str]:
    if invocation.api.find(routes.READ_STACK, subject) is not None:
        return routes.PLAN_STACK, subject
    try:
        return routes.PLAN_FINDING, find_finding(invocation.api, subject).id
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no finding and no stack {text_of(subject)}", remedy=error.remedy
        ) from error


def _lines(invocation: Invocation, made: wire.Plan) -> Iterator[str]:
    targets = made.targets
    if not targets:
        yield f"{text_of(made.stack)}: no drift to correct"
        return
    yield f"{invocation.paint('strong', text_of(made.stack))}  {counted(len(targets), 'target')}"
    yield ""
    yield from plan_lines(made, paint=invocation.paint)

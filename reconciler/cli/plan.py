"""`trueup plan`: what a correction would do."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli.asking import Asking, asks_daemon, examples
from reconciler.cli.client.api import PLAN_WAIT_S
from reconciler.cli.completing import STACKS
from reconciler.cli.kin import find_finding
from reconciler.cli.plan_lines import plan_lines
from reconciler.cli.words import counted, text_of
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import Json


@click.command(epilog=examples("trueup plan 3f9c21ab", "trueup plan webshop"))
@click.argument("subject", metavar="FINDING|STACK", shell_complete=STACKS)
@asks_daemon
def plan(asking: Asking, *, subject: str) -> None:
    """Show what the correction of a FINDING, or of all of a STACK, would do.

    Nothing is changed.
    """
    path = _path(asking, subject)
    if not asking.as_data:
        asking.narrate("planning; this takes as long as the plan of terraform or pulumi itself")
    made = asking.api.post(*path, "plan", wait_s=PLAN_WAIT_S)
    asking.answer(made, _lines(asking, made))


def _path(asking: Asking, subject: str) -> tuple[str, str]:
    if asking.api.find("stacks", subject) is not None:
        return "stacks", subject
    try:
        return "findings", find_finding(asking.api, subject)["id"]
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no finding and no stack {text_of(subject)}", remedy=error.remedy
        ) from error


def _lines(asking: Asking, made: Json) -> Iterator[str]:
    targets = made.get("targets") or ()
    yield f"{asking.paint('strong', text_of(made['stack']))}  {counted(len(targets), 'target')}"
    yield ""
    yield from plan_lines(made, paint=asking.paint)

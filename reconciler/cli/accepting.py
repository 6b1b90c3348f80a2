"""`trueup accept, declare`: what to do about a change that no code declares."""

from __future__ import annotations

import click

from reconciler.cli.completing import FINDINGS
from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.paint import safe
from reconciler.cli.related import find_finding
from reconciler.wire import models as wire
from reconciler.wire import routes


@click.command(
    epilog=examples(
        "trueup accept 3f9c21ab --reason 'the vendor asked for it'",
        "trueup accept 3f9c21ab --undo",
    )
)
@click.argument("finding", shell_complete=FINDINGS)
@click.option("--reason", metavar="R", help="Why; kept in the audit log.")
@click.option("--undo", is_flag=True, help="Put the baseline back to what it was before.")
@asks_daemon
def accept(invocation: Invocation, *, finding: str, reason: str | None, undo: bool) -> None:
    """Accept the live values of an undeclared FINDING: they are right from now on.

    The baseline moves to what the finding shows, and the next scan closes the finding. A further
    change of the same attribute is a finding again. Nothing is changed in the cloud.
    """
    if undo and reason:
        raise click.UsageError("--undo takes no --reason")
    if not undo and not (reason or "").strip():
        raise click.UsageError("Missing option '--reason': say why the live values are right.")
    found = find_finding(invocation.api, finding)
    route = routes.UNDO_ACCEPT if undo else routes.ACCEPT_FINDING
    body = None if undo else {"reason": reason, "fingerprint": found.fingerprint}
    made = invocation.api.ask(route, found.id, body=body)
    invocation.answer(made, [_line(invocation, made, undo=undo)])


def _line(invocation: Invocation, made: wire.Acceptance, *, undo: bool) -> str:
    finding_id = invocation.id(made.finding_id)
    address = text_of(made.address)
    if undo:
        return (
            f"{finding_id}  {address}: the acceptance is undone; the next scan compares as before"
        )
    return (
        f"{finding_id}  {address} is accepted as it is. To undo: trueup accept {finding_id} --undo"
    )


@click.command(epilog=examples("trueup declare 3f9c21ab"))
@click.argument("finding", shell_complete=FINDINGS)
@asks_daemon
def declare(invocation: Invocation, *, finding: str) -> None:
    """Print the code that would declare what an undeclared FINDING shows.

    No file is changed. Attributes that only the provider computes cannot be declared.
    """
    found = find_finding(invocation.api, finding)
    made = invocation.api.ask(routes.READ_DECLARATION, found.id)
    lines = [safe(line) for line in made.text.splitlines()]
    if made.file:
        lines.insert(0, f"# {text_of(made.file)}:{made.line}")
    invocation.answer(made, lines)

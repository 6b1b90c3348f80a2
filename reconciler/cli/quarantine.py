"""`trueup quarantine, release, quarantines`: isolate a resource, and connect it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import FINDINGS, REMEDIATIONS
from reconciler.cli.examples import examples
from reconciler.cli.identities import shortened
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.isolated import open_quarantines
from reconciler.cli.labels import spoken, state_cell, text_of
from reconciler.cli.related import find_finding, find_remediation
from reconciler.cli.remediations import next_step
from reconciler.cli.table import Column
from reconciler.cli.waiting import until_settled, wait_option
from reconciler.domain.errors import NotFoundError
from reconciler.wire import models as wire
from reconciler.wire import routes

_PLANNING: Final = frozenset({"detected", "confirmed", "decided", "queued", "planning"})
_COLUMNS: Final = (
    Column("STATE"),
    Column("STACK", least=8),
    Column("ISOLATES", least=24),
    Column("DRIVER"),
    Column("BY", least=24),
    Column("UNTIL"),
    Column("ID"),
)


@click.command(
    epilog=examples(
        "trueup quarantine 3f9c21ab",
        "trueup quarantine webshop/aws_instance.web --wait",
        "trueup quarantine 3f9c21ab --isolation-group sg-0a1b2c3d",
    )
)
@click.argument("finding", shell_complete=FINDINGS)
@click.option(
    "--isolation-group",
    metavar="ID",
    help="Swap its security groups for this one (driver swap), and detach nothing.",
)
@wait_option
@asks_daemon
def quarantine(
    invocation: Invocation, *, finding: str, isolation_group: str | None, wait: bool
) -> int:
    """Request that the resource of a FINDING be isolated.

    A plan is made that detaches what connects it, or swaps its security groups for the isolation
    group; it waits for `trueup approve`. FINDING is an id, the beginning of one, an address, or
    STACK/ADDRESS.
    """
    found = find_finding(invocation.api, finding)
    body = {"report_id": found.report_id, "action_type": "quarantine"}
    if isolation_group is not None:
        body["isolation_group"] = isolation_group
    made = invocation.api.ask(routes.REQUEST_REMEDIATION, body=body)
    if wait:
        made = until_settled(invocation, made)
    invocation.answer(made, [_line(invocation, made)])
    return 0 if not wait or made.state in {"awaiting_approval", "converged"} else 1


@click.command(epilog=examples("trueup release 7d1e44c0", "trueup release 7d1e44c0 --wait"))
@click.argument("given", metavar="REMEDIATION|FINDING", shell_complete=REMEDIATIONS)
@wait_option
@asks_daemon
def release(invocation: Invocation, *, given: str, wait: bool) -> int:
    """Release what a quarantine isolates: its edges and groups come back as they were.

    Where a script isolated it, the same script is told to release it.

    A quarantine also ends by itself: when the drift is gone, or after its time (4 h).
    """
    found = _isolating(invocation, given)
    made = invocation.api.ask(routes.RELEASE_QUARANTINE, found.id)
    if wait:
        made = until_settled(invocation, made)
    invocation.answer(made, [_line(invocation, made)])
    return 0 if not wait or made.state == "converged" else 1


@click.command(epilog=examples("trueup quarantines", "trueup quarantines --all"))
@click.option("--all", "everything", is_flag=True, help="Also list those that were released.")
@limit_option(200)
@asks_daemon
def quarantines(invocation: Invocation, *, everything: bool, limit: int) -> None:
    """List what is in quarantine, newest first."""
    state = None if everything else "open"
    body = invocation.api.listed(routes.LIST_QUARANTINES, limit=limit, state=state)
    invocation.answer(body, _lines(invocation, body))


def _isolating(invocation: Invocation, given: str) -> wire.Remediation:
    """Return the remediation that `given` names, or the one that isolates that finding."""
    try:
        return find_remediation(invocation.api, given)
    except NotFoundError:
        finding = find_finding(invocation.api, given, "state:quarantined")
        found = [
            quarantine
            for quarantine in open_quarantines(invocation.api)
            if finding.id in quarantine.finding_ids
        ]
        if not found:
            raise
        return find_remediation(invocation.api, found[0].id)


def _line(invocation: Invocation, made: wire.Remediation) -> str:
    short = invocation.id(made.id)
    word = spoken(made.action_type)
    if made.state in _PLANNING:
        note = f" {text_of(made.note)}." if made.note else ""
        return f"{short}  {word} requested; planning.{note} Follow: trueup remediation {short}"
    style, state = state_cell(made.state)
    note = f": {text_of(made.note)}" if made.note else ""
    hint = next_step(invocation, made)
    return f"{short}  {word}  {invocation.paint(style, state)}{note}" + (
        f". {hint}" if hint else ""
    )


def _lines(invocation: Invocation, body: Listed[wire.Quarantine]) -> Iterator[str]:
    items = body.items
    if not items:
        yield "nothing is in quarantine"
        return
    short = shortened(item.id for item in items)
    rows = []
    for item in items:
        over = item.state == "released"
        until = f"{invocation.ago(item.ended_at)}" if over else invocation.ahead(item.expires_at)
        rows.append(
            (
                _state(item),
                ("plain", text_of(item.stack)),
                ("strong", ", ".join(map(text_of, item.isolates))),
                ("plain", text_of(item.driver)),
                ("plain", _by(item)),
                ("plain", until),
                ("dim", short[item.id]),
            )
        )
    yield from invocation.table(_COLUMNS, rows)
    for item in items:
        if item.reconnected_at:
            yield f"{short[item.id]}  NOT ISOLATED: {text_of(item.note)}"


def _state(item: wire.Quarantine) -> tuple[str, str]:
    if item.reconnected_at and item.state != "released":
        return "critical", "not isolated"
    return "dim" if item.state == "released" else "medium", spoken(item.state)


def _by(item: wire.Quarantine) -> str:
    """Return the script, or the edges that are detached and the groups that took over."""
    if item.script is not None:
        return f"script {text_of(item.script)}"
    return ", ".join(dict.fromkeys(map(_edge, item.edges)))


def _edge(edge: wire.Edge) -> str:
    if edge.group is None:
        return text_of(edge.address)
    return f"{text_of(edge.group)} in {text_of(edge.attribute)}"

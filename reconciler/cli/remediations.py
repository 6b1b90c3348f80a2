"""`trueup remediations` and `trueup remediation`: what is being done, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import click

from reconciler.cli.asking import Asking, asks_daemon, examples, limit_option
from reconciler.cli.identities import find_one, shortened
from reconciler.cli.kin import REMEDIATION
from reconciler.cli.plan_lines import plan_lines
from reconciler.cli.table import Cell, Column
from reconciler.cli.words import counted, phase_cell, short_address, spoken, text_of, wrapped
from reconciler.domain.phases import Phase
from reconciler.domain.records import Json

_COLUMNS: Final = (
    Column("STATE"),
    Column("ACTION", spare=True),
    Column("STACK", least=8),
    Column("WHAT", least=32),
    Column("CHANGED"),
    Column("ID"),
)
_STATES: Final = ("open", "all", *(phase.value for phase in Phase))
_NEXT: Final = {
    "awaiting_approval": "decide: trueup approve {id} --digest {digest}",
    "needs_human": "decide: trueup retry {id} --reason R, or trueup suppress {id} --reason R",
    "applying": "watch: trueup log {run} -f",
    "held": "it goes on when the reason is gone; to decide yourself:"
    " trueup cancel {id} && trueup remediate {finding} --action manual_review",
}


@click.command(epilog=examples("trueup remediations", "trueup remediations --state converged"))
@click.option(
    "--state",
    type=click.Choice(_STATES),
    default="open",
    help="Only these; those that have not ended, unless told.",
    metavar="STATE",
)
@click.option("--stack", metavar="NAME", help="Only of this stack.")
@limit_option(200)
@asks_daemon
def remediations(asking: Asking, *, state: str, stack: str | None, limit: int) -> None:
    """List remediations, newest first. STATE is a phase, open or all."""
    asked = None if state == "all" else state
    body = asking.api.listed("remediations", limit=limit, state=asked, stack=stack)
    asking.answer(body, _list_lines(asking, body, state))


@click.command(epilog=examples("trueup remediation 7d1e44c0"))
@click.argument("remediation_id", metavar="REMEDIATION")
@asks_daemon
def remediation(asking: Asking, *, remediation_id: str) -> None:
    """Show a REMEDIATION: where it stands and why, and its plan."""
    body = find_one(asking.api, REMEDIATION, remediation_id, path="remediations")
    asking.answer(body, remediation_lines(asking, body))


def remediation_lines(asking: Asking, body: Json) -> Iterator[str]:
    """Yield one remediation whole, with what can be done next."""
    style, word = phase_cell(body["state"])
    title = f"{text_of(body['stack'])}  {spoken(body['action_type'])}"
    yield f"{asking.paint('strong', title)}  {asking.paint(style, word)}"
    hold = body.get("hold") or {}
    if body.get("note") and body["note"] != hold.get("reason"):
        yield from wrapped(text_of(body["note"]), indent="  ", paint=asking.paint)
    yield ""
    yield from asking.facts(_facts(asking, body))
    if body.get("plan"):
        yield ""
        yield from plan_lines(body["plan"], paint=asking.paint)
    hint = _NEXT.get(body["state"])
    if hint:
        yield ""
        yield hint.format(
            id=body["id"],
            digest=body.get("plan_digest"),
            run=body.get("run_id"),
            finding=next(iter(body.get("finding_ids") or ()), ""),
        )


def _facts(asking: Asking, body: Json) -> Iterator[tuple[str, str]]:
    for address in body.get("addresses") or ():
        yield "resource", text_of(address)
    yield "asked by", text_of(body.get("requested_by") or "policy")
    if body.get("hold"):
        until = body["hold"].get("until")
        again = f", looked at again {asking.ahead(until)}" if until else ""
        since = asking.ago(body["updated_at"])
        yield "held", f"since {since}: {text_of(body['hold'].get('reason'))}{again}"
    if body.get("guard"):
        yield "guard", text_of(body["guard"])
    for approval in body.get("approvals") or ():
        whose = approval.get("person") or approval.get("by")
        yield "approved", f"by {text_of(whose)} {asking.ago(approval.get('at'))}"
    if body.get("attempts"):
        yield "attempts", text_of(body["attempts"])
    if body.get("run_id"):
        yield "run", text_of(body["run_id"])
    yield "created", asking.ago(body["created_at"])
    yield "changed", asking.ago(body["updated_at"])
    if body["state"] == "awaiting_approval" and body.get("expires_at"):
        yield "expires", asking.ahead(body["expires_at"])
    yield "id", text_of(body["id"])


def _list_lines(asking: Asking, body: Json, state: str) -> Iterator[str]:
    items = body["items"]
    if not items:
        yield "no remediation is open" if state == "open" else "no such remediation"
        return
    short = shortened(one["id"] for one in items)
    yield from asking.table(_COLUMNS, [_row(asking, one, short) for one in items])
    if body["next"]:
        yield f"\n{counted(len(items), 'remediation')}; there are more: --limit 0 lists all"


def _row(asking: Asking, one: Json, short: Mapping[str, str]) -> tuple[Cell, ...]:
    shown = text_of if asking.verbose else short_address
    addresses = [shown(address) for address in one.get("addresses") or ()]
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return (
        phase_cell(one["state"]),
        ("plain", spoken(one["action_type"])),
        ("plain", text_of(one["stack"])),
        ("strong", f"{addresses[0]}{more}" if addresses else ""),
        ("plain", asking.ago(one["updated_at"])),
        ("dim", one["id"] if asking.verbose else short[one["id"]]),
    )

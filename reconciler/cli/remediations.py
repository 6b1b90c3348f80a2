"""`trueup remediations` and `trueup remediation`: corrections on their way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import click

from reconciler.cli import watching
from reconciler.cli.asking import Asking, asks_daemon, examples, limit_option
from reconciler.cli.completing import REMEDIATIONS, STACKS
from reconciler.cli.identities import shortened
from reconciler.cli.kin import find_remediation
from reconciler.cli.plan_lines import Known, plan_lines
from reconciler.cli.table import Cell, Column
from reconciler.cli.watching import watch_option
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
_TYPES: Final = ("remediation.",)
_NEXT: Final = {
    "awaiting_approval": "Next: trueup approve {id}",
    "needs_human": "Next: trueup retry {id} --reason R, or trueup suppress {id} --reason R",
    "applying": "Follow: trueup log {run} -f",
    "held": "It goes on when the hold ends. To decide now:"
    " trueup cancel {id} && trueup remediate {finding}",
    "failed": "Next: trueup remediate {finding}",
    "suppressed": "To undo: trueup unsuppress {finding}",
}
_MOST_LOOKED_UP: Final = 100


@click.command(epilog=examples("trueup remediations", "trueup remediations --state converged"))
@click.option(
    "--state",
    type=click.Choice(_STATES),
    default="open",
    help="A state, `open` (not ended) or `all`; default: open.",
    metavar="STATE",
)
@click.option("--stack", metavar="NAME", help="Only of this stack.", shell_complete=STACKS)
@limit_option(200)
@watch_option
@asks_daemon
def remediations(asking: Asking, *, state: str, stack: str | None, limit: int, watch: bool) -> None:
    """List remediations, newest first."""
    asked = None if state == "all" else state

    def read() -> Json:
        return asking.api.listed("remediations", limit=limit, state=asked, stack=stack)

    def lines(body: Json) -> Iterator[str]:
        return _list_lines(asking, body, state)

    if watch:
        watching.watch(asking, read, lines, types=_TYPES)
        return
    body = read()
    asking.answer(body, lines(body))


@click.command(epilog=examples("trueup remediation 7d1e44c0"))
@click.argument("remediation_id", metavar="REMEDIATION", shell_complete=REMEDIATIONS)
@asks_daemon
def remediation(asking: Asking, *, remediation_id: str) -> None:
    """Show a REMEDIATION: its state and the reason, and its plan."""
    body = find_remediation(asking.api, remediation_id)
    if asking.as_data:
        asking.answer(body, ())
        return
    about = About.of(asking, body)
    hint = next_step(asking, body)
    lines = remediation_lines(asking, body, about)
    asking.answer(body, (*lines, *(("", hint) if hint else ())))


@dataclass(frozen=True, slots=True)
class About:
    """What a remediation refers to: its findings by address, and the name of its policy."""

    findings: Known
    policy: str | None

    @classmethod
    def of(cls, asking: Asking, body: Json) -> About:
        """Look both up; what is gone, or too much to ask for, is left out."""
        ids = (body.get("finding_ids") or ())[:_MOST_LOOKED_UP]
        found = [asking.api.find("findings", one) for one in ids]
        policy = asking.api.find("policies", body["policy_id"]) if body.get("policy_id") else None
        name = policy["name"] if policy else None
        return cls({one["address"]: one for one in found if one}, name)


def next_step(asking: Asking, body: Json) -> str:
    """Return the command that moves it on; nothing where none is needed."""
    findings = body.get("finding_ids") or ("",)
    return _NEXT.get(body["state"], "").format(
        id=asking.id(body["id"]),
        run=asking.id(body.get("run_id") or ""),
        finding=asking.id(findings[0]),
    )


def remediation_lines(asking: Asking, body: Json, about: About) -> Iterator[str]:
    """Yield one remediation whole."""
    style, word = phase_cell(body["state"])
    title = f"{text_of(body['stack'])}  {spoken(body['action_type'])}"
    yield f"{asking.paint('strong', title)}  {asking.paint(style, word)}"
    hold = body.get("hold") or {}
    if body.get("note") and body["note"] != hold.get("reason"):
        yield from wrapped(text_of(body["note"]), indent="  ", paint=asking.paint)
    yield ""
    yield from asking.facts(_facts(asking, body, about))
    if body.get("plan"):
        yield ""
        yield from plan_lines(body["plan"], paint=asking.paint, known=about.findings)


def _facts(asking: Asking, body: Json, about: About) -> Iterator[tuple[str, str]]:
    for address in body.get("addresses") or ():
        finding = about.findings.get(address)
        yield "resource", text_of(address) + (f"  {finding['severity']}" if finding else "")
    by_policy = body.get("policy_id") is not None
    yield "policy", text_of(about.policy) if by_policy else ""
    yield "requested by", "" if by_policy else text_of(body.get("requested_by"))
    if body.get("hold"):
        until = body["hold"].get("until")
        again = f", checked again {asking.ahead(until)}" if until else ""
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
        yield "run", asking.id(body["run_id"])
    yield "created", asking.ago(body["created_at"])
    yield "changed", asking.ago(body["updated_at"])
    if body["state"] == "awaiting_approval" and body.get("expires_at"):
        yield "expires", asking.ahead(body["expires_at"])
    yield "id", asking.id(body["id"])


def _list_lines(asking: Asking, body: Json, state: str) -> Iterator[str]:
    items = body["items"]
    if not items:
        yield "no open remediations" if state == "open" else "no remediations match"
        return
    short = shortened(one["id"] for one in items)
    yield from asking.table(_COLUMNS, [_row(asking, one, short) for one in items])
    if body["next"]:
        yield f"\n{counted(len(items), 'remediation')} shown; --limit 0 lists all"


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

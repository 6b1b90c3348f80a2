"""`trueup remediations` and `trueup remediation`: corrections on their way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import click

from reconciler.cli import watching
from reconciler.cli.ages import absolute
from reconciler.cli.client.api import Listed
from reconciler.cli.completing import REMEDIATIONS, STACKS
from reconciler.cli.examples import examples
from reconciler.cli.identities import shortened
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.labels import counted, short_address, spoken, state_cell, text_of, wrapped
from reconciler.cli.plan_lines import FindingsByAddress, plan_lines
from reconciler.cli.related import find_remediation
from reconciler.cli.stack_filter import check_stack
from reconciler.cli.table import Cell, Column
from reconciler.cli.watching import watch_option
from reconciler.domain.next_commands import holds_everybody, next_commands
from reconciler.domain.remediation_states import BEFORE_EFFECT, RemediationState
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("STATE"),
    Column("ACTION", spare=True),
    Column("STACK", least=8),
    Column("WHAT", least=32),
    Column("CHANGED"),
    Column("ID"),
)
_STATES: Final = ("open", "all", *(state.value for state in RemediationState))
_TYPES: Final = ("remediation.",)
_INTRODUCED: Final = {
    "applying": "Follow: ",
    "held": "It goes on when the hold ends. To decide now: ",
    "suppressed": "To undo: ",
    "unknown": "The next complete read decides, and no second apply begins before. Look: ",
}
_MOST_LOOKED_UP: Final = 100
_KNOWN_STATES: Final = frozenset(RemediationState)
"""A newer daemon may have more of them."""
_PAST_APPROVAL: Final = frozenset(RemediationState) - BEFORE_EFFECT
_CHECKED_AGAIN: Final = frozenset({"detected", "decided", "queued", "held"})
"""Where a guard is asked again by itself; at the `next_at` of an approval its time is over."""


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
def remediations(
    invocation: Invocation, *, state: str, stack: str | None, limit: int, watch: bool
) -> None:
    """List remediations, newest first."""
    asked = None if state == "all" else state

    def read() -> Listed[wire.Remediation]:
        found = invocation.api.listed(
            routes.LIST_REMEDIATIONS, limit=limit, state=asked, stack=stack
        )
        check_stack(invocation.api, stack, found)
        return found

    def lines(body: Listed[wire.Remediation]) -> Iterator[str]:
        return _list_lines(invocation, body, state)

    if watch:
        watching.watch(invocation, read, lines, types=_TYPES)
        return
    body = read()
    invocation.answer(body, lines(body))


@click.command(epilog=examples("trueup remediation 7d1e44c0"))
@click.argument("remediation_id", metavar="REMEDIATION", shell_complete=REMEDIATIONS)
@asks_daemon
def remediation(invocation: Invocation, *, remediation_id: str) -> None:
    """Show a REMEDIATION: its state and the reason, and its plan."""
    body = find_remediation(invocation.api, remediation_id)
    if invocation.as_data:
        invocation.answer(body, ())
        return
    about = About.of(invocation, body)
    hint = next_step(invocation, body)
    lines = remediation_lines(invocation, body, about)
    invocation.answer(body, (*lines, *(("", hint) if hint else ())))


@dataclass(frozen=True, slots=True)
class About:
    """What a remediation refers to: its findings by address, and the name of its policy."""

    findings: FindingsByAddress
    policy: str | None

    @classmethod
    def of(cls, invocation: Invocation, body: wire.Remediation) -> About:
        """Look both up; what is gone, or too much to ask for, is left out."""
        api = invocation.api
        ids = body.finding_ids[:_MOST_LOOKED_UP]
        found = [api.find(routes.READ_FINDING, finding_id) for finding_id in ids]
        policy = api.find(routes.READ_POLICY, body.policy_id) if body.policy_id else None
        name = policy.name if policy else None
        return cls({finding.address: finding for finding in found if finding}, name)


def next_step(invocation: Invocation, body: wire.Remediation) -> str:
    """Return the command that moves it on; nothing where none is needed, or none is known."""
    if body.state not in _KNOWN_STATES:
        return ""
    findings = body.finding_ids or [""]
    commands = next_commands(
        RemediationState(body.state),
        remediation_id=invocation.id(body.id),
        run_id=invocation.id(body.run_id) if body.run_id else "",
        finding_id=invocation.id(findings[0]),
        stack=body.stack,
        guard=body.guard,
    )
    if not commands:
        return ""
    *others, last = commands
    typed = f"{', '.join(others)} or {last}" if others else last
    if body.state == RemediationState.HELD and holds_everybody(body.guard):
        word = "To give it up" if last.startswith("trueup cancel") else "Look"
        return f"It goes on when the hold ends; a person's request is held as well. {word}: {typed}"
    return f"{_INTRODUCED.get(body.state, 'Next: ')}{typed}"


def remediation_lines(
    invocation: Invocation, body: wire.Remediation, about: About
) -> Iterator[str]:
    """Yield one remediation whole."""
    style, word = state_cell(body.state)
    title = f"{text_of(body.stack)}  {spoken(body.action_type)}"
    yield f"{invocation.paint('strong', title)}  {invocation.paint(style, word)}"
    held_by = body.hold.reason if body.hold else None
    if body.note and body.note != held_by:
        yield from wrapped(text_of(body.note), indent="  ", paint=invocation.paint)
    yield ""
    yield from invocation.facts(_facts(invocation, body, about))
    if body.plan:
        yield ""
        yield from plan_lines(
            body.plan,
            paint=invocation.paint,
            findings=about.findings,
            awaited=body.state not in _PAST_APPROVAL,
        )


def _severity(finding: wire.Finding) -> str:
    reason = finding.severity_reason
    return f"  {finding.severity}" + (f": {text_of(reason)}" if reason else "")


def _facts(
    invocation: Invocation, body: wire.Remediation, about: About
) -> Iterator[tuple[str, str]]:
    for address in body.addresses:
        finding = about.findings.get(address)
        yield "resource", text_of(address) + (_severity(finding) if finding else "")
    by_policy = body.policy_id is not None
    yield "policy", text_of(about.policy) if by_policy else ""
    yield "requested by", "" if by_policy else text_of(body.requested_by)
    if body.hold:
        until = f", until {absolute(body.hold.until)}" if body.hold.until else ""
        since = invocation.ago(body.updated_at)
        yield "held", f"since {since}: {text_of(body.hold.reason)}{until}"
    if body.guard:
        yield "guard", text_of(body.guard)
    if body.guard and body.next_at and body.state in _CHECKED_AGAIN:
        yield "next check", invocation.ahead(body.next_at)
    for approval in body.approvals:
        yield "approved", f"by {text_of(approval.person)} {invocation.ago(approval.at)}"
    if body.attempts:
        yield "attempts", text_of(body.attempts)
    if body.run_id:
        yield "run", invocation.id(body.run_id)
    yield "created", invocation.ago(body.created_at)
    yield "changed", invocation.ago(body.updated_at)
    if body.state == "awaiting_approval" and body.expires_at:
        yield "expires", invocation.ahead(body.expires_at)
    yield "id", invocation.id(body.id)


def _list_lines(
    invocation: Invocation, body: Listed[wire.Remediation], state: str
) -> Iterator[str]:
    items = body.items
    if not items:
        yield "no open remediations" if state == "open" else "no remediations match"
        return
    short = shortened(item.id for item in items)
    yield from invocation.table(_COLUMNS, [_row(invocation, item, short) for item in items])
    if body.next:
        yield f"\n{counted(len(items), 'remediation')} shown; --limit 0 lists all"


def _row(
    invocation: Invocation, item: wire.Remediation, short: Mapping[str, str]
) -> tuple[Cell, ...]:
    shown = text_of if invocation.verbose else short_address
    addresses = [shown(address) for address in item.addresses]
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return (
        state_cell(item.state),
        ("plain", spoken(item.action_type)),
        ("plain", text_of(item.stack)),
        ("strong", f"{addresses[0]}{more}" if addresses else ""),
        ("plain", invocation.ago(item.updated_at)),
        ("dim", item.id if invocation.verbose else short[item.id]),
    )

"""`trueup remediate, reject, cancel, retry, suppress, unsuppress`: what people decide."""

from __future__ import annotations

import click

from reconciler.cli.completing import FINDINGS, REMEDIATIONS, SUPPRESSED
from reconciler.cli.digests import check_digest, only_digest
from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import spoken, state_cell, text_of
from reconciler.cli.moments import moment_given
from reconciler.cli.related import find_finding, find_remediation
from reconciler.cli.remediations import next_step
from reconciler.cli.waiting import until_settled, wait_option
from reconciler.domain.values import Json
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.route import Route

_REASON = click.option("--reason", required=True, metavar="R", help="Why; kept in the audit log.")
_REMEDIATION = click.argument("remediation_id", metavar="REMEDIATION", shell_complete=REMEDIATIONS)
_STARTED = frozenset({"awaiting_approval", "converged"})
"""What a request may come to, and be called successful."""


@click.command(
    epilog=examples(
        "trueup remediate 3f9c21ab",
        "trueup remediate webshop/aws_sqs_queue.orders --wait",
    )
)
@click.argument("finding", shell_complete=FINDINGS)
@click.option(
    "--action",
    "action_type",
    type=click.Choice(["manual_review", "auto_correct"]),
    default="manual_review",
    help="manual_review (default): plan, then wait for an approval. auto_correct: apply without"
    " one if a policy allows that for this finding, else wait as well.",
)
@wait_option
@asks_daemon
def remediate(invocation: Invocation, *, finding: str, action_type: str, wait: bool) -> int:
    """Request the correction of a FINDING.

    FINDING is an id, the beginning of one, an address, or STACK/ADDRESS. If its correction is
    under way already, that one is shown.
    """
    found = find_finding(invocation.api, finding)
    body = {"report_id": found.report_id, "action_type": action_type}
    made = invocation.api.ask(routes.REQUEST_REMEDIATION, body=body)
    if wait:
        made = until_settled(invocation, made)
    invocation.answer(made, [_requested(invocation, made)])
    return 0 if not wait or made.state in _STARTED else 1


def _requested(invocation: Invocation, made: wire.Remediation) -> str:
    state = made.state
    short = invocation.id(made.id)
    if state in {"detected", "confirmed", "decided", "queued", "planning"}:
        return f"{short}  requested; planning. Follow: trueup remediation {short}"
    style, word = state_cell(state)
    note = f": {text_of(made.note)}" if made.note else ""
    return f"{short}  {invocation.paint(style, word)}{note}. {next_step(invocation, made)}"


@click.command(
    epilog=examples(
        "trueup reject 7d1e44c0 --reason 'the code is wrong'",
        "trueup reject 7d1e44c0 --digest 9b1c... --reason 'it would replace the queue'",
    )
)
@_REMEDIATION
@_REASON
@only_digest
@asks_daemon
def reject(invocation: Invocation, *, remediation_id: str, reason: str, digest: str | None) -> None:
    """Reject the plan of a REMEDIATION. The same drift is not proposed again."""
    body: Json = {"reason": reason}
    _decide(invocation, remediation_id, routes.REJECT_REMEDIATION, body, digest=digest)


@click.command(epilog=examples("trueup cancel 7d1e44c0"))
@_REMEDIATION
@asks_daemon
def cancel(invocation: Invocation, *, remediation_id: str) -> None:
    """Cancel a REMEDIATION. A running apply is asked, once, to stop at its next safe point."""
    _decide(invocation, remediation_id, routes.CANCEL_REMEDIATION, None)


@click.command(epilog=examples("trueup retry 7d1e44c0 --reason 'quota was raised'"))
@_REMEDIATION
@_REASON
@only_digest
@asks_daemon
def retry(invocation: Invocation, *, remediation_id: str, reason: str, digest: str | None) -> None:
    """Retry a REMEDIATION that is stuck (needs human), with a new plan."""
    body: Json = {"reason": reason}
    _decide(invocation, remediation_id, routes.RETRY_REMEDIATION, body, digest=digest)


@click.command(
    epilog=examples(
        "trueup suppress 7d1e44c0 --reason 'known, the vendor is on it'",
        "trueup suppress 7d1e44c0 --reason 'until the migration' --until 30d",
    )
)
@_REMEDIATION
@_REASON
@click.option(
    "--until",
    metavar="T",
    callback=moment_given,
    help="When it ends by itself: 30d, or a time. Default: when the drift changes.",
)
@only_digest
@asks_daemon
def suppress(
    invocation: Invocation,
    *,
    remediation_id: str,
    reason: str,
    until: str | None,
    digest: str | None,
) -> None:
    """Leave the drift of a REMEDIATION as it is, and take it off the list of findings.

    `trueup findings state:ignored` lists what is suppressed; `trueup unsuppress` ends it.
    """
    body = {"reason": reason, **({"until": until} if until else {})}
    _decide(invocation, remediation_id, routes.SUPPRESS_REMEDIATION, body, digest=digest)


@click.command(epilog=examples("trueup unsuppress 3f9c21ab"))
@click.argument("finding", shell_complete=SUPPRESSED)
@asks_daemon
def unsuppress(invocation: Invocation, *, finding: str) -> None:
    """Make a suppressed FINDING open again; policies are asked about it at the next scan."""
    found = find_finding(invocation.api, finding, "state:ignored")
    made = invocation.api.ask(routes.UNSUPPRESS_FINDING, found.id)
    line = f"{invocation.id(made.id)}  {text_of(made.address)} is {spoken(made.state)} again"
    invocation.answer(made, [line])


def _decide(
    invocation: Invocation,
    given: str,
    route: Route[wire.Remediation],
    body: Json | None,
    *,
    digest: str | None = None,
) -> None:
    found = find_remediation(invocation.api, given)
    check_digest(invocation, digest, found.id)
    of_plan = {"plan_digest": digest} if digest is not None else {}
    made = invocation.api.ask(route, found.id, body=body and {**body, **of_plan})
    style, word = state_cell(made.state)
    note = f": {text_of(made.note)}" if made.note else ""
    invocation.answer(made, [f"{invocation.id(made.id)}  {invocation.paint(style, word)}{note}"])

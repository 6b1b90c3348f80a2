"""`trueup remediate, reject, cancel, retry, suppress`: what people decide, in one call each."""

from __future__ import annotations

import click

from reconciler.cli.asking import Asking, asks_daemon, examples
from reconciler.cli.identities import find_one
from reconciler.cli.kin import REMEDIATION, find_finding
from reconciler.cli.words import phase_cell, text_of
from reconciler.domain.records import Json

_REASON = click.option("--reason", required=True, metavar="R", help="Why; kept in the audit log.")


@click.command(epilog=examples("trueup remediate 3f9c21ab"))
@click.argument("finding")
@click.option(
    "--action",
    "action_type",
    type=click.Choice(["manual_review", "auto_correct"]),
    default="manual_review",
    help="Plan and wait for an approval, or also apply what only undoes the drift.",
)
@asks_daemon
def remediate(asking: Asking, *, finding: str, action_type: str) -> None:
    """Ask for a FINDING to be corrected. One that is under way already is shown instead."""
    found = find_finding(asking.api, finding)
    body = {"report_id": found["report_id"], "action_type": action_type}
    _told(asking, asking.api.post("remediations", body=body))


@click.command(epilog=examples("trueup reject 7d1e44c0 --reason 'the code is wrong'"))
@click.argument("remediation_id", metavar="REMEDIATION")
@_REASON
@asks_daemon
def reject(asking: Asking, *, remediation_id: str, reason: str) -> None:
    """Say no to the plan of a REMEDIATION."""
    _decide(asking, remediation_id, "reject", reason=reason)


@click.command(epilog=examples("trueup cancel 7d1e44c0"))
@click.argument("remediation_id", metavar="REMEDIATION")
@asks_daemon
def cancel(asking: Asking, *, remediation_id: str) -> None:
    """End a REMEDIATION; an apply that runs is asked once to stop where it safely can."""
    _decide(asking, remediation_id, "cancel")


@click.command(epilog=examples("trueup retry 7d1e44c0 --reason 'quota was raised'"))
@click.argument("remediation_id", metavar="REMEDIATION")
@_REASON
@asks_daemon
def retry(asking: Asking, *, remediation_id: str, reason: str) -> None:
    """Let a REMEDIATION that needs a person try again, from a new plan."""
    _decide(asking, remediation_id, "retry", reason=reason)


@click.command(epilog=examples("trueup suppress 7d1e44c0 --reason 'known, until March'"))
@click.argument("remediation_id", metavar="REMEDIATION")
@_REASON
@asks_daemon
def suppress(asking: Asking, *, remediation_id: str, reason: str) -> None:
    """Leave the drift of a REMEDIATION that needs a person as it is."""
    _decide(asking, remediation_id, "suppress", reason=reason)


def _decide(asking: Asking, given: str, verb: str, *, reason: str | None = None) -> None:
    found = find_one(asking.api, REMEDIATION, given, path="remediations")
    body = None if reason is None else {"reason": reason}
    _told(asking, asking.api.post("remediations", found["id"], verb, body=body))


def _told(asking: Asking, body: Json) -> None:
    style, word = phase_cell(body["state"])
    note = f": {text_of(body['note'])}" if body.get("note") else ""
    asking.answer(body, [f"{text_of(body['id'])}  {asking.paint(style, word)}{note}"])

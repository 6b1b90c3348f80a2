"""`trueup show`: one finding, its history, and its remediation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.client.received import read_finding
from reconciler.cli.completing import FINDINGS
from reconciler.cli.examples import examples
from reconciler.cli.holds import hold_lines, holds_of
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.isolated import open_quarantines, quarantine_lines
from reconciler.cli.labels import counted, spoken, state_cell, text_of, wrapped
from reconciler.cli.related import find_finding, remediations_of
from reconciler.cli.remediations import next_step
from reconciler.cli.render import finding_lines
from reconciler.domain.sources import SCAN
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.findings import source_words
from reconciler.wire.holds import is_about

_MOST_REPORTS: Final = 10
_MOST_NOTES: Final = 50
_NOTES: Final = {
    "finding.comment": "commented:",
    "finding.ack": "acknowledged it",
    "finding.assign": "assigned it to",
}


@click.command(
    epilog=examples("trueup show 3f9c21ab", "trueup show webshop/aws_security_group.web")
)
@click.argument("finding", shell_complete=FINDINGS)
@asks_daemon
def show(invocation: Invocation, *, finding: str) -> None:
    """Show one FINDING: what is declared, recorded and live.

    FINDING is an id, the beginning of one, an address, or STACK/ADDRESS.
    """
    body = find_finding(invocation.api, finding)
    if "tickets" not in body.received:  # it is an item of a list, which has less of each
        body = invocation.api.find(routes.READ_FINDING, body.id) or body
    if invocation.as_data:
        invocation.answer(body, ())
        return
    api = invocation.api
    limit = 0 if invocation.verbose else _MOST_REPORTS
    reports = api.listed(routes.LIST_REPORTS, limit=limit, resource_id=body.resource_id)
    notes = api.listed(routes.LIST_AUDIT, limit=_MOST_NOTES, subject=body.id).items
    held = [
        hold
        for hold in holds_of(api.ask(routes.READ_HOLD))
        if is_about(hold, stack=body.stack, address=body.address)
    ]
    remediations = remediations_of(api, body)
    invocation.answer(
        body,
        (
            *_lines(invocation, body, reports, remediations),
            *_notes(invocation, notes),
            *(("", *hold_lines(invocation, held)) if held else ()),
            *_isolation(invocation, body),
        ),
    )


def _lines(
    invocation: Invocation,
    body: wire.Finding,
    reports: Listed[wire.Report],
    remediations: Sequence[wire.Remediation],
) -> Iterator[str]:
    yield from finding_lines(read_finding(body), paint=invocation.paint, verbose=invocation.verbose)
    yield ""
    yield from invocation.facts(_facts(invocation, body))
    yield from _history(invocation, reports)
    yield ""
    yield from _remedies(invocation, body, remediations)


def _facts(invocation: Invocation, body: wire.Finding) -> Iterator[tuple[str, str]]:
    yield "stack", text_of(body.stack)
    state = spoken(body.state)
    if body.healed_at:
        state += f" {invocation.ago(body.healed_at)}"
    elif body.state == "open" and not body.acted_on:
        state += ": no policy acts on it"
    yield "state", state
    yield "suppressed", _suppressed(invocation, body)
    yield "score", f"{body.score} of 100"
    first, last = invocation.ago(body.first_seen), invocation.ago(body.last_seen)
    yield "seen", f"{counted(body.times_seen, 'time')}, first {first}, last {last}"
    yield "seen by", _seen_by(source_words(body))
    for ticket in body.tickets:
        yield "ticket", f"{text_of(ticket.url)} ({text_of(ticket.channel)})"
    if body.template_id:
        yield "template", text_of(body.template_id)
    yield "id", invocation.id(body.id)


def _isolation(invocation: Invocation, body: wire.Finding) -> Iterator[str]:
    """Yield how long its resource stays in quarantine."""
    if body.state != "quarantined":
        return
    about = [
        quarantine
        for quarantine in open_quarantines(invocation.api)
        if body.id in quarantine.finding_ids
    ]
    if about:
        yield ""
        yield from quarantine_lines(invocation, about)


def _notes(invocation: Invocation, entries: Sequence[wire.AuditEntry]) -> Iterator[str]:
    """Yield what people said of it, newest first."""
    said = [entry for entry in entries if entry.action in _NOTES]
    if said:
        yield ""
        yield invocation.paint("strong", "notes")
    for entry in said:
        text = text_of(entry.details.get("text"))
        what = f"{_NOTES[entry.action]} {text}".rstrip()
        who = text_of(entry.actor)
        yield from wrapped(f"{invocation.ago(entry.at)}  {who} {what}", indent="  ",
                           paint=invocation.paint)  # fmt: skip


def _suppressed(invocation: Invocation, body: wire.Finding) -> str:
    """Return who suppressed it, why and until when."""
    said = body.decision
    if body.state != "ignored" or said is None:
        return ""
    until = f", until {invocation.ahead(said.until)}" if said.until else ""
    whose = f"rule {text_of(said.rule)}" if said.rule else text_of(said.by)
    return f"by {whose}{until}: {text_of(said.reason)}"


def _history(invocation: Invocation, reports: Listed[wire.Report]) -> Iterator[str]:
    if not reports.items:
        return
    yield ""
    yield invocation.paint("strong", "history")
    for report in reports.items:
        yield f"  {invocation.ago(report.timestamp):<12} {_event(report)}"
    if reports.next:
        yield invocation.paint("dim", "  -v lists older reports too")


def _event(report: wire.Report) -> str:
    changes = report.drift_details.get("changes")
    paths = ", ".join(
        text_of(change.get("path")) for change in changes or () if isinstance(change, dict)
    )
    by = f"by {text_of(report.seen_by)}" if report.seen_by != SCAN else ""
    return "  ".join(part for part in (text_of(report.event), by, paths) if part)


def _seen_by(source: str) -> str:
    if source == SCAN:
        return source
    return f"{text_of(source)}: a scan does not heal it, that source does"


def _remedies(
    invocation: Invocation, body: wire.Finding, remediations: Sequence[wire.Remediation]
) -> Iterator[str]:
    if not remediations:
        if body.state == "open":
            yield f"No action yet. Fix it: trueup remediate {invocation.id(body.id)}"
        return
    yield invocation.paint("strong", "remediation")
    for remediation in remediations if invocation.verbose else remediations[:1]:
        style, word = state_cell(remediation.state)
        yield f"  {invocation.id(remediation.id)}  {invocation.paint(style, word)}"
        if remediation.note:
            yield from wrapped(text_of(remediation.note), indent="    ", paint=invocation.paint)
    newest = remediations[0]
    hint = (
        next_step(invocation, newest) or f"Show it: trueup remediation {invocation.id(newest.id)}"
    )
    yield invocation.paint("dim", f"  {hint}")

"""`trueup show`: one finding, what became of it, and what is being done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from reconciler.cli.asking import Asking, asks_daemon, examples
from reconciler.cli.client.received import read_finding
from reconciler.cli.kin import find_finding
from reconciler.cli.render import finding_lines
from reconciler.cli.words import counted, phase_cell, spoken, text_of, wrapped
from reconciler.domain.records import Json
from reconciler.domain.sources import SCAN

_MOST_REPORTS: Final = 10


@click.command(
    epilog=examples("trueup show 3f9c21ab", "trueup show webshop/aws_security_group.web")
)
@click.argument("finding")
@asks_daemon
def show(asking: Asking, *, finding: str) -> None:
    """Show a FINDING as it was declared, recorded and seen.

    FINDING is an id, the beginning of one, an address, or STACK/ADDRESS.
    """
    body = find_finding(asking.api, finding)
    if asking.as_json:
        asking.answer(body, ())
        return
    resource = body.get("resource_id") or f"{body['stack']}/{body['address']}"
    limit = 0 if asking.verbose else _MOST_REPORTS
    reports = asking.api.listed("drift", "reports", limit=limit, resource_id=resource)
    asking.answer(body, _lines(asking, body, reports, remediations_of(asking, body)))


def remediations_of(asking: Asking, finding: Json) -> list[Json]:
    """Return the remediations of one finding, newest first."""
    wanted = (
        one
        for one in asking.api.each("remediations", stack=finding["stack"])
        if finding["id"] in one["finding_ids"]
    )
    return sorted(wanted, key=lambda one: str(one["created_at"]), reverse=True)


def _lines(
    asking: Asking, body: Json, reports: Json, remediations: Sequence[Json]
) -> Iterator[str]:
    yield from finding_lines(read_finding(body), paint=asking.paint, verbose=asking.verbose)
    yield ""
    yield from asking.facts(_facts(asking, body))
    yield from _history(asking, reports)
    yield ""
    yield from _remedies(asking, body, remediations)


def _facts(asking: Asking, body: Json) -> Iterator[tuple[str, str]]:
    yield "stack", text_of(body["stack"])
    state = spoken(body["state"])
    if body.get("healed_at"):
        state += f" {asking.ago(body['healed_at'])}"
    elif body["state"] == "open" and not body.get("acted_on", True):
        state += ": recorded and shown, no policy acts on it"
    yield "state", state
    yield "score", f"{body['score']} of 100"
    first, last = asking.ago(body["first_seen"]), asking.ago(body["last_seen"])
    yield "seen", f"{counted(body['times_seen'], 'time')}, first {first}, last {last}"
    if body.get("seen_by"):
        yield "seen by", _seen_by(body["seen_by"])
    if body.get("template_id"):
        yield "template", text_of(body["template_id"])
    yield "id", text_of(body["id"])


def _history(asking: Asking, reports: Json) -> Iterator[str]:
    if not reports["items"]:
        return
    yield ""
    yield asking.paint("strong", "history")
    for report in reports["items"]:
        yield f"  {asking.ago(report['timestamp']):<12} {_event(report)}"
    if reports["next"]:
        yield asking.paint("dim", "  older reports are left out; -v lists all")


def _event(report: Json) -> str:
    details: Any = report.get("drift_details") or {}
    changes = details.get("changes") if isinstance(details, dict) else None
    paths = ", ".join(text_of(one.get("path")) for one in changes or () if isinstance(one, dict))
    event = text_of(report.get("event") or "seen")
    source = report.get("seen_by")
    by = f"by {text_of(source)}" if source and source != SCAN else ""
    return "  ".join(part for part in (event, by, paths) if part)


def _seen_by(source: str) -> str:
    if source == SCAN:
        return source
    return f"{text_of(source)}: a scan does not heal it, that source does"


def _remedies(asking: Asking, body: Json, remediations: Sequence[Json]) -> Iterator[str]:
    if not remediations:
        if body["state"] == "open":
            yield "nothing is being done about it; `trueup remediate` asks for a correction"
        return
    yield asking.paint("strong", "remediation")
    for one in remediations if asking.verbose else remediations[:1]:
        style, word = phase_cell(one["state"])
        yield f"  {text_of(one['id'])}  {asking.paint(style, word)}"
        if one.get("note"):
            yield from wrapped(text_of(one["note"]), indent="    ", paint=asking.paint)
    yield asking.paint("dim", "  see `trueup remediation ID`")

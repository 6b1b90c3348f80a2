"""Why a finding is listed: its cause, what policies say, what holds it, and what is related."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.client.proposals import Proposal
from reconciler.wire.alerts import Alert
from reconciler.wire.audit import AuditEntry
from reconciler.wire.findings import Finding, source_words
from reconciler.wire.holds import Hold
from reconciler.wire.remediations import Remediation
from reconciler.wire.reports import Report
from tui.ages import age, ahead, clock
from tui.ink import Line, Span, line
from tui.lines.words import ORIGINS, counted, remediation_span, severity_span
from tui.store.noting import ENDED
from tui.store.related import Relation

_MOST_RELATED: Final = 20
_DAY: Final = timedelta(days=1)
_CORRECTING: Final = frozenset({"auto_correct", "manual_review"})
_PROPOSALS: Final = {
    "auto_correct": "correct it without asking",
    "quarantine": "quarantine the resource",
    "manual_review": "plan a correction and ask for an approval",
    "below": "nothing: it is below the threshold of the policy",
    "observe": "nothing: no policy selects it",
    "unknown": "not known: a policy uses a word that this version does not have",
}


@dataclass(frozen=True, slots=True)
class Background:
    """What is known around a finding; `reports` are None as long as they were not read.

    `remediations` and `reports` are the newest first, `holds` those that are about it, `notes`
    what people said of it. `error` is why something could not be read.
    """

    proposal: Proposal
    writer: str | None = None
    remediations: Sequence[Remediation] = ()
    relations: Sequence[Relation] = ()
    holds: Sequence[Hold] = ()
    reports: Sequence[Report] | None = None
    notes: Sequence[AuditEntry] = ()
    alert: Alert | None = None
    error: str = ""


def why_lines(finding: Finding, background: Background | None = None) -> Iterator[Line]:
    """Yield why a finding is listed; without `background` what it says itself."""
    if background is not None and background.error:
        yield line((background.error, "high"))
    yield from _cause(finding, background)
    if background is not None:
        yield ()
        yield from _policy(background)
        yield from _held(background)
        yield from _owner(background)
    yield ()
    yield from _times(finding, background)
    yield from _decision(finding)
    if background is not None:
        yield from _related(background)
    yield ()
    yield _fact("template", finding.template_id or "none")
    yield _fact("fingerprint", finding.fingerprint)
    yield _fact("finding", finding.id)


def _fact(label: str, *parts: str | Span | tuple[str, str]) -> Line:
    return line((f"{label:<12} ", "dim"), *parts)


def _cause(finding: Finding, background: Background | None) -> Iterator[Line]:
    cause = finding.consequence_of
    if cause and finding.kind == "changed":
        yield _fact("cause", "an apply would change it, because of ", (cause, "strong"))
    else:
        yield _fact("cause", ORIGINS.get(finding.origin or "", "reported by another source"))
        if cause:
            yield _fact("follows from", (cause, "strong"))
    if background is not None:
        yield _actor(finding, background)
    if finding.account or finding.region:
        yield _fact("in", ", ".join(filter(None, (finding.account, finding.region))))
    yield _fact("severity", severity_span(finding.severity), f"  score {finding.score}")
    if finding.severity_reason:
        yield _fact("because", finding.severity_reason)


def _actor(finding: Finding, background: Background) -> Line:
    if finding.actor:
        return _fact(
            "by",
            (finding.actor, "strong"),
            f"  ({source_words(finding)} says so)",
        )
    if background.writer:
        return _fact("by", (background.writer, "strong"), "  (its tags say so)")
    if finding.consequence_of and finding.kind == "changed":
        return _fact("by", "whoever changed ", (finding.consequence_of, "strong"))
    if finding.origin == "unapplied":
        return _fact("by", "whoever edited the code; it was not applied since")
    seen = clock(finding.first_seen)
    return _fact("by", f"not known: see the cloud's audit log, before {seen}")


def _policy(background: Background) -> Iterator[Line]:
    proposal = background.proposal
    policy = proposal.policy
    yield _fact("policy", (policy.name, "strong") if policy else ("none selects it", "dim"))
    if policy is not None and policy.reason:
        yield _fact("", (policy.reason, "dim"))
    would = _PROPOSALS[proposal.action]
    if policy is not None and proposal.action == "below":
        would = f"{would} ({policy.drift_threshold}, score {policy.min_score})"
    if policy is not None and policy.script:
        would = f"{would}, by the script {policy.script}"
    yield _fact("proposes", would)


def _held(background: Background) -> Iterator[Line]:
    """Yield where its remediation stands, and what keeps it there."""
    for remediation in background.remediations[:1]:
        since = f"  for {age(remediation.updated_at)}"
        span = remediation_span(remediation.state, remediation.action_type)
        yield _fact("remediation", span, f"  {remediation.id[:12]}{since}")
        reason = remediation.hold.reason if remediation.hold else remediation.note
        if remediation.guard and remediation.state not in ENDED:
            yield _fact(
                "guard", (remediation.guard.replace("_", " "), "medium"), _again(remediation)
            )
        if reason:
            yield _fact("", (reason, "medium"))
        until = remediation.hold.until if remediation.hold else remediation.expires_at
        if until is not None:
            word = "until" if remediation.hold else "expires"
            yield _fact(word, f"{clock(until)} (in {ahead(until)})")
    for hold in background.holds:
        place = hold.address or hold.stack or "everything"
        yield _fact("on hold", (place, "medium"), f"  by {hold.by} since {clock(hold.since)}")
        yield _fact("", (hold.reason, "medium"))


def _again(remediation: Remediation) -> str:
    """Return when the guard that holds it is asked again; nothing where a person decides."""
    if remediation.next_at is None or remediation.state == "awaiting_approval":
        return ""
    return f"  asked again in {ahead(remediation.next_at)}"


def _owner(background: Background) -> Iterator[Line]:
    policy = background.proposal.policy
    assigned = next((note for note in background.notes if note.action == "finding.assign"), None)
    if assigned is not None:
        yield _fact("assigned to", (_text_of(assigned), "strong"), f"  by {assigned.actor}")
    if policy is not None and policy.owner:
        yield _fact("owner", (policy.owner, "strong"), "  (of the policy)")
    elif assigned is None:
        yield _fact("owner", ("none: neither a policy nor a person names one", "dim"))
    for note in background.notes:
        if note.action in {"finding.comment", "finding.ack"}:
            verb = "said" if note.action == "finding.comment" else "acknowledged it"
            yield _fact("note", f"{age(note.at)} ago {note.actor} {verb}: {_text_of(note)}")


def _text_of(note: AuditEntry) -> str:
    return str(note.details.get("text") or "")


def _times(finding: Finding, background: Background | None) -> Iterator[Line]:
    yield _fact("seen by", source_words(finding))
    yield _fact("first seen", f"{clock(finding.first_seen)}  ({age(finding.first_seen)} ago)")
    yield _fact("last seen", f"{clock(finding.last_seen)}  ({age(finding.last_seen)} ago)")
    yield _fact("times seen", f"{finding.times_seen:,}")
    if background is None or background.reports is None:
        return
    times = flaps(background.reports, background.remediations, finding.address)
    lately = sum(datetime.now(UTC) - at < _DAY for at in times)
    count = "never" if not times else counted(len(times), "time")
    words = f"  gone without a correction; {lately} within a day" if times else " gone by itself"
    yield _fact("flaps", (count, "medium" if times else "dim"), (words, "dim"))


def flaps(
    reports: Sequence[Report], remediations: Sequence[Remediation], address: str
) -> list[datetime]:
    """Return when the drift of a resource was gone by itself: each correction made it go once.

    A remediation without a run has converged since its drift was gone, and corrected nothing.
    """
    ours = sum(
        address in each.addresses
        for each in remediations
        if each.state == "converged" and each.run_id and each.action_type in _CORRECTING
    )
    healed = [report.timestamp for report in reports if report.event == "healed"]
    return healed[: max(len(healed) - ours, 0)]


def _decision(finding: Finding) -> Iterator[Line]:
    decision = finding.decision
    if decision is None:
        return
    until = f" until {clock(decision.until)}" if decision.until else ""
    # What stands about a drift that is still there never converged: it was released.
    action = "release" if decision.state == "converged" else ""
    yield _fact(
        "decision", remediation_span(decision.state, action),
        f"  by {decision.by or decision.rule or 'a policy'}{until}:"
        f" {decision.reason or 'no reason given'}",
    )  # fmt: skip


def _related(background: Background) -> Iterator[Line]:
    alert, relations = background.alert, background.relations
    if alert is None and not relations:
        return
    yield ()
    if alert is not None:
        still_open = counted(alert.still_open, "finding")
        yield _fact("alert", (alert.title, "strong"), f"  {still_open} open of {alert.total:,}")
    for relation in relations[:_MOST_RELATED]:
        row = relation.row
        yield _fact(relation.word, f"{row.stack}  ", (row.address, "strong"))
    if len(relations) > _MOST_RELATED:
        yield _fact("", (f"and {len(relations) - _MOST_RELATED:,} more", "dim"))

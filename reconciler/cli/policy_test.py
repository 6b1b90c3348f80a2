"""What a file of policies would decide on open findings or recorded drift, computed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.bootstrap.registered import config_policies
from reconciler.cli.client.received import read_finding
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import counted, severity_cell, spoken, text_of
from reconciler.cli.policy_decided import Decided
from reconciler.cli.policy_expect import expect
from reconciler.cli.policy_file import read_policies
from reconciler.cli.table import Cell, Column
from reconciler.client.proposals import subject_of, template_of
from reconciler.domain.errors import InvalidError
from reconciler.domain.policy import ActionType, Driver, Policy, decide
from reconciler.domain.records import Template
from reconciler.domain.score import score
from reconciler.domain.sources import SCAN
from reconciler.domain.values import Json
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.decoding import NotOfModelError, decode

_COLUMNS: Final = (
    Column("DECISION"),
    Column("POLICY", least=10),
    Column("SEVERITY"),
    Column("STACK", least=8, spare=True),
    Column("ADDRESS", least=20),
    Column("WHY", least=24, spare=True),
)
_UNSEEN: Final = {
    **dict.fromkeys(("origin", "healed_at")),
    **dict.fromkeys(("fingerprint", "resource_id", "report_id"), ""),
    **dict.fromkeys(("first_seen", "last_seen"), "1970-01-01T00:00:00Z"),
    "score": 0,
    "times_seen": 1,
    "state": "open",
    "acted_on": False,
    "seen_by": SCAN,
}
"""What no report says of a finding, and no policy is asked about."""

_SEEN: Final = frozenset({"detected", "changed", "reported"})
_STYLES: Final = {"auto_correct": "good", "manual_review": "medium", "quarantine": "medium"}


@dataclass(frozen=True, slots=True)
class _Tried:
    finding: wire.Finding
    decided: Decided


def test_policies(
    invocation: Invocation, file: Path, *, history: str | None, expectations: Path | None
) -> int:
    """Show what the policies of `file` say of each open finding, or of what was seen before.

    With `expectations` they are held against that file, no daemon is asked, and 1 is returned
    where one is not met.
    """
    policies = config_policies(read_policies(file))
    if not policies:
        raise InvalidError(f"{file}: it contains no policy")
    if expectations is not None:
        return expect(invocation, policies, expectations)
    now = datetime.now(UTC)
    uploaded = _uploaded(invocation, policies)
    decided = []
    for finding in _findings(invocation, history):
        subject = subject_of(finding, uploaded)
        decided.append(_Tried(finding, Decided(decide(subject, policies, now=now), subject)))
    never = _never_matched(policies, decided)
    body = {
        "items": [_object(tried) for tried in decided],
        "next": None,
        "never_matched": never,
    }
    invocation.answer(body, (*_lines(invocation, decided), *never_lines(never)))
    return 0


def _findings(invocation: Invocation, since: str | None) -> Iterator[wire.Finding]:
    """Yield the open findings, or the drift that was reported since, as it was seen then."""
    if since is None:
        yield from invocation.api.each(routes.LIST_FINDINGS)
        return
    for report in invocation.api.each(routes.LIST_REPORTS, since=since):
        if report.event in _SEEN and (finding := _as_seen(report)) is not None:
            yield finding


def _as_seen(report: wire.Report) -> wire.Finding | None:
    """Return the finding that a report is about; None where that cannot be told.

    An older version kept too little, and other reporters keep what they like.
    """
    details = report.drift_details
    if not {"type", "kind", "severity"} <= details.keys():
        return None
    changes = details.get("changes")
    if isinstance(changes, list) and all(isinstance(change, dict) for change in changes):
        # Agents say neither, and no policy asks for it.
        told = {"origin": None, "sensitive": False}
        details = {**details, "changes": [{**told, **change} for change in changes]}
    _, _, address = report.resource_id.partition("/")
    own = {
        "id": report.report_id,
        "stack": report.stack,
        "address": address,
        "template_id": report.template_id,
    }
    try:
        found = decode(wire.Finding, {**_UNSEEN, **details, **own})
    except NotOfModelError:
        return None
    return found if found.score else replace(found, score=score(read_finding(found)))


def _never_matched(policies: Sequence[Policy], decided: Sequence[_Tried]) -> list[str]:
    deciding = (tried.decided.policy for tried in decided)
    matched = {policy.name for policy in deciding if policy is not None}
    return [policy.name for policy in policies if policy.name not in matched]


def never_lines(names: Sequence[str]) -> Iterator[str]:
    """Yield which policies decided nothing."""
    if names:
        yield f"never matched: {', '.join(map(text_of, names))}"


def _uploaded(invocation: Invocation, policies: Sequence[Policy]) -> tuple[Template, ...]:
    """Return the uploaded templates that the policies name; the others decide nothing."""
    named = sorted({policy.template_id for policy in policies if policy.template_id})
    api = invocation.api
    found = {name: api.find(routes.READ_TEMPLATE, name) for name in named}
    for template_id in (name for name, template in found.items() if template is None):
        invocation.narrate(
            f"there is no template {text_of(template_id)}: a policy for it matches nothing"
        )
    return tuple(template_of(template) for template in found.values() if template is not None)


def _object(tried: _Tried) -> Json:
    return {
        "finding_id": tried.finding.id,
        "stack": tried.finding.stack,
        "address": tried.finding.address,
        "severity": tried.finding.severity,
        "severity_reason": tried.finding.severity_reason,
        "score": tried.finding.score,
        "decision": tried.decided.word,
        "policy": tried.decided.policy.name if tried.decided.policy else None,
        "driver": _driver(tried),
    }


def _driver(tried: _Tried) -> str | None:
    """Return how it would be isolated; None where nothing would."""
    policy = tried.decided.policy
    if policy is None or tried.decided.word != ActionType.QUARANTINE:
        return None
    return (policy.driver or Driver.DETACH).value


def _lines(invocation: Invocation, decided: Sequence[_Tried]) -> Iterator[str]:
    if not decided:
        yield "no findings: there is nothing to test the policies on"
        return
    yield from invocation.table(_COLUMNS, [_row(tried) for tried in decided])
    yield ""
    tally = Counter(tried.decided.word for tried in decided)
    parts = ", ".join(f"{count} {spoken(word)}" for word, count in tally.most_common())
    yield f"{counted(len(decided), 'finding')}: {parts}"


def _row(tried: _Tried) -> tuple[Cell, ...]:
    driver = _driver(tried)
    by = f" by {driver}" if driver else ""
    return (
        (_STYLES.get(tried.decided.word, "dim"), spoken(tried.decided.word) + by),
        ("plain", text_of(tried.decided.policy.name) if tried.decided.policy else ""),
        severity_cell(tried.finding),
        ("plain", text_of(tried.finding.stack)),
        ("strong", text_of(tried.finding.address)),
        ("dim", text_of(tried.finding.severity_reason or "")),
    )

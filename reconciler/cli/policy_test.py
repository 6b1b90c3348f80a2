"""What a file of policies would decide on open findings or recorded drift, computed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
from reconciler.domain.coverage import covering
from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Origin, Severity
from reconciler.domain.policy import Policy, Subject, decide
from reconciler.domain.records import Json, Template, TemplateId
from reconciler.domain.score import score

_COLUMNS: Final = (
    Column("DECISION"),
    Column("POLICY", least=10),
    Column("SEVERITY"),
    Column("STACK", least=8, spare=True),
    Column("ADDRESS", least=20),
    Column("WHY", least=24, spare=True),
)
_SEEN: Final = frozenset({"detected", "changed", "reported"})
_STYLES: Final = {"auto_correct": "good", "manual_review": "medium", "quarantine": "medium"}


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
        subject = _subject(finding, uploaded)
        decided.append(Decided(finding, decide(subject, policies, now=now), subject))
    never = _never_matched(policies, decided)
    body = {
        "items": [_object(decision) for decision in decided],
        "next": None,
        "never_matched": never,
    }
    invocation.answer(body, (*_lines(invocation, decided), *never_lines(never)))
    return 0


def _findings(invocation: Invocation, since: str | None) -> Iterator[Json]:
    """Yield the open findings, or the drift that was reported since, as it was seen then."""
    if since is None:
        yield from invocation.api.each("findings")
        return
    for report in invocation.api.each("drift", "reports", since=since):
        if report["event"] in _SEEN and (finding := _as_seen(report)) is not None:
            yield finding


def _as_seen(report: Json) -> Json | None:
    """Return the finding that a report is about; None where an older version kept too little."""
    details = report["drift_details"]
    if not {"type", "kind", "severity"} <= details.keys():
        return None
    _, _, address = report["resource_id"].partition("/")
    return {
        **details,
        "id": report["report_id"],
        "stack": report["stack"],
        "address": address,
        "score": details.get("score") or score(read_finding({**details, "address": address})),
        "template_id": report["template_id"],
    }


def _never_matched(policies: Sequence[Policy], decided: Sequence[Decided]) -> list[str]:
    matched = {one.policy.name for one in decided if one.policy is not None}
    return [policy.name for policy in policies if policy.name not in matched]


def never_lines(names: Sequence[str]) -> Iterator[str]:
    """Yield which policies decided nothing."""
    if names:
        yield f"never matched: {', '.join(map(text_of, names))}"


def _uploaded(invocation: Invocation, policies: Sequence[Policy]) -> tuple[Template, ...]:
    """Return the uploaded templates that the policies name; the others decide nothing."""
    named = sorted({policy.template_id for policy in policies if policy.template_id})
    found = {template_id: invocation.api.find("templates", template_id) for template_id in named}
    for template_id in (name for name, template in found.items() if template is None):
        invocation.narrate(
            f"there is no template {text_of(template_id)}: a policy for it matches nothing"
        )
    return tuple(_template(template) for template in found.values() if template is not None)


def _template(body: Json) -> Template:
    return Template(
        template_id=TemplateId(body["template_id"]),
        resource_type=body["resource_type"],
        template_definition={},
        created_at=datetime.fromisoformat(body["created_at"]),
        updated_at=datetime.fromisoformat(body["updated_at"]),
        resource_id=body.get("resource_id"),
        applies_to=tuple(body.get("applies_to") or ()),
    )


def _subject(finding: Json, uploaded: Sequence[Template]) -> Subject:
    own = {finding["template_id"]} - {None}
    resource = f"{finding['stack']}/{finding['address']}"
    templates = covering(uploaded, resource, finding["type"])
    return Subject(
        stack=finding["stack"],
        address=finding["address"],
        type=finding["type"],
        kind=Kind(finding["kind"]),
        severity=Severity[finding["severity"].upper()],
        score=finding["score"],
        paths=tuple(change["path"] for change in finding.get("changes") or ()),
        templates=frozenset({*templates, *own}),
        only_undo=finding.get("origin") == Origin.OUT_OF_BAND,
    )


def _object(decision: Decided) -> Json:
    return {
        "finding_id": decision.finding["id"],
        "stack": decision.finding["stack"],
        "address": decision.finding["address"],
        "severity": decision.finding["severity"],
        "severity_reason": decision.finding.get("severity_reason"),
        "score": decision.finding["score"],
        "decision": decision.word,
        "policy": decision.policy.name if decision.policy else None,
    }


def _lines(invocation: Invocation, decided: Sequence[Decided]) -> Iterator[str]:
    if not decided:
        yield "no findings: there is nothing to test the policies on"
        return
    yield from invocation.table(_COLUMNS, [_row(decision) for decision in decided])
    yield ""
    tally = Counter(decision.word for decision in decided)
    parts = ", ".join(f"{count} {spoken(word)}" for word, count in tally.most_common())
    yield f"{counted(len(decided), 'finding')}: {parts}"


def _row(decision: Decided) -> tuple[Cell, ...]:
    return (
        (_STYLES.get(decision.word, "dim"), spoken(decision.word)),
        ("plain", text_of(decision.policy.name) if decision.policy else ""),
        severity_cell(decision.finding),
        ("plain", text_of(decision.finding["stack"])),
        ("strong", text_of(decision.finding["address"])),
        ("dim", text_of(decision.finding.get("severity_reason") or "")),
    )

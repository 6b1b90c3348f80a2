"""What a file of policies would decide on the open findings, computed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.bootstrap.registered import config_policies
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import counted, severity_cell, spoken, text_of
from reconciler.cli.policy_file import read_policies
from reconciler.cli.table import Cell, Column
from reconciler.domain.coverage import covering
from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Kind, Origin, Severity
from reconciler.domain.policy import Act, Below, Decision, Policy, Subject, action_on, decide
from reconciler.domain.records import Json, Template, TemplateId

_COLUMNS: Final = (
    Column("DECISION"),
    Column("POLICY", least=10),
    Column("SEVERITY"),
    Column("STACK", least=8, spare=True),
    Column("ADDRESS", least=20),
    Column("WHY", least=24, spare=True),
)
_STYLES: Final = {"auto_correct": "good", "manual_review": "medium", "quarantine": "medium"}


@dataclass(frozen=True, slots=True)
class _Decided:
    finding: Json
    decision: Decision
    subject: Subject

    @property
    def word(self) -> str:
        """What would be done."""
        match self.decision:
            case Act():
                return action_on(self.decision, self.subject).value
            case Below():
                return "below"
            case _:
                return "observe"

    @property
    def policy(self) -> Policy | None:
        """Which one decided."""
        return self.decision.policy if isinstance(self.decision, Act | Below) else None


def test_policies(invocation: Invocation, file: Path) -> None:
    """Show each open finding with what the policies of `file` say of it."""
    policies = config_policies(read_policies(file))
    if not policies:
        raise InvalidError(f"{file}: it contains no policy")
    now = datetime.now(UTC)
    uploaded = _uploaded(invocation, policies)
    decided = []
    for finding in invocation.api.each("findings"):
        subject = _subject(finding, uploaded)
        decided.append(_Decided(finding, decide(subject, policies, now=now), subject))
    body = {"items": [_object(decision) for decision in decided], "next": None}
    invocation.answer(body, _lines(invocation, decided))


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


def _object(decision: _Decided) -> Json:
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


def _lines(invocation: Invocation, decided: Sequence[_Decided]) -> Iterator[str]:
    if not decided:
        yield "no open findings: there is nothing to test the policies on"
        return
    yield from invocation.table(_COLUMNS, [_row(decision) for decision in decided])
    yield ""
    tally = Counter(decision.word for decision in decided)
    parts = ", ".join(f"{count} {spoken(word)}" for word, count in tally.most_common())
    yield f"{counted(len(decided), 'finding')}: {parts}"


def _row(decision: _Decided) -> tuple[Cell, ...]:
    return (
        (_STYLES.get(decision.word, "dim"), spoken(decision.word)),
        ("plain", text_of(decision.policy.name) if decision.policy else ""),
        severity_cell(decision.finding),
        ("plain", text_of(decision.finding["stack"])),
        ("strong", text_of(decision.finding["address"])),
        ("dim", text_of(decision.finding.get("severity_reason") or "")),
    )

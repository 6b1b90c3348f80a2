"""Why a finding is listed, as lines: what is known, and what is not known by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.client.proposals import Proposal
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.wire.alerts import Alert
from reconciler.wire.audit import AuditEntry
from reconciler.wire.holds import Hold
from reconciler.wire.policies import policy_of
from reconciler.wire.remediations import HoldReason, Remediation
from reconciler.wire.reports import Report
from tests.unit.tui.test_filters import ROW
from tests.unit.tui.told import a_finding
from tui.ink import Line, text_of
from tui.lines.why import Background, flaps, why_lines
from tui.store.related import Relation, related_to

NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)
FINDING: Final = a_finding("aws_vpc.a", "high", "open")
REVIEW: Final = policy_of(
    Policy(PolicyId("p"), "a person decides", ActionType.MANUAL_REVIEW, owner="ana")
)


def remediation(state: str, action: str = "manual_review", **more: Any) -> Remediation:
    made = Remediation(
        id="rem-1", stack="web", report_id="r", finding_ids=["aws_vpc.a"],
        addresses=["aws_vpc.a"], action_type=action, state=state, hold=None, plan=None,  # type: ignore[arg-type]
        plan_digest=None, approvals=[], run_id=None, created_at=NOW, updated_at=NOW,
        policy_id=None, requested_by="ana", attempts=1, note=None, guard=None, next_at=None,
        expires_at=None,
    )  # fmt: skip
    return replace(made, **more)


def report(event: str, minutes: int) -> Report:
    return Report(
        report_id="r", resource_id="web/aws_vpc.a", template_id=None,
        timestamp=NOW - timedelta(minutes=minutes), drift_hash="h", drift_details={},
        stack="web", event=event, seen_by="scan",  # type: ignore[arg-type]
    )  # fmt: skip


def note(action: str, text: str) -> AuditEntry:
    return AuditEntry(
        seq=1, at=NOW, actor="bea", actor_kind="user", action=action, subject="aws_vpc.a",
        details={"text": text},
    )  # fmt: skip


def written(lines: Iterable[Line]) -> str:
    return "\n".join(text_of(spans) for spans in lines)


@pytest.mark.parametrize(
    ("background", "words"),
    [
        (Background(Proposal("observe")), ("none selects it", "no policy selects it",
         "not known: see the cloud's audit log", "neither a policy nor a person names one")),
        (Background(Proposal("manual_review", REVIEW)), ("a person decides",
         "plan a correction and ask for an approval", "ana  (of the policy)")),
        (Background(Proposal("below", REVIEW)), ("below the threshold of the policy (low, score 0)",
         )),
        (Background(Proposal("observe"), writer="Auto Scaling group web"),
         ("Auto Scaling group web  (its tags say so)",)),
        (Background(Proposal("observe"), remediations=[
            remediation("held", guard="window", hold=HoldReason(
                reason="outside of the window", until=None, guard="window"))]),
         ("= held", "rem-1  for ", "window", "outside of the window")),
        (Background(Proposal("observe"), remediations=[
            remediation("awaiting_approval", guard="manual_review", note="a policy asks for it")]),
         ("? needs approval", "manual review", "a policy asks for it")),
        # What is isolated or released has not converged: its drift is still there.
        (Background(Proposal("observe"), remediations=[remediation("converged", "release")]),
         ("v released",)),
        (Background(Proposal("observe"), holds=[
            Hold(by="cy", reason="incident 7", since=NOW, until=None)]),
         ("everything  by cy since 2026-05-01", "incident 7")),
        (Background(Proposal("observe"), notes=[note("finding.assign", "dan")]),
         ("dan  by bea",)),
        (Background(Proposal("observe"), notes=[note("finding.comment", "looks like a test")]),
         ("bea said: looks like a test",)),
        (Background(Proposal("observe"), reports=[report("healed", 5), report("healed", 9)]),
         ("2 times  gone without a correction",)),
        (Background(Proposal("observe"), relations=[Relation("alike", ROW)]),
         ("alike", ROW.address)),
        (Background(Proposal("observe"), alert=Alert(
            id="a", title="3 findings in web", state="open", severity="high", revision=1,
            opened_at=NOW, changed_at=NOW, resolved_at=None, total=3, still_open=2,
            stacks=["web"], finding_ids=[], shown_on=[])),
         ("3 findings in web  2 findings open of 3",)),
        (Background(Proposal("observe"), error="not everything could be read: gone"),
         ("not everything could be read: gone",)),
    ],
)  # fmt: skip
def test_what_is_known_around_a_finding_is_said(
    background: Background, words: tuple[str, ...]
) -> None:
    found = written(why_lines(FINDING, background))
    for each in words:
        assert each in found


def test_who_caused_it_is_said_where_the_source_says_so() -> None:
    told = replace(FINDING, actor="ana@example.com", seen_by="report:trail", account="42",
                   region="eu-west-1")  # fmt: skip
    found = written(why_lines(told, Background(Proposal("observe"))))
    assert "ana@example.com  (report:trail says so)" in found
    assert "42, eu-west-1" in found


def test_a_correction_makes_drift_go_once_and_the_rest_went_by_itself() -> None:
    reports = [report("healed", 1), report("detected", 2), report("healed", 3)]
    corrected = [
        remediation("converged", run_id="u"),
        remediation("converged"),
        remediation("converged", "quarantine", run_id="v"),
        remediation("rejected"),
    ]
    assert flaps(reports, corrected, "aws_vpc.a") == [NOW - timedelta(minutes=1)]
    assert flaps(reports, [remediation("converged", run_id="u")] * 5, "aws_vpc.a") == []


def test_related_are_the_cause_what_follows_the_same_resource_and_the_same_change() -> None:
    own = replace(ROW, id="own", stack="web", address="a", signature="1", follows="cause")
    others = [
        replace(ROW, id="1", stack="web", address="cause", signature="2"),
        replace(ROW, id="2", stack="web", address="b", follows="a", signature="3"),
        replace(ROW, id="3", stack="web", address="a", signature="4"),
        replace(ROW, id="4", stack="net", address="a", signature="1"),
        replace(ROW, id="5", stack="net", address="cause", signature="5"),
    ]
    found = related_to(own, [*reversed(others), own])
    assert [(each.word, each.row.id) for each in found] == [
        ("cause", "1"), ("follows", "2"), ("same", "3"), ("alike", "4"),
    ]  # fmt: skip

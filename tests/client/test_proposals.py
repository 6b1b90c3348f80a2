"""A client says of a finding what the daemon's policies say of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as some

from reconciler.client.proposals import Proposal, Proposals, writer_of
from reconciler.domain.deciding import decide_all
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.model import Fingerprint, Kind, Origin, ResourceAddress, Severity, StackName
from reconciler.domain.policy import Act, ActionType, Below, Policy, PolicyId, Selection, action_on
from reconciler.domain.records import (
    FindingId,
    FindingRecord,
    FindingState,
    ReportId,
    Template,
    TemplateId,
)
from reconciler.wire.decoding import decode
from reconciler.wire.findings import Finding, finding_record_object
from reconciler.wire.policies import policy_of
from reconciler.wire.templates import template_of

NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)
_UPLOADED: Final = Template(
    template_id=TemplateId("golden"), resource_type="aws_vpc", template_definition={},
    created_at=NOW, updated_at=NOW, name="golden", source="api", applies_to=("web/*",),
)  # fmt: skip
_RECORD: Final = FindingRecord(
    id=FindingId("f"), stack=StackName("web"), address=ResourceAddress("aws_vpc.a"),
    type="aws_vpc", kind=Kind.CHANGED, severity=Severity.HIGH, score=50, origin=None,
    fingerprint=Fingerprint("x"), state=FindingState.OPEN, first_seen=NOW, last_seen=NOW,
    times_seen=1, report_id=ReportId("r"), details={},
)  # fmt: skip


def shown(record: FindingRecord) -> Finding:
    body = {"source": None, "reason": None, **finding_record_object(record)}
    return decode(Finding, body)


def _details(paths: list[str], groups: list[str]) -> dict[str, object]:
    changes = [
        {"path": path, "declared": 1, "recorded": 1, "live": 2, "origin": "out_of_band",
         "sensitive": False}
        for path in paths
    ]  # fmt: skip
    return {"changes": changes, "host_groups": groups}


_RECORDS = some.builds(
    lambda stack, kind, severity, score, origin, paths, groups: replace(
        _RECORD, stack=StackName(stack), kind=kind, severity=severity, score=score,
        origin=origin, details=_details(paths, groups),
    ),
    some.sampled_from(("web", "net")),
    some.sampled_from((Kind.CHANGED, Kind.MISSING)),
    some.sampled_from(Severity),
    some.integers(0, 100),
    some.sampled_from((*Origin, None)),
    some.lists(some.sampled_from(("tags.a", "size")), max_size=2, unique=True),
    some.lists(some.sampled_from(("db", "edge")), max_size=1),
)  # fmt: skip
_SELECTIONS = some.builds(
    Selection,
    stack=some.sampled_from((None, "w*", "net")),
    path=some.sampled_from((None, "tags.*")),
    kind=some.sampled_from((None, Kind.MISSING)),
    host_group=some.sampled_from((None, "db")),
    min_severity=some.sampled_from((None, Severity.HIGH)),
)
_POLICIES = some.lists(
    some.builds(
        Policy,
        policy_id=some.sampled_from("abcdef").map(PolicyId),
        name=some.sampled_from(("first", "second")),
        action_type=some.sampled_from(
            (ActionType.AUTO_CORRECT, ActionType.QUARANTINE, ActionType.MANUAL_REVIEW)
        ),
        selection=_SELECTIONS,
        drift_threshold=some.sampled_from(Severity),
        min_score=some.sampled_from((0, 60)),
        template_id=some.sampled_from((None, "golden")),
        source=some.sampled_from(("api", "config")),
        position=some.integers(0, 2),
        expires_at=some.sampled_from((None, NOW - timedelta(1), NOW + timedelta(1))),
    ),
    max_size=4,
    unique_by=lambda policy: policy.policy_id,
)


@given(_RECORDS, _POLICIES)
def test_a_client_proposes_what_the_daemon_would_do(
    record: FindingRecord, policies: list[Policy]
) -> None:
    ((_, decision),) = decide_all([record], policies, uploaded=[_UPLOADED], now=NOW)
    proposals = Proposals([policy_of(each) for each in policies], [template_of(_UPLOADED)])
    found = proposals.of(shown(record), now=NOW)
    if isinstance(decision, Act):
        assert found.action == action_on(decision, subject_of(record)).value
    else:
        assert found.action == ("below" if isinstance(decision, Below) else "observe")
    wanted = decision.policy.policy_id if isinstance(decision, Act | Below) else None
    assert (found.policy.policy_id if found.policy else None) == wanted


def test_a_policy_of_a_newer_daemon_is_said_to_be_not_known() -> None:
    policy = replace(policy_of(Policy(PolicyId("p"), "p", ActionType.MANUAL_REVIEW)))
    newer = replace(policy, action_type="teleport")  # type: ignore[arg-type]
    assert Proposals([newer]).of(shown(_RECORD), now=NOW) == Proposal("unknown")
    assert Proposals().of(shown(_RECORD), now=NOW) == Proposal("observe")


def test_the_tags_of_another_system_name_it_as_the_writer() -> None:
    tags = {"path": "tags", "declared": {}, "recorded": {}, "origin": "out_of_band",
            "sensitive": False, "live": {"aws:autoscaling:groupName": "web"}}  # fmt: skip
    tagged = replace(_RECORD, details={"changes": [tags]})
    assert writer_of(shown(tagged)) == "Auto Scaling group web"
    assert writer_of(shown(_RECORD)) is None

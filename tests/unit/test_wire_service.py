"""What the API shows of each record: every key of `docs/api.md`, and no more."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from pydantic import BaseModel

from reconciler.api import shapes
from reconciler.domain.model import (
    Counts,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    StackName,
)
from reconciler.domain.phases import Phase
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.domain.principals import Role
from reconciler.domain.records import (
    Approval,
    AuditEntry,
    DriftReport,
    EventEntry,
    FindingId,
    FindingRecord,
    FindingState,
    Health,
    Hold,
    Page,
    Remediation,
    RemediationId,
    ReportId,
    Run,
    RunId,
    RunState,
    StackRecord,
    Template,
    TemplateId,
    Token,
)
from reconciler.wire import service as wire
from reconciler.wire.policies import policy_of

AT = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
SHOWN_AT = "2026-05-01T10:00:00.000Z"
WEB = StackName("web")
ADDRESS = ResourceAddress("aws_vpc.main")

STACK = StackRecord(
    name=WEB,
    tool="terraform",
    directory="/infra/web",
    interval=timedelta(minutes=15),
    health=Health.DRIFTED,
    counts=Counts(9, 8, 1, 0, 0, 0, 0, 0),
    verified_at=AT,
)
TEMPLATE = Template(
    template_id=TemplateId("t1"),
    resource_type="aws_vpc",
    template_definition={"cidr": "10.0.0.0/8"},
    created_at=AT,
    updated_at=AT,
    applies_to=("web/*",),
)
REPORT = DriftReport(
    report_id=ReportId("r1"),
    resource_id="web/aws_vpc.main",
    template_id=None,
    timestamp=AT,
    drift_hash="abc",
    drift_details={"changes": []},
    stack=WEB,
)
POLICY = Policy(
    policy_id=PolicyId("p1"),
    name="close it",
    action_type=ActionType.AUTO_CORRECT,
    selection=Selection(type="aws_*", kind=Kind.CHANGED, max_severity=Severity.HIGH),
    expires_at=AT,
)
FINDING = FindingRecord(
    id=FindingId("f1"),
    stack=WEB,
    address=ADDRESS,
    type="aws_vpc",
    kind=Kind.CHANGED,
    severity=Severity.HIGH,
    score=72,
    origin=Origin.OUT_OF_BAND,
    fingerprint=Fingerprint("abc"),
    state=FindingState.OPEN,
    first_seen=AT,
    last_seen=AT,
    times_seen=3,
    report_id=ReportId("r1"),
    details={
        "address": ADDRESS,
        "severity": "low",
        "severity_reason": "labels only",
        "requires_replace": False,
        "source": {"file": "main.tf", "line": 1},
        "changes": [],
        "consequences": [],
        "consequence_of": None,
        "reason": None,
        "provider": "registry.terraform.io/hashicorp/aws",
    },
)
REMEDIATION = Remediation(
    id=RemediationId("m1"),
    stack=WEB,
    report_id=ReportId("r1"),
    finding_ids=(FindingId("f1"),),
    addresses=(ADDRESS,),
    fingerprints=(Fingerprint("abc"),),
    action_type=ActionType.MANUAL_REVIEW,
    phase=Phase.HELD,
    created_at=AT,
    updated_at=AT,
    hold_reason="the kill switch is pulled",
    hold_until=AT,
    guard="kill_switch",
    approvals=(Approval("ann", "d1", AT),),
)
RUN = Run(
    id=RunId("u1"),
    remediation_id=RemediationId("m1"),
    stack=WEB,
    state=RunState.FINISHED,
    plan_digest="d1",
    folder="runs/u1",
    started_at=AT,
    argv_digest="x",
    boot_id="b",
    pid=7,
    progress={ADDRESS: "done"},
)
HOLD = Hold(by="ann", reason="look first", since=AT)
AUDIT = AuditEntry(at=AT, actor="ann", action="hold.set", subject="hold", seq=4)
TOKEN = Token("k1", "ann", Role.APPROVER, "0" * 64, AT)


@pytest.mark.parametrize(
    ("shown", "shape"),
    [
        (wire.stack_record_object(STACK, open_findings={"high": 1}), shapes.Stack),
        (wire.template_object(TEMPLATE), shapes.Template),
        (wire.report_object(REPORT), shapes.Report),
        (wire.finding_record_object(FINDING), shapes.Finding),
        (wire.remediation_object(REMEDIATION), shapes.Remediation),
        (wire.run_object(RUN), shapes.Run),
        (wire.line_object("Creating...", address=ADDRESS, step="creating"), shapes.LogLine),
        (wire.hold_object(HOLD), shapes.HoldState),
        (wire.hold_object(None), shapes.HoldState),
        (wire.audit_object(AUDIT), shapes.AuditEntry),
        (wire.token_object(TOKEN), shapes.Token),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_an_object_has_the_keys_of_its_shape_and_no_more(
    shown: dict[str, object], shape: type[BaseModel]
) -> None:
    again = orjson.loads(orjson.dumps(shown))
    shape.model_validate(again)
    assert set(shown) == set(shape.model_fields)


def test_times_are_shown_in_utc() -> None:
    assert wire.template_object(TEMPLATE)["created_at"] == SHOWN_AT
    assert wire.moment(None) is None


def test_a_stack_counts_every_severity() -> None:
    shown = wire.stack_record_object(STACK, open_findings={"high": 2})
    assert shown["findings"] == {"critical": 0, "high": 2, "medium": 0, "low": 0}
    assert shown["interval_s"] == 900


def test_a_finding_s_own_columns_win_over_its_details() -> None:
    shown = wire.finding_record_object(FINDING)
    assert shown["severity"] == "high"
    assert shown["resource_id"] == "web/aws_vpc.main"
    assert shown["source"] == {"file": "main.tf", "line": 1}


def test_a_match_names_only_what_it_selects_by() -> None:
    assert policy_of(POLICY).as_json()["match"] == {
        "type": "aws_*",
        "kind": "changed",
        "max_severity": "high",
    }


def test_a_remediation_says_why_it_is_held() -> None:
    shown = wire.remediation_object(REMEDIATION)
    assert shown["state"] == "held"
    assert shown["hold"] == {
        "reason": "the kill switch is pulled",
        "until": SHOWN_AT,
        "guard": "kill_switch",
    }
    assert shown["guard"] == "kill_switch"
    assert shown["approvals"] == [{"person": "ann", "plan_digest": "d1", "at": SHOWN_AT}]


def test_neither_secrets_nor_processes_are_shown() -> None:
    assert "secret_sha256" not in wire.token_object(TOKEN)
    assert not {"pid", "folder", "boot_id"} & set(wire.run_object(RUN))


def test_an_event_carries_its_number_and_its_body() -> None:
    entry = EventEntry(AT, "drift.detected", "f1", {"stack": "web"}, seq=9)
    assert wire.event_object(entry) == {
        "seq": 9,
        "at": SHOWN_AT,
        "type": "drift.detected",
        "subject": "f1",
        "body": {"stack": "web"},
    }


def test_a_page_carries_its_cursor() -> None:
    page = wire.page_object(Page((TOKEN,), "next"), wire.token_object)
    assert (len(page["items"]), page["next"]) == (1, "next")
    assert wire.whole_object([TOKEN, TOKEN], wire.token_object)["next"] is None


def test_the_wire_is_light() -> None:
    heavy = "{'asyncio', 'fastapi', 'pydantic', 'sqlalchemy', 'structlog'}"
    program = (
        f"import sys, reconciler.wire.scan, reconciler.wire.service;"
        f" sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stderr.decode().strip() == ""
    assert done.returncode == 0


def test_the_datetime_of_the_tests_is_not_utc() -> None:
    assert AT.astimezone(UTC) == AT
    assert AT.tzinfo is not UTC

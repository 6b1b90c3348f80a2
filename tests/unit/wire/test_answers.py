"""What the API shows of each record: every key of `docs/api.md`, and no more."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import orjson
import pytest
from pydantic import TypeAdapter

from reconciler.domain.cadence import NOT_SCANNED
from reconciler.domain.model import (
    Counts,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    StackName,
)
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
from reconciler.domain.remediation_states import RemediationState
from reconciler.wire.audit import audit_of
from reconciler.wire.decoding import decode
from reconciler.wire.events import event_of
from reconciler.wire.findings import FINDING_COLUMNS, Finding, finding_record_object
from reconciler.wire.holds import hold_of
from reconciler.wire.model import Wire
from reconciler.wire.pages import page_object, whole_object
from reconciler.wire.policies import policy_of
from reconciler.wire.remediations import remediation_of
from reconciler.wire.reports import report_of
from reconciler.wire.runs import LogLine, run_of
from reconciler.wire.scan import json_bytes, moment
from reconciler.wire.stacks import stack_of
from reconciler.wire.templates import template_of
from reconciler.wire.tokens import new_token_of, token_of

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
        "parent": None,
        "added_as": [],
        "account": "123456789012",
        "region": "eu-west-1",
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
    state=RemediationState.HELD,
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
EVENT = EventEntry(AT, "drift.detected", "f1", {"stack": "web"}, seq=9)


SHOWN = (
    stack_of(STACK, open_findings={"high": 1}),
    stack_of(replace(STACK, source=NOT_SCANNED), open_findings={}),
    template_of(TEMPLATE),
    report_of(REPORT),
    policy_of(POLICY),
    remediation_of(REMEDIATION),
    run_of(RUN),
    LogLine(text="Creating...", address=ADDRESS, step="creating"),
    hold_of((HOLD,)),
    hold_of(()),
    audit_of(AUDIT),
    token_of(TOKEN),
    new_token_of(TOKEN, "tu_k1.secret"),
    event_of(EVENT),
)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda value: type(value).__name__)
def test_what_is_answered_fits_its_schema_and_is_read_back_by_a_client(shown: Wire) -> None:
    answer = orjson.loads(json_bytes(shown))
    TypeAdapter(type(shown)).validate_python(answer)
    assert set(answer) == {field.name for field in fields(cast("Any", shown))}
    again = decode(type(shown), answer)
    assert again.as_json() == answer


def test_a_finding_fits_its_schema_and_is_read_back_by_a_client() -> None:
    answer = orjson.loads(json_bytes(finding_record_object(FINDING)))
    TypeAdapter(Finding).validate_python(answer)
    of_one_alone: dict[str, object] = {"tickets": []}
    of_reports: dict[str, object] = {"host": "", "host_groups": [], "actor": None}
    elsewhere = {**of_one_alone, **of_reports}
    assert set(answer) == {field.name for field in fields(Finding)} - elsewhere.keys()
    assert decode(Finding, answer).as_json() == {**answer, **elsewhere}
    assert {one.name for one in fields(Finding)} >= FINDING_COLUMNS


def test_times_are_shown_in_utc() -> None:
    assert template_of(TEMPLATE).as_json()["created_at"] == SHOWN_AT
    assert moment(None) is None


def test_a_stack_counts_every_severity() -> None:
    shown = stack_of(STACK, open_findings={"high": 2}).as_json()
    assert shown["findings"] == {"critical": 0, "high": 2, "medium": 0, "low": 0}
    assert shown["interval_s"] == 900


def test_a_finding_s_own_columns_win_over_its_details() -> None:
    shown = finding_record_object(FINDING)
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
    shown = remediation_of(REMEDIATION).as_json()
    assert shown["state"] == "held"
    assert shown["hold"] == {
        "reason": "the kill switch is pulled",
        "until": SHOWN_AT,
        "guard": "kill_switch",
    }
    assert shown["guard"] == "kill_switch"
    assert shown["approvals"] == [{"person": "ann", "plan_digest": "d1", "at": SHOWN_AT}]


def test_neither_secrets_nor_processes_are_shown() -> None:
    assert "secret_sha256" not in token_of(TOKEN).as_json()
    assert not {"pid", "folder", "boot_id"} & set(run_of(RUN).as_json())


def test_an_event_carries_its_number_and_its_body() -> None:
    assert event_of(EVENT).as_json() == {
        "seq": 9,
        "at": SHOWN_AT,
        "type": "drift.detected",
        "subject": "f1",
        "body": {"stack": "web"},
    }


def test_a_page_carries_its_cursor() -> None:
    page = page_object(Page((TOKEN,), "next"), token_of)
    assert (len(page["items"]), page["next"]) == (1, "next")
    assert whole_object([TOKEN, TOKEN], token_of)["next"] is None


def test_the_wire_is_light() -> None:
    heavy = "{'asyncio', 'fastapi', 'pydantic', 'sqlalchemy', 'structlog'}"
    program = (
        f"import sys, reconciler.wire.scan, reconciler.wire.models;"
        f" sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.stderr.decode().strip() == ""
    assert done.returncode == 0


def test_the_datetime_of_the_tests_is_not_utc() -> None:
    assert AT.astimezone(UTC) == AT
    assert AT.tzinfo is not UTC

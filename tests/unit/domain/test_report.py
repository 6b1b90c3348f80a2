from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.bootstrap.adapters import judging
from reconciler.domain.lineage import nearest_missing
from reconciler.domain.model import (
    Change,
    Drifted,
    Engine,
    InSync,
    Kind,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Observed,
    Origin,
    RecordedResource,
    ResourceAddress,
    Severity,
    Snapshot,
    StackName,
    StackReport,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.report import ExitCode, build_report, exit_code
from reconciler.wire.scan import finding_object
from tests.fakes import recorded

CHANGE = Change(AttributePath("size"), 1, 1, 2, Origin.OUT_OF_BAND)
ITEM = NoiseItem(AttributePath("x"), "computed")
AT = datetime(2026, 5, 1, tzinfo=UTC)
VERDICTS: tuple[Verdict, ...] = (
    InSync(),
    Noise((ITEM,)),
    Drifted((CHANGE,), noise=(ITEM,)),
    Missing(),
    Unmanaged(),
    Unreadable("denied"),
    NotApplicable("local"),
)


def report_of(
    seen: list[tuple[str, Verdict]],
    *resources: RecordedResource,
    backward: bool = False,
    stopped: bool = False,
) -> StackReport:
    snapshot = Snapshot(
        stack=StackName("s"),
        tool="terraform",
        directory=".",
        revision="1",
        obtained_by=Engine.PLUGIN,
        resources=resources or tuple(recorded(address) for address, _ in seen),
        timing_ms={},
        stopped=stopped,
    )
    observed = [Observed(ResourceAddress(address), verdict) for address, verdict in seen]
    return build_report(
        snapshot,
        reversed(observed) if backward else observed,
        judging=judging(b"k" * 32),
        observed_at=AT,
        timing_ms={},
    )


@given(st.lists(st.sampled_from(VERDICTS), max_size=12))
def test_counts_add_up_and_order_of_arrival_means_nothing(verdicts: list[Verdict]) -> None:
    seen = [(f"aws_sqs_queue.q{index:02}", verdict) for index, verdict in enumerate(verdicts)]
    report = report_of(seen)
    counts = report.counts
    assert (
        counts.resources
        == len(verdicts)
        == sum(
            (
                counts.in_sync,
                counts.changed,
                counts.missing,
                counts.unmanaged,
                counts.unreadable,
                counts.noise,
                counts.not_applicable,
            )
        )
    )
    assert len(report.findings) == counts.changed + counts.missing + counts.unmanaged
    assert len(report.unreadable) == counts.unreadable
    assert len(report.noise) == counts.noise + counts.changed
    assert report == report_of(seen, backward=True)


@pytest.mark.parametrize(
    ("address", "passing"),
    [("data.a.b", True), ('module.a["x.y]"].module.b[0].data.a.b["k"]', True),
     ("output.a", True), ("output_x.y", False), ('aws_x.data["data.a.b"]', False),
     ('module.data["data.a.b"].aws_x.y', False), ("urn:pulumi:dev::p::data.a", False)],
)  # fmt: skip
def test_data_sources_and_outputs_are_listed_at_times_alone(
    address: str,
    passing: bool,  # noqa: FBT001
) -> None:
    assert report_of([(address, Unreadable("denied"))]).counts.outputs == passing


def test_outputs_are_counted_among_the_resources() -> None:
    drifted = Drifted((CHANGE,))
    counts = report_of([("output.a", Unreadable("no plan")), ("output_x.y", drifted)]).counts
    assert (counts.resources, counts.outputs) == (2, 1)


def test_a_finding_carries_what_a_person_needs() -> None:
    (finding,) = report_of(
        [("aws_sqs_queue.a", Drifted((CHANGE,), requires_replace=True))]
    ).findings
    assert (finding.kind, finding.type, finding.origin) == (
        Kind.CHANGED,
        "aws_sqs_queue",
        Origin.OUT_OF_BAND,
    )
    assert finding.severity is Severity.HIGH
    assert finding.requires_replace


def test_a_finding_of_both_origins_is_of_both() -> None:
    waiting = replace(CHANGE, path=AttributePath("a"), origin=Origin.UNAPPLIED)
    (finding,) = report_of([("aws_sqs_queue.a", Drifted((CHANGE, waiting)))]).findings
    assert finding.origin is Origin.BOTH
    assert [change.path for change in finding.changes] == ["a", "size"]


def test_a_tainted_resource_is_a_finding_without_changes() -> None:
    tainted = Drifted((), requires_replace=True, reason="marked tainted")
    (finding,) = report_of([("aws_sqs_queue.a", tainted)]).findings
    assert finding.reason == "marked tainted"
    assert finding_object(finding)["origin"] is None


def test_what_is_gone_points_at_what_took_it_along() -> None:
    resources = (
        recorded("aws_sqs_queue.q[0]"),
        recorded("aws_sqs_queue_policy.p", "", "aws_sqs_queue.q"),
        recorded("aws_sqs_queue.alone"),
        recorded("aws_sns_topic.t", "", "aws_sqs_queue.q"),
    )
    seen: list[tuple[str, Verdict]] = [(resource.address, Missing()) for resource in resources[:3]]
    report = report_of([*seen, ("aws_sns_topic.t", Missing(Origin.UNAPPLIED))], *resources)
    assert {finding.address: finding.consequence_of for finding in report.findings} == {
        "aws_sqs_queue.q[0]": None,
        "aws_sqs_queue_policy.p": "aws_sqs_queue.q[0]",
        "aws_sqs_queue.alone": None,
        "aws_sns_topic.t": None,
    }


def test_the_nearest_of_several_is_named_although_dependencies_are_transitive() -> None:
    a, b, c = (ResourceAddress(name) for name in ("x.a", "x.b", "x.c"))
    assert nearest_missing({a: (), b: (a,), c: (a, b)}) == {b: a, c: b}


def test_a_ring_of_dependencies_ends() -> None:
    a, b = ResourceAddress("x.a"), ResourceAddress("x.b")
    assert nearest_missing({a: (b, a), b: (a,)}) == {a: b, b: a}


@pytest.mark.parametrize(
    ("verdicts", "failed", "expected", "reason"),
    [
        ([InSync(), Noise((ITEM,)), NotApplicable("x")], False, ExitCode.IN_SYNC, "noise is none"),
        ([], False, ExitCode.IN_SYNC, "nothing there, nothing wrong"),
        ([Drifted((CHANGE,))], False, ExitCode.DRIFT, "drift"),
        ([Missing(Origin.UNAPPLIED)], False, ExitCode.DRIFT, "unapplied code is drift too"),
        ([Drifted((CHANGE,)), Unreadable("x")], False, ExitCode.INCOMPLETE, "could not tell wins"),
        ([Unreadable("x")], True, ExitCode.ERROR, "an error wins over all"),
    ],
)
def test_exit_codes(
    verdicts: list[Verdict], *, failed: bool, expected: ExitCode, reason: str
) -> None:
    report = report_of([(f"a.b{index}", verdict) for index, verdict in enumerate(verdicts)])
    assert exit_code([report], failed=failed) is expected, reason


@pytest.mark.parametrize("verdict", [InSync(), Drifted((CHANGE,))])
def test_a_stack_that_the_tool_refuses_to_plan_is_incomplete(verdict: Verdict) -> None:
    report = report_of([("a.b", verdict)], stopped=True)
    assert exit_code([report], fail_on=Severity.CRITICAL) is ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    ("verdicts", "fail_on", "expected", "reason"),
    [
        ([Missing()], Severity.CRITICAL, ExitCode.IN_SYNC, "a plain deletion is high only"),
        ([Missing()], Severity.HIGH, ExitCode.DRIFT, "at the limit it counts"),
        (
            [Unreadable("x")],
            Severity.CRITICAL,
            ExitCode.INCOMPLETE,
            "never hidden by a limit",
        ),
    ],
)
def test_drift_below_the_limit_does_not_fail(
    verdicts: list[Verdict], fail_on: Severity, expected: ExitCode, reason: str
) -> None:
    report = report_of([(f"a.b{index}", verdict) for index, verdict in enumerate(verdicts)])
    assert exit_code([report], fail_on=fail_on) is expected, reason

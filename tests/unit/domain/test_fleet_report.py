"""What is counted in a report on a span of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.fleet_report import Past, PastDrift, PastRemediation, fleet_report
from reconciler.domain.model import Severity

UNTIL = datetime(2026, 11, 28, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=7)


def drift(
    name: str, found_h: float, healed_h: float | None, *, stack: str = "shop", type_: str = "a_b"
) -> PastDrift:
    """Return a drift by hours before the end."""
    return PastDrift(
        name,
        stack,
        type_,
        Severity.HIGH,
        UNTIL - timedelta(hours=found_h),
        None if healed_h is None else UNTIL - timedelta(hours=healed_h),
        healed_h is None,
    )


def test_a_report_counts_what_is_within_its_span() -> None:
    drifts = [
        drift("old and over", 1000, 900),
        drift("old and open", 1000, None),
        drift("healed within", 200, 10),
        drift("found and healed", 20, 16, stack="bank"),
        drift("found and open", 2, None, type_="c_d"),
    ]
    scans = {"shop": [UNTIL - timedelta(hours=3)], "bank": [UNTIL - timedelta(hours=21)]}
    remediations = [
        PastRemediation(("found and healed",), "tags", "ana", "converged"),
        PastRemediation(("found and open",), "tags", "ana", "rejected"),
        PastRemediation(("found and open",), None, None, "converged"),
    ]
    past = Past(
        drifts, scans, remediations, {"found and open": "bob"}, {"autoscaler": 7, "none": 0}
    )
    report = fleet_report(past, since=SINCE, until=UNTIL)
    assert (report.found, report.healed, report.open) == (2, 2, 2)
    assert report.mean_to_detect_s == 3600
    assert report.mean_to_repair_s == (190 + 4) * 3600 / 2
    assert [(row.name, row.found) for row in report.by_type] == [("a_b", 1), ("c_d", 1)]
    assert [(row.name, row.found) for row in report.by_owner] == [
        ("bob", 1), ("ana", 1), ("(nobody)", 0),
    ]  # fmt: skip
    assert [(rule.name, rule.kind, rule.times) for rule in report.rules] == [
        ("autoscaler", "ignore", 7), ("tags", "policy", 2),
    ]  # fmt: skip
    assert (report.rules[1].converged, report.rules[1].rejected) == (1, 1)
    assert len(report.days) == 8


def test_an_earlier_remediation_says_whose_a_drift_is_and_is_no_work_of_its_rule() -> None:
    drifts = [drift("open", 1000, None), drift("again", 1000, None)]
    remediations = [
        PastRemediation(("open", "again"), "tags", "ana", "expired", is_earlier=True),
        PastRemediation(("again",), "ports", "bob", "rejected"),
    ]
    report = fleet_report(Past(drifts, {}, remediations), since=SINCE, until=UNTIL)
    assert {row.name: row.open for row in report.by_owner} == {"ana": 1, "bob": 1}
    assert [(rule.name, rule.times) for rule in report.rules] == [("ports", 1)]


def test_a_report_on_nothing_has_no_means() -> None:
    report = fleet_report(Past([]), since=SINCE, until=UNTIL)
    assert (report.mean_to_detect_s, report.mean_to_repair_s, report.median_to_repair_s) == (
        None, None, None,
    )  # fmt: skip
    assert sum(day.found for day in report.days) == 0


_DRIFTS = st.lists(
    st.tuples(
        st.floats(0, 400), st.one_of(st.none(), st.floats(0, 1)), st.sampled_from(["shop", "bank"])
    ),
    max_size=30,
)


@given(_DRIFTS)
def test_every_grouping_adds_up_to_the_whole(
    given_drifts: list[tuple[float, float | None, str]],
) -> None:
    drifts = [
        drift(str(number), found, None if part is None else found * part, stack=stack)
        for number, (found, part, stack) in enumerate(given_drifts)
    ]
    report = fleet_report(Past(drifts), since=SINCE, until=UNTIL)
    for rows in (report.by_type, report.by_stack, report.by_owner, report.by_severity):
        assert sum(row.found for row in rows) == report.found
        assert sum(row.healed for row in rows) == report.healed
        assert sum(row.open for row in rows) == report.open
    assert sum(day.found for day in report.days) == report.found
    assert sum(day.healed for day in report.days) == report.healed

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.errors import ConflictError, InvalidError
from reconciler.domain.model import Fingerprint, Kind, ResourceAddress, Severity, StackName
from reconciler.domain.records import (
    DriftDecision,
    FindingFilter,
    FindingId,
    FindingRecord,
    FindingState,
    RemediationId,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import agent_source, report_source
from reconciler.stores import Store, Transaction
from tests.contract.store.records import HOUR, NOW, WEBSHOP, a_finding, a_report
from tests.empty_database import open_empty_store

_STATES = list(FindingState)


async def test_a_finding_comes_back_as_it_was_put(store: Store) -> None:
    whole = a_finding(
        healed_at=NOW,
        acted_on=False,
        template_id="t1",
        origin=None,
        decision=DriftDecision(
            RemediationId("m1"), RemediationState.REJECTED, "ada", "it is wanted", NOW + HOUR
        ),
    )
    await store.transact(lambda t: t.findings.put_many([whole]))
    assert await store.read(lambda t: t.findings.get(whole.id)) == whole
    assert await store.read(lambda t: t.findings.get(FindingId("other"))) is None


async def test_a_finding_put_again_is_the_same_finding(store: Store) -> None:
    first = a_finding()
    later = replace(first, severity=Severity.CRITICAL, score=99, fingerprint=Fingerprint("new"))
    await store.transact(lambda t: t.findings.put_many([first]))
    await store.transact(lambda t: t.findings.put_many([later]))
    page = await store.read(lambda t: t.findings.page(FindingFilter()))
    assert page.items == (later,)


async def test_many_come_in_the_order_they_are_asked_for(store: Store) -> None:
    findings = [a_finding(f"f{number}") for number in range(1200)]
    await store.transact(lambda t: t.findings.put_many(findings))
    wanted = [finding.id for finding in reversed(findings)]
    wanted.insert(3, FindingId("unknown"))
    found = await store.read(lambda t: t.findings.get_many(wanted))
    assert [one.id for one in found] == [one for one in wanted if one != "unknown"]
    assert await store.read(lambda t: t.findings.get_many([])) == ()


async def test_unhealed_are_all_but_the_healed_of_that_stack(store: Store) -> None:
    findings = [a_finding(state.value, state=state) for state in _STATES]
    elsewhere = a_finding("elsewhere", stack=StackName("other"))
    await store.transact(lambda t: t.findings.put_many([*findings, elsewhere]))
    found = await store.read(lambda t: t.findings.unhealed(WEBSHOP))
    assert [one.state for one in found] == ["ignored", "open", "quarantined"]


async def test_unhealed_by_is_what_that_source_sees_at_that_address(store: Store) -> None:
    agent = agent_source("a1")
    seen = a_finding("seen", seen_by=agent, address=ResourceAddress("host"))
    others = [
        a_finding("scan", address=seen.address),
        a_finding("healed", seen_by=agent, address=seen.address, state=FindingState.HEALED),
        a_finding("elsewhere", seen_by=agent, address=seen.address, stack=StackName("other")),
        a_finding("beside", seen_by=agent, address=ResourceAddress("host2")),
    ]
    await store.transact(lambda t: t.findings.put_many([seen, *others]))
    ask = store.read
    assert await ask(lambda t: t.findings.unhealed_by(agent, WEBSHOP, seen.address)) == seen
    nowhere = ResourceAddress("nowhere")
    assert await ask(lambda t: t.findings.unhealed_by(agent, WEBSHOP, nowhere)) is None


async def test_seen_again_counts_up_and_nothing_else(store: Store) -> None:
    seen, unseen = a_finding("seen"), a_finding("unseen")
    await store.transact(lambda t: t.findings.put_many([seen, unseen]))

    def touch(transaction: Transaction) -> None:
        transaction.findings.touch_many([seen.id], seen_at=NOW + HOUR)
        transaction.findings.touch_many([], seen_at=NOW + HOUR)
        transaction.findings.touch_many([seen.id, FindingId("unknown")], seen_at=NOW + 2 * HOUR)

    await store.transact(touch)
    found = await store.read(lambda t: t.findings.get_many([seen.id, unseen.id]))
    assert found == (replace(seen, times_seen=3, last_seen=NOW + 2 * HOUR), unseen)


async def test_one_drift_is_open_once(store: Store) -> None:
    address = ResourceAddress("aws_sqs_queue.orders")
    first, second = (a_finding(one, address=address) for one in ("f1", "f2"))
    await store.transact(lambda t: t.findings.put_many([first]))
    with pytest.raises(ConflictError) as refused:
        await store.transact(lambda t: t.findings.put_many([second]))
    assert refused.value.code == "already-found"
    healed = replace(first, state=FindingState.HEALED, healed_at=NOW)
    await store.transact(lambda t: t.findings.put_many([second, healed]))
    found = await store.read(lambda t: t.findings.unhealed(WEBSHOP))
    assert found == (second,)
    gone = replace(second, id=FindingId("f3"), kind=Kind.MISSING)
    await store.transact(lambda t: t.findings.put_many([gone]))
    assert len(await store.read(lambda t: t.findings.unhealed(WEBSHOP))) == 2


async def test_two_sources_may_have_the_same_drift_open(store: Store) -> None:
    ours = a_finding("f1")
    theirs = replace(ours, id=FindingId("f2"), seen_by=report_source("ci"))
    await store.transact(lambda t: t.findings.put_many([ours, theirs]))
    found = await store.read(lambda t: t.findings.unhealed(WEBSHOP))
    assert {one.id for one in found} == {"f1", "f2"}


async def test_the_newest_report_is_that_of_its_source(store: Store) -> None:
    ci = report_source("ci")
    reports = [
        a_report("old", seen_by=ci),
        a_report("new", seen_by=ci, timestamp=NOW + HOUR),
        a_report("scan", timestamp=NOW + 2 * HOUR),
        a_report("other", seen_by=ci, resource_id="webshop/b", timestamp=NOW + 3 * HOUR),
    ]
    await store.transact(lambda t: t.reports.put_many(reports))
    resource = reports[0].resource_id
    newest = await store.read(lambda t: t.reports.newest(resource, seen_by=ci))
    assert newest == reports[1]
    nobody = report_source("nobody")
    assert await store.read(lambda t: t.reports.newest(resource, seen_by=nobody)) is None


async def test_the_tally_counts_what_is_open(store: Store) -> None:
    findings = [
        a_finding("a", severity=Severity.HIGH),
        a_finding("b", severity=Severity.HIGH),
        a_finding("c", severity=Severity.LOW),
        a_finding("d", severity=Severity.LOW, state=FindingState.IGNORED),
        a_finding("e", stack=StackName("other"), state=FindingState.HEALED),
    ]
    await store.transact(lambda t: t.findings.put_many(findings))
    tally = await store.read(lambda t: t.findings.tally())
    assert tally == {"webshop": {"critical": 0, "high": 2, "medium": 0, "low": 1}}
    assert await store.read(lambda t: t.findings.suppressed()) == {"webshop": 1}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (FindingFilter(), {"a", "b", "c"}),
        (FindingFilter(stack="other"), {"c"}),
        (FindingFilter(state=FindingState.HEALED), {"b"}),
        (FindingFilter(kind=Kind.MISSING), {"c"}),
        (FindingFilter(min_severity=Severity.HIGH), {"b", "c"}),
        (FindingFilter(type="aws_s3_bucket"), {"b"}),
        (FindingFilter(address="aws_sqs_queue.a"), {"a"}),
        (FindingFilter(text="QUEUE.A"), {"a"}),
        (FindingFilter(text="other"), {"c"}),
        (FindingFilter(text="%"), set()),
        (FindingFilter(text="/"), set()),
        (FindingFilter(text="a_s_s"), set()),
        (FindingFilter(text="s3_b"), {"b"}),
        (FindingFilter(stack="other", kind=Kind.CHANGED), set()),
    ],
)
async def test_a_filter_keeps_what_fits_every_part(
    store: Store, wanted: FindingFilter, ids: set[str]
) -> None:
    findings = [
        a_finding("a"),
        a_finding("b", type="aws_s3_bucket", severity=Severity.HIGH, state=FindingState.HEALED),
        a_finding("c", stack=StackName("other"), kind=Kind.MISSING, severity=Severity.CRITICAL),
    ]
    await store.transact(lambda t: t.findings.put_many(findings))
    page = await store.read(lambda t: t.findings.page(wanted))
    assert {one.id for one in page.items} == ids


@pytest.mark.parametrize("length", [1_001, 60_000])
async def test_a_text_nobody_looks_for_is_refused(store: Store, length: int) -> None:
    await store.read(lambda t: t.findings.page(FindingFilter(text="%" * 1_000)))
    with pytest.raises(InvalidError, match="look for"):
        await store.read(lambda t: t.findings.page(FindingFilter(text="x" * length)))


async def test_the_gravest_come_first_and_then_the_newest(store: Store) -> None:
    findings = [
        a_finding("old", severity=Severity.HIGH, score=71, first_seen=NOW - HOUR),
        a_finding("low", severity=Severity.LOW, score=29, first_seen=NOW + HOUR),
        a_finding("new", severity=Severity.HIGH, score=71, first_seen=NOW),
        a_finding("worse", severity=Severity.HIGH, score=75, first_seen=NOW - 2 * HOUR),
    ]
    await store.transact(lambda t: t.findings.put_many(findings))
    page = await store.read(lambda t: t.findings.page(FindingFilter()))
    assert [one.id for one in page.items] == ["worse", "new", "old", "low"]
    assert page.next is None


async def test_a_page_goes_on_where_it_was_although_rows_come_and_go(store: Store) -> None:
    findings = [a_finding(f"f{number}", score=number) for number in range(6)]
    await store.transact(lambda t: t.findings.put_many(findings))
    first = await store.read(lambda t: t.findings.page(FindingFilter(), limit=3))
    graver = a_finding("graver", score=50)
    await store.transact(lambda t: t.findings.put_many([graver]))
    rest = await store.read(lambda t: t.findings.page(FindingFilter(), cursor=first.next, limit=3))
    assert [one.id for one in (*first.items, *rest.items)] == [f"f{n}" for n in range(5, -1, -1)]
    assert rest.next is None


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "AAAA", "bnVsbA", "W10", "äöü", "a" * 5000, "\0", "WyJyZXBvcnRzIiwieCIsInkiXQ"],
)
async def test_a_cursor_of_somebody_else_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidError, match="cursor") as refused:
        await store.read(lambda t: t.findings.page(FindingFilter(), cursor=cursor))
    assert refused.value.remedy


@pytest.mark.parametrize("limit", [0, -1, 10_001, 2**70])
async def test_a_page_of_impossible_length_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(InvalidError):
        await store.read(lambda t: t.findings.page(FindingFilter(), limit=limit))


_ANY_FINDING = st.builds(
    lambda severity, score, minutes, state: (severity, score, minutes, state),
    st.sampled_from(list(Severity)),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(_STATES),
)
_ANY_FILTER = st.builds(
    FindingFilter,
    state=st.none() | st.sampled_from(_STATES),
    min_severity=st.none() | st.sampled_from(list(Severity)),
    stack=st.none() | st.sampled_from(["s0", "s1"]),
)


@settings(max_examples=25)
@given(st.lists(_ANY_FINDING, max_size=25), _ANY_FILTER, st.integers(1, 9))
async def test_all_pages_together_are_the_sorted_list(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[Severity, int, int, FindingState]],
    wanted: FindingFilter,
    limit: int,
) -> None:
    folder: Path = tmp_path_factory.mktemp("pages")
    findings = [
        a_finding(
            f"f{number}",
            stack=StackName(f"s{number % 2}"),
            severity=severity,
            score=score,
            first_seen=NOW + timedelta(minutes=minutes),
            state=state,
        )
        for number, (severity, score, minutes, state) in enumerate(drawn)
    ]
    store = await open_empty_store(folder / "trueup.db")
    try:
        await store.transact(lambda t: t.findings.put_many(findings))
        found = await store.read(lambda t: _walked(t, wanted, limit))
    finally:
        await store.close()
    expected = sorted(
        (finding for finding in findings if _fits(finding, wanted)), key=_rank, reverse=True
    )
    assert found == expected


def _walked(transaction: Transaction, wanted: FindingFilter, limit: int) -> list[FindingRecord]:
    found: list[FindingRecord] = []
    cursor = None
    while True:
        page = transaction.findings.page(wanted, cursor=cursor, limit=limit)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.items) == limit


def _fits(one: FindingRecord, wanted: FindingFilter) -> bool:
    return (
        (wanted.state is None or one.state is wanted.state)
        and (wanted.min_severity is None or one.severity >= wanted.min_severity)
        and (wanted.stack is None or one.stack == wanted.stack)
    )


def _rank(one: FindingRecord) -> tuple[object, ...]:
    return one.severity, one.score, one.first_seen, one.id

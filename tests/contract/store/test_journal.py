from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.domain.errors import InvalidError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.principals import Role
from reconciler.domain.records import (
    FindingFilter,
    FindingId,
    FindingState,
    Hold,
    ReportId,
    RunState,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.stores import Store, Transaction
from tests.contract.store.conftest import Opener
from tests.contract.store.records import (
    HOUR,
    NOW,
    WEBSHOP,
    a_finding,
    a_remediation,
    a_replay,
    a_report,
    a_run,
    a_token,
    an_audit_entry,
    an_event,
)
from tests.contract.store.writing import each

LATER = NOW + timedelta(days=500)


async def test_reports_are_a_history_newest_first(store: Store) -> None:
    reports = [
        a_report(
            f"r{number}",
            timestamp=NOW + HOUR * number,
            resource_id=f"webshop/q{number % 2}",
            template_id=None if number == 3 else "t1",
        )
        for number in range(6)
    ]
    await store.transact(lambda t: t.reports.put_many(reports))
    assert await store.read(lambda t: t.reports.get(ReportId("r3"))) == reports[3]
    page = await store.read(lambda t: t.reports.page(resource_id="webshop/q1"))
    assert page.items == (reports[5], reports[3], reports[1])
    page = await store.read(lambda t: t.reports.page(template_id="t1", since=NOW + HOUR * 2))
    assert page.items == (reports[5], reports[4], reports[2])
    first = await store.read(lambda t: t.reports.page(limit=4))
    rest = await store.read(lambda t: t.reports.page(limit=4, cursor=first.next))
    assert (*first.items, *rest.items) == tuple(reversed(reports))


async def test_a_report_is_never_changed(store: Store) -> None:
    await store.transact(lambda t: t.reports.put_many([a_report()]))
    await store.transact(lambda t: t.reports.put_many([a_report(event="healed")]))
    assert await store.read(lambda t: t.reports.get(ReportId("r1"))) == a_report()


async def test_audit_rows_are_numbered_and_listed_newest_first(store: Store) -> None:
    def append(transaction: Transaction) -> list[int]:
        subjects = ("m1", "m2", "m1")
        return [transaction.audit.append(an_audit_entry(subject)).seq for subject in subjects]

    assert await store.transact(append) == [1, 2, 3]
    page = await store.read(lambda t: t.audit.page(subject="m1"))
    assert page.items == (an_audit_entry(seq=3), an_audit_entry(seq=1))
    first = await store.read(lambda t: t.audit.page(limit=2))
    rest = await store.read(lambda t: t.audit.page(limit=2, cursor=first.next))
    assert [one.seq for one in (*first.items, *rest.items)] == [3, 2, 1]


async def test_who_acknowledged_a_finding_last_is_told_of_a_span(store: Store) -> None:
    def append(transaction: Transaction) -> None:
        for subject, actor, action, days in (
            ("f1", "ana", "finding.ack", 0),
            ("f1", "bob", "finding.ack", 1),
            ("f1", "eve", "finding.comment", 2),
            ("f2", "ana", "finding.ack", -1),
            ("f3", "ana", "finding.ack", 1),
        ):
            at = NOW + timedelta(days=days)
            transaction.audit.append(an_audit_entry(subject, actor=actor, action=action, at=at))

    await store.transact(append)
    asked = [FindingId("f1"), FindingId("f2"), FindingId("f4")]
    assert await store.read(lambda t: t.audit.acknowledged(asked, since=NOW)) == {"f1": "bob"}
    assert await store.read(lambda t: t.audit.acknowledged([], since=NOW)) == {}


async def test_event_numbers_rise_by_one_and_are_never_used_twice(opener: Opener) -> None:
    store = await opener()
    numbers = [(await store.transact(_appended)) for _ in range(3)]

    def fail(transaction: Transaction) -> None:
        transaction.events.append(an_event())
        raise LookupError

    with pytest.raises(LookupError):
        await store.transact(fail)
    await store.close()
    store = await opener()
    numbers.append(await store.transact(_appended))
    assert numbers == [1, 2, 3, 4]
    after = await store.read(lambda t: t.events.after(1, limit=2))
    assert after == (an_event(seq=2), an_event(seq=3))
    assert await store.read(lambda t: t.events.after(99)) == ()
    assert await store.read(lambda t: t.events.bounds()) == (1, 4)
    await store.close()


async def test_without_events_there_are_no_bounds(store: Store) -> None:
    assert await store.read(lambda t: t.events.bounds()) == (0, 0)


async def test_runs_are_listed_newest_first(store: Store) -> None:
    runs = [
        a_run(
            f"run{number}",
            started_at=NOW + HOUR * number,
            remediation_id=f"m{number % 2}",
            state=RunState.STARTED if number else RunState.FINISHED,
            pid=2**22,
            pid_started=1.5,
        )
        for number in range(4)
    ]
    await each(store, lambda t, one: t.runs.put(one), runs)
    ended = replace(runs[1], state=RunState.FAILED, exit_code=1, ended_at=NOW, summary="no")
    await store.transact(lambda t: t.runs.put(ended))
    assert await store.read(lambda t: t.runs.get(ended.id)) == ended
    assert await store.read(lambda t: t.runs.started()) == (runs[2], runs[3])
    page = await store.read(lambda t: t.runs.page(stack="webshop", limit=3))
    assert page.items == (runs[3], runs[2], ended)
    rest = await store.read(lambda t: t.runs.page(stack="webshop", limit=3, cursor=page.next))
    assert rest.items == (runs[0],)
    page = await store.read(lambda t: t.runs.page(remediation_id="m1"))
    assert page.items == (runs[3], ended)


async def test_tokens_come_and_go(store: Store) -> None:
    token, admin = a_token(expires_at=NOW), a_token("k2", role=Role.ADMIN, created_at=NOW - HOUR)
    used = replace(token, last_used_at=NOW, person="ada")
    await each(store, lambda t, one: t.tokens.put(one), (token, admin, used))
    assert await store.read(lambda t: t.tokens.all()) == (admin, used)
    assert await store.transact(lambda t: t.tokens.remove("k1"))
    assert not await store.transact(lambda t: t.tokens.remove("k1"))
    assert await store.read(lambda t: t.tokens.get("k1")) is None


async def test_the_first_answer_stays(store: Store) -> None:
    other = a_replay(token_id="k2", status=200)
    await each(store, lambda t, one: t.replays.put(one), (a_replay(), a_replay(status=500), other))
    assert await store.read(lambda t: t.replays.get("key", "k1")) == a_replay()
    assert await store.read(lambda t: t.replays.get("key", "k2")) == other
    assert await store.read(lambda t: t.replays.get("none", "k1")) is None


async def test_there_is_one_hold_per_scope_and_the_breaker(store: Store) -> None:
    assert await store.read(lambda t: t.holds.get()) is None
    first, second = Hold("ada", "fire", NOW), Hold("ben", "flood", NOW, NOW + HOUR)
    breaker = replace(first, by="trueup", unasked=True)
    shop = replace(first, stack=WEBSHOP)
    resource = replace(shop, address=ResourceAddress("aws_sqs_queue.orders"))
    await each(store, lambda t, one: t.holds.put(one), [first, second, shop, breaker, resource])
    assert await store.read(lambda t: t.holds.all()) == (second, breaker, shop, resource)
    assert await store.read(lambda t: t.holds.get()) == second
    await each(store, lambda t, one: t.holds.remove(one), [second, shop])
    assert await store.read(lambda t: t.holds.all()) == (breaker, resource)
    assert await store.read(lambda t: t.holds.get()) is None


async def test_what_is_old_goes_and_what_is_open_stays(store: Store) -> None:
    def fill(transaction: Transaction) -> None:
        kept = a_report("of-open")
        named = a_report("of-remediation")
        transaction.reports.put_many(
            [kept, named, a_report("old"), a_report("fresh", timestamp=LATER)]
        )
        transaction.findings.put_many(
            [
                a_finding("open", report_id=kept.report_id),
                a_finding("healed", state=FindingState.HEALED, healed_at=NOW),
                a_finding("just", state=FindingState.HEALED, healed_at=LATER),
            ]
        )
        waiting = a_remediation("waits", "open", report_id=named.report_id)
        transaction.remediations.add(waiting)
        transaction.remediations.add(
            a_remediation("ended", "healed", state=RemediationState.CONVERGED)
        )
        for run in (
            a_run("of-waiting", remediation_id="waits", state=RunState.FAILED, ended_at=NOW),
            a_run("of-ended", remediation_id="ended", state=RunState.FINISHED, ended_at=NOW),
            a_run("unfinished", remediation_id="gone"),
        ):
            transaction.runs.put(run)
        transaction.replays.put(a_replay())
        transaction.replays.put(a_replay("new", created_at=LATER))
        transaction.audit.append(an_audit_entry())
        transaction.audit.append(an_audit_entry("new", at=LATER))
        transaction.events.append(an_event())

    await store.transact(fill)
    nothing = await store.transact(lambda t: t.retention.prune(now=NOW))
    assert set(nothing.values()) == {0}
    gone = await store.transact(lambda t: t.retention.prune(now=LATER))
    assert gone == {
        "runs": 1,
        "remediations": 1,
        "quarantines": 0,
        "audit": 1,
        "findings": 1,
        "reports": 1,
        "events": 0,
        "replays": 1,
        "alerts": 0,
        "alert_members": 0,
        "deliveries": 0,
    }
    kept = await store.read(_names)
    assert kept == {
        "of-open", "of-remediation", "fresh", "open", "just", "waits", "of-waiting",
        "unfinished", "new",
    }  # fmt: skip


async def test_an_audit_cursor_is_no_cursor_of_reports(store: Store) -> None:
    for _ in range(2):
        await store.transact(lambda t: t.audit.append(an_audit_entry()))
    cursor = (await store.read(lambda t: t.audit.page(limit=1))).next
    assert cursor is not None
    with pytest.raises(InvalidError, match="cursor"):
        await store.read(lambda t: t.reports.page(cursor=cursor))


def _appended(transaction: Transaction) -> int:
    return transaction.events.append(an_event()).seq


def _names(transaction: Transaction) -> set[str]:
    return {
        *(report.report_id for report in transaction.reports.page().items),
        *(finding.id for finding in transaction.findings.page(FindingFilter()).items),
        *(remediation.id for remediation in transaction.remediations.page().items),
        *(run.id for run in transaction.runs.page().items),
        *(one.subject for one in transaction.audit.page().items),
    }


async def test_what_one_look_saw_gone_counts_once(store: Store) -> None:
    reports = [
        a_report(str(number), event="healed", timestamp=NOW + HOUR * hours, seen_by=source)
        for number, (hours, source) in enumerate([(0, "scan"), (0, "other"), (2, "scan")])
    ]
    await store.transact(lambda t: t.reports.put_many(reports))
    name = "webshop/aws_sqs_queue.orders"
    healed = await store.read(lambda t: t.reports.healed([name], since=NOW))
    assert healed == {name: (NOW, NOW + 2 * HOUR)}

"""Which alerts wait: for others, for the morning, for their age, or for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.domain.alerts import LEFT_OF, Alert, AlertId, AlertState
from reconciler.domain.errors import NotFoundError, PermanentError, RetryableError
from reconciler.domain.model import ResourceAddress, Severity
from reconciler.domain.notices import Link, Notice, NoticeKind
from reconciler.domain.subscriptions import Subscription
from reconciler.domain.windows import read_window
from reconciler.engine.alerting import follow_events
from reconciler.engine.delivering import deliver_due
from reconciler.engine.muting import mute, unmute
from tests.unit.engine.board import beat, begin, drift, listen, tell
from tests.unit.engine.house import A, B, C, House


async def mended(house: House, *addresses: ResourceAddress) -> None:
    for address in addresses:
        house.world.live[address] = {"size": 1}
    await house.scan()


async def test_a_digest_gathers_what_began_and_what_ended(house: House) -> None:
    board = listen(house, digest=timedelta(hours=1), events=frozenset({"drift.detected"}))
    await begin(house)
    await drift(house, A)
    await drift(house, B, size=7)
    await tell(house, minutes=1)
    assert board.posted == 0
    await tell(house, hours=1)
    (digest,) = board.shown.values()
    assert digest.kind is NoticeKind.DIGEST
    assert digest.title == "digest: 2 alerts open, 0 resolved"
    assert {member.stack for member in digest.members} == {
        "shop: thing.a drifted", "shop: thing.b drifted",
    }  # fmt: skip
    await mended(house, A)
    await tell(house, minutes=1)
    assert board.posted == 1
    await tell(house, hours=1)
    assert [notice.title for notice in board.shown.values()][-1] == (
        "digest: 0 alerts open, 1 resolved"
    )
    await tell(house, hours=3)
    assert board.posted == 2, "nothing new, no digest"


async def test_a_digest_that_fails_is_sent_again_with_the_same_key(house: House) -> None:
    board = listen(house, digest=timedelta(hours=1))
    await begin(house)
    await drift(house, A)
    await tell(house, seconds=1)
    board.failures = [RetryableError("away")]
    await tell(house, hours=1, minutes=1)
    assert board.posted == 0
    await tell(house, minutes=2)
    assert board.posted == 1
    assert len(board.shown) == 1


async def test_at_night_nothing_is_shown_but_what_is_critical(house: House) -> None:
    # The clock of the house stands at noon, UTC.
    night = read_window("09:00-15:00 UTC")
    board = listen(house, quiet=(night,))
    await begin(house)
    await drift(house, A)
    await tell(house, minutes=1)
    assert board.posted == 0
    await drift(house, B, size=7)
    await tell(house, minutes=1)
    assert board.posted == 0
    await tell(house, hours=6)
    assert len(board.open) == 2, "in the morning"


def test_what_is_critical_waits_neither_for_the_morning_nor_for_a_digest() -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    night = read_window("09:00-15:00 UTC")
    wanted = Subscription("ops", quiet=(night,), digest=timedelta(days=1))
    medium = Alert(AlertId("a"), "c", AlertState.OPEN, 1, Severity.MEDIUM, at, at)
    critical = replace(medium, severity=Severity.CRITICAL, revision=2)
    assert wanted.quiet_until(medium, at=at) == at + timedelta(hours=3)
    assert wanted.quiet_until(critical, at=at) is None
    assert wanted.begin(medium, at=at).next_at == at + timedelta(hours=12)
    assert wanted.begin(critical, at=at).next_at == at + wanted.group_wait
    waits = replace(wanted.begin(medium, at=at), next_at=at + timedelta(hours=12))
    risen = wanted.again(waits, medium, critical, at=at)
    assert risen.next_at == at + wanted.group_wait
    assert not wanted.is_gathered(critical, risen)


def test_what_is_due_at_once_is_not_put_off_by_a_change_before_it_is_sent() -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    wanted = Subscription("ops", update_every=timedelta(hours=1))
    medium = Alert(AlertId("a"), "c", AlertState.OPEN, 1, Severity.MEDIUM, at, at)
    shown = wanted.begin(medium, at=at).taken(1, {}, at=at)
    risen = replace(medium, severity=Severity.CRITICAL, revision=2)
    changed = replace(risen, revision=3)
    soon, later = at + timedelta(seconds=20), at + timedelta(seconds=25)
    urgent = wanted.again(shown, medium, risen, at=soon)
    assert urgent.next_at == soon
    assert wanted.again(urgent, risen, changed, at=later).next_at == later
    calm = wanted.again(shown, medium, replace(medium, revision=2), at=soon)
    assert calm.next_at == at + wanted.update_every


def test_nor_is_it_where_only_some_have_the_message_before() -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)
    wanted = Subscription("mail", update_every=timedelta(hours=1))
    medium = Alert(AlertId("a"), "c", AlertState.OPEN, 1, Severity.MEDIUM, at, at)
    retry = at + timedelta(seconds=30)
    begun = replace(wanted.begin(medium, at=at), next_at=retry, sent_at=at, attempts=1)
    some_have = replace(begun, receipt={LEFT_OF: "1"})
    risen = replace(medium, severity=Severity.CRITICAL, revision=2)
    soon, later = at + timedelta(seconds=20), at + timedelta(seconds=25)
    urgent = wanted.again(some_have, medium, risen, at=soon)
    assert urgent.next_at == soon
    changed = replace(risen, revision=3)
    assert wanted.again(urgent, risen, changed, at=later).next_at == later
    calm = replace(medium, revision=2)
    # Due then is a try of those who are left alone, and not what everybody is owed.
    owed = wanted.again(some_have, medium, calm, at=soon)
    assert owed.next_at == at + wanted.update_every
    assert wanted.again(owed, calm, replace(calm, revision=3), at=later).next_at == owed.next_at


def test_quiet_hours_follow_the_clock_of_their_zone() -> None:
    wanted = Subscription("ops", quiet=(read_window("22:00-07:00 Europe/Berlin"),))
    for month, hour in ((1, 6), (7, 5)):
        at = datetime(2026, month, 10, 3, tzinfo=UTC)
        alert = Alert(AlertId("a"), "c", AlertState.OPEN, 1, Severity.HIGH, at, at)
        assert wanted.quiet_until(alert, at=at) == at.replace(hour=hour)


async def test_a_message_ends_with_the_link_of_its_channel(house: House) -> None:
    runbooks = "https://runbooks.example.com"
    board = listen(
        house, link=f"{runbooks}/{{type}}/{{stack}}", public_url="https://drift.example.com/t"
    )
    plain = listen(house, "plain")
    await begin(house)
    await drift(house, A)
    await tell(house, seconds=1)
    await tell(house)
    (notice,) = board.open
    api = f"/api/v1/alerts/{notice.alert_id}"
    assert notice.links == (
        Link("runbooks.example.com", f"{runbooks}/thing/shop"),
        Link("API", f"https://drift.example.com/t{api}"),
    )
    (finding,) = await house.findings()
    assert notice.commands == (f"trueup show {finding.id}",)
    (notice,) = plain.open
    assert notice.commands == (f"trueup show {finding.id}", f"API: GET {api}")


async def test_only_what_lasts_is_escalated(house: House) -> None:
    board = listen(house, "pager", after=timedelta(hours=2))
    await begin(house)
    await drift(house, A)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    await tell(house, hours=1)
    await mended(house, A)
    assert board.posted == 0
    await tell(house, hours=1, minutes=1)
    assert [notice.title for notice in board.shown.values()] == ["shop: thing.b drifted"]


async def test_what_becomes_severe_later_reaches_the_channel_that_waits_for_it(
    house: House,
) -> None:
    house.world.recorded[A]["host_network"] = house.world.declared[A]["host_network"] = False
    pager = listen(house, "pager", min_severity=Severity.HIGH)
    unasked = listen(
        house, "unasked", min_severity=Severity.HIGH, events=frozenset({"stack.error"})
    )
    await begin(house)
    house.world.live[A] = {"size": 9, "host_network": False}
    await house.scan()
    await tell(house)
    await tell(house)
    assert pager.posted == 0
    house.world.live[A] = {"size": 9, "host_network": True}
    await house.scan()
    await tell(house)
    await tell(house)
    (notice,) = pager.open
    assert notice.severity == "high"
    assert unasked.posted == 0


async def test_a_muted_alert_is_shown_again_only_to_say_that_it_is_over(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house, A)
    await tell(house, seconds=1)
    await tell(house)
    (notice,) = board.open
    await mute(house.service, notice.alert_id, reason="known", actor="ana")
    assert "alert.muted" in await house.actions()
    await drift(house, A, size=11)
    await tell(house, minutes=5)
    assert board.posted == 1
    await mended(house, A)
    await tell(house)
    assert board.open == []
    with pytest.raises(PermanentError, match="is over"):
        await mute(house.service, notice.alert_id, reason="late", actor="ana")
    with pytest.raises(NotFoundError):
        await mute(house.service, "none", reason="x", actor="ana")


async def test_what_is_muted_while_others_are_shown_is_not_shown(house: House) -> None:
    board = listen(house)
    digest = listen(house, "digest", digest=timedelta(hours=1))
    await begin(house)
    await drift(house, A)
    await drift(house, B, size=7)
    await follow_events(house.service)
    alerts = (await house.service.store.read(lambda view: view.alerts.page())).items
    show, muted = board.show, set()

    async def mute_the_others(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        for alert in alerts:
            if alert.id != notice.alert_id:
                muted.add(alert.id)
                await mute(house.service, alert.id, reason="known", actor="ana")
        return await show(notice, receipt)

    board.show = mute_the_others  # type: ignore[method-assign]
    house.clock.move(seconds=11)
    await deliver_due(house.service)
    (notice,) = board.open
    assert notice.alert_id not in muted
    await deliver_due(house.service)
    assert len(board.open) == 1
    house.clock.move(hours=1)
    await deliver_due(house.service)
    (gathered,) = digest.open
    assert gathered.total == 1
    (silent,) = muted
    board.show = show  # type: ignore[method-assign]
    await unmute(house.service, silent, actor="ana")
    await tell(house)
    assert len(board.open) == 2, "it was only put off"


async def test_an_alert_that_is_unmuted_is_shown_as_it_is_now(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house, A)
    await tell(house, seconds=1)
    await tell(house)
    (notice,) = board.open
    await mute(house.service, notice.alert_id, reason="known", actor="ana")
    await drift(house, A, size=11)
    await tell(house, minutes=5)
    await unmute(house.service, notice.alert_id, actor="ana")
    await tell(house)
    (notice,) = board.open
    assert notice.members[0].changes[0].live == "11"


async def test_a_heartbeat_comes_only_when_all_was_verified_and_nothing_drifted(
    house: House,
) -> None:
    board = listen(house, heartbeat=timedelta(days=1))
    await begin(house)
    await beat(house)
    assert board.posted == 0, "no scan has verified anything yet"
    await house.scan(minutes=2)
    await beat(house)
    (notice,) = board.shown.values()
    assert notice.kind is NoticeKind.HEARTBEAT
    assert notice.title == "1 stack verified, nothing drifted"
    await house.scan(hours=1)
    await beat(house)
    assert board.posted == 1
    await drift(house, C)
    house.clock.move(days=1)
    await house.scan()
    await beat(house)
    assert board.posted == 1
    await mended(house, C)
    house.clock.move(minutes=2)
    board.failures = [RetryableError("away")]
    await beat(house)
    await house.scan(minutes=2)
    await beat(house)
    assert board.posted == 2


async def test_a_heartbeat_waits_for_the_morning(house: House) -> None:
    # The clock of the house stands at noon, UTC.
    night = read_window("09:00-15:00 UTC")
    board = listen(house, heartbeat=timedelta(days=1), quiet=(night,))
    await house.scan()
    await beat(house)
    house.clock.move(hours=1)
    await house.scan()
    await beat(house)
    assert board.posted == 0
    house.clock.move(hours=5)
    await house.scan()
    await beat(house)
    assert board.posted == 1


async def test_a_channel_that_breaks_keeps_no_heartbeat_of_others(house: House) -> None:
    broken = listen(house, "broken", heartbeat=timedelta(days=1))
    whole = listen(house, "whole", heartbeat=timedelta(days=1))
    broken.failures = [ValueError("a defect")]
    await house.scan()
    await beat(house)
    assert (broken.posted, whole.posted) == (0, 1)
    await beat(house)
    assert broken.posted == 0, "it is tried later, as after any failure"
    house.clock.move(minutes=1)
    await beat(house)
    assert broken.posted == 1

"""One alert per cause, shown, kept up to date and ended, whatever channels do meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.domain.alerts import DEFAULT_EVENTS, AlertState
from reconciler.domain.errors import NotFoundError, RetryableError
from reconciler.domain.model import ResourceAddress, Severity, StackName
from reconciler.domain.notices import Notice
from reconciler.domain.records import Health
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events
from reconciler.engine.channels import try_channel
from reconciler.engine.decisions import approve
from reconciler.engine.delivering import deliver_due
from reconciler.engine.service import Channel
from reconciler.engine.suppression import note
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import PartlyShownError
from reconciler.storage import retention
from tests.fake_world import World
from tests.receivers.http import Pager, receiving
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, A, B, House, open_house, selecting


async def test_drift_is_one_alert_that_ends_when_it_heals(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    assert board.shown == {}, "the first message waits for others of its cause"
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop: thing.a drifted"
    (member,) = notice.members
    assert [(change.path, change.live) for change in member.changes] == [("size", "9")]
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, seconds=1)
    assert board.open == []
    assert len(board.shown) == 1


async def test_an_alert_that_is_long_over_is_forgotten_and_an_open_one_stays(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house)
    await tell(house)
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house)
    house.clock.move(days=91)
    now = house.clock.now()
    gone = await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
    kept = {name: gone[name] for name in ("alerts", "alert_members", "deliveries")}
    assert kept == {"alerts": 1, "alert_members": 1, "deliveries": 1}
    house.world.live[B] = {"size": 1}
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_what_ended_while_events_were_pruned_unread_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house)
    await tell(house)
    assert len(board.open) == 2
    monkeypatch.setattr(retention, "EVENTS_KEPT", 1)
    house.world.live[A] = {"size": 1}
    for _ in range(2):
        await house.scan()
    now = house.clock.now()
    await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
    await tell(house)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop: thing.b drifted"]


async def test_a_test_goes_on_though_events_were_pruned_unread(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = listen(house)
    await begin(house)
    monkeypatch.setattr(retention, "EVENTS_KEPT", 1)

    async def prune() -> None:
        for _ in range(2):
            await house.scan()
        now = house.clock.now()
        await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
        await follow_events(house.service)
        (alert,) = (await house.read(lambda view: view.alerts.page())).items
        assert alert.state is (AlertState.OPEN if board.posted == 1 else AlertState.RESOLVED)

    board.meanwhile = prune
    assert (await try_channel(house.service, "ops", actor="ana")).error is None


async def test_what_drifted_before_there_were_channels_is_no_news(house: House) -> None:
    await drift(house)
    board = listen(house)
    await tell(house)
    await tell(house)
    assert board.shown == {}
    await drift(house, B)
    await tell(house)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop: thing.b drifted"]


async def test_the_same_change_in_forty_stacks_is_one_alert_with_forty_members(
    tmp_path: Path,
) -> None:
    names = [StackName(f"s{number:02}") for number in range(40)]
    worlds = {name: World.in_sync(a={"size": 1}) for name in names}
    async with open_house(tmp_path, worlds) as house:
        board = listen(house)
        await begin(house)
        for name in names:
            worlds[name].live[A] = {"size": 9}
            await house.scan(name, seconds=0.1)
        await tell(house)
        await tell(house)
        (notice,) = board.open
        assert (notice.total, notice.still_open, board.posted) == (40, 40, 1)
        for name in names[:39]:
            worlds[name].live[A] = {"size": 1}
            await house.scan(name, seconds=0.1)
        await tell(house, minutes=2)
        (notice,) = board.open
        assert (notice.total, notice.still_open) == (40, 1)
        worlds[names[39]].live[A] = {"size": 1}
        await house.scan(names[39], seconds=0.1)
        await tell(house, seconds=1)
        assert board.open == []


async def test_an_approval_in_another_stack_opens_nothing_where_only_drift_is_new(
    tmp_path: Path,
) -> None:
    asking, quiet = StackName("asking"), StackName("quiet")
    worlds = {name: World.in_sync(a={"size": 1}) for name in (asking, quiet)}
    async with open_house(tmp_path, worlds) as house:
        events = frozenset({"remediation.awaiting_approval"})
        theirs = listen(house, "theirs", stacks=("asking",), events=events)
        others = listen(house, "others", stacks=("quiet",), events=events)
        await house.put(selecting(MANUAL, stack="asking"))
        await begin(house)
        for name in (asking, quiet):  # followed together, as one alert of two members
            worlds[name].live[A] = {"size": 9}
            await house.scan(name)
        await house.settle()
        await tell(house)
        await tell(house)
        assert [len(board.open) for board in (theirs, others)] == [1, 0]


async def test_a_further_edit_by_hand_goes_on_with_the_same_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    await drift(house, size=11)
    await tell(house, minutes=2)
    (notice,) = board.open
    assert len(board.shown) == 1
    assert notice.members[0].changes[0].live == "11"


async def test_a_member_with_another_change_leaves_the_others(house: House) -> None:
    board = listen(house)
    await begin(house)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.total == 2
    await drift(house, B, size=11)
    await tell(house, minutes=2)
    await tell(house, minutes=2)
    assert sorted((notice.total, notice.still_open) for notice in board.open) == [(1, 1), (1, 1)]


async def test_a_drift_that_is_gone_before_its_time_is_never_shown(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house)
    await tell(house)
    assert board.shown == {}


async def test_the_same_drift_later_is_another_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    for _ in range(2):
        await drift(house)
        await tell(house)
        await tell(house)
        house.world.live[A] = {"size": 1}
        await house.scan()
        await tell(house)
    assert len(board.shown) == 2
    assert board.open == []


async def test_who_waits_for_a_person_says_so(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.put(MANUAL)
    await drift(house)
    await tell(house)
    await tell(house, minutes=2)
    (notice,) = board.open
    standing = notice.members[0].remediation
    assert standing is not None
    assert standing.startswith("awaiting approval")
    (waiting,) = await house.remediations()
    assert waiting.id in standing


@asynccontextmanager
async def paged(house: House, **wanted: Any) -> AsyncIterator[Pager]:
    """A real channel to a pager as strict as PagerDuty."""
    pager = Pager()
    with receiving(pager) as at:
        address = ChannelAddress("pager", f"pagerduty+http://{pager.routing_key}@{at}")
        subscription = replace(Subscription("pager"), **wanted)
        channel = Channel(subscription, open_channel(address))
        house.service.channels = {**house.service.channels, "pager": channel}
        yield pager
        await channel.notifier.close()


async def test_an_acknowledgement_reaches_the_pager_and_opens_no_alert(house: House) -> None:
    board = listen(house)
    async with paged(house, min_severity=Severity.LOW) as pager:
        await drift(house, B, size=7)
        await begin(house)
        await drift(house)
        await tell(house)
        await tell(house)
        before, seen = sorted(await house.findings(), key=lambda record: record.address == A)
        assert (len(pager.open), pager.acknowledged) == (1, set())
        for record in (before, seen):
            await note(house.service, record.id, kind="ack", text=None, actor="ana")
            await note(house.service, record.id, kind="comment", text="hm", actor="bob")
        await tell(house, minutes=2)
        assert pager.acknowledged == set(pager.open)
        (notice,) = board.open
        assert notice.acknowledged_by == "ana"
        assert len(pager.open) == 1, "what drifted before there were channels is no news"
        house.world.live[A] = {"size": 1}
        await house.scan()
        await tell(house)
        await drift(house)
        await tell(house)
        await tell(house)
        assert (len(pager.open), pager.acknowledged) == (1, set()), "another alert"


async def test_an_approval_acknowledges_and_a_correction_is_told_without_paging(
    house: House,
) -> None:
    async with paged(house) as pager:
        await begin(house)
        await house.put(MANUAL)
        await drift(house)
        await tell(house)
        await tell(house)
        (waiting,) = await house.remediations(RemediationState.AWAITING_APPROVAL)
        await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ana")
        await tell(house, minutes=2)
        assert pager.acknowledged == set(pager.open)
        assert [change["summary"].partition(":")[0] for change in pager.changes] == [
            "ana approved a correction of shop"
        ]
        await house.settle()
        await house.later()
        await tell(house, minutes=2)
        assert (len(pager.open), len(pager.resolved), len(pager.paged)) == (0, 1, 1)
        assert pager.changes[-1]["summary"] == "trueup corrected thing.a in shop"
        assert len(pager.changes) == 2


async def test_a_channel_that_took_a_part_goes_on_where_it_failed(house: House) -> None:
    board = listen(house)
    board.failures = [PartlyShownError("away", receipt={"place": "half"})]
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    given: list[Mapping[str, str]] = []

    async def noted(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        given.append(receipt)
        return {"place": notice.alert_id}

    board.show = noted  # type: ignore[method-assign]
    await tell(house, seconds=31)
    assert given == [{"place": "half"}]


async def test_channels_hear_only_what_they_ask_for(house: House) -> None:
    grave = listen(house, "grave", min_severity=Severity.CRITICAL)
    others = listen(house, "others", stacks=("bill*",))
    approvals = listen(house, "approvals", events=frozenset({"remediation.awaiting_approval"}))
    everything = listen(house, "all", stacks=("sh*",), events=DEFAULT_EVENTS)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    assert [len(board.open) for board in (grave, others, approvals, everything)] == [0, 0, 0, 1]


async def test_a_stack_that_fails_is_an_alert_until_it_is_verified(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    house.world.refuses_load = RetryableError("no credentials")
    await house.scan()
    stack = await house.stack()
    assert stack.health is Health.ERROR
    await tell(house)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop cannot be verified"
    house.world.refuses_load = None
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_a_stack_that_nobody_verifies_any_more_is_an_alert(house: House) -> None:
    board = listen(house)
    await begin(house)
    await house.scan()
    await tell(house, minutes=44)
    await tell(house, minutes=2)
    await tell(house)
    (notice,) = board.open
    assert notice.title == "shop cannot be verified"
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_a_test_of_a_slow_channel_sends_each_message_once(house: House) -> None:
    board = listen(house)
    # The chore that sends what is due runs every second, and the channel takes longer.
    board.meanwhile = lambda: deliver_due(house.service)
    tried = await try_channel(house.service, "ops", actor="ana")
    board.meanwhile = None
    assert (tried.error, board.posted, board.open) == (None, 2, [])
    await tell(house, hours=1)
    assert board.posted == 2


async def test_a_test_of_a_channel_is_shown_and_ended(house: House) -> None:
    board = listen(house)
    tried = await try_channel(house.service, "ops", actor="ana")
    assert tried.error is None
    (notice,) = board.shown.values()
    assert notice.is_over
    assert board.posted == 2
    assert "channel.tested" in await house.actions()
    board.failures = [RetryableError("away")]
    tried = await try_channel(house.service, "ops", actor="ana")
    assert tried.error == "away"
    with pytest.raises(NotFoundError, match="no channel pager"):
        await try_channel(house.service, "pager", actor="ana")


_STEPS = st.lists(
    st.tuples(st.sampled_from([A, B]), st.integers(1, 3), st.integers(1, 200), st.booleans()),
    max_size=12,
)


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # shrinking opens a store each time
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_STEPS)
async def test_in_the_end_a_channel_shows_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[ResourceAddress, int, int, bool]]
) -> None:
    async with open_house(tmp_path_factory.mktemp("alerts")) as house:
        board = listen(house)
        await begin(house)
        for address, size, seconds, fails in steps:
            if fails:
                board.failures.append(RetryableError("away"))
            await drift(house, address, size)
            await tell(house, seconds=seconds)
        board.failures.clear()  # each would leave the channel alone for a while
        for _ in range(4):
            await tell(house, hours=2)
            await house.scan()
        open_now = {
            (record.address, str(record.details["changes"][0]["live"]))
            for record in await house.findings()
        }
        said = {
            (member.address, member.changes[0].live)
            for notice in board.open
            for member in notice.members
            if member.type != "stack" and member.state == "open"
        }
        assert said == open_now

"""A test of a channel goes the way of every alert, and is shown and ended once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.domain.alerts import AlertState, Delivery
from reconciler.domain.errors import NotFoundError, RetryableError
from reconciler.domain.notices import Notice
from reconciler.engine import channel_tests
from reconciler.engine.alerting import end_left_over
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.delivering import deliver, deliver_due
from reconciler.engine.service import Service
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import House
from tests.unit.engine.test_paged_alerts import paged


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it."""


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


@pytest.mark.parametrize("moment", ["before a message", "before its note", "after its note"])
async def test_a_test_that_was_killed_is_ended_by_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    async with paged(house) as pager:
        await begin(house)
        real = house.service.channels["pager"].notifier.show

        async def killed_before_its_note(
            notice: Notice, receipt: Mapping[str, str]
        ) -> Mapping[str, str]:
            await real(notice, receipt)
            raise KilledError

        async def killed(service: Service, delivery: Delivery) -> bool:
            if moment == "after its note":
                await deliver(service, delivery)
            raise KilledError

        with monkeypatch.context() as patched:
            if moment == "before its note":
                notifier = house.service.channels["pager"].notifier
                patched.setattr(notifier, "show", killed_before_its_note)
            else:
                patched.setattr(channel_tests, "deliver", killed)
            with pytest.raises(KilledError):
                await try_channel(house.service, "pager", actor="ana")
        sent = int(moment != "before a message")
        assert (len(pager.open), len(pager.paged)) == (sent, sent)
        await end_left_over(house.service)
        await tell(house, seconds=1)
        await tell(house, minutes=4)
        assert (pager.open, len(pager.paged), len(pager.resolved)) == ({}, sent, sent)
        (alert,) = (await house.read(lambda view: view.alerts.page())).items
        assert alert.state is AlertState.RESOLVED
        await tell(house, hours=1)
        assert len(pager.paged) == sent


async def test_two_tests_that_were_killed_are_both_ended_by_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with paged(house) as pager:
        await begin(house)

        async def killed(*_: object) -> bool:
            raise KilledError

        with monkeypatch.context() as patched:
            patched.setattr(channel_tests, "deliver", killed)
            for actor in ("ana", "bob"):
                with pytest.raises(KilledError):
                    await try_channel(house.service, "pager", actor=actor)
        await end_left_over(house.service)
        await tell(house, minutes=4)
        assert pager.paged == []
        alerts = (await house.read(lambda view: view.alerts.page())).items
        assert [alert.state for alert in alerts] == [AlertState.RESOLVED] * 2


async def test_two_tests_at_once_say_each_which_channel_is_tried(house: House) -> None:
    board = listen(house)

    async def another() -> None:
        board.meanwhile = None
        assert (await try_channel(house.service, "ops", actor="bob")).error is None

    board.meanwhile = another
    assert (await try_channel(house.service, "ops", actor="ana")).error is None
    assert len(board.shown) == 2
    for notice in board.shown.values():
        assert (notice.is_over, notice.title) == (True, "this is a test")
        (member,) = notice.members
        assert member.reason == "somebody tries the channel ops; nothing has drifted"


async def test_a_start_ends_no_alert_whose_drift_is_there(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    house.world.refuses_load = RetryableError("no credentials")
    await house.scan()
    await tell(house)
    await tell(house)
    before = {notice.alert_id for notice in board.open}
    assert len(before) == 2
    posted = board.posted
    await end_left_over(house.service)
    await tell(house)
    assert ({notice.alert_id for notice in board.open}, board.posted) == (before, posted)

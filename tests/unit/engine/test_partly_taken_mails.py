"""A mail that some recipients have holds back no news of its alert, from nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from reconciler.domain.subscriptions import Subscription
from reconciler.engine.channel_states import channel_states
from reconciler.engine.service import Channel
from reconciler.notify.addresses import open_channel
from tests.receivers.smtp import MailSink, first_line, taking_mail
from tests.unit.engine.board import begin, drift, tell
from tests.unit.engine.house import B as OTHER
from tests.unit.engine.house import House, open_house
from tests.unit.notify.test_mail_server import address

A, B, C = (f"{name}@example.com" for name in "abc")


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[MailSink]:
    with taking_mail(MailSink(tmp_path)) as made:
        yield made


@pytest.fixture
async def house(tmp_path: Path, sink: MailSink) -> AsyncIterator[House]:
    """One whose only channel mails to A, B and C what drifts."""
    async with open_house(tmp_path) as made:
        channel = open_channel(address(sink, to=f"{A},{B},{C}"))
        wanted = Subscription("mail", events=frozenset({"drift.detected"}))
        made.service.channels = {"mail": Channel(wanted, channel)}
        await begin(made)
        yield made


async def test_the_end_is_told_at_once_to_those_who_have_the_mail(
    house: House, sink: MailSink
) -> None:
    sink.refuse_for = {B: [450] * 4}
    await drift(house)
    await tell(house, seconds=1)
    for seconds in (11, 31, 61, 121):
        await tell(house, seconds=seconds)
    assert (sink.envelopes, sink.refuse_for) == ([(A, C)], {B: []})
    await drift(house, size=1)
    await tell(house, seconds=1)
    assert sink.envelopes == [(A, C), (A, B, C)]
    assert first_line(sink.mails[-1]).startswith("[resolved]")
    await tell(house, hours=1)
    assert len(sink.mails) == 2


async def test_a_change_waits_a_minute_and_not_for_those_who_are_left(
    house: House, sink: MailSink
) -> None:
    sink.refuse_for = {B: [450] * 4}
    await drift(house)
    await tell(house, seconds=1)
    for seconds in (11, 31, 61, 121):
        await tell(house, seconds=seconds)
    await drift(house, size=7)
    await tell(house, seconds=1)
    await tell(house, seconds=61)
    assert sink.envelopes == [(A, C), (A, B, C)]


@pytest.mark.parametrize("step", ["refuse", "refuse_sender"])
async def test_those_who_have_a_mail_lose_nothing_where_the_others_are_refused_it_for_good(
    house: House, sink: MailSink, step: str
) -> None:
    sink.refuse_for = {B: [450]}
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    setattr(sink, step, [554])
    await tell(house, seconds=31)
    (state,) = await channel_states(house.service)
    assert (state.shown, state.given_up, state.lost) == (1, 0, 0)
    await drift(house, size=1)
    await tell(house, seconds=1)
    assert sink.envelopes == [(A, C), (A, B, C)]
    assert first_line(sink.mails[-1]).startswith("[resolved]")


async def test_those_who_are_refused_a_mail_for_now_hold_up_no_other_alert(
    house: House, sink: MailSink
) -> None:
    sink.refuse_for = {B: [450]}
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    sink.refuse = [451]
    await tell(house, seconds=31)
    await drift(house, OTHER, size=3)
    await tell(house, seconds=1)
    await tell(house)
    assert sink.envelopes == [(A, C), (A, B, C)]
    await tell(house, seconds=61)
    assert sink.envelopes == [(A, C), (A, B, C), (B,)]


@pytest.mark.parametrize(("tries", "hours"), [(8, 1), (1, 25)])
async def test_an_outage_before_is_none_of_those_whom_the_server_refuses_then(
    house: House, sink: MailSink, tries: int, hours: int
) -> None:
    sink.refuse = [451] * tries
    await drift(house)
    await tell(house, seconds=1)
    for _ in range(tries):
        await tell(house, minutes=61)
    assert (sink.refuse, sink.mails) == ([], [])
    sink.refuse_for = {B: [450]}
    await tell(house, hours=hours, seconds=61)
    (state,) = await channel_states(house.service)
    assert (sink.envelopes, state.lost) == ([(A, C)], 0)
    assert state.failing_since == house.clock.now()
    await tell(house, seconds=31)
    assert sink.envelopes == [(A, C), (B,)]


async def test_a_change_after_a_mail_for_some_waits_as_after_one_for_all(
    house: House, sink: MailSink
) -> None:
    await drift(house)
    await tell(house, seconds=1)
    await tell(house, seconds=11)
    sink.refuse_for = {B: [450]}
    await drift(house, size=7)
    await tell(house, seconds=61)
    await drift(house, size=5)
    await tell(house, seconds=1)
    assert sink.envelopes == [(A, B, C), (A, C)]
    await tell(house, seconds=60)
    assert sink.envelopes == [(A, B, C), (A, C), (A, B, C)]


async def test_an_outage_between_two_mails_for_some_is_none_of_those_who_are_left(
    house: House, sink: MailSink
) -> None:
    sink.refuse_for = {B: [450] * 2}
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    sink.refuse_login = [454] * 8
    for _ in range(8):
        await tell(house, minutes=61)
    assert (sink.refuse_login, sink.envelopes) == ([], [(A, C)])
    await tell(house, minutes=61)
    assert sink.refuse_for == {B: []}
    await tell(house, seconds=61)
    assert sink.envelopes == [(A, C), (B,)]


async def test_a_mail_that_some_have_ends_what_its_channel_lost(
    house: House, sink: MailSink
) -> None:
    sink.refuse_sender = [554]
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    (state,) = await channel_states(house.service)
    assert (state.lost, sink.refuse_sender) == (1, [])
    sink.refuse_for = {B: [450]}
    await drift(house, OTHER, size=3)
    await tell(house, seconds=1)
    await tell(house)
    (state,) = await channel_states(house.service)
    assert (sink.envelopes, state.lost) == ([(A, C)], 0)
    assert "channel.changed" in await house.events()

"""A mail that is taken for some of its recipients: said, and sent again to nobody who has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.service import Channel
from reconciler.notify.addresses import open_channel
from reconciler.ports import Notifier, PartlyShownError
from reconciler.stores import Transaction
from tests.receivers.smtp import MailSink, taking_mail
from tests.unit.engine.board import begin, drift, tell
from tests.unit.engine.house import B as OTHER
from tests.unit.engine.house import House, open_house
from tests.unit.notify.notices import notice
from tests.unit.notify.test_mail_server import address

A, B, C = (f"{name}@example.com" for name in ("ana", "bob", "cleo"))
SAID_A, SAID_B, SAID_C = (f"{name[0]}…@example.com" for name in (A, B, C))


def to_all(sink: MailSink) -> Notifier:
    return open_channel(address(sink, to=f"{A},{B},{C}"))


async def test_a_recipient_that_is_refused_for_good_is_named_and_the_others_have_the_mail(
    tmp_path: Path,
) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [550]})) as sink:
        receipt = await to_all(sink).show(notice(), {})
        said = f"delivered to {SAID_A}, {SAID_C}; {SAID_B} refused: 550 no mail for {SAID_B}"
        assert receipt["not_reached"] == said
        assert sink.envelopes == [(A, C)]
        receipt = await to_all(sink).show(notice(2), receipt)
        assert "not_reached" not in receipt
        assert sink.envelopes[1:] == [(A, B, C)]


async def test_who_is_refused_for_now_is_tried_again_alone(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450, 421, 450]})) as sink:
        channel = to_all(sink)
        receipt: dict[str, str] = {}
        for tries, code in enumerate((450, 421, 450), start=1):
            with pytest.raises(PartlyShownError) as failed:
                await channel.show(notice(), receipt)
            assert failed.value.tries == tries
            said = f"delivered to {SAID_A}, {SAID_C}; {SAID_B} refused: {code}"
            assert said in str(failed.value)
            receipt = dict(failed.value.receipt)
        receipt = dict(await channel.show(notice(), receipt))
        assert sink.envelopes == [(A, C), (B,)]
        assert len({str(mail["Message-ID"]) for mail in sink.mails}) == 1
        assert receipt.keys() == {"root", "subject", "thread"}


async def test_who_is_refused_for_now_for_half_an_hour_is_not_reached(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450] * 7, C: [550]})) as sink:
        channel = to_all(sink)
        receipt: dict[str, str] = {}
        for _ in range(6):
            with pytest.raises(PartlyShownError) as failed:
                await channel.show(notice(), receipt)
            receipt = dict(failed.value.receipt)
        receipt = dict(await channel.show(notice(), receipt))
        words = (
            f"{name} refused: {code} no mail for {name}"
            for name, code in ((SAID_C, 550), (SAID_B, 450))
        )
        assert receipt["not_reached"] == f"delivered to {SAID_A}; {'; '.join(words)}"
        assert sink.envelopes == [(A,)]


async def test_a_change_meanwhile_is_sent_to_everybody(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450]})) as sink:
        channel = to_all(sink)
        with pytest.raises(PartlyShownError) as failed:
            await channel.show(notice(), {})
        await channel.show(notice(2), failed.value.receipt)
        assert sink.envelopes == [(A, C), (A, B, C)]


@pytest.mark.parametrize(
    ("codes", "error"), [((550, 553, 550), PermanentError), ((550, 450, 550), RetryableError)]
)
async def test_a_mail_for_nobody_is_no_mail(
    tmp_path: Path, codes: tuple[int, ...], error: type[Exception]
) -> None:
    refuse = {name: [code] for name, code in zip((A, B, C), codes, strict=True)}
    with taking_mail(MailSink(tmp_path, refuse_for=refuse)) as sink:
        with pytest.raises(error) as failed:
            await to_all(sink).show(notice(), {})
        assert not isinstance(failed.value, PartlyShownError)
        assert sink.mails == []


async def test_a_server_that_ends_the_talk_before_the_mail_sent_it_to_nobody(
    tmp_path: Path,
) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [421]})) as sink:
        with pytest.raises(RetryableError) as failed:
            await to_all(sink).show(notice(), {})
        assert not isinstance(failed.value, PartlyShownError)
        assert sink.mails == []


async def test_those_who_are_refused_the_mail_itself_are_tried_as_often(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450]})) as sink:
        channel = to_all(sink)
        receipt: dict[str, str] = {}
        for _ in range(6):
            with pytest.raises(PartlyShownError) as failed:
                await channel.show(notice(), receipt)
            receipt = dict(failed.value.receipt)
            sink.refuse = [451]
        receipt = dict(await channel.show(notice(), receipt))
        said = f"delivered to {SAID_A}, {SAID_C}; {SAID_B} refused: 451 not now"
        assert receipt["not_reached"] == said
        assert sink.envelopes == [(A, C)]


async def test_who_left_the_settings_meanwhile_is_sent_nothing(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450], C: [450]})) as sink:
        with pytest.raises(PartlyShownError) as failed:
            await to_all(sink).show(notice(), {})
        receipt = failed.value.receipt
        for rest, sent in (((A, C), [(A,), (C,)]), ((A,), [(A,), (C,)])):
            channel = open_channel(address(sink, to=",".join(rest)))
            taken = await channel.show(notice(), receipt)
            assert taken.keys() == {"root", "subject", "thread"}
            assert sink.envelopes == sent


async def test_who_was_added_to_the_settings_meanwhile_is_sent_the_next_mail(
    tmp_path: Path,
) -> None:
    with taking_mail(MailSink(tmp_path, refuse_for={B: [450]})) as sink:
        with pytest.raises(PartlyShownError) as failed:
            await open_channel(address(sink, to=f"{A},{B}")).show(notice(), {})
        receipt = await open_channel(address(sink, to=f"{A},{C}")).show(
            notice(), failed.value.receipt
        )
        assert sink.envelopes == [(A,)]
        await open_channel(address(sink, to=f"{A},{C}")).show(notice(2), receipt)
        assert sink.envelopes == [(A,), (A, C)]


def listen(house: House, sink: MailSink) -> None:
    house.service.channels = {"mail": Channel(Subscription("mail"), to_all(sink))}


def stored(view: Transaction) -> list[object]:
    """Return what the database has of alerts, and every event."""
    ids = [alert.id for alert in view.alerts.page().items]
    return [view.alerts.deliveries_of(ids), view.events.after(0, limit=500)]


async def test_what_is_kept_and_said_of_a_recipient_is_no_address(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        refuse = {B: [450] * 7, C: [550]}
        with capture_logs() as logs, taking_mail(MailSink(tmp_path, refuse_for=refuse)) as sink:
            listen(house, sink)
            await begin(house)
            await drift(house)
            await tell(house, seconds=1)
            kept: list[object] = [logs]
            for _ in range(9):
                await tell(house, seconds=11)
                await tell(house, minutes=17)
                kept += await house.read(stored)
            assert sink.refuse_for == {B: [], C: []}
        said = str(kept)
        assert "mail_not_for_everybody" in said
        assert f"{SAID_B} refused: 450" in said
        assert [each for each in (A, B, C) if each in said] == []


async def test_a_test_of_a_channel_says_whom_it_does_not_reach(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        with taking_mail(MailSink(tmp_path, refuse_for={B: [550, 550]})) as sink:
            listen(house, sink)
            tried = await try_channel(house.service, "mail", actor="ana")
            assert tried.error is None
            said = f"delivered to {SAID_A}, {SAID_C}; {SAID_B} refused: 550"
            assert str(tried.not_reached).startswith(said)
            assert sink.envelopes == [(A, C), (A, C)]


async def test_a_test_of_a_channel_that_some_are_refused_for_now_did_not_fail(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        with taking_mail(MailSink(tmp_path, refuse_for={B: [450]})) as sink:
            listen(house, sink)
            tried = await try_channel(house.service, "mail", actor="ana")
            assert tried.error is None
            said = f"delivered to {SAID_A}, {SAID_C}; {SAID_B} refused: 450 no mail for {SAID_B}"
            assert tried.not_reached == said
            assert sink.envelopes == [(A, C), (A, B, C)]
            await tell(house, hours=1)
            assert len(sink.mails) == 2


async def test_an_alert_for_some_is_tried_again_for_the_others_and_holds_up_no_other_alert(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        with taking_mail(MailSink(tmp_path, refuse_for={B: [450]})) as sink:
            listen(house, sink)
            await begin(house)
            await drift(house)
            await drift(house, OTHER, size=3)
            await tell(house)
            await tell(house)
            assert sorted(sink.envelopes) == [(A, B, C), (A, C)]
            await tell(house, seconds=31)
            assert sorted(sink.envelopes) == [(A, B, C), (A, C), (B,)]
            await tell(house, hours=1)
            assert len(sink.mails) == 3

"""One contract for every channel, each against a receiver as strict as the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import Link
from reconciler.notify import email, http
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import ChannelBusyError
from tests.receivers import drip
from tests.receivers.http import Answer
from tests.receivers.smtp import MailSink, taking_mail
from tests.unit.notify.notices import MEMBER, notice, over
from tests.unit.notify.places import (
    OTHER_SECRET,
    PLACES,
    Place,
    apprise,
    mail,
    pager,
    room,
    teams,
    webhook,
)


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with request.param(tmp_path) as made:
        yield made


@contextmanager
def failing(place: Place, status: int, *, taken: bool = False, **headers: str) -> Iterator[None]:
    """Let the next message meet `status`; with `taken` the receiver did it all the same."""
    if place.fickle is not None:
        answer: Answer = (status, {name.replace("_", "-"): of for name, of in headers.items()}, b"")
        place.fickle.failures.append((answer, taken))
    elif place.mail is not None:
        place.mail.refuse.append(451 if status >= 429 else 550)
    yield


async def test_an_alert_is_shown_once_kept_up_to_date_and_ended(place: Place) -> None:
    channel = open_channel(place.address())
    receipt = await channel.show(notice(), {})
    assert (place.open(), place.ended()) == (1, 0)
    assert "aws_security_group.web" in place.text()
    receipt = await channel.show(notice(2, title="shop: 2 things drifted"), receipt)
    assert (place.open(), place.ended()) == (1, 0)
    await channel.show(over(3), receipt)
    assert (place.open(), place.ended()) == (0, 1)
    await channel.close()


async def test_an_alert_that_ends_by_ignoring_is_nowhere_called_resolved(place: Place) -> None:
    channel = open_channel(place.address())
    receipt = await channel.show(notice(), {})
    ignored = replace(over(3), members=(replace(MEMBER, state="ignored"),), ignored=1)
    await channel.show(ignored, receipt)
    assert place.open() == 0
    assert "[resolved]" not in place.text()
    assert "Resolved at" not in place.text()
    await channel.close()


async def test_the_same_notice_twice_is_one_alert(place: Place) -> None:
    channel = open_channel(place.address())
    receipt = await channel.show(notice(), {})
    await channel.show(notice(), receipt)
    assert place.open() == 1
    await channel.close()


async def test_the_case_of_a_scheme_does_not_count(place: Place) -> None:
    scheme, _, rest = place.url.partition("://")
    upper = replace(place.address(), url=f"{scheme.upper()}://{rest}")
    assert upper.takes_several == place.address().takes_several
    assert upper.has_buttons == place.address().has_buttons
    channel = open_channel(upper)
    await channel.show(notice(), {})
    assert place.open() == 1
    await channel.close()


async def test_a_receiver_that_fails_is_asked_again_later(place: Place) -> None:
    channel = open_channel(place.address())
    with failing(place, 503), pytest.raises(RetryableError):
        await channel.show(notice(), {})
    await channel.show(notice(), {})
    assert place.open() == 1
    await channel.close()


async def test_a_wrong_key_is_refused_for_good_and_not_said(place: Place) -> None:
    address = place.address(place.wrong_url)
    if place.secret is not None:
        address = ChannelAddress("ops", place.url, OTHER_SECRET)
    channel = open_channel(address)
    with pytest.raises(PermanentError) as refused:
        await channel.show(notice(), {})
    assert place.open() == 0
    said = f"{refused.value} {refused.value.remedy}"
    assert not any(key in said for key in ("other", "xoxb-2", "wrong", "s3cret", "whsec"))
    await channel.close()


@pytest.mark.parametrize("made", [pager, room, webhook, apprise], ids=lambda made: made.__name__)
async def test_who_is_asked_to_wait_waits(made: Any, tmp_path: Path) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        with failing(place, 429, retry_after="120"), pytest.raises(ChannelBusyError) as busy:
            await channel.show(notice(), {})
        assert busy.value.after == timedelta(minutes=2)
        await channel.close()


@pytest.mark.parametrize("made", [pager, webhook, mail], ids=lambda made: made.__name__)
async def test_what_was_taken_though_its_answer_was_lost_is_no_second_alert(
    made: Any, tmp_path: Path
) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        if place.fickle is not None:
            place.fickle.failures.append(((504, {}, b""), True))
            with pytest.raises(RetryableError):
                await channel.show(notice(), {})
        else:
            await channel.show(notice(), {})
        await channel.show(notice(), {})
        assert place.open() == 1
        await channel.close()


RUNBOOK = Link("runbooks.example.com", "https://runbooks.example.com/sg?a=1&b=2")


HREF, TEXT = RUNBOOK.href, RUNBOOK.text


OFFERED = {
    pager: str({"href": HREF, "text": TEXT}),
    room: f"<{HREF.replace('&', '&amp;')}|{TEXT}>",
    webhook: str({"text": TEXT, "href": HREF}),
    apprise: f"{TEXT}: {HREF}",
    teams: str({"type": "Action.OpenUrl", "title": TEXT, "url": HREF}),
    mail: f'<a href="{HREF.replace("&", "&amp;")}">{TEXT}</a>',
}


@pytest.mark.parametrize("made", PLACES, ids=lambda made: made.__name__)
async def test_a_link_of_an_open_alert_can_be_followed(made: Any, tmp_path: Path) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        receipt = await channel.show(notice(links=(RUNBOOK,)), {})
        if place.mail is None:
            assert OFFERED[made] in place.text()
        else:
            plain, html = (place.mail.mails[0].get_body((kind,)) for kind in ("plain", "html"))
            assert plain is not None
            assert html is not None
            assert f"{TEXT}: {HREF}" in plain.get_content()
            assert OFFERED[made] in html.get_content()
        await channel.show(replace(over(), links=(RUNBOOK,)), receipt)
        await channel.close()


async def test_teams_is_told_only_what_is_worth_a_card_and_never_too_much(tmp_path: Path) -> None:
    with teams(tmp_path) as place:
        channel = open_channel(place.address())
        receipt = await channel.show(notice(), {})
        change = replace(MEMBER.changes[0], live="another value")
        member = replace(MEMBER, changes=(change,))
        receipt = await channel.show(notice(2, members=(member,)), receipt)
        assert "another value" not in place.text()
        named = replace(MEMBER, address="\u00e4" * 300, reason="\u00e4" * 300)
        await channel.show(notice(3, members=(named,) * 20, total=20), receipt)
        assert "..." in place.text()
        await channel.close()


@pytest.mark.parametrize("made", [pager, room, webhook, teams], ids=lambda made: made.__name__)
async def test_a_channel_that_a_reload_closed_fails_for_now_alone(
    made: Any, tmp_path: Path
) -> None:
    with made(tmp_path) as place:
        channel = open_channel(place.address())
        await channel.show(notice(), {})
        await channel.close()
        with pytest.raises(RetryableError, match="closed"):
            await channel.show(notice(), {})


@pytest.mark.parametrize(
    ("module", "greeting", "url"),
    [
        (http, drip.HTTP, "http://127.0.0.1:{}/hook"),
        (email, drip.SMTP, "smtp://127.0.0.1:{}?from=a@b.c&to=d@e.f&tls=none"),
    ],
)
async def test_a_receiver_that_never_ends_its_answer_is_asked_again_later(
    module: ModuleType, greeting: bytes, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHOLE_S", 0.2)
    with drip.dripping(greeting) as port:
        channel = open_channel(ChannelAddress("ops", url.format(port)))
        with pytest.raises(RetryableError, match="channel ops"):
            await channel.show(notice(), {})
        await channel.close()


async def test_mail_is_never_sent_unencrypted(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, offers_tls=False)) as sink:
        tail = f"127.0.0.1:{sink.port}?from=trueup@example.com&to=ops@example.com"
        channel = open_channel(ChannelAddress("ops", f"smtp://{sink.user}:{sink.password}@{tail}"))
        with pytest.raises(PermanentError, match="STARTTLS"):
            await channel.show(notice(), {})
        assert sink.mails == []

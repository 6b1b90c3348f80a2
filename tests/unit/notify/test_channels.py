"""One contract for every channel, each against a receiver as strict as the service."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import ChangeLine, Deed, Link
from reconciler.notify import email, forbidden, http
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.notify.forbidden import refuse_literal
from reconciler.ports import ChannelBusyError, PartlyShownError
from tests.client import far_daemon
from tests.receivers import drip
from tests.receivers.http import Answer, Fickle, Pager, SignedReceiver, receiving
from tests.receivers.smtp import MailSink, taking_mail
from tests.unit.notify.notices import AT, MEMBER, notice, over
from tests.unit.notify.places import PLACES, Place, apprise, mail, pager, room, teams, webhook


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
        address = ChannelAddress("ops", place.url, "wrong")
    channel = open_channel(address)
    with pytest.raises(PermanentError) as refused:
        await channel.show(notice(), {})
    assert place.open() == 0
    said = f"{refused.value} {refused.value.remedy}"
    assert not any(key in said for key in ("other", "xoxb-2", "wrong", "s3cret"))
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


OK: Answer = (202, {}, b"{}")
DEED = Deed("k1", "shop", "ana approved a correction of shop: 1 to change", AT, "r1")


async def test_a_pager_is_acknowledged_once_and_told_of_changes_that_page_nobody() -> None:
    service = Pager()
    line = Fickle(service)
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        receipt = await channel.show(notice(), {})
        assert service.acknowledged == set()
        seen = notice(2, members=(replace(MEMBER, acknowledged_by="ana"),), deeds=(DEED,))
        # The change was taken, and its answer lost: it comes again, and rings no phone.
        line.failures = [(OK, True), (OK, True), ((504, {}, b""), True)]
        with pytest.raises(RetryableError):
            await channel.show(seen, receipt)
        receipt = await channel.show(seen, receipt)
        receipt = await channel.show(replace(seen, revision=3), receipt)
        assert service.acknowledged == {"a1"}
        assert [change["summary"] for change in service.changes] == [DEED.summary] * 2
        corrected = replace(DEED, key="k2", summary="trueup corrected aws_security_group.web")
        receipt = await channel.show(replace(over(4), deeds=(DEED, corrected)), receipt)
        assert service.changes[-1]["summary"] == corrected.summary
        assert len(service.changes) == 3
        assert (service.resolved, service.paged) == (["a1"], ["a1"])
        await channel.show(notice(5, alert_id="a2"), {})
        assert service.paged == ["a1", "a2"]
        await channel.close()


async def test_a_pager_is_told_of_each_change_once_however_many_there_are() -> None:
    service = Pager()
    line = Fickle(service)
    deeds = tuple(
        replace(
            DEED, key=f"k{number:02}", at=AT + timedelta(seconds=number // 2), summary=str(number)
        )
        for number in range(60)
    )
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        line.failures = [(OK, True)] * 6 + [((429, {}, b""), False)]
        with pytest.raises(PartlyShownError) as busy:
            await channel.show(notice(deeds=deeds[:30]), {})
        assert busy.value.after == timedelta(minutes=2)
        receipt = await channel.show(notice(deeds=deeds[:30]), busy.value.receipt)
        assert [change["summary"] for change in service.changes] == list(map(str, range(30)))
        for revision in range(2, 4):
            receipt = await channel.show(notice(revision, deeds=deeds), receipt)
        assert [change["summary"] for change in service.changes] == list(map(str, range(60)))
        await channel.show(notice(deeds=deeds, alert_id="a2"), {})
        assert [change["summary"] for change in service.changes[60:]] == list(
            map(str, range(20, 60))
        )
        await channel.close()


async def test_a_change_event_that_is_refused_leaves_the_incident_as_it_should_be() -> None:
    service = Pager()
    line = Fickle(service, [(OK, True), ((404, {}, b""), False)])
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        receipt = await channel.show(notice(deeds=(DEED,)), {})
        await channel.show(replace(over(), deeds=(DEED,)), receipt)
        assert (service.resolved, service.changes) == (["a1"], [])
        await channel.close()


@pytest.mark.parametrize("given", [None, "30"])
async def test_a_pager_that_throttles_is_left_alone_for_minutes(given: str | None) -> None:
    headers = {} if given is None else {"retry-after": given}
    with receiving(Fickle(Pager(), [((429, headers, b""), False)])) as at:
        channel = open_channel(ChannelAddress("ops", f"pagerduty+http://{'R' * 32}@{at}"))
        with pytest.raises(ChannelBusyError) as busy:
            await channel.show(notice(), {})
        assert busy.value.after == timedelta(minutes=2)
        await channel.close()


async def test_a_pager_takes_the_longest_alert_there_can_be(tmp_path: Path) -> None:
    wide = "\U0001f525" * 300
    change = ChangeLine(wide, wide, wide)
    member = replace(MEMBER, address=wide, reason=wide, changes=(change,) * 5, remediation=wide)
    with pager(tmp_path) as place:
        channel = open_channel(place.address())
        huge = notice(title=wide * 9, members=(member,) * 20, total=20, stacks=(wide,) * 99)
        await channel.show(huge, {})
        await channel.show(replace(huge, text=(wide * 3 + "x" * 100,) * 200), {})
        assert place.open() == 1
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


async def test_redirects_are_not_followed() -> None:
    service = SignedReceiver()
    away = ((302, {"location": "http://127.0.0.1:1/"}, b""), False)
    with receiving(Fickle(service, [away])) as at:
        channel = open_channel(ChannelAddress("ops", f"http://{at}/hook", service.secret))
        with pytest.raises(PermanentError, match="redirects are not followed"):
            await channel.show(notice(), {})
        await channel.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::]/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://169.254.43518/",
        "https://169\u3002254\u3002169\u3002254/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[::a9fe:a9fe]/",
        "https://[fd00:ec2::254]/",
        "https://[fd20:ce::254]/",
        "https://[64:ff9b:1::a9fe:a9fe]/",
        "https://[64:ff9b:1:a9fe:a9:fe00::]/",
        "https://[64:ff9b:1:1:a9:fea9:fe00::]/",
        "https://[64:ff9b:1:77a9:fe:a9fe::]/",
        "https://100.100.100.200/",
        "msteams://169.254.169.254/workflows/1",
        "github://T@169.254.169.254/acme/infra",
        "jira://u:T@[::ffff:169.254.169.254]/OPS",
        "smtp://u:p@169.254.169.254?from=a@b.c&to=d@e.f",
        "smtp://u:p@2852039166?from=a@b.c&to=d@e.f",
    ],
)
async def test_no_message_goes_to_an_address_that_no_receiver_has(url: str) -> None:
    channel = open_channel(ChannelAddress("ops", url))
    with pytest.raises(PermanentError, match="no receiver's address"):
        await channel.show(notice(), {})
    await channel.close()


@pytest.mark.parametrize("address", ["64:ff9b:1::c000:207", "64:ff9b:1:c000:2:700::", "fd20:ce::1"])
def test_an_address_that_a_receiver_may_have_is_not_refused(address: str) -> None:
    refuse_literal("ops", address)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("slack://xoxb-CANARY", "no room"),
        ("pagerduty://", "no routing key"),
        ("http://example.com/CANARY", "unencrypted"),
        ("pagerduty+http://CANARY@example.com", "unencrypted"),
        ("smtp://u:CANARY@mail.example.com", "no sender"),
        ("smtp://u:CANARY@mail.example.com?from=a@b.c&to=d@e.f&tls=none", "unencrypted"),
        ("smtp://u:CANARY@mail.example.com?from=a@b.c&to=d@e.f&tls=maybe", "another `tls`"),
        ("smtp://u:CANARY%C3%A4@mail.example.com?from=a@b.c&to=d@e.f", "beyond ASCII"),
        ("smtp://u:12?CANARY=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:12?canary=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:12?canary&to=x@mail.example.com?from=a@b.c", "unknown key"),
        ("smtp://u:1@2?canary=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:p@mail.example.com?from=a@b.c&to=d@e.f&CANARY=1", "unknown key"),
        ("msteams://example.com?sig=CANARY", "no workflow"),
        ("msteams+http://example.com/workflows/1?sig=CANARY", "unencrypted"),
        ("ftp://CANARY@example.com", "begins with ftp://"),
        ("https://[CANARY", "is no address"),
        ("https://example.com:CANARY/", "is no address"),
        ("https://CANARY\x00/", "is no address"),
        ("https://0251.0376.0251.0376/CANARY", "is no address"),
        ("https://\u2460\u2465\u2468.254.169.254/CANARY", "is no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_said(
    url: str, problem: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        open_channel(ChannelAddress("ops", url))
    said = f"{refused.value}; {refused.value.remedy}"
    assert problem in said
    assert "ops" in said
    assert "canary" not in said.lower()
    assert "CANARY" not in repr(ChannelAddress("ops", url, "CANARY"))


@pytest.mark.parametrize("made", [pager, mail], ids=lambda made: made.__name__)
async def test_a_name_that_leads_elsewhere_once_it_is_connected_is_sent_nothing(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with made(tmp_path) as place:
        # As a name whose owner changes where it leads: what counts is where we are connected to.
        channel = open_channel(place.address(place.url.replace("127.0.0.1", "localhost")))
        monkeypatch.setattr(forbidden, "_METADATA", frozenset({"127.0.0.1"}))
        with pytest.raises(PermanentError, match=r"localhost leads to 127\.0\.0\.1"):
            await channel.show(notice(), {})
        assert place.open() == 0
        await channel.close()


@pytest.mark.parametrize(
    ("leads_to", "refused"), [("169.254.169.254", True), ("192.0.2.7", False), (None, False)]
)
async def test_a_name_is_looked_up_before_a_proxy_is_asked_for_it(
    leads_to: str | None, *, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: Any, *_asked: Any, **_more: Any) -> Any:
        if host != far_daemon.HOST:
            return look_up_truly(host, *_asked, **_more)
        if leads_to is None or _more.get("flags", 0) or 4 in _asked[4:]:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads_to, 0))]

    look_up_truly = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    certificate = far_daemon.make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with far_daemon.daemon(certificate) as behind, far_daemon.proxy(behind) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        channel = open_channel(ChannelAddress("ops", f"https://{far_daemon.HOST}/hook"))
        # The server behind takes no POST: 501.
        with pytest.raises(PermanentError if refused else RetryableError) as ended:
            await channel.show(notice(), {})
        assert ("no receiver's address" if refused else "answered 501") in str(ended.value)
        assert proxy.lines == ([] if refused else [f"CONNECT {far_daemon.HOST}:443"])
        await channel.close()


async def test_a_receiver_on_this_host_is_never_reached_through_a_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook(tmp_path) as place, receiving(SignedReceiver()) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy}")
        channel = open_channel(place.address())
        await channel.show(notice(), {})
        assert place.open() == 1
        await channel.close()


def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://ana:hush4711@127.0.0.1:9")
    monkeypatch.delenv("https_proxy", raising=False)
    with pytest.raises(PermanentError, match="is not http://HOST:PORT") as refused:
        open_channel(ChannelAddress("ops", "https://hooks.invalid/hook"))
    assert "hush4711" not in f"{refused.value} {refused.value.remedy}"


async def test_mail_is_never_sent_unencrypted(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path, offers_tls=False)) as sink:
        tail = f"127.0.0.1:{sink.port}?from=trueup@example.com&to=ops@example.com"
        channel = open_channel(ChannelAddress("ops", f"smtp://{sink.user}:{sink.password}@{tail}"))
        with pytest.raises(PermanentError, match="STARTTLS"):
            await channel.show(notice(), {})
        assert sink.mails == []

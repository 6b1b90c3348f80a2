"""What a mail server answers to a login and to a farewell, and what that means for the mail."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify import email, mail_line
from reconciler.notify.addresses import ChannelAddress, open_channel
from tests.patience import let_pass, until
from tests.receivers.smtp import MailSink, taking_mail
from tests.unit.notify.notices import notice


def address(sink: MailSink, **other: str) -> ChannelAddress:
    people = {"from": "trueup@example.com", "to": "ops@example.com", **other}
    query = "&".join(f"{key}={value}" for key, value in people.items())
    place = f"{sink.user}:{sink.password}@127.0.0.1:{sink.port}"
    tls = f"ca_file={sink.ca_file}" if sink.offers_tls else "tls=none"
    return ChannelAddress("ops", f"smtp://{place}?{query}&{tls}")


@pytest.mark.parametrize("code", [421, 432, 450, 454])
@pytest.mark.parametrize("logins", ["PLAIN", "PLAIN LOGIN"])
async def test_a_login_that_is_refused_for_now_is_tried_again(
    tmp_path: Path, code: int, logins: str
) -> None:
    codes = [code] * len(logins.split())
    with taking_mail(MailSink(tmp_path, logins=logins, refuse_login=codes)) as sink:
        channel = open_channel(address(sink))
        with pytest.raises(RetryableError) as failed:
            await channel.show(notice(), {})
        assert str(code) in str(failed.value) or code == 421, "after which nobody is asked more"
        sink.refuse_login.clear()
        await channel.show(notice(), {})
        assert len(sink.mails) == 1


@pytest.mark.parametrize("code", [530, 534, 535, 538])
async def test_a_login_that_is_refused_for_good_is_not_tried_again(
    tmp_path: Path, code: int
) -> None:
    with taking_mail(MailSink(tmp_path, refuse_login=[code])) as sink:
        channel = open_channel(address(sink))
        with pytest.raises(PermanentError) as refused:
            await channel.show(notice(), {})
        assert f"refuses the user name or the password with {code}" in str(refused.value)
        assert sink.password not in f"{refused.value} {refused.value.remedy}"


@pytest.mark.parametrize("offers_tls", [True, False])
@pytest.mark.parametrize("logins", ["", "XOAUTH2 GSSAPI"])
async def test_a_server_that_knows_no_login_with_a_password_is_told_so(
    tmp_path: Path, logins: str, *, offers_tls: bool
) -> None:
    with taking_mail(MailSink(tmp_path, logins=logins, offers_tls=offers_tls)) as sink:
        channel = open_channel(address(sink))
        with pytest.raises(PermanentError) as refused:
            await channel.show(notice(), {})
        assert str(refused.value).endswith("offers no login with a password")
        assert "remove the user and the password" in str(refused.value.remedy)
        assert sink.mails == []


async def test_a_server_without_logins_takes_mail_of_a_channel_without_a_user(
    tmp_path: Path,
) -> None:
    with taking_mail(MailSink(tmp_path, logins="", offers_tls=False)) as sink:
        tail = f"127.0.0.1:{sink.port}?from=trueup@example.com&to=ops@example.com&tls=none"
        await open_channel(ChannelAddress("ops", f"smtp://{tail}")).show(notice(), {})
        assert sink.envelopes == [("ops@example.com",)]


async def test_an_address_beyond_ascii_is_named_where_the_server_takes_none(
    tmp_path: Path,
) -> None:
    with taking_mail(MailSink(tmp_path)) as sink:
        channel = open_channel(address(sink, to="j\u00fcrgen@example.com"))
        with pytest.raises(PermanentError, match="letters beyond ASCII"):
            await channel.show(notice(), {})


@pytest.mark.parametrize("farewell", [221, 250, 421, 500])
async def test_what_is_said_at_the_end_says_nothing_of_the_mail(
    tmp_path: Path, farewell: int
) -> None:
    with taking_mail(MailSink(tmp_path, farewell=farewell)) as sink:
        await open_channel(address(sink)).show(notice(), {})
        assert len(sink.mails) == 1


async def test_a_mail_that_was_taken_is_not_lost_to_a_server_that_stalls_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_line, "_FAREWELL_S", 600.0)
    with taking_mail(MailSink(tmp_path, farewell=0)) as sink:
        showing = asyncio.create_task(open_channel(address(sink)).show(notice(), {}))
        await until(sink.takes_leave.is_set)
        let_pass(email._WHOLE_S)
        receipt = await showing
        assert receipt["root"] == sink.mails[0]["Message-ID"]


async def test_a_port_that_begins_without_tls_is_named_as_such(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path)) as sink:
        channel = open_channel(address(sink, tls="tls"))
        with pytest.raises(RetryableError) as failed:
            await channel.show(notice(), {})
        assert str(failed.value).endswith("took no mail: it answers without TLS")
        assert "STARTTLS" in str(failed.value.remedy)


async def test_who_vouches_for_a_certificate_of_ones_own_is_asked_for(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path)) as sink:
        whole = address(sink)
        own = replace(whole, url=whole.url.partition("&ca_file=")[0])
        with pytest.raises(RetryableError) as failed:
            await open_channel(own).show(notice(), {})
        assert str(failed.value).endswith("is not trusted: self-signed certificate")
        assert "`ca_file`" in str(failed.value.remedy)

"""No message goes to an address that no receiver has, however it is written or reached."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify import forbidden
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.notify.forbidden import refuse_literal
from tests.client import far_daemon
from tests.receivers.http import Fickle, SignedReceiver, receiving
from tests.unit.notify.notices import notice
from tests.unit.notify.places import mail, pager, webhook


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

"""What is said where nobody answered: why, in words to act on, and no address."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.notify.statuses import wait_of
from tests.certificates import self_signed
from tests.client import far_daemon
from tests.receivers.smtp import MailSink, taking_mail
from tests.unit.notify.notices import notice

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PEOPLE = "from=trueup@example.com&to=ops@example.com"


async def failure(url: str) -> str:
    channel = open_channel(ChannelAddress("ops", url))
    with pytest.raises(RetryableError) as failed:
        await channel.show(notice(), {})
    await channel.close()
    assert "CANARY" not in f"{failed.value} {failed.value.remedy}"
    return str(failed.value)


async def test_an_expired_certificate_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = self_signed(tmp_path, days=0)
    both = tmp_path / "both.pem"
    both.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    with far_daemon.daemon(both) as server:
        said = await failure(f"https://127.0.0.1:{server.port}/CANARY")
    assert said.endswith("its certificate is not trusted: certificate has expired")


async def test_a_certificate_that_nobody_here_trusts_is_named_for_mail_too(tmp_path: Path) -> None:
    with taking_mail(MailSink(tmp_path)) as sink:
        place = f"127.0.0.1:{sink.port}?{PEOPLE}"
        said = await failure(f"smtp://{sink.user}:CANARY@{place}")
    assert "its certificate is not trusted: self-signed certificate" in said


@pytest.mark.parametrize("url", ["http://{at}/CANARY", f"smtp://u:CANARY@{{at}}?{PEOPLE}"])
async def test_a_port_at_which_nobody_listens_is_named(url: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{closed.getsockname()[1]}"
        assert (await failure(url.format(at=at))).endswith(": connection refused")


@pytest.mark.parametrize("url", ["https://h.invalid/CANARY", f"smtp://u:CANARY@h.invalid?{PEOPLE}"])
async def test_a_name_that_leads_nowhere_is_named(url: str) -> None:
    assert (await failure(url)).endswith(": no such host")


@pytest.mark.parametrize(
    ("given", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta()),
        ("99999999999", timedelta(hours=1)),
        ("Sat, 28 Nov 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Saturday, 28-Nov-26 12:02:00 GMT", timedelta(minutes=2)),
        ("Sat Nov 28 12:02:00 2026", timedelta(minutes=2)),
        ("Sat, 28 Nov 2026 11:00:00 GMT", timedelta()),
        ("Mon, 28 Nov 2036 11:00:00 GMT", timedelta(hours=1)),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("\u0661\u0662", None),
        ("Sat, 99 Nov 2026 12:02:00 GMT", None),
    ],
)
def test_both_forms_of_retry_after_are_read(given: str, wait: timedelta | None) -> None:
    assert wait_of(given, now=NOW) == wait

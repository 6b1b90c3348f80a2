"""A daemon on another host, by both kinds of calls: through proxies, and with TLS or without."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.client.api import Api
from reconciler.client import Client, Daemon, UnreachableError
from reconciler.domain.errors import PermanentError
from reconciler.wire import routes
from tests.client import far_daemon
from tests.client.far_daemon import HOST

TOKEN = "tu_far.hush-hush-4711-hush-hush-4711-hush"
Ask = Callable[[str], Any]


def by_blocking_call(url: str) -> Any:
    with Api(Daemon(url, TOKEN)) as api:
        return api.ask(routes.READ_HOLD).received


def by_asynchronous_call(url: str) -> Any:
    async def get() -> Any:
        async with Client(Daemon(url, TOKEN)) as client:
            return await client.calls.ask(routes.READ_HOLD)

    return asyncio.run(get())


@pytest.fixture(params=[by_blocking_call, by_asynchronous_call])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture(autouse=True)
def _no_proxies_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return far_daemon.make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_far_daemon_is_reached_through_the_proxy_which_cannot_read_the_token(
    ask: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with far_daemon.daemon(certificate) as daemon, far_daemon.proxy(daemon) as proxy:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert ask(f"https://{HOST}") == {"hold": None}
    assert proxy.lines == [f"CONNECT {HOST}:443"]
    assert TOKEN not in str(proxy.headers)
    assert daemon.headers[0]["authorization"] == f"Bearer {TOKEN}"


def test_a_login_at_the_proxy_is_sent_to_it_alone(
    ask: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    login = f"Basic {b64encode(b'ana:p@ss').decode()}"
    with far_daemon.daemon(certificate) as daemon, far_daemon.proxy(daemon, login=login) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ana:p%40ss@127.0.0.1:{proxy.port}")
        assert ask(f"https://{HOST}:8443") == {"hold": None}
    assert proxy.lines == [f"CONNECT {HOST}:8443"]
    assert "proxy-authorization" not in daemon.headers[0]


def test_a_proxy_that_refuses_is_named_without_its_password(
    ask: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with far_daemon.daemon(certificate) as daemon, far_daemon.proxy(daemon, login="x") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ana:hush4711@127.0.0.1:{proxy.port}")
        with pytest.raises(
            UnreachableError, match=f"through the proxy 127.0.0.1:{proxy.port}"
        ) as told:
            ask(f"https://{HOST}")
    assert "407" in str(told.value)
    assert "hush4711" not in f"{told.value} {told.value.remedy}"
    assert daemon.lines == []


@pytest.mark.parametrize("names", [HOST, f"other.invalid,{HOST}:443", "*", ".invalid"])
def test_a_daemon_that_no_proxy_names_is_asked_directly(
    ask: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    with far_daemon.daemon(certificate) as daemon, far_daemon.proxy(daemon) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", names)
        with pytest.raises(UnreachableError, match=f"no daemon answers at https://{HOST}:443 "):
            ask(f"https://{HOST}:443")
    assert proxy.lines == []


def test_this_machine_s_daemon_is_never_asked_through_a_proxy(
    ask: Ask, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with far_daemon.daemon(certificate) as daemon, far_daemon.proxy(daemon) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert ask(f"https://127.0.0.1:{daemon.port}") == {"hold": None}
    assert proxy.lines == []


@pytest.mark.parametrize("named", ["socks5://ana:hush4711@127.0.0.1:9", "http://", "http://a:b"])
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", named)
    with pytest.raises(PermanentError, match="is not http://HOST:PORT") as told:
        ask(f"https://{HOST}")
    assert "hush4711" not in f"{told.value} {told.value.remedy}"


def test_tls_spoken_to_a_server_that_has_none_is_said_as_such(ask: Ask) -> None:
    with far_daemon.daemon() as daemon, pytest.raises(UnreachableError) as told:
        ask(f"https://127.0.0.1:{daemon.port}")
    assert str(told.value) == f"the server at https://127.0.0.1:{daemon.port} does not speak TLS"
    assert "write http://" in str(told.value.remedy)
    assert told.value.never_sent


def test_a_plain_request_to_a_server_that_speaks_tls_says_what_to_write(
    ask: Ask, certificate: Path
) -> None:
    with far_daemon.daemon(certificate) as daemon, pytest.raises(UnreachableError) as told:
        ask(f"http://127.0.0.1:{daemon.port}")
    assert str(told.value) == f"the daemon at http://127.0.0.1:{daemon.port} closed the connection"
    assert "write https://" in str(told.value.remedy)


def test_a_certificate_that_nobody_vouches_for_is_not_taken_for_a_missing_daemon(
    ask: Ask, certificate: Path
) -> None:
    with far_daemon.daemon(certificate) as daemon, pytest.raises(UnreachableError) as told:
        ask(f"https://127.0.0.1:{daemon.port}")
    assert "is not accepted: self-signed certificate" in str(told.value)
    assert "SSL_CERT_FILE" in str(told.value.remedy)
    assert daemon.lines == []

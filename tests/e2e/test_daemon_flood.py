"""Clients that take and do not ask: whoever asks is answered meanwhile."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from urllib.parse import urlsplit

from tests.daemon import Daemon
from tests.e2e.lone_daemon import LoneDaemon

FEW_FILES = ("sh", "-c", 'ulimit -n 1024; exec "$0" "$@"')
ANSWER_WITHIN_S = 20
STREAMS_OF_ONE = 20
ENDLESS = 64 * 2**20
UNFINISHED = (
    b"",
    b"GET /api/v1/stacks HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"POST /api/v1/hold HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{",
)
HALVES = (10, 70_000)


def _place(daemon: Daemon) -> tuple[str, int]:
    place = urlsplit(daemon.address)
    assert place.hostname is not None
    assert place.port is not None
    return place.hostname, place.port


def _healthy(daemon: Daemon) -> bool:
    with closing(http.client.HTTPConnection(*_place(daemon), timeout=ANSWER_WITHIN_S)) as client:
        client.request("GET", "/healthz")
        return client.getresponse().status == 200


@contextmanager
def _never_asking(daemon: Daemon, number: int, words: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as opened:
        clients = []
        for _ in range(number):
            client = socket.create_connection(_place(daemon), timeout=ANSWER_WITHIN_S)
            opened.callback(client.close)
            with suppress(ConnectionError):  # it may be ended meanwhile, for a newer one
                client.sendall(words)
            clients.append(client)
        yield clients


def test_connections_that_never_finish_asking_keep_nobody_from_an_answer(lone: LoneDaemon) -> None:
    lone.settings({})
    with lone.serving(wrapper=FEW_FILES) as daemon:
        said = len(daemon.lines)
        for words in (*UNFINISHED, *(_half_a_body(daemon, size) for size in HALVES)):
            with _never_asking(daemon, 1_100, words):
                assert all(_healthy(daemon) for _ in range(20))
                assert daemon.ask("/stacks")["items"] == []
        assert _healthy(daemon)
        assert len(daemon.lines) - said < 50
        assert _sent_before_refusal(daemon) < ENDLESS
        assert _healthy(daemon)
        assert daemon.end() == 0


def _half_a_body(daemon: Daemon, size: int) -> bytes:
    token = daemon.token_file.read_text().strip()
    head = (
        "POST /api/v1/hold HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {2 * size}\r\n\r\n"
    )
    return head.encode() + b"x" * size


def _sent_before_refusal(daemon: Daemon) -> int:
    """Send a head that has no end; return how much of it was taken."""
    sent = 0
    with socket.create_connection(_place(daemon)) as client:
        client.settimeout(ANSWER_WITHIN_S)
        try:
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
            while sent < ENDLESS:
                sent += client.send(b"x-more: " + b"x" * 8000 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return sent
    return sent


def test_one_token_may_not_open_every_stream(lone: LoneDaemon) -> None:
    lone.settings({})
    with lone.serving() as daemon, ExitStack() as opened:

        def follow(token: str) -> int:
            client = http.client.HTTPConnection(*_place(daemon), timeout=ANSWER_WITHIN_S)
            opened.callback(client.close)
            client.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
            return client.getresponse().status

        viewer = daemon.ask("/tokens", {"name": "viewer", "role": "viewer"})["token"]
        admin = daemon.token_file.read_text().strip()
        statuses = [follow(viewer) for _ in range(STREAMS_OF_ONE + 5)]
        assert statuses == [200] * STREAMS_OF_ONE + [429] * 5
        assert follow(admin) == 200
        assert _healthy(daemon)


def test_a_host_of_somebody_elses_dns_and_forwarded_headers_are_not_believed(
    lone: LoneDaemon,
) -> None:
    lone.settings({}, daemon='hosts = ["drift.example"]')
    with lone.serving() as daemon:

        def status(path: str, **headers: str) -> int:
            with closing(http.client.HTTPConnection(*_place(daemon), timeout=20)) as client:
                client.putrequest("GET", path, skip_host="Host" in headers)
                for name, value in headers.items():
                    client.putheader(name.replace("_", "-"), value)
                client.endheaders()
                return client.getresponse().status

        assert status("/healthz", Host="attacker.example") == 421
        assert status("/healthz", Host="drift.example:443") == 200
        assert status("/healthz", Host="localhost") == 200
        assert status("/metrics") == 401
        # Each a bad token of the same caller, whatever it says of itself.
        bad = "Bearer tu_admin." + "1" * 43
        seen = [
            status("/api/v1/stacks", Authorization=bad, X_Forwarded_For=f"10.0.0.{number}")
            for number in range(12)
        ]
        assert seen == [401] * 10 + [429] * 2

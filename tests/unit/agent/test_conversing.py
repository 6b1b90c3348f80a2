"""What an agent makes of answers: refusals, pages of a proxy, and keys that are offered."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from agent.capture import Captured
from agent.cli import main
from agent.conversation import Conversation
from agent.errors import AwayError, RefusedError
from agent.explain import explain
from agent.hints import WATCHED
from agent.identity import Identity, keep_identity, read_identity
from agent.protocol.tree import Section, digests_of, root_digest
from agent.running import _ended
from agent.scope import Scope
from agent.session import Session
from agent.transport import Server

OLD, NEXT = "00" * 32, "11" * 32
IDENTITY = Identity("http://127.0.0.1:1", "a", "web-1", OLD, 1, "a" * 32, "00" * 32)
FIRST = {"files": Section("ok", {"/etc/motd": 1})}
SECOND = {"files": Section("ok", {"/etc/motd": 2})}


def captured(host: Mapping[str, Section]) -> Captured:
    root = root_digest(digests_of(host)).hex()
    return Captured(host, digests_of(host), root, time.monotonic())


def away(*_asked: object) -> None:
    raise AwayError("nobody answers")


def refused(code: str, status: int) -> Any:
    def post(*_asked: object) -> None:
        raise RefusedError("no", code=code, status=status)

    return post


def spooled(state: Path, patch: pytest.MonkeyPatch) -> Session:
    session = Session(state)
    session.acknowledge(captured(FIRST).root, FIRST)
    patch.setattr(Server, "post", away)
    with pytest.raises(AwayError):
        Conversation(IDENTITY, session).tell(captured(SECOND), Scope())
    assert len(list(session.spool.entries())) == 1
    return session


@pytest.mark.parametrize(
    ("code", "status"),
    [("clock-off", 422), ("unknown-version", 422), ("revoked", 401), ("cloned", 409), ("", 403),
     ("", 422)],
)  # fmt: skip
def test_a_refusal_of_every_message_leaves_the_spool_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    session = spooled(tmp_path, monkeypatch)
    monkeypatch.setattr(Server, "post", refused(code, status))
    with pytest.raises(RefusedError):
        Conversation(IDENTITY, session).tell(captured(SECOND), Scope())
    assert (session.spool.count(), list(session.refused.all())) == (1, [])


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [("invalid", 422, "invalid"), ("wrong-hash", 422, "wrong-hash"),
     ("too-large", 413, "too-large"), ("", 413, "too-large")],
)  # fmt: skip
def test_a_report_that_will_never_be_taken_is_set_aside_with_the_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: str,
    status: int,
    said: str,
) -> None:
    keep_identity(tmp_path, IDENTITY)
    session = spooled(tmp_path, monkeypatch)
    monkeypatch.setattr(Server, "post", refused(code, status))
    with pytest.raises(RefusedError):
        Conversation(IDENTITY, session).tell(captured(SECOND), Scope())
    (report,) = session.refused.all()
    assert (session.spool.count(), report.code) == (0, said)
    assert report.file.stat().st_size > 0
    assert f"refused ({said}): no" in capsys.readouterr().err
    assert main(["status", f"--state={tmp_path}"]) == 0
    assert f"refused ({said}): no" in capsys.readouterr().out
    assert main(["status", "--json", f"--state={tmp_path}"]) == 0
    assert json.loads(capsys.readouterr().out)["refused"][0]["code"] == said


@contextmanager
def answering(status: int, content: bytes, retry_after: str = "") -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield Server(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()


@pytest.mark.parametrize("content", [b"<html>back soon</html>", b"", b"[]", b"null"])
def test_a_page_of_a_proxy_acknowledges_nothing(content: bytes) -> None:
    with answering(200, content) as server, pytest.raises(AwayError):
        server.post("/x", b"{}", {})


def test_a_date_beyond_every_calendar_is_no_time_to_wait() -> None:
    late = "Mon, 01 Jan 99999999999999 00:00:00 GMT"
    with answering(503, b"", late) as server, pytest.raises(AwayError) as caught:
        server.post("/x", b"{}", {})
    assert caught.value.retry_after_s is None


@dataclass
class Keyring:
    """Takes what a key of a serial in `good` signs; `offers` goes with each answer."""

    good: set[int]
    offers: dict[str, Any] | None = None
    serials: list[int] = field(default_factory=list)

    def post(self, _path: str, _body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
        serial = int(headers["Authorization"].split(".")[1])
        self.serials.append(serial)
        if serial not in self.good:
            raise RefusedError("no", code="unauthorized", status=401)
        return {"key": self.offers} if self.offers else None


def tell(state: Path, keyring: Keyring, patch: pytest.MonkeyPatch) -> Identity:
    patch.setattr(Server, "post", lambda _self, *asked: keyring.post(*asked))
    Conversation(read_identity(state), Session(state)).tell(captured(FIRST), Scope())
    return read_identity(state)


def test_a_key_that_is_offered_is_used_and_the_old_one_kept_until_it_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_identity(tmp_path, IDENTITY)
    offered = Keyring({1}, offers={"serial": 2, "key": NEXT})
    kept = tell(tmp_path, offered, monkeypatch)
    assert (kept.key, kept.serial, kept.next_key, kept.next_serial) == (OLD, 1, NEXT, 2)
    # Killed here, it begins from what is on the disk.
    taken = Keyring({2})
    kept = tell(tmp_path, taken, monkeypatch)
    assert (kept.key, kept.serial, kept.next_key) == (NEXT, 2, None)
    assert taken.serials == [2]


def test_an_offered_key_that_a_restored_server_does_not_know_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_identity(tmp_path, Identity(**{**vars(IDENTITY), "next_key": NEXT, "next_serial": 2}))
    keyring = Keyring({1})
    kept = tell(tmp_path, keyring, monkeypatch)
    assert (kept.key, kept.serial, kept.next_key) == (OLD, 1, None)
    assert keyring.serials == [2, 1]


def test_an_offered_key_is_not_forgotten_where_no_key_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_identity(tmp_path, Identity(**{**vars(IDENTITY), "next_key": NEXT, "next_serial": 2}))
    with pytest.raises(RefusedError):
        tell(tmp_path, Keyring(set()), monkeypatch)
    assert read_identity(tmp_path).next_key == NEXT
    assert tell(tmp_path, Keyring({2}), monkeypatch).key == NEXT


def test_an_identity_is_read_by_older_and_newer_agents(tmp_path: Path) -> None:
    offered = Identity(**{**vars(IDENTITY), "next_key": NEXT, "next_serial": 2})
    keep_identity(tmp_path, offered)
    file = tmp_path / "identity.json"
    said = json.loads(file.read_text())
    assert not {"next_key", "next_serial"} & said.keys()
    file.write_text(json.dumps({**said, "of_a_newer_version": 1}))
    kept = read_identity(tmp_path)
    assert (kept.key, kept.next_key, kept.next_serial) == (OLD, NEXT, 2)
    # A key that was taken is offered no more, whatever is left of the offer.
    file.write_text(json.dumps({**said, "serial": 2}))
    assert read_identity(tmp_path).next_key is None


def test_what_is_declared_is_watched_after_an_upgrade(tmp_path: Path) -> None:
    keep_identity(tmp_path, IDENTITY)
    session = Session(tmp_path)
    declared: dict[str, Any] = {"files": {"/etc/motd": {}}}
    baseline = {"resource_id": "hosts/a.b", "claims": [], "declared": declared}
    session.keep_scope({"epoch": "0" * 16, "baselines": [baseline]})
    before = (tmp_path / WATCHED).read_bytes()
    (tmp_path / WATCHED).unlink()
    session.watch_as_before()
    assert (tmp_path / WATCHED).read_bytes() == before == b"/etc/motd\n"


@pytest.mark.parametrize("damage", ["", "x", "-7", "\xff"])
def test_a_number_that_is_damaged_is_counted_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / "sequence").write_text(damage, encoding="latin-1")
    assert Session(tmp_path).next_number() == 1


def test_a_child_that_has_ended_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr("os.kill", lambda child, _signal: killed.append(child))
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    assert (_ended(child), killed) == (0, [])


@pytest.mark.parametrize(
    ("status", "said"), [("ok", "not on this host"), ("timeout", "files is timeout")]
)
def test_a_path_is_missing_only_where_all_files_were_seen(status: str, said: str) -> None:
    lines = list(explain("/etc/motd", Scope(), Section(status)))
    assert said in lines[-1]

"""What the server missed is told in order, and what is told in the end is what the host is."""

from __future__ import annotations

import json
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capture import Captured
from agent.conversation import Conversation
from agent.differences import changes_between
from agent.errors import AwayError, RefusedError
from agent.identity import Identity
from agent.protocol.reading import read
from agent.protocol.tree import Section, digests_of, root_digest
from agent.refused import MOST_BYTES, MOST_KEPT, RefusedReports
from agent.scope import Scope
from agent.session import Session
from agent.spool import Spool
from agent.transport import Server

Host = Mapping[str, Section]
HOSTS = st.dictionaries(
    st.sampled_from(["files", "sysctl"]),
    st.builds(
        Section,
        leaves=st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3),
    ),
)
IDENTITY = Identity("http://127.0.0.1:1", "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32)


def root_of(host: Host) -> str:
    return root_digest(digests_of(host)).hex()


@dataclass
class Keeper:
    """Keeps hosts as the server does, as long as it is `there`; `roots` is what it held."""

    there: bool = True
    host: dict[str, Section] = field(default_factory=dict)
    roots: list[str] = field(default_factory=list)
    loses: bool = False
    """Whether it takes a message and its answer is lost."""
    refuses: frozenset[str] = frozenset()
    """Roots that it will never take."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
        assert path
        if not self.there:
            raise AwayError("nobody answers")
        packed = headers["Content-Type"] == "application/zlib"
        report = read(json.loads(zlib.decompress(body) if packed else body))
        if report.root in self.refuses:
            raise RefusedError("it cannot be kept", code="invalid", status=422)
        if report.base == root_of(self.host):
            for name in report.dropped:
                self.host.pop(name, None)
            for name, change in report.sections.items():
                before = {} if change.whole else dict(self.host.get(name, Section()).leaves)
                for key in change.removed:
                    before.pop(key, None)
                self.host[name] = Section(change.status, {**before, **dict(change.changed)})
            assert root_of(self.host) == report.root
            self.roots.append(report.root)
        if self.loses:
            raise AwayError("the answer is lost")
        if report.root == root_of(self.host):
            return None
        held = {name: digest.hex() for name, digest in digests_of(self.host).items()}
        return {"base": root_of(self.host), "held": held}


def tell(state: Path, host: Host) -> None:
    captured = Captured(host, digests_of(host), root_of(host), time.monotonic())
    with suppress(AwayError):
        Conversation(IDENTITY, Session(state)).tell(captured, Scope())


@settings(max_examples=25)
@given(st.lists(st.tuples(HOSTS, st.sampled_from(["there", "away", "loses"])), max_size=8), HOSTS)
def test_whatever_was_lost_on_the_way_the_server_ends_with_what_the_host_is(
    story: list[tuple[Host, str]], last: Host
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        keeper = Keeper()
        patch.setattr(Server, "post", lambda _self, *asked: keeper.post(*asked))
        for host, how in story:
            keeper.there, keeper.loses = how != "away", how == "loses"
            tell(Path(folder), host)
        keeper.there, keeper.loses = True, False
        tell(Path(folder), last)
        assert root_of(keeper.host) == root_of(last)
        assert list(Session(Path(folder)).spool.entries()) == []


@settings(max_examples=10)
@given(st.lists(HOSTS, max_size=6))
def test_every_state_of_the_time_without_a_server_is_told_in_order(hosts: list[Host]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        keeper = Keeper()
        patch.setattr(Server, "post", lambda _self, *asked: keeper.post(*asked))
        first = {"files": Section("ok", {"/etc": 1})}
        tell(Path(folder), first)
        keeper.there = False
        for host in hosts:
            tell(Path(folder), host)
        keeper.there = True
        last = hosts[-1] if hosts else first
        tell(Path(folder), last)
        roots = [root_of(host) for host in (first, *hosts)]
        moved = [now for before, now in pairwise(roots) if now != before]
        assert keeper.roots == [roots[0], *moved]


@settings(max_examples=25)
@given(st.lists(HOSTS, max_size=6), st.sets(st.integers(0, 5), max_size=3))
def test_a_report_that_will_never_be_taken_keeps_no_other_from_being_told(
    hosts: list[Host], bad: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        keeper = Keeper()
        patch.setattr(Server, "post", lambda _self, *asked: keeper.post(*asked))
        first: Host = {"files": Section("ok", {"/etc": 1})}
        last: Host = {"files": Section("ok", {"/etc": 2})}
        tell(Path(folder), first)
        keeper.there = False
        for host in (*hosts, last):
            tell(Path(folder), host)
        keeper.there = True
        keeper.refuses = frozenset(
            root_of(host) for number, host in enumerate(hosts) if number in bad
        ) - {root_of(first), root_of(last)}
        tell(Path(folder), last)
        roots = [root_of(host) for host in (first, *hosts, last)]
        moved = [now for before, now in pairwise(roots) if now != before]
        taken = [root for root in moved if root not in keeper.refuses]
        # What was refused between two equal states leaves nothing to tell of the second one.
        assert _without_repeats(keeper.roots) == _without_repeats([roots[0], *taken])
        session = Session(Path(folder))
        assert session.spool.count() == 0
        refused = [root for root in moved if root in keeper.refuses]
        assert [report.code for report in session.refused.all()] == ["invalid"] * len(refused)


def _without_repeats(roots: list[str]) -> list[str]:
    return roots[:1] + [root for before, root in pairwise(roots) if root != before]


def test_what_was_joined_before_a_kill_is_joined_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    states: list[Host] = [{"files": Section("ok", {"/etc": n})} for n in range(3)]
    for before, now in pairwise(states):
        changes = changes_between(before, now)
        spool.add(changes, base=root_of(before), root=root_of(now), at=1.0, dropped=())
    first, _ = spool.entries()
    assert spool.join_next(first)
    assert spool.join_next(first)
    _, joined = spool.entries()
    assert (joined.base, joined.root) == (root_of(states[0]), root_of(states[2]))
    assert joined.delta().sections["files"]["changed"] == [["/etc", 2]]
    assert not spool.join_next(joined)


def test_only_the_newest_refused_reports_are_kept(tmp_path: Path) -> None:
    refused = RefusedReports(tmp_path / "refused")
    for number in range(MOST_KEPT + 3):
        (tmp_path / "entry").write_bytes(b"x")
        refused.add(tmp_path / "entry", at=float(number), code="invalid", detail="")
    kept = list(refused.all())
    assert [report.at for report in kept] == [float(n) for n in range(3, MOST_KEPT + 3)]
    assert len(list((tmp_path / "refused").iterdir())) == 2 * MOST_KEPT
    with (tmp_path / "entry").open("wb") as large:
        large.truncate(MOST_BYTES + 1)
    newest = refused.add(tmp_path / "entry", at=99.0, code="too-large", detail="9 MiB")
    assert str(newest).endswith("was refused (too-large): 9 MiB; it is not kept")
    assert [report.code for report in refused.all()] == ["invalid"] * (MOST_KEPT - 1) + [
        "too-large"
    ]
    assert len(list((tmp_path / "refused").iterdir())) == MOST_KEPT


def test_a_reason_that_is_damaged_or_long_does_no_harm(tmp_path: Path) -> None:
    refused = RefusedReports(tmp_path / "refused")
    (tmp_path / "entry").write_bytes(b"x")
    refused.add(tmp_path / "entry", at=1.0, code="invalid", detail="x" * 10_000)
    (kept,) = refused.all()
    assert len(str(kept)) < 2000
    reason = next((tmp_path / "refused").glob("*.reason"))
    reason.write_text('{"at": 1e30, "code": "x", "detail": "y"}')
    (kept,) = refused.all()
    assert "was refused (x): y" in str(kept)


def test_a_full_spool_keeps_the_first_and_the_host_as_it_is_now_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", most_bytes=600)
    before: Host = {}
    added = []
    for number in range(6):
        now = {"files": Section("ok", {"/etc/motd": number})}
        changes = changes_between(before, now)
        added.append(spool.add(changes, base=str(number), root="r", at=1.0, dropped=()))
    assert added == sorted(added, reverse=True)
    assert 0 < sum(added) < len(added)
    kept = list(spool.entries())
    assert [entry.base for entry in kept] == [str(n) for n in range(sum(added))]
    assert sum(entry.file.stat().st_size for entry in kept) <= 600


def test_what_is_damaged_in_the_spool_ends_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(3):
        spool.add({}, base=str(number), root="r", at=1.0, dropped=())
    (tmp_path / "00000002").write_bytes(b"\xff")
    assert [entry.base for entry in spool.entries()] == ["0"]
    assert list(spool.entries()) == []


@contextmanager
def busy(status: int, retry_after: str) -> Iterator[tuple[str, list[str]]]:
    """Answer every request with `status`; give the address and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Retry-After", retry_after)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["3000", "Wed, 01 Jan 2098 00:00:00 GMT"])
def test_a_server_that_asks_for_time_is_asked_nothing_meanwhile(
    tmp_path: Path, status: int, retry_after: str
) -> None:
    host = {"files": Section("ok", {"/etc/motd": 1})}
    captured = Captured(host, digests_of(host), root_of(host), time.monotonic())
    with busy(status, retry_after) as (address, asked):
        identity = Identity(address, "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32)
        session = Session(tmp_path)
        for _ in range(3):
            with pytest.raises(AwayError) as caught:
                Conversation(identity, session).tell(captured, Scope())
            assert caught.value.retry_after_s
        assert len(asked) == 1
        # A clock that was set back silences nobody.
        (tmp_path / "not-before").write_text(str(time.time() + 10**6))
        with pytest.raises(AwayError):
            Conversation(identity, session).tell(captured, Scope())
        assert len(asked) == 2

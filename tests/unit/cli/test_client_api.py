from __future__ import annotations

import socket
from pathlib import Path

import pytest

from reconciler.cli.client.api import Api
from reconciler.cli.client.endpoint import Daemon
from reconciler.cli.client.problems import DeniedError, UnreachableError
from reconciler.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
)
from reconciler.version import __version__
from reconciler.wire.model import Wire, model
from reconciler.wire.route import Route
from tests.unit.cli import objects
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import TOKEN, Answer, Asked, FakeDaemon


@model
class Thing(Wire):
    id: str = ""
    done: bool = False


def route(method: str, path: str, *, repeats: bool = True) -> Route[Thing]:
    return Route(method, path, lambda: Thing, repeats=repeats)


X = route("GET", "/x")
DO_X = route("POST", "/x")


@pytest.fixture
def api(daemon: FakeDaemon) -> Api:
    return Api(Daemon(url=daemon.url, token=TOKEN, token_origin="TRUEUP_TOKEN"))


def test_the_token_is_sent_as_a_bearer(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /things", {"id": "1", "newer": 2})
    with api:
        thing = api.ask(route("GET", "/things"))
    assert (thing, thing.received) == (Thing(id="1"), {"id": "1", "newer": 2})
    assert daemon.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_part_of_a_path_cannot_leave_its_place(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /findings/../a b?c", {"id": "1"})
    with api:
        assert api.ask(route("GET", "/findings/{id}"), "../a b?c") == Thing(id="1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidError),
        (401, DeniedError),
        (403, DeniedError),
        (404, NotFoundError),
        (405, PermanentError),
        (409, ConflictError),
        (413, PermanentError),
        (422, InvalidError),
        (429, RetryableError),
        (500, RetryableError),
        (503, RetryableError),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(
    daemon: FakeDaemon, api: Api, status: int, kind: type[ReconcilerError]
) -> None:
    daemon.refuses("GET /x", status, "some-code", "it is so", remedy="do that")
    with api, pytest.raises(kind) as told:
        api.ask(X)
    assert told.value.remedy
    assert "it is so" in str(told.value) or status == 401


def test_a_conflict_keeps_its_code(daemon: FakeDaemon, api: Api) -> None:
    daemon.refuses("POST /x", 409, "plan-digest-mismatch", "another plan")
    with api, pytest.raises(ConflictError) as told:
        api.ask(DO_X)
    assert told.value.code == "plan-digest-mismatch"
    assert "trueup remediation" in str(told.value.remedy)


def test_wrong_fields_are_named(daemon: FakeDaemon, api: Api) -> None:
    errors = [{"field": "body.match.kind", "message": "no such kind\x1b[2J"}] * 12
    daemon.refuses("POST /x", 422, "invalid-request", "the request does not fit", errors=errors)
    with api, pytest.raises(InvalidError) as told:
        api.ask(DO_X)
    assert "body.match.kind: no such kind\\u001b[2J" in str(told.value)
    assert "and 4 more" in str(told.value)


def test_a_refusal_that_is_no_problem_document_is_still_a_sentence(
    daemon: FakeDaemon, api: Api
) -> None:
    daemon.has("GET /x", Answer(b"<html>", status=404, media_type="text/html"))
    daemon.has("GET /y", Answer(b"<html>", status=502, media_type="text/html"))
    with api:
        with pytest.raises(PermanentError, match=r"is not trueup \(HTTP 404\)"):
            api.ask(X)
        with pytest.raises(RetryableError, match=r"the proxy at .* does not reach the daemon"):
            api.ask(route("GET", "/y"))


def test_another_program_on_the_port_is_told(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("GET /x", Answer(b"<html>hello</html>", media_type="text/html"))
    with api, pytest.raises(PermanentError, match="is not trueup"):
        api.ask(X)


def test_a_lost_answer_is_asked_for_again_under_the_same_key(daemon: FakeDaemon, api: Api) -> None:
    daemon.routes["POST /x"] = lambda _: (
        Answer(broken=True) if len(daemon.asked) == 1 else {"done": True}
    )
    with api:
        assert api.ask(DO_X, body={"a": 1}) == Thing(done=True)
    keys = [one.headers["idempotency-key"] for one in daemon.asked]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_two_mutations_have_two_keys(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("POST /x", {})
    with api:
        api.ask(DO_X)
        api.ask(DO_X)
    assert len({one.headers["idempotency-key"] for one in daemon.asked}) == 2


def test_what_is_shown_once_is_not_asked_for_again(daemon: FakeDaemon, api: Api) -> None:
    daemon.has("POST /tokens", Answer(broken=True))
    with api, pytest.raises(UnreachableError, match="closed the connection"):
        api.ask(route("POST", "/tokens", repeats=False))
    assert len(daemon.asked) == 1


@pytest.mark.parametrize("limit", [0, 1, 499, 500, 501, 1200, 5000])
def test_a_list_is_as_long_as_asked_for(daemon: FakeDaemon, api: Api, limit: int) -> None:
    daemon.lists("/findings", [{"id": str(n)} for n in range(1200)])
    with api:
        body = api.listed(route("GET", "/findings"), limit=limit)
    assert [thing.id for thing in body.items] == [str(n) for n in range(limit or 1200)][:1200]
    assert bool(body.next) is (0 < limit < 1200)


def test_an_answer_without_a_field_names_it_and_both_versions(daemon: FakeDaemon, ask: Ask) -> None:
    partial = {name: value for name, value in objects.stack().items() if name != "health"}
    daemon.lists("/stacks", [partial], key="name")
    daemon.has("GET /openapi.json", {"info": {"version": "9.1"}})
    said = ask("stack", "list")
    assert said.code == 1
    assert "the daemon's answer is not understood: Stack.health is missing\n" in said.err
    assert f"the daemon is 9.1, this is {__version__}" in said.err
    assert "Stack" not in ask("stack", "list", "--json").err


def test_no_daemon_is_said_as_such(ask: Ask) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        said = ask("status", "--server", url)
    assert (said.code, said.out) == (1, "")
    where = url.removeprefix("http://")
    assert f"no daemon runs at {where} (from --server)\n" in said.err
    assert "start one: trueup serve" in said.err


def test_an_expired_token_is_told_as_such(daemon: FakeDaemon, ask: Ask) -> None:
    detail = "the token ana expired at 2026-05-01 10:00 UTC"
    daemon.refuses("GET /hold", 401, "token-expired", detail)
    assert f"{detail} (from TRUEUP_TOKEN)" in ask("status").err


def test_a_refused_token_is_told_by_where_it_came_from(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    daemon.refuses("GET /hold", 401, "unauthorized", "no")
    assert "TRUEUP_TOKEN" in ask("status").err
    file = tmp_path / "ana.token"
    file.write_text(f"{TOKEN}\n")
    said = ask("status", "--token-file", file)
    assert said.code == 1
    assert str(file) in said.err


def test_a_proxy_of_the_environment_never_sees_a_local_token(
    daemon: FakeDaemon, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    daemon.has("POST /hold", {"hold": None})
    assert ask("hold").code == 0


def test_a_daemon_does_not_command_the_terminal(daemon: FakeDaemon, ask: Ask) -> None:
    def hostile(asked: Asked) -> Answer:
        del asked
        body = {"type": "x", "detail": "\x1b]0;owned\x07 gone\u202e", "remedy": "\x9b2J"}
        return Answer(body, status=422)

    daemon.routes["GET /audit"] = hostile
    said = ask("audit")
    assert said.code == 1
    assert not set("\x1b\x07\x9b\u202e") & set(said.err)

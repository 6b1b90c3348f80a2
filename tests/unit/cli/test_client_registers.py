"""Tokens, stacks and templates, against a daemon that is not one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import Answer, FakeDaemon
from tests.unit.cli.scenes import HOSTILE, shown_finding


def test_a_new_token_is_on_stdout_alone_and_once(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("POST /tokens", Answer({**api.token(), "token": "tu_new.secret"}, status=201))
    said = ask("token", "add", "ana", "--role", "approver", "--expires-in", "90d")
    assert said.out == "tu_new.secret\n"
    assert "tu_new.secret" not in said.err
    assert daemon.asked[-1].body == {"name": "ana", "role": "approver", "expires_in": "90d"}


def test_a_token_says_whose_it_is(daemon: FakeDaemon, ask: Ask) -> None:
    made = api.token(name="ana-phone", person="ana")
    daemon.has("POST /tokens", Answer({**made, "token": "tu_new.secret"}, status=201))
    ask("token", "add", "ana-phone", "--role", "viewer", "--person", "ana")
    assert daemon.asked[-1].body == {"name": "ana-phone", "role": "viewer", "person": "ana"}
    daemon.lists("/tokens", [made], key="token_id")
    lines = ask("token", "list").out.splitlines()
    assert lines[0].split()[:3] == ["NAME", "ROLE", "PERSON"]
    assert lines[1].split()[:3] == ["ana-phone", "approver", "ana"]


def test_a_reload_says_what_is_in_force_and_what_is_not(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("POST /reload", {"taken": ['stack "db": added'], "needs_restart": ["daemon.listen"]})
    assert ask("reload").out.splitlines() == [
        'in force: stack "db": added',
        "needs a restart of the daemon: daemon.listen",
    ]
    daemon.has("POST /reload", {"taken": [], "needs_restart": []})
    assert ask("reload").out == "nothing changed\n"


def test_a_refused_reload_shows_the_line_and_the_remedy(daemon: FakeDaemon, ask: Ask) -> None:
    problem = {
        "type": "urn:trueup:problem:cannot-be-done",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "/srv/trueup.toml:7: unknown key stack[0].intervall",
        "remedy": "valid keys here: directory, interval",
    }
    answer = Answer(problem, status=422, media_type="application/problem+json")
    daemon.has("POST /reload", answer)
    said = ask("reload")
    assert said.code == 1
    assert "/srv/trueup.toml:7: unknown key" in said.err
    assert "valid keys here: directory, interval" in said.err


def test_a_token_is_removed_by_name(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/tokens", [api.token(), api.token(token_id="k2", name="bo")], key="token_id")
    daemon.has("DELETE /tokens/k2", Answer(None, status=204))
    assert ask("token", "remove", "bo").out == "revoked token k2 of bo\n"
    assert "bo  " in ask("token", "list").out


def test_a_stack_is_added_by_its_real_directory(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web.env").write_text("")
    daemon.has("POST /stacks", Answer(api.stack(), status=201))
    said = ask("stack", "add", "web", "--interval", "5m", "--env-file", "web.env", "--adaptive")
    assert said.code == 0
    assert daemon.asked[-1].body == {
        "directory": str(tmp_path / "web"),
        "interval": "5m",
        "env_file": str(tmp_path / "web.env"),
        "adaptive": True,
    }


def test_any_option_of_a_tool_can_be_said(daemon: FakeDaemon, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    daemon.has("POST /stacks", Answer(api.stack(), status=201))
    more = ("--option", "only=web-", "--option", 'hosts=["a"]', "--option", "deep=true")
    assert ask("stack", "add", "web", "--tool", "world", *more).code == 0
    assert daemon.asked[-1].body == {
        "directory": str(tmp_path / "web"),
        "tool": "world",
        "only": "web-",
        "hosts": ["a"],
        "deep": True,
    }
    assert "not KEY=VALUE" in ask("stack", "add", "web", "--option", "deep").err


def test_editing_a_stack_keeps_what_is_not_named(daemon: FakeDaemon, ask: Ask) -> None:
    definition = {
        "directory": "/srv/webshop",
        "workspace": "blue",
        "var_files": ["/a.tfvars"],
        "run_code": False,
    }
    daemon.has("GET /stacks/webshop", api.stack(definition=definition))
    daemon.has("PUT /stacks/webshop", api.stack())
    assert ask("stack", "edit", "webshop", "--interval", "1h").code == 0
    assert daemon.asked[-1].body == {
        "directory": "/srv/webshop",
        "interval": "1h",
        "adaptive": False,
        "workspace": "blue",
        "var_files": ["/a.tfvars"],
        "run_code": False,
    }
    assert "no option was given" in ask("stack", "edit", "webshop").err


def test_a_stack_can_be_listed_shown_scanned_and_removed(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/stacks", [api.stack()], key="name")
    daemon.has("POST /stacks/webshop/scan", Answer({"stack": "webshop", "queued": True}, 202))
    daemon.has("DELETE /stacks/webshop", Answer(None, status=204))
    assert "webshop  terraform  15 min  in sync  config  /srv/webshop" in ask("stack", "list").out
    assert "scanned      every 15 min" in ask("stack", "show", "web").out
    assert ask("stack", "scan", "webshop", "--json").json["queued"] is True
    daemon.has("POST /stacks/webshop/accept-state", Answer(api.stack()))
    assert "webshop: its state is accepted" in ask("stack", "accept-state", "webshop").out
    assert "webshop removed" in ask("stack", "remove", "webshop").out
    assert "did you mean webshop?" in ask("stack", "show", "webshoop").err


def test_a_template_is_uploaded_as_it_is(daemon: FakeDaemon, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_bytes(b"resource_type: aws_sqs_queue\n")
    (tmp_path / "q.json").write_bytes(b' {"resource_type": "aws_sqs_queue"}')
    daemon.has("POST /templates", Answer(api.template(), status=201))
    assert "visibility_timeout_seconds" in ask("template", "add", "q.yaml").out
    assert daemon.asked[-1].content == b"resource_type: aws_sqs_queue\n"
    assert daemon.asked[-1].headers["content-type"] == "application/yaml"
    ask("template", "add", "q.json")
    assert daemon.asked[-1].headers["content-type"] == "application/json"


def test_a_template_can_be_found_shown_changed_and_removed(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "q.json").write_bytes(b"{}")
    derived = api.template(template_id="res-1", resource_id="web/a.b", name="", source="stack")
    daemon.lists("/templates", [api.template(), derived], key="template_id")
    daemon.has("GET /templates/t1000000/revisions", {"items": [api.template()], "next": None})
    daemon.has("PUT /templates/t1000000", api.template(revision=3))
    daemon.has("DELETE /templates/t1000000", Answer(None, status=204))
    assert "web/a.b" in ask("template", "list").out
    assert ask("template", "show", "web/a.b", "--json").json["template_id"] == "res-1"
    assert "applies to   */aws_sqs_queue.orders" in ask("template", "show", "orders queue").out
    assert len(ask("template", "show", "t1", "--revisions", "--json").json["items"]) == 1
    assert "revision     3" in ask("template", "edit", "t1", "q.json").out
    assert ask("template", "remove", "t1").out == "removed template orders queue\n"


@pytest.mark.parametrize("command", [("findings",), ("remediations",), ("runs",), ("show", "f1")])
def test_what_is_live_never_commands_the_terminal(
    daemon: FakeDaemon, ask: Ask, command: tuple[str, ...]
) -> None:
    shown_finding(daemon, address=HOSTILE, changes=[api.change(HOSTILE, live=HOSTILE)])
    daemon.lists("/remediations", [api.remediation(addresses=[HOSTILE], note=HOSTILE)])
    daemon.lists("/runs", [api.run(summary=HOSTILE, progress={HOSTILE: "done"})])
    said = ask(*command)
    assert said.code == 0
    assert not set("\x1b\u202e") & set(said.out)

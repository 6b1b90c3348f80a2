"""What people who know terraform and kubectl tried in their first hour, and what they are told."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from reconciler.cli.main import run
from reconciler.wire import models as wire
from reconciler.wire.decoding import decode
from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.scenes import fleet

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("group", ["agent", "policy", "stack", "template", "token"])
def test_no_line_of_a_list_of_commands_is_cut(group: str, capsys: Captured) -> None:
    assert run([group, "--help"]) == 0
    told = capsys.readouterr().out.partition("Commands:")[2]
    assert told
    assert "..." not in told


def test_a_filter_written_as_an_option_is_answered_with_the_filter(
    daemon: FakeDaemon, ask: Ask
) -> None:
    said = ask("findings", "--severity", "high")
    assert "write it as a filter: severity:VALUE" in said.err
    assert "did you mean" not in said.err.lower()
    assert not daemon.asked


def test_help_of_a_command_that_does_not_exist_names_the_list(capsys: Captured) -> None:
    assert run(["help", "scam"]) == 1
    said = capsys.readouterr().err
    assert "did you mean 'scan'?" in said
    assert "see `trueup --help`" in said


def test_a_shell_is_asked_for_in_one_line(capsys: Captured) -> None:
    assert run(["completion"]) == 1
    assert "Missing argument 'SHELL'" in capsys.readouterr().err


def test_the_choices_of_a_missing_option_are_listed_in_one_line(capsys: Captured) -> None:
    assert run(["token", "add", "ana"]) == 1
    said = capsys.readouterr().err
    assert "Missing option '--role'. Choose from: viewer, operator, approver" in said
    assert len(said.splitlines()) == 2


def test_waiting_for_a_scan_is_not_waiting_for_a_person(capsys: Captured) -> None:
    assert run(["stack", "scan", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Wait for the scan; ends with 1 if it failed." in said


def test_a_plan_of_nothing_shows_no_digest(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack())
    empty = {**api.plan(), "targets": [], "resources": []}
    daemon.has("POST /stacks/webshop/plan", empty)
    assert ask("plan", "webshop").out == "webshop: no drift to correct\n"


@pytest.mark.parametrize("option", ["--expires-in", "--expires"])
def test_a_token_expires_by_either_word(daemon: FakeDaemon, ask: Ask, option: str) -> None:
    ask("token", "add", "ana", "--role", "viewer", option, "90d")
    assert daemon.sent("POST /tokens")[0].body["expires_in"] == "90d"


def test_watching_a_daemon_that_does_not_run_ends_at_once(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUEUP_TOKEN", "tu_a.b")
    assert run(["--server", "http://127.0.0.1:1", "status", "--watch"]) == 1
    said = capsys.readouterr().err
    assert "no daemon runs at 127.0.0.1:1" in said
    assert "waiting" not in said


def test_https_to_a_daemon_without_it_is_named(daemon: FakeDaemon, ask: Ask) -> None:
    said = ask("--server", daemon.url.replace("http:", "https:"), "status")
    assert "does not speak TLS" in said.err
    assert "write http://" in said.err


def test_a_misspelt_stack_is_suggested(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "main.tf").write_text("")
    settings = '[[stack]]\nname = "webshop"\ndirectory = "web"\n'
    (tmp_path / "trueup.toml").write_text(settings)
    monkeypatch.chdir(tmp_path)
    assert run(["scan", "webshp"]) == 1
    assert "did you mean webshop?" in capsys.readouterr().err


def test_whoever_interrupts_an_approval_is_told_that_nothing_was_changed(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler.cli import approve  # noqa: PLC0415 - the module, not the command

    def interrupted(*_: object, **__: object) -> str:
        raise click.Abort

    monkeypatch.setattr(click, "prompt", interrupted)
    with pytest.raises(click.Abort):
        approve._confirm(decode(wire.Plan, api.plan()), [])
    assert "not approved; nothing was changed" in capsys.readouterr().err


def test_a_state_of_a_newer_daemon_is_told_without_a_hint(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/remediations", [api.remediation(state="pondering")])
    said = ask("remediation", api.remediation()["id"])
    assert (said.code, "pondering" in said.out) == (0, True)


def test_the_form_of_the_output_is_written_after_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["-o", "json", "status"]) == 1
    assert "write -o after the command: trueup status -o json" in capsys.readouterr().err


def test_whoever_approves_too_early_is_told_where_the_plan_appears(
    daemon: FakeDaemon, ask: Ask
) -> None:
    daemon.lists("/remediations", [api.remediation(state="planning", plan=None, plan_digest=None)])
    said = ask("approve", "e1")
    assert said.code == 1
    assert "its plan is being made; watch it: trueup remediation e1000000" in said.err


def test_whoever_interrupts_waiting_is_told_that_it_goes_on(
    daemon: FakeDaemon, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = api.remediation()
    daemon.lists("/remediations", [waiting])
    daemon.has(f"POST /remediations/{waiting['id']}/approve", {**waiting, "state": "queued"})
    daemon.lists("/stacks", [api.stack()], key="name")
    daemon.has("POST /stacks/webshop/scan", {"stack": "webshop", "queued": True})

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reconciler.cli.waiting.follow", interrupted)
    said = ask("approve", "e1", "--digest", api.DIGEST, "--wait")
    assert said.code == 130
    assert "no longer waiting; e1000000 goes on: trueup remediation e1000000" in said.err
    said = ask("stack", "scan", "webshop", "--wait")
    assert said.code == 130
    assert "no longer waiting; the scan goes on: trueup status webshop" in said.err

"""The client commands against a real daemon that watches a real stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, serving
from tests.e2e.command import Ended, Trueup, killed_at_the_end
from tests.e2e.conftest import SECRET
from tests.ports import free_port
from tests.world_stack import WorldStack

ONE = "world_thing.many[0]"


@dataclass(frozen=True, slots=True)
class Client:
    """`trueup` beside a running daemon, both set up by one file."""

    trueup: Trueup
    daemon: Daemon
    settings: Path

    def ask(self, *arguments: str | Path, code: int = 0) -> Ended:
        ended = self.trueup.run("--config", self.settings, *arguments)
        assert ended.code == code, ended.everything
        assert self.daemon.token_file.read_text().strip() not in ended.everything
        return ended

    def json(self, *arguments: str | Path) -> Any:
        return self.ask(*arguments, "--json").json

    def finding(self, address: str = ONE) -> dict[str, Any]:
        """Return the open finding of `address` as soon as there is one."""

        def look() -> dict[str, Any] | None:
            items: list[dict[str, Any]] = self.json("findings")["items"]
            return next((item for item in items if item["address"] == address), None)

        return self.daemon.until(f"a finding of {address}", look)

    def remediation(self, one: str, state: str) -> dict[str, Any]:
        """Return the remediation as soon as it is in `state`."""

        def look() -> dict[str, Any] | None:
            body: dict[str, Any] = self.json("remediation", one)
            return body if body["state"] == state else None

        return self.daemon.until(f"remediation {one} to be {state}", look)


@pytest.fixture
def client(stack: WorldStack, trueup: Trueup, tmp_path: Path) -> Iterator[Client]:
    settings = tmp_path / "trueup.toml"
    settings.write_text(
        f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n'
        f'confirm_after = "1s"\n'
        f'[[stack]]\nname = "web"\ndirectory = "{stack.directory}"\ninterval = "10s"\n'
        '[[policy]]\nname = "by hand"\nmatch = {address = "world_thing.many*"}\n'
        'action_type = "manual_review"\n'
    )
    environment = trueup.full_environment()
    data_dir = tmp_path / "data"
    with serving(
        settings, data_dir=data_dir, environment=environment, directory=tmp_path
    ) as daemon:
        yield Client(trueup, daemon, settings)


def _drift(stack: WorldStack) -> None:
    with stack.changed() as things:
        things["many-0"]["labels"] = {"team": "nobody"}


def test_drift_is_found_shown_approved_and_corrected(client: Client, stack: WorldStack) -> None:
    _drift(stack)
    finding = client.finding()
    shown = client.ask("show", f"web/{ONE}").out
    assert 'labels.team  "web" -> "nobody"' in shown
    status = client.ask("status").out
    assert "drifted" in status
    (waiting,) = client.daemon.until(
        "a remediation that waits",
        lambda: client.json("remediations", "--state", "awaiting_approval")["items"],
    )
    assert waiting["finding_ids"] == [finding["id"]]
    refused = client.ask("approve", waiting["id"][:8], "--digest", "0" * 64, code=1)
    assert "error:" in refused.err
    assert refused.out == ""
    client.ask("approve", waiting["id"][:8], "--digest", waiting["plan_digest"])
    done = client.remediation(waiting["id"], "converged")
    with stack.changed() as things:
        assert things["many-0"]["labels"] == {"team": "web"}
    log = client.ask("log", done["run_id"][:10], "-f")
    assert ONE in log.out
    assert "finished" in client.ask("runs").out
    assert f"= done      {ONE}" in client.ask("runs", done["run_id"]).out
    assert "healed" in client.ask("show", finding["id"]).out
    steps = client.json("audit", "--subject", waiting["id"])["items"]
    assert steps[0]["action"] == "remediation.converged"
    assert "remediation.awaiting_approval" in client.ask("audit", "--subject", waiting["id"]).out


def test_a_correction_can_be_asked_for_planned_and_rejected(
    client: Client, stack: WorldStack
) -> None:
    with stack.changed() as things:
        things["one"]["secret"] = "another-secret-0815"
    finding = client.finding("world_thing.one")
    planned = client.ask("plan", finding["id"][:10])
    assert "~ update   world_thing.one" in planned.out
    asked = client.json("remediate", "world_thing.one")
    again = client.json("remediate", "world_thing.one")
    assert asked["id"] == again["id"]
    waiting = client.remediation(asked["id"], "awaiting_approval")
    assert waiting["plan_digest"] in planned.out
    client.ask("reject", asked["id"], "--reason", "it was us")
    client.remediation(asked["id"], "rejected")
    said = planned.everything + client.ask("show", finding["id"]).everything + json.dumps(waiting)
    assert SECRET not in said
    assert "another-secret-0815" not in said


def test_policies_templates_stacks_tokens_and_the_hold_are_managed(
    client: Client, stack: WorldStack, tmp_path: Path
) -> None:
    flags = ("--address", "world_thing.*", "--action", "manual_review", "--expires", "30d")
    made = client.json("policy", "add", "--name", "mine", *flags)
    client.ask("policy", "edit", "mine", "--min-score", "40", "--path", "labels.*")
    edited = client.json("policy", "show", "mine")
    assert (edited["policy_id"], edited["min_score"]) == (made["policy_id"], 40)
    assert edited["match"] == {"address": "world_thing.*", "path": "labels.*"}
    assert edited["expires_at"] == made["expires_at"]
    assert "by hand" in client.ask("policy", "list").out
    assert "help:" in client.ask("policy", "remove", "by hand", code=1).err
    client.ask("policy", "remove", "mine")

    document = tmp_path / "thing.yaml"
    document.write_text("name: things\nresource_type: world_thing\ntemplate_definition: {a: 1}\n")
    client.ask("template", "add", document)
    document.write_text("name: things\nresource_type: world_thing\ntemplate_definition: {a: 2}\n")
    assert client.json("template", "edit", "things", document)["revision"] == 2
    assert len(client.json("template", "show", "things", "--revisions")["items"]) == 2
    revisions = client.ask("template", "show", "things", "--revisions").out
    assert "  ~ a\n      - 1\n      + 2\n" in revisions
    assert "revision     1" in revisions
    client.ask("template", "remove", "things")

    client.ask("stack", "add", stack.directory, "--name", "second", "--interval", "1h")
    client.ask("stack", "edit", "second", "--interval", "30m", "--adaptive")
    second = client.json("stack", "show", "second")
    assert (second["interval_s"], second["adaptive"]) == (1800, True)
    assert client.json("stack", "scan", "second") == {"stack": "second", "queued": True}
    assert "help:" in client.ask("stack", "remove", "web", code=1).err
    client.ask("stack", "remove", "second")
    assert [one["name"] for one in client.json("stack", "list")["items"]] == ["web"]

    client.ask("hold", "--reason", "a freeze", "--until", "2h")
    assert "a freeze" in client.ask("status").out
    client.ask("resume")
    assert "HOLD" not in client.ask("status").out
    assert "hold" in client.ask("audit").out


def test_a_token_may_what_its_role_says_and_no_more(client: Client, tmp_path: Path) -> None:
    text = client.trueup.run(
        "--config", client.settings, "token", "add", "ana", "--role", "viewer", "--expires-in", "1d"
    ).out
    file = tmp_path / "ana.token"
    file.write_text(text)
    assert "web" in client.ask("status", "--token-file", file).out
    refused = client.ask("hold", "--token-file", file, code=1)
    assert "error:" in refused.err
    assert str(file) in refused.err
    assert text.strip() not in refused.everything
    client.ask("token", "remove", "ana")
    gone = client.ask("status", "--token-file", file, code=1)
    assert "does not accept the token" in gone.err


def test_policies_are_tried_on_what_is_open(
    client: Client, stack: WorldStack, tmp_path: Path
) -> None:
    _drift(stack)
    client.finding()
    file = tmp_path / "tried.toml"
    file.write_text('name = "labels"\nmatch = {path = "labels.*"}\naction_type = "auto_correct"\n')
    (tried,) = client.json("policy", "test", file)["items"]
    assert (tried["address"], tried["decision"]) == (ONE, "auto_correct")


def test_a_watched_status_tells_of_drift_as_it_is_found(client: Client, stack: WorldStack) -> None:
    watching = client.trueup.start("--config", client.settings, "status", "--watch", "--json")
    with killed_at_the_end(watching):
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["stacks"][0]["name"] == "web"
        _drift(stack)
        client.ask("stack", "scan", "web")
        for line in watching.stdout:
            if json.loads(line)["stacks"][0]["health"] == "drifted":
                break
        else:
            pytest.fail("the stream ended without the drift")


def test_no_daemon_is_a_sentence(client: Client) -> None:
    client.daemon.end()
    ended = client.ask("status", code=1)
    assert f"no daemon runs at {client.daemon.address.removeprefix('http://')} (from " in ended.err
    assert "trueup serve" in ended.err

"""`trueup accept`, `declare` and `ignore`, against a daemon that is not one."""

from __future__ import annotations

from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.scenes import shown_finding

FINDING = "f100000000000000aaaa"
ACCEPTED = {
    "id": "a1",
    "stack": "webshop",
    "address": "aws_sqs_queue.orders",
    "finding_id": FINDING,
    "fingerprint": "f",
    "accepted_by": "ana",
    "reason": "wanted",
    "accepted_at": "2026-05-01T10:00:00Z",
    "undone_by": None,
    "undone_at": None,
}


def test_what_is_accepted_is_exactly_the_drift_that_was_shown(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.has(f"POST /findings/{FINDING}/accept", ACCEPTED)

    said = ask("accept", "f1", "--reason", "wanted")

    body = daemon.asked[-1].body
    assert (body["reason"], set(body)) == ("wanted", {"reason", "fingerprint"})
    assert "aws_sqs_queue.orders is accepted as it is" in said.out
    assert "--undo" in said.out


def test_an_acceptance_is_taken_back(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.has(f"POST /findings/{FINDING}/undo-accept", ACCEPTED)

    assert "the acceptance is undone" in ask("accept", "f1", "--undo").out


def test_accepting_wants_a_reason_and_undoing_takes_none(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)

    assert "Missing option '--reason'" in ask("accept", "f1").err
    assert "--undo takes no --reason" in ask("accept", "f1", "--undo", "--reason", "r").err


def test_the_code_is_printed_with_the_place_of_its_block(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    text = 'resource "a" "b" {\n  port = 22\n}\n'
    told = {"language": "hcl", "text": text, "file": "main.tf", "line": 12}
    daemon.has(f"GET /findings/{FINDING}/declaration", told)

    assert ask("declare", "f1").lines == ["# main.tf:12", *text.splitlines()]


def test_what_has_to_be_named_is_said_of_the_command_that_was_given(
    daemon: FakeDaemon, ask: Ask
) -> None:
    shown_finding(daemon, kind="missing", severity="critical")
    route, detail = f"POST /findings/{FINDING}/ignore", "it is missing and critical"
    daemon.refuses(route, 409, "not-covered", detail, remedy="name it: trueup ignore f1")

    said = ask("snooze", "f1", "--for", "1h")
    assert said.err.endswith(
        "help: name it: trueup snooze f1000000 --for 1h --covers missing --covers critical\n"
    )
    said = ask("ignore", "f1", "--reason", "it's known")
    assert said.err.endswith(
        "help: name it: trueup ignore f1000000 --reason 'it'\"'\"'s known'"
        " --covers missing --covers critical\n"
    )

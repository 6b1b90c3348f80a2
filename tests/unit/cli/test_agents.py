"""`trueup agent` as far as it decides what is sent."""

from __future__ import annotations

from typing import Any

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import FakeDaemon


def agent() -> dict[str, Any]:
    return {
        "agent_id": "a1", "host": "web-1", "state": "active", "every_s": 300,
        "enrolled_at": api.before(days=1), "last_seen_at": None, "captured_at": None, "seq": 1,
        "root": "ab" * 32, "epoch": "0" * 16, "gaps": 0, "clock_offset_s": 0, "version": "1",
        "system": "Linux",
    }  # fmt: skip


def test_a_host_is_accepted_as_it_was_looked_at(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/agents", [agent()], key="agent_id")
    daemon.has("POST /agents/a1/accept", {"agent_id": "a1", "accepted": 2})
    said = ask("agent", "accept", "web-1", "--reason", "x")
    assert (said.code, "2 differences of web-1 are accepted. To undo" in said.out) == (0, True)
    assert daemon.asked[-1].body == {"reason": "x", "sections": [], "root": "ab" * 32}


def test_the_list_says_what_is_accepted_of_a_host(daemon: FakeDaemon, ask: Ask) -> None:
    accepted = {"places": 3, "since": api.before(days=2), "by": ["ana"]}
    daemon.lists("/agents", [{**agent(), "accepted": accepted}], key="agent_id")
    assert "3 places by ana, 2 d ago" in ask("agent", "list").out
    daemon.lists("/agents", [agent()], key="agent_id")
    assert "places" not in ask("agent", "list").out


def test_what_could_not_be_read_of_a_host_is_named_where_the_rest_is_accepted(
    daemon: FakeDaemon, ask: Ask
) -> None:
    daemon.lists("/agents", [agent()], key="agent_id")
    made = {"agent_id": "a1", "accepted": 1, "unreadable": ["sysctl"]}
    daemon.has("POST /agents/a1/accept", made)
    said = ask("agent", "accept", "web-1", "--reason", "x")
    assert (
        "1 difference of web-1 is accepted; sysctl could not be read and stays a finding"
        in said.out
    )


def test_a_path_with_a_comma_is_not_taken_for_two(daemon: FakeDaemon, ask: Ask) -> None:
    said = ask("agent", "template", "web-1", "--path", "/etc/a,b")
    assert (said.code, "write ? in its place" in said.err) == (1, True)
    assert daemon.asked == []

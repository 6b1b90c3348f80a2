from __future__ import annotations

from agent.differences import changes_between
from agent.protocol.tree import Section


def test_a_number_that_became_a_truth_value_is_a_change() -> None:
    before = {"sysctl": Section("ok", {"a": {"value": 1}})}
    now = {"sysctl": Section("ok", {"a": {"value": True}})}
    assert list(changes_between(before, now)["sysctl"].changed) == [("a", {"value": True})]


def test_nothing_is_said_of_a_section_that_is_as_it_was() -> None:
    host = {"files": Section("ok", {"/etc/motd": {"mode": "0644"}})}
    assert changes_between(host, dict(host)) == {}

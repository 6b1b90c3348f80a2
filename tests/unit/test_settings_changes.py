"""What a reload takes in, key by key, and what it leaves to a restart."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from reconciler.bootstrap.settings_changes import LIVE_DAEMON_KEYS, changes
from reconciler.section_reading import validated
from reconciler.settings import DaemonSettings, Settings

_DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
STACK = {"directory": "/", "name": "a"}
POLICY = {"name": "p"}


def made(**sections: Any) -> Settings:
    return validated(Settings, sections)


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ({}, {}, ()),
        ({}, {"stack": [STACK]}, ('stack "a": added',)),
        ({"stack": [STACK]}, {}, ('stack "a": removed',)),
        (
            {"stack": [STACK]},
            {"stack": [{**STACK, "interval": "1h", "workspace": "dev"}]},
            ('stack "a": interval, workspace',),
        ),
        ({}, {"policy": [POLICY]}, ('policy "p": added',)),
        ({"policy": [POLICY]}, {}, ('policy "p": removed',)),
        ({"policy": [POLICY]}, {"policy": [{**POLICY, "min_score": 3}]}, ('policy "p": changed',)),
        (
            {"policy": [POLICY, {"name": "q"}]},
            {"policy": [{"name": "q"}, POLICY]},
            ("policies: order",),
        ),
        ({}, {"severity": [{"severity": "low"}]}, ("severity rules",)),
        ({}, {"daemon": {"confirm_after": "1m"}}, ("daemon.confirm_after",)),
    ],
)
def test_what_can_change_is_taken_in(
    before: dict[str, Any], after: dict[str, Any], taken: tuple[str, ...]
) -> None:
    found = changes(made(**before), made(**after))
    assert (found.taken, found.needs_restart) == (taken, ())
    assert found.in_force == made(**after)


def test_what_needs_a_restart_stays_as_it_was_and_is_said_each_time() -> None:
    before = made(daemon={"listen": "127.0.0.1:1", "approval_time": "1h"})
    after = made(daemon={"listen": "127.0.0.1:2", "approval_time": "2h"})
    first = changes(before, after)
    assert (first.taken, first.needs_restart) == (("daemon.approval_time",), ("daemon.listen",))
    assert first.in_force.daemon.listen == "127.0.0.1:1"
    again = changes(first.in_force, after)
    assert (again.taken, again.needs_restart) == ((), ("daemon.listen",))


def test_the_documentation_says_of_each_daemon_key_what_a_reload_does() -> None:
    rows = re.findall(
        r"^\|[^|]*\| `(\w+)` \|[^\n]*\| (yes|restart) \|$", _DOCS.read_text(), re.MULTILINE
    )
    keys = [one.name for one in fields(DaemonSettings)]
    said = {key: word == "yes" for key, word in rows if key in keys}
    assert said == {key: key in LIVE_DAEMON_KEYS for key in keys}

"""A state swapped, put back or lost under the daemon: said with the stack until it is accepted."""

from __future__ import annotations

import json
from pathlib import Path

from tests.daemon import Daemon
from tests.e2e.lone_daemon import LoneDaemon, look_at


def _state(file: Path, lineage: str, serial: int) -> None:
    told = {"version": 4, "terraform_version": "1.9.0", "serial": serial, "lineage": lineage}
    file.write_text(json.dumps({**told, "outputs": {}, "resources": []}))


def _doubts(daemon: Daemon) -> list[str]:
    """Scan, and return what is said of the stack's state then."""
    (stack,) = daemon.scan("shop")
    return [one["reason"] for one in stack["provider_doubts"]]


def test_a_state_that_does_not_follow_the_last_is_said_until_it_is_accepted(
    lone: LoneDaemon,
) -> None:
    file = lone.stack("shop") / "terraform.tfstate"
    _state(file, "first", 7)
    lone.settings({"shop": ""})
    with lone.serving() as daemon:
        daemon.until("the first scan", lambda: look_at(daemon, "shop")["health"] == "in_sync")
        assert _doubts(daemon) == []
        _state(file, "first", 6)
        (older,) = _doubts(daemon)
        assert "older copy: it has the serial 6" in older
        _state(file, "second", 9)
        (foreign,) = _doubts(daemon)
        assert "another one: it has the lineage second" in foreign
        file.unlink()
        (gone,) = _doubts(daemon)
        assert "the state is gone" in gone
        _state(file, "second", 9)
        daemon.ask("/stacks/shop/accept-state", method="POST")
        assert _doubts(daemon) == []

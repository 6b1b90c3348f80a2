"""kill -9 of the daemon at any moment of a correction: at most one apply, and a true end."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.daemon import UNLIMITED, Daemon, serving
from tests.ports import free_port
from tests.world_stack import WorldStack

ADDRESS: Final = "world_thing.one"
DRIFTED, DECLARED = "somebody-else", "web"
CODE: Final = f"""
resource "world_thing" "one" {{
  name   = "one"
  labels = {{ team = "{DECLARED}" }}
}}
"""
MOMENTS_S: Final = (0.0, 0.3, 0.6, 1.0, 1.5, 2.2, 3.0)
SETTINGS: Final = (
    """
[daemon]
listen = "127.0.0.1:{port}"
data_dir = "data"
confirm_after = "0s"

[[stack]]
name = "world"
directory = "{directory}"
interval = "10s"

[[policy]]
name = "put back"
match = {{stack = "world"}}
action_type = "auto_correct"
"""
    + UNLIMITED
)


@dataclass(frozen=True, slots=True)
class Place:
    """A stack, and a folder where daemons come and go."""

    stack: WorldStack
    folder: Path
    settings: Path
    environment: Mapping[str, str]

    def serving(self) -> Any:
        return serving(
            self.settings,
            data_dir=self.folder / "data",
            environment=self.environment,
            directory=self.folder,
        )

    @property
    def team(self) -> str:
        with self.stack.changed() as things:
            team: str = things["one"]["labels"]["team"]
            return team


@pytest.fixture
def place(stack: WorldStack, caches: Path, tmp_path: Path) -> Place:
    stack.apply(CODE)
    settings = tmp_path / "trueup.toml"
    settings.write_text(SETTINGS.format(port=free_port(), directory=stack.directory))
    environment = {
        **os.environ,
        **stack.environment,
        "XDG_CACHE_HOME": str(caches),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    return Place(stack, tmp_path, settings, environment)


@pytest.mark.parametrize("moment_s", MOMENTS_S)
def test_killed_at_any_moment_it_applies_at_most_once(place: Place, moment_s: float) -> None:
    with place.serving() as daemon:
        daemon.until("a complete scan", lambda: _stack(daemon)["verified_at"])
        place.stack.forget_calls()
        with place.stack.changed() as things:
            things["one"]["labels"]["team"] = DRIFTED
        daemon.ask("/stacks/world/scan", {})
        time.sleep(moment_s)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    with place.serving() as daemon:
        ended = daemon.until("an end", lambda: _ended(daemon))
        runs = daemon.ask("/runs")["items"]
    assert place.stack.calls("apply") <= 1
    assert ended["state"] == "converged"
    assert place.team == DECLARED
    # Before the finished one there may be an intent that no runner ever took.
    assert [run["state"] for run in runs] in (["finished"], ["finished", "failed"])
    with closing(sqlite3.connect(place.folder / "data" / "trueup.db")) as database:
        assert database.execute("pragma quick_check").fetchall() == [("ok",)]


def _stack(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask("/stacks/world")
    return found


def _ended(daemon: Daemon) -> dict[str, Any] | None:
    items = daemon.ask("/remediations")["items"]
    return next((item for item in items if item["state"] in ("converged", "needs_human")), None)

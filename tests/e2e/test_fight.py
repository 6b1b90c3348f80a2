"""Somebody who reverts our correction again and again is named, and left alone."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.daemon import Daemon
from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.shop import applies
from tests.world_stack import WorldStack

pytestmark = pytest.mark.slow

CODE: Final = """
resource "world_thing" "one" {
  name   = "one"
  labels = { team = "web" }
}
"""
POLICY: Final = '[[policy]]\nname = "put back"\nmatch = {}\naction_type = "auto_correct"\n'
THEIRS: Final = {"team": "web", "argocd.argoproj.io/instance": "webshop"}


def labels(stack: WorldStack) -> Any:
    with stack.changed() as things:
        return things["one"]["labels"]


def revert(stack: WorldStack) -> None:
    with stack.changed() as things:
        things["one"]["labels"] = THEIRS


def test_the_fourth_correction_of_what_somebody_reverts_is_held_and_both_are_named(
    stack: WorldStack, lone: LoneDaemon
) -> None:
    """With the limits that are the default."""
    stack.apply(CODE)
    (lone.folder / "own.env").write_text(
        "".join(f"{name}={value}\n" for name, value in stack.environment.items())
    )
    section = f'directory = "{stack.directory}"\ninterval = "10s"\nenv_file = "own.env"'
    settings = lone.settings({}, daemon='confirm_after = "0s"')
    settings.write_text(f'{settings.read_text()}[[stack]]\nname = "world"\n{section}\n{POLICY}')
    with lone.serving() as daemon:
        daemon.until("a complete scan", lambda: daemon.ask("/stacks/world")["verified_at"])
        for number in range(3):
            revert(stack)
            daemon.until("its correction", lambda: _corrections(daemon) > number)  # noqa: B023
            assert labels(stack) == {"team": "web"}
        revert(stack)
        held = daemon.until("a hold", lambda: _held(daemon))
        assert held["hold"]["guard"] == "fight"
        reason = held["hold"]["reason"]
        assert "policy 'put back' corrected it 3 times within a day" in reason
        assert "Argo CD application webshop changed it back" in reason
        assert applies(daemon) == 3
        assert labels(stack) == THEIRS


def _corrections(daemon: Daemon) -> int:
    """Return how many applies have helped; drift may go away without one as well."""
    daemon.ask("/stacks/world/scan", {})  # it is found at once, and confirmed by the next
    return sum(bool(one["run_id"]) for one in daemon.ask("/remediations?state=converged")["items"])


def _held(daemon: Daemon) -> dict[str, Any] | None:
    daemon.ask("/stacks/world/scan", {})
    return next(iter(daemon.ask("/remediations?state=held")["items"]), None)

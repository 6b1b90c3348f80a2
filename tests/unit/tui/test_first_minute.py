"""Where no row is on the list, a stack is called in sync only where it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.client import Daemon
from reconciler.wire.stacks import Stack
from tests.unit.tui.test_next_steps import STACK
from tui.ink import text_of
from tui.lines.first_minute import empty_fleet_lines
from tui.session import Options, Session
from tui.store.link import Link


def told(stack: Stack, *, link: Link | None = None) -> str:
    """Return what is said of a fleet of one stack, of which nothing is on the list."""
    session = Session(Daemon("http://127.0.0.1:9", "t"), Options())
    session.store.put_stack(stack)
    session.pump.loaded = True
    session.pump.link = link or Link("live")
    return "\n".join(text_of(spans) for spans in empty_fleet_lines(session))


def healthy(health: str, *, due_in: int = 1) -> Stack:
    due = datetime.now(UTC) + timedelta(hours=due_in)
    return replace(STACK, health=health, next_due_at=due)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("health", "due_in", "said"),
    [
        ("in_sync", 1, "v 1 stack in sync: no drift"),
        ("in_sync", -1, "? 1 stack unknown, checking"),
        ("never_run", 1, ". 1 stack never read; R scans now"),
        ("never_run", -1, "? 1 stack unknown, checking"),
        ("incomplete", 1, "? 1 stack not read completely; 5 shows them"),
        ("incomplete", -1, "? 1 stack not read completely; 5 shows them"),
    ],
)
def test_each_stack_is_said_to_be_what_it_is(health: str, due_in: int, said: str) -> None:
    assert told(healthy(health, due_in=due_in)) == said


@pytest.mark.parametrize("due_in", [1, -1])
def test_a_drifted_stack_of_which_nothing_is_listed_is_not_in_sync(due_in: int) -> None:
    said = told(healthy("drifted", due_in=due_in))
    assert "in sync" not in said
    assert "1 stack drifted" in said
    assert "8 shows what is ignored" in said


def test_what_could_not_be_read_yet_is_said_beside_the_stacks() -> None:
    said = told(healthy("drifted"), link=Link("live", unread=1, reason="the daemon is busy"))
    assert "the daemon is busy; it is asked again" in said

"""However answers, refusals and events overtake each other, the store ends as the daemon is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.wire.remediations import Remediation
from tests.unit.tui.told import Daemon, at_once, cut, refused
from tui.store.noting import ENDED
from tui.store.pump import Pump
from tui.store.store import Store

_SETTLED = 600
_NAMES = some.sampled_from("abcd")
_STATES = some.sampled_from(("planning", "awaiting_approval", "rejected", "converged"))
Move: TypeAlias = tuple[str, ...] | None
_MOVES = some.lists(
    some.tuples(
        some.one_of(
            some.tuples(some.just("drift"), _NAMES, some.sampled_from(("", "low", "high"))),
            some.tuples(some.just("remediation"), some.sampled_from("xyz"), _STATES, _NAMES),
            some.tuples(some.just("refused"), some.sampled_from(("429", "500", "503", "cut"))),
            some.just(("lists",)),
        ),
        some.integers(0, 6),
    ),
    max_size=12,
)


@given(
    some.dictionaries(_NAMES, some.sampled_from(("low", "high"))),
    _MOVES,
    some.lists(some.integers(0, 9), min_size=1, max_size=5),
)
def test_the_store_ends_as_the_daemon_is(
    there: dict[str, str], moves: list[tuple[tuple[str, ...], int]], delays: list[int]
) -> None:
    asyncio.run(_followed(there, moves, delays))


async def _followed(
    there: dict[str, str], moves: list[tuple[tuple[str, ...], int]], delays: list[int]
) -> None:
    daemon, store = Daemon(delays, dict(there)), Store()
    pump = Pump(daemon.client, store, lambda _changes: None, learn=daemon.on_the_way)
    running = asyncio.ensure_future(pump.run())
    try:
        for move, laps in moves:
            for _ in range(laps):
                await asyncio.sleep(0)
            _make(daemon, pump, move)
        for _ in range(_SETTLED):
            await asyncio.sleep(0)
        assert {name: row.severity for name, row in store.rows.items()} == daemon.open
        remediations = [*daemon.remediations.values()]
        for name, row in store.rows.items():
            assert (row.remediation_id, row.remediation) == _shown(name, remediations)
        assert (pump.link.state, pump.link.unread) == ("live", 0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _make(daemon: Daemon, pump: Pump, move: tuple[str, ...]) -> None:
    match move:
        case ("drift", name, severity):
            daemon.becomes(name, severity or None)
        case ("remediation", name, state, finding):
            daemon.remediates(name, state, finding)
        case ("refused", how):
            daemon.refusals.append(cut() if how == "cut" else refused(int(how)))
        case _:
            pump.read_again()


def _shown(finding: str, remediations: list[Remediation]) -> tuple[str, str]:
    """Return the remediation that a row shows: one under way, else the newest."""
    about = [made for made in remediations if finding in made.finding_ids]
    if not about:
        return "", ""
    shown = max(about, key=lambda made: (made.state not in ENDED, made.created_at))
    return shown.id, shown.state


@pytest.fixture(autouse=True, scope="module")
def _at_once() -> Iterator[None]:
    with at_once():
        yield

"""The store ends as the daemon is, once what the events name was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from reconciler.wire.events import Event
from tests.unit.tui.test_filters import ROW
from tui.store.store import Store

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def drift(seq: int, name: str, kind: str, severity: str) -> Event:
    body: dict[str, Any] = {
        "id": name, "stack": "web", "address": name, "type": "t", "kind": "changed",
        "severity": severity, "score": 1, "state": "healed" if kind == "healed" else "open",
        "report_id": "r",
    }  # fmt: skip
    return Event(seq=seq, at=NOW, type=f"drift.{kind}", subject=name, body=body)


_EVENTS = some.lists(
    some.tuples(
        some.sampled_from("abc"),
        some.sampled_from(("detected", "changed", "healed", "reopened")),
        some.sampled_from(("low", "high")),
    ),
    max_size=12,
)


def read_unread(store: Store, truth: dict[str, str]) -> None:
    """Read what the store asks for, as the pump does."""
    for name in list(store.unread.findings):
        store.unread.findings.discard(name)
        if name in truth:
            store.put_row(replace(ROW, id=name, severity=truth[name]))
        else:
            store.drop_row(name)


@given(_EVENTS)
def test_events_once_or_twice_end_in_what_is_there(told: list[tuple[str, str, str]]) -> None:
    truth: dict[str, str] = {}
    events = []
    for seq, (name, kind, severity) in enumerate(told, 1):
        events.append(drift(seq, name, kind, severity))
        if kind == "healed":
            truth.pop(name, None)
        else:
            truth[name] = severity
    in_order = Store()
    for event in events:
        in_order.apply(event)
    read_unread(in_order, truth)
    assert {name: row.severity for name, row in in_order.rows.items()} == truth
    again = Store()
    for event in [*events, *events]:
        again.apply(event)
    read_unread(again, truth)
    assert {name: row.severity for name, row in again.rows.items()} == truth

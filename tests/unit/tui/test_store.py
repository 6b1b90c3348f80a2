"""The store ends as the daemon is, once what the events name was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from reconciler.wire.events import Event
from reconciler.wire.runs import Run
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


def test_a_run_under_way_keeps_since_when_each_resource_is_at_its_step() -> None:
    store = Store()
    run = Run(
        id="u", remediation_id="m", stack="web", state="started", plan_digest="d", started_at=NOW,
        ended_at=None, exit_code=None, summary=None, progress={"a": "updating", "b": "pending"},
    )  # fmt: skip
    store.put_run(run)
    assert not store.steps.get("u")  # when it came to its step was not seen
    moved = {"id": "u", "state": "started", "progress": {"b": "creating"}}
    store.apply(Event(seq=1, at=NOW, type="run.progressed", subject="u", body=moved))
    assert set(store.steps["u"]) == {"b"}
    store.put_run(replace(run, state="finished"))
    assert not store.steps


def test_what_left_is_remembered_as_it_was_with_why_and_not_forever() -> None:
    store = Store()
    for place in range(3000):
        store.put_row(replace(ROW, id=str(place)))
        store.apply(drift(place + 1, str(place), "healed", "low"))
    assert not store.rows
    assert store.gone["2999"].state == "healed"
    assert store.gone["2999"].address == ROW.address
    assert len(store.gone) < 3000
    store.put_row(replace(ROW, id="2999"))
    assert "2999" not in store.gone

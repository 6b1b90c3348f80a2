"""The store ends as the daemon is, once what the events name was read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from reconciler.wire.events import Event
from reconciler.wire.remediations import Remediation
from reconciler.wire.runs import Run
from tests.unit.tui.test_filters import ROW
from tui.store.changes import Changes
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


def remediation(name: str, state: str, *finding_ids: str, made_at: datetime = NOW) -> Remediation:
    return Remediation(
        id=name, stack="web", report_id="r", finding_ids=list(finding_ids),
        addresses=list(finding_ids), action_type="auto_correct", state=state, hold=None, plan=None,
        plan_digest=None, approvals=[], run_id=None, created_at=made_at, updated_at=NOW,
        policy_id=None, requested_by="ana", attempts=0, note=None, guard=None, next_at=None,
        expires_at=None,
    )  # fmt: skip


def test_a_finding_that_is_read_after_its_remediation_shows_it() -> None:
    store = Store()
    store.put_remediation(remediation("m", "awaiting_approval", "a"))
    store.put_row(replace(ROW, id="a"))
    assert (store.rows["a"].remediation, store.rows["a"].remediation_id) == (
        "awaiting_approval",
        "m",
    )


def test_a_finding_that_was_divided_from_its_remediation_shows_its_own() -> None:
    store = Store()
    store.put_row(replace(ROW, id="a"))
    store.put_remediation(remediation("both", "awaiting_approval", "a", "b"))
    store.put_remediation(remediation("both", "planning", "b"))
    assert store.rows["a"].remediation_id == ""
    store.put_remediation(remediation("own", "planning", "a"))
    assert store.rows["a"].remediation_id == "own"


def test_the_newest_of_two_that_ended_is_shown_whichever_is_read_first() -> None:
    later = NOW + timedelta(hours=1)
    both = [
        remediation("old", "rejected", "a"),
        remediation("new", "converged", "a", made_at=later),
    ]
    for order in (both, both[::-1]):
        store = Store()
        store.put_row(replace(ROW, id="a"))
        for each in order:
            store.put_remediation(each)
        assert store.rows["a"].remediation == "converged"


def test_a_row_that_is_read_again_as_it_was_keeps_its_revision() -> None:
    store = Store()
    store.put_row(replace(ROW, id="a"))
    store.put_row(replace(ROW, id="a", last_seen=NOW))
    assert store.rows["a"].revision == 0
    store.put_row(replace(ROW, id="a", signature="another"))
    store.put_remediation(remediation("m", "planning", "a"))
    assert store.rows["a"].revision == 2


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


def told_of(name: str, state: str, *finding_ids: str) -> Event:
    body = {
        "id": name, "stack": "web", "state": state, "action_type": "auto_correct",
        "finding_ids": list(finding_ids), "plan_digest": None, "run_id": None, "note": None,
    }  # fmt: skip
    return Event(seq=1, at=NOW, type=f"remediation.{state}", subject=name, body=body)


def test_what_a_remediation_was_about_is_read_again_when_it_ended() -> None:
    store = Store()
    store.put_row(replace(ROW, id="a"))
    store.apply(told_of("m", "planning", "a", "b"))
    assert store.unread.findings == set()
    store.apply(told_of("m", "suppressed", "a", "b"))
    assert store.unread.findings == {"a"}


def test_a_finding_that_somebody_ignored_leaves_the_list() -> None:
    store = Store()
    store.put_row(replace(ROW, id="a"))
    event = drift(1, "a", "ignored", "low")
    event.body["state"] = "ignored"
    store.apply(event)
    assert not store.rows
    assert store.gone["a"].state == "ignored"


def test_every_stack_is_read_again_after_the_settings_were_reloaded() -> None:
    store = Store()
    body = {"taken": ["guardrails"], "needs_restart": []}
    store.apply(Event(seq=1, at=NOW, type="settings.reloaded", subject="trueup.toml", body=body))
    assert store.unread.others == {"policy"}  # with the lists, as policies are


def test_what_the_lists_do_not_have_any_more_is_forgotten() -> None:
    store = Store()
    for name in ("kept", "gone", "told"):
        store.put_row(replace(ROW, id=f"of-{name}"))
        store.put_remediation(remediation(name, "awaiting_approval", f"of-{name}"))
    found = Changes(findings={"of-kept", "of-gone", "of-told"}, remediations={"kept"})
    with store.lists_read(found):
        store.put_remediation(remediation("kept", "awaiting_approval", "of-kept"))
        store.apply(told_of("told", "planning", "of-told"))
    assert set(store.remediations) == {"kept", "told"}
    assert "gone" in store.taken().remediations
    assert store.rows["of-gone"].remediation_id == ""
    assert store.rows["of-kept"].remediation_id == "kept"

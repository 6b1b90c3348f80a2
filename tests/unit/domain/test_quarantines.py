"""When a quarantine is released by itself, and what a plan of one may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.edges import Edge
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.quarantines import (
    UNKNOWN,
    Quarantine,
    QuarantineState,
    beyond_attaching,
    beyond_detaching,
    release_reason,
)
from reconciler.domain.records import FindingState, Json, RemediationId
from reconciler.domain.remediation_states import IN_EFFECT, OPEN, RemediationState
from tests.contract.store.records import a_finding

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
VM, EDGE, OTHER = (ResourceAddress(f"thing.{name}") for name in ("vm", "edge", "other"))
KEPT = Quarantine(
    id=RemediationId("r"),
    stack=StackName("shop"),
    finding_ids=(),
    edges=(Edge(EDGE, "thing", VM),),
    undo={EDGE: {"port": 80}},
    state=QuarantineState.ACTIVE,
    since=AT,
    expires_at=AT + timedelta(hours=4),
)
STATES = st.sampled_from(RemediationState)
SAID_NO = (RemediationState.REJECTED, RemediationState.CANCELLED)


@given(
    state=st.sampled_from(QuarantineState),
    isolating=st.none() | STATES,
    releasing=st.none() | STATES,
    findings=st.lists(st.sampled_from(FindingState), max_size=3),
    late=st.booleans(),
)
def test_it_is_released_in_time_and_never_twice_at_once(
    state: QuarantineState,
    isolating: RemediationState | None,
    releasing: RemediationState | None,
    findings: list[FindingState],
    late: bool,  # noqa: FBT001 - a value of hypothesis
) -> None:
    records = [a_finding(str(number), state=one) for number, one in enumerate(findings)]
    reason = release_reason(
        replace(KEPT, state=state),
        isolating=isolating,
        releasing=releasing,
        findings=records,
        now=AT + timedelta(hours=5 if late else 1),
    )
    busy = releasing in OPEN or isolating in IN_EFFECT
    if state is QuarantineState.RELEASED or busy or releasing in SAID_NO:
        assert reason is None
    elif late:
        assert reason is not None
    elif reason == "the drift is gone":
        assert set(findings) <= {FindingState.HEALED}


def plan(*resources: tuple[ResourceAddress, Action], outputs: tuple[str, ...] = ()) -> Plan:
    planned = tuple(PlannedResource(address, "thing", action) for address, action in resources)
    return Plan(StackName("shop"), (EDGE,), planned, outputs)


def test_a_plan_that_detaches_does_nothing_else() -> None:
    assert beyond_detaching(plan((EDGE, Action.DELETE)), KEPT.edges) is None
    assert beyond_detaching(plan((EDGE, Action.REPLACE)), KEPT.edges) == f"{EDGE} (replace)"
    more = plan((EDGE, Action.DELETE), (OTHER, Action.DELETE))
    assert beyond_detaching(more, KEPT.edges) == f"{OTHER} (delete)"
    told = plan((EDGE, Action.DELETE), outputs=("id",))
    assert beyond_detaching(told, KEPT.edges) == "output id"


def test_a_release_that_does_more_needs_a_person() -> None:
    back = plan((EDGE, Action.CREATE), outputs=("id",))
    assert beyond_attaching(back, KEPT, {EDGE: {"port": 80}}) == ()
    assert beyond_attaching(back, KEPT, {EDGE: {"port": 81}}) == (
        f"{EDGE} would be attached otherwise than before: port",
    )
    more = plan((EDGE, Action.UPDATE), (OTHER, Action.CREATE))
    assert beyond_attaching(more, KEPT, {}) == (
        f"{EDGE} would not be created (update)",
        f"{OTHER} would be changed too (create)",
    )


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        ({}, {"port": 22}, ["port"]),
        ({"port": 22}, {}, ["port"]),
        ({"ids": ["a"]}, {"ids": ["a", "b"]}, ["ids"]),
        ({"block": [{"a": 1}]}, {"block": [{"a": 1, "b": 2}]}, ["block"]),
        ({"id": "i-1"}, {"id": UNKNOWN}, []),
        ({}, {"arn": UNKNOWN}, []),
        ({"block": [{"a": 1, "id": "x"}]}, {"block": [{"a": 1, "id": UNKNOWN}]}, []),
        ({"on": False, "name": "", "timeouts": {"create": None}}, {}, []),
        ({}, {"on": False}, ["on"]),
        ({"key": {"digest": "x"}}, {"key": {"digest": "y"}}, ["key"]),
    ],
)
def test_an_edge_that_gains_or_loses_something_is_attached_otherwise(
    before: Json, after: Json, other: list[str]
) -> None:
    kept = replace(KEPT, undo={EDGE: before})
    reasons = beyond_attaching(plan((EDGE, Action.CREATE)), kept, {EDGE: after})
    said = f"{EDGE} would be attached otherwise than before: {', '.join(other)}"
    assert reasons == ((said,) if other else ())

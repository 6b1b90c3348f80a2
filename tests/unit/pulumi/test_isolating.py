"""An edge whose name Pulumi gave comes back under another one, and is the same edge."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iac_adapters.pulumi.isolating import _planned
from reconciler.domain.edges import Edge
from reconciler.domain.plan import Action, Plan
from reconciler.domain.quarantines import Quarantine, QuarantineState, beyond_attaching
from reconciler.domain.records import RemediationId
from reconciler.engine.quarantine.preparing import undo_of
from reconciler.wire.scan import value_object
from tests.unit.pulumi.test_plan import ADDRESS, MASKER, TYPE, URN, loaded, planned, saved, step

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAMED = {"name": "web-1a2b3c4", "size": 3}


@pytest.mark.parametrize(
    ("inputs", "otherwise"),
    [
        # Each preview rolls another end.
        ({"name": "web-fffffff", "size": 3}, ()),
        ({"name": "web-fffffff", "size": 4}, ("size",)),
        # The code gives it a name now, or it is that of another resource.
        ({"name": "production", "size": 3}, ("name",)),
        ({"name": "db-fffffff", "size": 3}, ("name",)),
    ],
)
def test_the_random_end_of_a_name_is_no_reason_to_ask_a_person(
    inputs: dict[str, object], otherwise: tuple[str, ...]
) -> None:
    edge = _planned(ADDRESS, "delete", loaded(NAMED), MASKER, "3.259.0")
    assert edge.action is Action.DELETE
    back = planned(saved("create", changed=inputs), step("create", inputs), resource=loaded(NAMED))
    kept = Quarantine(
        id=RemediationId("q1"),
        stack=back.stack,
        finding_ids=(),
        edges=(Edge(ADDRESS, TYPE, ADDRESS),),
        undo=undo_of(Plan(stack=back.stack, targets=(ADDRESS,), resources=(edge,))),
        state=QuarantineState.ACTIVE,
        since=AT,
        expires_at=AT,
        group="g",
    )
    creates: dict[str, object] = {
        each.address: {change.path: value_object(change.after) for change in each.changes}
        for each in back.resources
    }
    assert beyond_attaching(back, kept, creates) == tuple(
        f"{URN} would be attached otherwise than before: {path}" for path in otherwise
    )

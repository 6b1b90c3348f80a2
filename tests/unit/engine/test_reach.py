"""What the model of correcting reaches: every row of its table, and every guard that holds."""

from __future__ import annotations

import sys

import pytest

from reconciler.domain.remediation_states import transitions
from reconciler.engine.admission.answers import Hold
from reconciler.engine.admission.table import GUARDS
from tests.unit.engine import hold_walks
from tests.unit.engine.test_rows import KEPT_FOR_LATER
from tests.unit.engine.walks import WALKS, Row, walk_row


@pytest.mark.parametrize("row", sorted(WALKS), ids="-".join)
def test_the_model_takes_the_row_and_keeps_its_laws(row: Row) -> None:
    assert row in walk_row(row)


def test_a_row_that_no_walk_takes_is_kept_for_later() -> None:
    assert set(WALKS) == set(transitions()) - KEPT_FOR_LATER


@pytest.mark.parametrize("name", sorted(hold_walks.WALKS))
def test_the_model_meets_the_guard_that_holds(name: str) -> None:
    assert name in hold_walks.guards_that_held(name)


def test_each_guard_that_can_hold_has_a_walk() -> None:
    can_hold = {
        guard.name
        for guard in GUARDS
        if vars(sys.modules[guard.ask.__module__]).get("Hold") is Hold
    }
    assert can_hold == set(hold_walks.WALKS)

"""What makes a decision about a finding another one than was looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.tui.test_filters import ROW
from tests.unit.tui.test_store import remediation
from tui.store.rows import Row
from tui.store.store import Store
from tui.verbs import Asked, Tier, moved, seen_of

ISOLATED = replace(ROW, id="a", state="quarantined", report_id="r1")


def changed_for(verb: str, *later: Row, state: str = "converged") -> tuple[str, ...]:
    """Return what changed for `verb` after it was asked, once the remediation was read."""
    store = Store()
    store.put_row(replace(ISOLATED))
    asked = Asked(verb, (), Tier.PLAIN, seen=(seen_of(store.rows["a"]),))
    store.put_remediation(replace(remediation("m", state, "a"), action_type="quarantine"))
    for row in later:
        store.put_row(row)
    return moved(asked, store)


@pytest.mark.parametrize("state", ["verifying", "converged"])
def test_a_release_rests_on_no_step_of_what_isolated(state: str) -> None:
    """The finding was read before its remediation, or while that was verified."""
    assert changed_for("release", state=state) == ()
    assert changed_for("request", state=state) == (ROW.address,)


@pytest.mark.parametrize("later", [{"report_id": "r2"}, {"state": "open"}, {"state": "healed"}])
def test_a_release_rests_on_the_drift_and_on_its_being_isolated(later: dict[str, str]) -> None:
    changed = replace(ISOLATED, **later)  # type: ignore[arg-type]
    assert changed_for("release", changed) == (ROW.address,)

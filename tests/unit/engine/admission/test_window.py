from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.windows import read_window
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.window import GUARD
from tests.unit.engine.admission.situations import Case, approval
from tests.unit.engine.admission.situations import situation as made

# Now is Saturday, 12:00 UTC.
NIGHT = Guardrails(windows=(read_window("22:00-04:00 UTC"),))
WEEKEND = Guardrails(windows=(read_window("Sat,Sun 08:00-18:00 Europe/Berlin"),))
FROZEN = Guardrails(freezes=(read_window("2026-11-27/2026-11-29 America/New_York"),))
CLOSED = Hold(
    "corrections may begin only within 22:00-04:00 UTC", datetime(2026, 11, 28, 22, tzinfo=UTC)
)

CASES = [
    Case("no windows", made(), Open()),
    Case("within a window", made(limits=WEEKEND), Open()),
    Case("outside of every window", made(limits=NIGHT), CLOSED),
    Case(
        "whoever approved it",
        made(limits=NIGHT, about={"approvals": (approval(),)}),
        CLOSED,
    ),
    Case(
        "a freeze",
        made(limits=FROZEN),
        Hold(
            "corrections are frozen: 2026-11-27/2026-11-29 America/New_York",
            datetime(2026, 11, 30, 5, tzinfo=UTC),
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_begins_outside_of_its_window(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer

"""Which resources a hold is about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.wire.holds import Hold, is_about

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stack", "address", "is_held"),
    [
        (None, None, True),
        ("shop", None, True),
        ("web", None, False),
        ("shop", "module.db", True),
        ("shop", "module.*", True),
        ("shop", "module.db.aws_db_instance.main", True),
        ("shop", "module.dbs", False),
        ("web", "module.db", False),
    ],
)
def test_a_hold_of_a_module_is_about_what_is_in_it(
    stack: str | None, address: str | None, *, is_held: bool
) -> None:
    hold = Hold(by="cy", reason="", since=NOW, until=None, stack=stack, address=address)
    assert is_about(hold, stack="shop", address="module.db.aws_db_instance.main") is is_held

"""An order that is made only where it is looked at is the one that sorting everything makes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.tui.test_filters import ROW
from tui.store import order
from tui.store.arrange import SORTS
from tui.store.order import RowOrder
from tui.store.rows import SEVERITIES, Row

_ROWS = some.lists(
    some.builds(
        lambda name, severity, score, stack, address: replace(
            ROW, id=name, severity=severity, score=score, stack=stack, address=address
        ),
        some.text("abc", min_size=1, max_size=3),
        some.sampled_from(SEVERITIES),
        some.integers(0, 2),
        some.sampled_from(("x", "y")),
        some.sampled_from(("m", "n")),
    ),
    unique_by=lambda row: row.id,
    max_size=12,
)


def _sorted(rows: list[Row], name: str, *, reverse: bool) -> list[str]:
    sort = SORTS[name]
    found = sorted(rows, key=lambda row: (row.stack, row.address, row.id))
    found.sort(key=lambda row: sort.place(sort.value(row)), reverse=reverse)
    return [row.id for row in found]


@pytest.mark.parametrize("tried", [1, 200])
@given(_ROWS, some.sampled_from(list(SORTS)), some.booleans(), some.data())
def test_wherever_it_is_looked_at_first_it_is_in_order(
    tried: int,
    rows: list[Row],
    sort: str,
    reverse: bool,  # noqa: FBT001
    data: some.DataObject,
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(order, "_TRIED", tried)
        found = RowOrder(rows, SORTS[sort], reverse=reverse)
    wanted = _sorted(rows, sort, reverse=reverse)
    assert len(found) == len(wanted)
    if wanted:
        place = data.draw(some.integers(-len(wanted), len(wanted) - 1))
        assert found[place] == wanted[place]
        key = data.draw(some.sampled_from(wanted))
        assert key in found
        assert found.index(key) == wanted.index(key)
    start, stop = data.draw(some.tuples(some.integers(0, 14), some.integers(0, 14)))
    assert found[start:stop] == tuple(wanted[start:stop])
    assert list(found) == wanted
    assert found == tuple(wanted)


def test_what_it_does_not_hold_has_no_place() -> None:
    found = RowOrder([ROW], SORTS["kind"])
    assert "other" not in found
    with pytest.raises(ValueError, match="other"):
        found.index("other")
    with pytest.raises(IndexError):
        found[1]

"""The filter language, and the order it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.client.errors import InvalidError
from tui.store.arrange import GROUPS, SORTS, Arrangement, arrange
from tui.store.filters import read_filter
from tui.store.languages import FLEET
from tui.store.rows import SEVERITIES, Row

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ROW = Row(
    id="a1", stack="net-eu", address="module.vpc.aws_subnet.this[0]", type="aws_subnet",
    kind="changed", severity="high", score=60, state="open", origin="out_of_band",
    paths=("tags.owner", "cidr"), first_seen=NOW - timedelta(days=3), last_seen=NOW,
    report_id="r", signature="s",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("subnet", True),
        ("SUBNET", True),
        ("bucket", False),
        ("!bucket", True),
        ("stack:net-*", True),
        ("stack:net", False),
        ("sev:high", True),
        ("sev:crit", False),
        ("sev:<=medium", False),
        ("sev:=high", True),
        ("severity:>=low", True),
        ("kind:missing", False),
        ("!kind:missing", True),
        ("age>2d", True),
        ("age<2d", False),
        ("attr:owner", True),
        ("attr:ingress", False),
        ("rem:none", True),
        ("owner:none", True),
        (r"~this\[0\]$", True),
        ("subnet stack:net-eu age>1h", True),
        ('"aws_subnet"', True),
        ("urn:pulumi:x", False),
    ],
)
def test_a_term_holds_or_does_not(text: str, passes: bool) -> None:  # noqa: FBT001
    assert read_filter(text, FLEET, now=NOW).passes(ROW) is passes


@pytest.mark.parametrize(
    "text", ["foo:bar", "sev:purple", "age>soon", "~(", "~" + "a" * 300, '"open', "age>999999999w"]
)
def test_what_is_not_understood_is_said_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_filter(text, FLEET, now=NOW)
    assert refused.value.remedy


@given(some.text(max_size=30))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    try:
        read_filter(text, FLEET, now=NOW).passes(ROW)
    except InvalidError:
        return


_ROWS = some.lists(
    some.builds(
        lambda name, severity, stack: replace(ROW, id=name, severity=severity, stack=stack),
        some.text("abc", min_size=1, max_size=3),
        some.sampled_from(SEVERITIES),
        some.sampled_from(("x", "y")),
    ),
    unique_by=lambda row: row.id,
    max_size=12,
)


@given(_ROWS, some.sampled_from(list(SORTS)), some.booleans(), some.sampled_from(list(GROUPS)))
def test_the_order_holds_every_row_once_and_depends_on_nothing_else(
    rows: list[Row],
    sort: str,
    reverse: bool,  # noqa: FBT001
    group: str,
) -> None:
    wish = Arrangement(sort=sort, reverse=reverse, group=group)
    found = arrange(rows, wish)
    assert sorted(key for key in found.order if key not in found.groups) == sorted(
        row.id for row in rows
    )
    assert arrange(reversed(rows), wish).order == found.order
    members = [key for one in found.groups.values() for key in one.members]
    assert group == "none" or sorted(members) == sorted(row.id for row in rows)

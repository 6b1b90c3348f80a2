"""A child that nobody declared: accepted as it is, found again with another content."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from reconciler.domain.added_children import (
    accepted_child,
    added_fingerprint,
    children_among,
    without_accepted,
    written_child,
)
from reconciler.domain.declaring import hcl_child, yaml_child
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Added, Change, Observed, Origin, ResourceAddress
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Value

KEY: Final = b"k" * 32
AT: Final = datetime(2026, 11, 28, tzinfo=UTC)
PARENT: Final = ResourceAddress('thing.a["x/y"]')
CHILD: Final = ResourceAddress(f'{PARENT}/thing_policy["p/q"]')


def added(live: Value) -> Added:
    change = Change(AttributePath("policy"), None, None, live, Origin.UNDECLARED)
    return Added(PARENT, "thing_policy", (change,))


def test_exactly_what_was_accepted_is_quiet() -> None:
    found = added_fingerprint(CHILD, added("open"), key=KEY)
    kept = accepted_child(CHILD, found, by="ana", reason="known", at=AT)
    baselines: dict[str, KeptBaseline] = {CHILD: kept}

    same, other = Observed(CHILD, added("open")), Observed(CHILD, added("wide open"))
    assert list(without_accepted([same], baselines, key=KEY)) == []
    assert list(without_accepted([other], baselines, key=KEY)) == [other]
    assert list(without_accepted([same], {}, key=KEY)) == [same]


def test_what_a_baseline_file_holds_is_quiet_on_every_machine() -> None:
    kept: dict[str, KeptBaseline] = {CHILD: written_child(CHILD, added("open"), at=AT)}
    same, other = Observed(CHILD, added("open")), Observed(CHILD, added("wide open"))
    for key in (KEY, b"o" * 32):
        assert list(without_accepted([same], kept, key=key)) == []
        assert list(without_accepted([other], kept, key=key)) == [other]
    # Elsewhere nobody can compare a secret.
    unknown = replace(kept[CHILD], values={"policy": UNKNOWN})
    assert list(without_accepted([other], {CHILD: unknown}, key=KEY)) == []


def test_a_child_is_told_from_its_parent_by_its_address() -> None:
    other = ResourceAddress("thing.b/thing_policy")
    assert children_among([PARENT, CHILD, other], [PARENT]) == (CHILD,)


def test_a_child_is_declared_by_a_block_of_its_own() -> None:
    text = hcl_child("thing_policy", PARENT, added("open").changes)
    assert 'resource "thing_policy" "added" {' in text
    assert '  policy = "open"' in text
    assert PARENT in text.splitlines()[0]


def test_a_child_of_a_pulumi_stack_is_declared_as_a_resource_of_its_own() -> None:
    text = yaml_child("aws:iam/userPolicy:UserPolicy", PARENT, added("open").changes)
    assert "  type: aws:iam/userPolicy:UserPolicy\n  properties:\n" in text
    assert '    policy: "open"' in text
    assert PARENT in text.splitlines()[0]

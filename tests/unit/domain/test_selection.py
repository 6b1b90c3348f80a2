"""Which resources `--address` means."""

from __future__ import annotations

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.selection import select_addresses

_STACK = "urn:pulumi:dev::shop::"
OUTER = ResourceAddress(f"{_STACK}my:index:Site::site")
INNER = ResourceAddress(f"{_STACK}my:index:Site$my:index:Part::part")
LEAF = ResourceAddress(f"{_STACK}my:index:Site$my:index:Part$kv:index:Item::leaf")
ALONE = ResourceAddress(f"{_STACK}kv:index:Item::alone")
KNOWN = (OUTER, INNER, LEAF, ALONE)
PARENTS = {INNER: OUTER, LEAF: INNER, OUTER: ResourceAddress(f"{_STACK}pulumi:pulumi:Stack::x")}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("leaf", {LEAF}),
        ("kv:index:Item::leaf", {LEAF}),
        (LEAF, {LEAF}),
        ("my:index:Part::part", {INNER, LEAF}),
        ("site", {OUTER, INNER, LEAF}),
        ("kv:index:Item::alone", {ALONE}),
    ],
)
def test_a_urn_may_be_shortened_and_a_component_means_all_below_it(
    name: str, meant: set[ResourceAddress]
) -> None:
    """Row P12."""
    assert set(select_addresses([name], known=KNOWN, parents=PARENTS)) == meant


def test_a_part_of_a_name_means_nothing() -> None:
    with pytest.raises(PermanentError, match="Item::lea"):
        select_addresses(["Item::lea"], known=KNOWN, parents=PARENTS)

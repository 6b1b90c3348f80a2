"""Whose groups are swapped where two objects have the same name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import pytest

from iac_adapters.terraform.swapping import address_of, moved_objects
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, Status

EAST, WEST, MOVED, BALANCER = (
    ResourceAddress(f"{name}.shop")
    for name in ("aws_rds_cluster", "module.west.aws_rds_cluster", "module.new.aws_rds_cluster",
                 "aws_elb")
)  # fmt: skip
CLUSTER: Final = "aws_rds_cluster"
EDGE: Final = Edge(EAST, CLUSTER, EAST, "vpc_security_group_ids", "sg-alone", "shop")


def where(**types: str) -> ResourceAddress | None:
    """Return where the object of EDGE is, among objects that are all named `shop`."""
    there = {globals()[name]: kind for name, kind in types.items()}
    resources = {
        address: SimpleNamespace(recorded=SimpleNamespace(type=kind))
        for address, kind in there.items()
    }
    stack: Any = SimpleNamespace(resources=resources)
    return address_of(EDGE, dict.fromkeys(there, "shop"), stack)


def test_it_is_the_one_of_its_address_and_type() -> None:
    assert where(EAST=CLUSTER, WEST=CLUSTER, BALANCER="aws_elb") == EAST
    assert where(BALANCER="aws_elb") is None


def test_one_that_was_moved_is_found_unless_there_are_two() -> None:
    assert where(MOVED=CLUSTER) == MOVED
    with pytest.raises(PermanentError, match="may be any of"):
        where(MOVED=CLUSTER, WEST=CLUSTER)


def test_only_what_is_at_another_address_now_has_moved() -> None:
    def stack_of(*addresses: ResourceAddress) -> Any:
        instance = SimpleNamespace(attributes_json=b'{"id": "shop"}')
        recorded = SimpleNamespace(type=CLUSTER, status=Status.LIVE)
        resource = SimpleNamespace(recorded=recorded, instance=instance)
        return SimpleNamespace(resources=dict.fromkeys(addresses, resource))

    assert moved_objects(stack_of(MOVED), [EDGE]) == {EAST: MOVED}
    assert moved_objects(stack_of(EAST, MOVED), [EDGE]) == {}
    assert moved_objects(stack_of(MOVED, WEST), [EDGE]) == {}
    assert moved_objects(stack_of(), [EDGE]) == {}

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from reconciler.domain.edge_references import Node
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.paths import AttributePath
from reconciler.domain.plan import Action, Plan, PlannedChange, PlannedResource
from reconciler.domain.swaps import (
    Regrouping,
    beyond_swapping,
    giving_back,
    isolating_by,
    moved_meanwhile,
    swaps_of,
)
from reconciler.domain.swaps_catalogue import SWAPS

VM: Final = ResourceAddress("aws_instance.web")
CARD: Final = ResourceAddress("aws_network_interface.web")
GROUP: Final = ResourceAddress("aws_security_group.web")
RULE: Final = ResourceAddress("aws_vpc_security_group_ingress_rule.web")
PAGE: Final = Path(__file__).parents[3] / "docs" / "quarantine.md"
EDGE: Final = Edge(VM, "aws_instance", VM, "vpc_security_group_ids", "sg-alone", "i-1")


def node(address: ResourceAddress, identity: str, **refers: str) -> Node:
    kind = address.split(".", maxsplit=1)[0]
    held = {name: frozenset({text}) for name, text in refers.items()}
    return Node(address, kind, ids=frozenset({identity}), refers=held)


WORLD: Final = (
    node(GROUP, "sg-web"),
    node(RULE, "sgr-1", security_group_id="sg-web"),
    node(VM, "i-1", vpc_security_group_ids="sg-web", primary_network_interface_id="eni-0"),
)


def found(*drifted: ResourceAddress, nodes: tuple[Node, ...] = WORLD) -> list[ResourceAddress]:
    identities = {each.address: next(iter(each.ids)) for each in nodes}
    edges = swaps_of(drifted, nodes, identities=identities, group="sg-alone")
    assert all(edge.group == "sg-alone" for edge in edges)
    return [edge.address for edge in edges]


@pytest.mark.parametrize("drifted", [VM, GROUP, RULE])
def test_whatever_holds_the_group_is_isolated(drifted: ResourceAddress) -> None:
    assert found(drifted) == [VM]


def test_what_holds_no_group_is_not_isolated() -> None:
    assert found(ResourceAddress("aws_sqs_queue.orders")) == []
    assert found(GROUP, nodes=WORLD[:2]) == []


@pytest.mark.parametrize(("first", "isolated"), [("eni-1", [CARD]), ("eni-0", [VM, CARD])])
def test_the_first_interface_stands_for_its_instance(
    first: str, isolated: list[ResourceAddress]
) -> None:
    vm = node(VM, "i-1", vpc_security_group_ids="sg-web", primary_network_interface_id=first)
    nodes = (WORLD[0], vm, node(CARD, "eni-1", security_groups="sg-web"))
    assert found(GROUP, nodes=nodes) == isolated


def test_an_instance_takes_its_first_interface_along() -> None:
    # Else its new groups are drift of the interface, and a policy would put them back.
    vm = node(VM, "i-1", vpc_security_group_ids="sg-web", primary_network_interface_id="eni-1")
    nodes = (WORLD[0], vm, node(CARD, "eni-1", security_groups="sg-web"))
    assert found(VM, nodes=nodes) == [CARD]


def plan(*changes: PlannedChange, action: Action = Action.UPDATE) -> Plan:
    return Plan(StackName("shop"), (VM,), (PlannedResource(VM, "aws_instance", action, changes),))


def regrouped(before: list[str], after: list[str], path: str = "") -> PlannedChange:
    name = AttributePath(path or "vpc_security_group_ids")
    return PlannedChange(name, list(before), list(after))


def test_a_plan_that_swaps_does_nothing_else() -> None:
    wanted = isolating_by([EDGE])
    swap = regrouped(["sg-web"], ["sg-alone"])
    assert beyond_swapping(plan(swap), wanted) is None
    tags = regrouped(["a"], ["b"], "tags")
    assert beyond_swapping(plan(swap, tags), wanted) == f"{VM}.tags"
    assert beyond_swapping(plan(swap, action=Action.REPLACE), wanted) == f"{VM} (replace)"
    other = regrouped(["sg-web"], ["sg-alone", "sg-web"])
    assert "other groups" in str(beyond_swapping(plan(other), wanted))
    assert beyond_swapping(replace(plan(swap), outputs=("id",)), wanted) == "output id"


def test_a_release_gives_back_what_was_there() -> None:
    back = giving_back([EDGE], {VM: {"vpc_security_group_ids": ["sg-web", "sg-open"]}})
    assert back == (Regrouping(EDGE, ("sg-web", "sg-open")),)
    with pytest.raises(PermanentError, match="before is not known"):
        giving_back([EDGE], {VM: {}})


@pytest.mark.parametrize(("held", "moved"), [(["sg-alone"], False), (["sg-web"], True)])
def test_a_release_over_other_groups_needs_a_person(held: list[str], *, moved: bool) -> None:
    (resource,) = plan(regrouped(held, ["sg-old"])).resources
    assert (moved_meanwhile(resource, EDGE) is not None) == moved


def test_the_page_prints_the_catalogue() -> None:
    _, _, printed = PAGE.read_text().partition("<!-- swaps -->\n")
    rows = printed.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    assert rows == [f"| `{swap.type}` | `{swap.attribute}` |" for swap in SWAPS]

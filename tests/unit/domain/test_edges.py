"""Which resources connect which: the shipped catalogue, for both tools' spellings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.edge_references import Node
from reconciler.domain.edges import Edge, edges_of
from reconciler.domain.edges_catalogue import EDGES
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress

PAGE = Path(__file__).parents[3] / "docs" / "quarantine.md"


def node(name: str, type_: str, *ids: str, **refers: str | list[str]) -> Node:
    held: Mapping[str, frozenset[str]] = {
        attribute: frozenset([value] if isinstance(value, str) else value)
        for attribute, value in refers.items()
    }
    return Node(ResourceAddress(name), type_, frozenset(ids), refers=held)


def found(drifted: str, *nodes: Node, named: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    made = edges_of([ResourceAddress(drifted)], nodes, named=named)
    return [(edge.address, edge.isolates) for edge in made]


VM = node("vm", "aws_instance", "i-1", "arn:i-1", vpc_security_group_ids=["sg-1"])
OTHER_VM = node("other", "aws_instance", "i-2", vpc_security_group_ids=["sg-2"])
GROUP = node("group", "aws_security_group", "sg-1")
RULE = node("rule", "aws_vpc_security_group_ingress_rule", "sgr-1", security_group_id="sg-1")
EDGE = node("edge", "aws_lb_target_group_attachment", "a-1", target_id="i-1")
OTHER_EDGE = node("edge2", "aws_lb_target_group_attachment", "a-2", target_id="i-2")
AWS = (VM, OTHER_VM, GROUP, RULE, EDGE, OTHER_EDGE)


@pytest.mark.parametrize("drifted", ["vm", "group", "rule"])
def test_an_instance_is_isolated_for_itself_its_group_and_a_rule_of_it(drifted: str) -> None:
    assert found(drifted, *AWS) == [("edge", "vm")]


def test_what_nothing_connects_has_no_edges() -> None:
    assert found("edge", *AWS) == []
    assert found("nowhere", *AWS) == []


def test_a_value_of_another_kind_of_resource_is_no_reference() -> None:
    queue = node("queue", "aws_sqs_queue", "i-1")
    assert found("queue", queue, EDGE) == []


def test_types_of_pulumi_are_the_same_rows() -> None:
    vm = node("vm", "aws:ec2/instance:Instance", "i-1", vpc_security_group_ids=["sg-1"])
    group = node("group", "aws:ec2/securityGroup:SecurityGroup", "sg-1")
    edge = node("edge", "aws:lb/targetGroupAttachment:TargetGroupAttachment", target_id="i-1")
    assert found("group", vm, group, edge) == [("edge", "vm")]


_CARD_POOL = "etworkInterfaceBackendAddressPoolAssociation"


@pytest.mark.parametrize(
    "type_",
    [
        "azurerm_network_interface_backend_address_pool_association",
        f"azure:network/n{_CARD_POOL}:N{_CARD_POOL}",
    ],
)
def test_a_machine_of_azure_is_isolated_at_its_card(type_: str) -> None:
    card = node("card", "azurerm_network_interface", "/nic/1")
    machine = node("vm", "azurerm_linux_virtual_machine", "/vm/1", network_interface_ids=["/nic/1"])
    security = node("nsg", "azurerm_network_security_group", "/nsg/1")
    held = node(
        "held",
        "azurerm_network_interface_security_group_association",
        network_interface_id="/nic/1",
        network_security_group_id="/nsg/1",
    )
    edge = node("edge", type_, network_interface_id="/nic/1")
    for drifted in ("card", "vm", "nsg"):
        assert found(drifted, card, machine, security, held, edge) == [("edge", "card")]


def test_an_instance_of_google_leaves_its_group() -> None:
    vm = node("vm", "google_compute_instance", "https://g/instances/vm")
    edge = node(
        "edge", "google_compute_instance_group_membership", instance="https://g/instances/vm"
    )
    assert found("vm", vm, edge) == [("edge", "vm")]


def test_named_edges_stand_instead_of_the_catalogue() -> None:
    mapping = Node(
        ResourceAddress("aws_lambda_event_source_mapping.orders"),
        "aws_lambda_event_source_mapping",
        dependencies=frozenset({ResourceAddress("vm")}),
    )
    assert found("vm", *AWS, mapping, named=("aws_lambda_event_source_mapping",)) == [
        (mapping.address, "vm")
    ]
    assert found("other", *AWS, mapping, named=("aws_lambda_event_source_mapping",)) == []


WEBS = tuple(
    Node(ResourceAddress(address), "google_compute_instance", frozenset({f"https://g/{address}"}),
         names=frozenset({"web"}))
    for address in ("east", "west")
)  # fmt: skip


def endpoint(instance: str, *dependencies: str) -> Node:
    made = node("edge", "google_compute_network_endpoint", "e-1", instance=instance)
    return replace(made, dependencies=frozenset(map(ResourceAddress, dependencies)))


def test_of_resources_called_alike_it_is_the_one_that_the_edge_depends_on() -> None:
    assert found("east", *WEBS, endpoint("web", "west")) == []
    assert found("west", *WEBS, endpoint("web", "west")) == [("edge", "west")]


def test_resources_called_alike_are_refused_where_nothing_tells_them_apart() -> None:
    for drifted in ("east", "west"):
        with pytest.raises(PermanentError, match="edge may refer to east or west"):
            found(drifted, *WEBS, endpoint("web"))


def test_an_id_comes_before_a_name() -> None:
    named = Node(
        ResourceAddress("named"), "google_compute_instance", names=frozenset({"https://g/east"})
    )
    edge = endpoint("https://g/east")
    assert found("named", *WEBS, named, edge) == []
    assert found("east", *WEBS, named, edge) == [("edge", "east")]


def test_a_group_is_held_by_its_id_and_not_by_the_name_of_another() -> None:
    vm = node("vm", "aws_instance", "i-1", vpc_security_group_ids=["sg-1"], security_groups=["web"])
    other = Node(ResourceAddress("far"), "aws_security_group", frozenset({"sg-9"}),
                 names=frozenset({"web"}))  # fmt: skip
    assert found("far", vm, GROUP, other, EDGE) == []
    assert found("group", vm, GROUP, other, EDGE) == [("edge", "vm")]


def instances(*, refers: bool) -> tuple[Node, ...]:
    """Return two machines of one block, and a mapping of each that goes through a card."""
    made = []
    for key in "01":
        vm = node(f"vm.vm[{key}]", "aws_instance", f"i-{key}")
        card = node(f"card.c[{key}]", "card", f"c-{key}", vm=f"i-{key}")
        mapping = node(f"mapping.m[{key}]", "mapping", card=f"c-{key}" if refers else "")
        for each in (vm, card, mapping):
            block, above = each.address[:-3], frozenset({"vm.vm", "card.c"})
            made.append(replace(each, block=block, dependencies=above - {block}))
    return tuple(made)


def test_instances_of_a_block_are_told_apart_by_what_refers_to_them() -> None:
    nodes = instances(refers=True)
    for key in "01":
        assert found(f"vm.vm[{key}]", *nodes, named=("mapping",)) == [
            (f"mapping.m[{key}]", f"vm.vm[{key}]")
        ]


def test_instances_that_nothing_refers_to_are_refused() -> None:
    with pytest.raises(PermanentError, match=r"depends on vm\.vm, and refers to none of its 2"):
        found("vm.vm[0]", *instances(refers=False), named=("mapping",))


def test_the_same_edge_is_listed_once() -> None:
    made = edges_of([ResourceAddress("vm"), ResourceAddress("group")], AWS)
    assert made == (Edge(ResourceAddress("edge"), EDGE.type, ResourceAddress("vm")),)


def test_the_page_prints_the_catalogue() -> None:
    _, _, printed = PAGE.read_text().partition("<!-- edges -->\n")
    rows = printed.split("\n\n", maxsplit=1)[0].splitlines()[2:]
    assert rows == [
        f"| `{rule.type}` | {', '.join(f'`{name}`' for name in rule.attributes)}"
        f" | {', '.join(f'`{glob}`' for glob in rule.connects)} | {rule.effect} |"
        for rule in EDGES
    ]

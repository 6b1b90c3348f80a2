"""Which children an attribute's change added, and that nothing else is ever taken for one."""

from __future__ import annotations

from typing import Any, Final

import pytest

from iac_adapters.shown_children import children_behind
from iac_adapters.undoing_by_hand import commands_for
from reconciler.domain.model import Change, Origin
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Sensitive, Value

GROUP: Final = "aws_security_group"
SSH: Final[dict[str, Value]] = {
    "protocol": "tcp",
    "from_port": 22,
    "to_port": 22,
    "cidr_blocks": ["0.0.0.0/0"],
    "self": False,
}


def change(path: str, recorded: Value, live: Value, *, sensitive: bool = False) -> Change:
    place = AttributePath(path)
    return Change(place, None, recorded, live, Origin.UNDECLARED, sensitive=sensitive)


def behind(type_name: str, *changes: Change) -> list[tuple[str, str]]:
    return [(shown.type, name) for shown, name in children_behind(type_name, changes)]


@pytest.mark.parametrize(
    ("block", "names"),
    [
        (SSH, ["ingress_tcp_22_22_0.0.0.0/0"]),
        (
            {"protocol": "-1", "cidr_blocks": ["10.0.0.0/8"], "self": True},
            ["ingress_-1_0_0_10.0.0.0/8", "ingress_-1_0_0_self"],
        ),
        (
            {"protocol": "icmp", "fromPort": 8, "toPort": 0, "ipv6CidrBlocks": ["::/0"]},
            ["ingress_icmp_8_0_::/0"],
        ),
        (
            {**SSH, "cidr_blocks": [], "prefix_list_ids": ["pl-1"], "security_groups": ["sg-2"]},
            ["ingress_tcp_22_22_pl-1", "ingress_tcp_22_22_sg-2"],
        ),
    ],
)
def test_each_source_of_an_added_block_is_a_rule(block: dict[str, Any], names: list[str]) -> None:
    found = behind(GROUP, change("ingress[3]", None, block))
    assert found == [("aws_security_group_rule", name) for name in names]


@pytest.mark.parametrize(
    ("type_name", "changes", "child"),
    [
        (
            "aws_iam_role",
            [change("inline_policy[0]", None, {"name": "by hand", "policy": "{}"})],
            ("aws_iam_role_policy", "by hand"),
        ),
        (
            "aws_iam_role",
            [change("managedPolicyArns", ["arn:1"], ["arn:1", "arn:2"])],
            ("aws_iam_role_policy_attachment", "arn:2"),
        ),
        ("aws_s3_bucket", [change("policy", None, "{...}")], ("aws_s3_bucket_policy", "")),
        ("aws_sqs_queue", [change("policy", "", "{...}")], ("aws_sqs_queue_policy", "")),
    ],
)
def test_what_was_added_is_a_child(
    type_name: str, changes: list[Change], child: tuple[str, str]
) -> None:
    assert behind(type_name, *changes) == [child]


@pytest.mark.parametrize(
    ("type_name", "changed", "command"),
    [
        (
            "aws_iam_role",
            change("inlinePolicies[0]", None, {"name": "a; rm -r b", "policy": "{}"}),
            "aws iam delete-role-policy --role-name shop --policy-name 'a; rm -r b'",
        ),
        (
            "aws_ec2_security_group",
            change("ingress[0]", None, {"protocol": "-1", "ipv6CidrBlocks": ["::/0"]}),
            (
                "aws ec2 revoke-security-group-ingress --group-id sg-1 --ip-permissions"
                """ '[{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]'"""
            ),
        ),
        (
            "aws_security_group",
            change("egresses[0]", None, {**SSH, "cidr_blocks": [], "self": True}),
            (
                "aws ec2 revoke-security-group-egress --group-id sg-1 --ip-permissions"
                """ '[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,"""
                """ "UserIdGroupPairs": [{"GroupId": "sg-1"}]}]'"""
            ),
        ),
    ],
)
def test_a_person_is_given_the_command_that_undoes_it(
    type_name: str, changed: Change, command: str
) -> None:
    assert commands_for(type_name, [changed], {"id": "sg-1", "name": "shop"}) == (command,)


def test_every_child_has_a_command() -> None:
    values = dict.fromkeys(("id", "name", "arn", "bucket"), "x")
    for type_name, changed in (
        ("aws_s3_bucket", change("policy", None, "{}")),
        ("aws_sqs_queue", change("policy", None, "{}")),
        ("aws_secretsmanager_secret", change("policy", None, "{}")),
        ("aws_iam_role", change("managed_policy_arns[0]", None, "arn:1")),
    ):
        assert len(commands_for(type_name, [changed], values)) == 1
        assert commands_for(type_name, [changed], {}) == ()


@pytest.mark.parametrize(
    ("type_name", "changes"),
    [
        (GROUP, []),
        (GROUP, [change("ingress[0]", SSH, None)]),
        (GROUP, [change("ingress[0].from_port", 22, 23)]),
        (GROUP, [change("ingress[0]", None, SSH), change("name", "a", "b")]),
        (GROUP, [change("ingress[0]", None, SSH), change("ingress[1]", SSH, None)]),
        (GROUP, [change("ingress[0]", None, {"protocol": "tcp", "from_port": 1})]),
        (GROUP, [change("ingress[0]", None, SSH, sensitive=True)]),
        ("aws_iam_role", [change("managed_policy_arns", ["arn:1"], ["arn:2"])]),
        ("aws_s3_bucket", [change("policy", "{old}", "{new}")]),
        ("aws_s3_bucket", [change("policy", None, Sensitive("d"))]),
        ("aws_kms_key", [change("policy", None, "{...}")]),
    ],
)
def test_destroying_children_is_offered_only_where_it_undoes_all(
    type_name: str, changes: list[Change]
) -> None:
    assert behind(type_name, *changes) == []

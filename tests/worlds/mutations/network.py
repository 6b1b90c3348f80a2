"""Changes to networks, addresses and firewall rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.worlds.mutations.mutation import Mutation, changed, missing
from tests.worlds.world import Attribute, Call

if TYPE_CHECKING:
    from collections.abc import Mapping


def ec2(method: str, **parameters: Any) -> Call:
    return Call("ec2", method, parameters)


def retagged(address: str, key: str, recorded: str) -> Mutation:
    """Change the value of one tag of an EC2 object."""

    def tagged(value: str) -> Call:
        tags = [{"Key": key, "Value": value}]
        return ec2(
            "create_tags", Resources=[Attribute(address, _IDS.get(address, "id"))], Tags=tags
        )

    return changed(address, f"tags.{key}", tagged("somebody"), tagged(recorded))


_IDS: Mapping[str, str] = {
    "aws_eip.edge": "allocation_id",
    "aws_key_pair.operator": "key_pair_id",
}
WEB = "aws_security_group.web"
DATABASE = "aws_security_group.database"
SSH = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}
ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
POSTGRES = {
    "IpProtocol": "tcp",
    "FromPort": 5432,
    "ToPort": 5432,
    "IpRanges": [{"CidrIp": "10.20.1.0/24"}],
}
REPLICA = "aws_vpc_security_group_ingress_rule.database"
ACL_ENTRY = {"NetworkAclId": Attribute("aws_network_acl.main"), "RuleNumber": 90, "Egress": False}
EXTRA_ROUTE = {
    "RouteTableId": Attribute("aws_route_table.public"),
    "DestinationCidrBlock": "10.99.0.0/16",
}


def _dns_hostnames(*, enabled: bool) -> Call:
    return ec2(
        "modify_vpc_attribute",
        VpcId=Attribute("aws_vpc.main"),
        EnableDnsHostnames={"Value": enabled},
    )


def _public_addresses(*, enabled: bool) -> Call:
    return ec2(
        "modify_subnet_attribute",
        SubnetId=Attribute("aws_subnet.a"),
        MapPublicIpOnLaunch={"Value": enabled},
    )


def _replica_described(description: str) -> Call:
    rule = {
        "IpProtocol": "tcp",
        "FromPort": 5433,
        "ToPort": 5433,
        "CidrIpv4": "10.20.2.0/24",
        "Description": description,
    }
    return ec2(
        "modify_security_group_rules",
        GroupId=Attribute(DATABASE),
        SecurityGroupRules=[{"SecurityGroupRuleId": Attribute(REPLICA), "SecurityGroupRule": rule}],
    )


def _interface_described(description: str) -> Call:
    return ec2(
        "modify_network_interface_attribute",
        NetworkInterfaceId=Attribute("aws_network_interface.spare"),
        Description={"Value": description},
    )


MUTATIONS: tuple[Mutation, ...] = (
    changed(
        "aws_vpc.main",
        "enable_dns_hostnames",
        _dns_hostnames(enabled=False),
        _dns_hostnames(enabled=True),
    ),
    retagged("aws_vpc.main", "team", "platform"),
    changed(
        "aws_subnet.a",
        "map_public_ip_on_launch",
        _public_addresses(enabled=True),
        _public_addresses(enabled=False),
    ),
    changed(
        "aws_subnet.b",
        "tags.owner",
        ec2(
            "create_tags",
            Resources=[Attribute("aws_subnet.b")],
            Tags=[{"Key": "owner", "Value": "x"}],
        ),
        ec2("delete_tags", Resources=[Attribute("aws_subnet.b")], Tags=[{"Key": "owner"}]),
    ),
    retagged("aws_internet_gateway.main", "Name", "mixed"),
    changed(
        "aws_route_table.public",
        "route",
        ec2("create_route", GatewayId=Attribute("aws_internet_gateway.main"), **EXTRA_ROUTE),
        ec2("delete_route", **EXTRA_ROUTE),
    ),
    retagged("aws_eip.edge", "Name", "mixed-edge"),
    changed(
        "aws_network_acl.main",
        "ingress",
        ec2(
            "create_network_acl_entry",
            **ACL_ENTRY,
            Protocol="6",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
            PortRange={"From": 22, "To": 22},
        ),
        ec2("delete_network_acl_entry", **ACL_ENTRY),
    ),
    changed(
        WEB,
        "ingress",
        ec2("authorize_security_group_ingress", GroupId=Attribute(WEB), IpPermissions=[SSH]),
        ec2("revoke_security_group_ingress", GroupId=Attribute(WEB), IpPermissions=[SSH]),
    ),
    changed(
        WEB,
        "egress",
        ec2("revoke_security_group_egress", GroupId=Attribute(WEB), IpPermissions=[ANYWHERE]),
        ec2("authorize_security_group_egress", GroupId=Attribute(WEB), IpPermissions=[ANYWHERE]),
    ),
    changed(
        DATABASE,
        "tags.team",
        ec2("delete_tags", Resources=[Attribute(DATABASE)], Tags=[{"Key": "team"}]),
        ec2(
            "create_tags", Resources=[Attribute(DATABASE)], Tags=[{"Key": "team", "Value": "data"}]
        ),
    ),
    missing(
        "aws_security_group_rule.database",
        ec2("revoke_security_group_ingress", GroupId=Attribute(DATABASE), IpPermissions=[POSTGRES]),
        ec2(
            "authorize_security_group_ingress",
            GroupId=Attribute(DATABASE),
            IpPermissions=[POSTGRES],
        ),
    ),
    changed(REPLICA, "description", _replica_described("anyone"), _replica_described("replica")),
    changed(
        "aws_network_interface.spare",
        "description",
        _interface_described("taken"),
        _interface_described("spare"),
    ),
    retagged("aws_vpc_endpoint.s3", "Name", "mixed-s3"),
    retagged("aws_instance.web", "team", "web"),
    retagged("aws_ebs_volume.data", "Name", "mixed-data"),
    retagged("aws_key_pair.operator", "team", "web"),
)

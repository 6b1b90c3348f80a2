"""Changes behind the back of the stack `unseen` that no plan would act on, and how each is seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from tests.worlds.world import Attribute, World

Reach = Literal["plan", "read", "computed", "probe", "data"]
"""By what it can be found: a plan, the object's own read, a computed attribute, or other reads."""

_GROUP: Final = Attribute("aws_security_group.cache")
_NIC: Final = Attribute("aws_network_interface.nic")
_ENDPOINT: Final = Attribute("aws_vpc_endpoint.s3")
_BUCKET: Final = Attribute("aws_s3_bucket.reports", "bucket")


@dataclass(frozen=True, slots=True)
class Injection:
    """One change: what it does, and where it shows."""

    name: str
    address: str
    path: str
    reach: Reach
    inject: Callable[[World], object]
    dangerous: bool = False
    child: str = ""
    """The type of the child that it adds, where that is no attribute of `address`."""


def _call(service: str, method: str, **parameters: Any) -> Callable[[World], Any]:
    def send(world: World) -> Any:
        return getattr(world.client(service), method)(**world.resolve(parameters))

    return send


def _policy(action: str, resource: str = "*", principal: Any = None) -> str:
    statement = {"Sid": "byhand", "Effect": "Allow", "Action": action, "Resource": resource}
    if principal is not None:
        statement["Principal"] = principal
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _put_on_a_route_table(world: World) -> None:
    client = world.client("ec2")
    tables = client.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [world.resolve(Attribute("aws_vpc.lab"))]}]
    )
    table = tables["RouteTables"][0]["RouteTableId"]
    endpoint = world.resolve(_ENDPOINT)
    client.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])


def _attach_a_policy(world: World) -> None:
    client = world.client("iam")
    made = client.create_policy(PolicyName="byhand", PolicyDocument=_policy("*"))
    client.attach_role_policy(RoleName="lab-edge", PolicyArn=made["Policy"]["Arn"])


_EVERYBODY_6: Final = {
    "IpProtocol": "tcp",
    "FromPort": 6379,
    "ToPort": 6379,
    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
}
_SSH: Final = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}

INJECTIONS: Final = (
    Injection(
        "another security group",
        *("aws_network_interface.nic", "security_groups", "read"),
        _call(
            "ec2",
            "modify_network_interface_attribute",
            NetworkInterfaceId=_NIC,
            Groups=[_GROUP],
        ),
        dangerous=True,
    ),
    Injection(
        "a second private address",
        *("aws_network_interface.nic", "private_ips", "read"),
        _call(
            "ec2",
            "assign_private_ip_addresses",
            NetworkInterfaceId=_NIC,
            PrivateIpAddresses=["10.60.1.77"],
        ),
    ),
    Injection(
        "an endpoint policy",
        *("aws_vpc_endpoint.s3", "policy", "read"),
        _call(
            "ec2",
            "modify_vpc_endpoint",
            VpcEndpointId=_ENDPOINT,
            PolicyDocument=_policy("s3:*", "arn:aws:s3:::evil/*", "*"),
        ),
        dangerous=True,
    ),
    Injection(
        "an endpoint on a route table",
        *("aws_vpc_endpoint.s3", "route_table_ids", "read"),
        _put_on_a_route_table,
    ),
    Injection(
        "redis opened to every IPv6 address",
        *("aws_security_group.cache", "ingress", "read"),
        _call(
            "ec2",
            "authorize_security_group_ingress",
            GroupId=_GROUP,
            IpPermissions=[_EVERYBODY_6, _SSH],
        ),
        dangerous=True,
    ),
    Injection(
        "a cluster instance made by hand",
        *("aws_neptune_cluster.main", "cluster_members", "computed"),
        _call(
            "rds",
            "create_db_instance",
            DBInstanceIdentifier="byhand",
            DBInstanceClass="db.r5.large",
            Engine="neptune",
            DBClusterIdentifier="lab",
        ),
        dangerous=True,
    ),
    Injection(
        "the maintenance window",
        *("aws_neptune_cluster.main", "preferred_maintenance_window", "read"),
        _call(
            "rds",
            "modify_db_cluster",
            DBClusterIdentifier="lab",
            PreferredMaintenanceWindow="sun:03:00-sun:04:00",
        ),
    ),
    Injection(
        "an inline policy beside the declared one",
        *("aws_iam_role.edge", "inline_policy", "read"),
        _call(
            "iam",
            "put_role_policy",
            RoleName="lab-edge",
            PolicyName="byhand",
            PolicyDocument=_policy("sts:AssumeRole"),
        ),
        dangerous=True,
    ),
    Injection(
        "a managed policy",
        *("aws_iam_role.edge", "managed_policy_arns", "read"),
        _attach_a_policy,
        dangerous=True,
    ),
    Injection(
        "a description",
        *("aws_iam_role.edge", "description", "plan"),
        _call("iam", "update_role", RoleName="lab-edge", Description="byhand"),
    ),
    Injection(
        "address usage metrics",
        *("aws_vpc.lab", "enable_network_address_usage_metrics", "read"),
        _call(
            "ec2",
            "modify_vpc_attribute",
            VpcId=Attribute("aws_vpc.lab"),
            EnableNetworkAddressUsageMetrics={"Value": True},
        ),
    ),
    Injection(
        "a bucket policy for a foreign account",
        *("aws_s3_bucket.reports", "policy", "read"),
        _call(
            "s3",
            "put_bucket_policy",
            Bucket=_BUCKET,
            Policy=_policy(
                "s3:*", "arn:aws:s3:::lab-reports/*", {"AWS": "arn:aws:iam::999988887777:root"}
            ),
        ),
        dangerous=True,
    ),
    Injection(
        "public access blocks switched off",
        *("aws_s3_bucket.reports", "", "probe"),
        _call(
            "s3",
            "put_public_access_block",
            Bucket=_BUCKET,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        ),
        dangerous=True,
    ),
    Injection(
        "a route table of a transit gateway",
        *("aws_ec2_transit_gateway.hub", "", "data"),
        _call(
            "ec2",
            "create_transit_gateway_route_table",
            TransitGatewayId=Attribute("aws_ec2_transit_gateway.hub"),
        ),
    ),
)

ALSO_MOVED: Final = frozenset(
    ("aws_network_interface.nic", name)
    for name in ("private_ip_list", "private_ips_count", "private_ip_list_enabled")
)
"""What the injections move besides, as the provider computes it."""


def inject(world: World, injections: Iterable[Injection] = INJECTIONS) -> None:
    """Carry out each of `injections`."""
    for one in injections:
        one.inject(world)

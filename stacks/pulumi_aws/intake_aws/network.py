"""The way in: a network of its own whose only open port is 443."""

from __future__ import annotations

import ipaddress
from typing import Final

import pulumi
import pulumi_aws as aws

from intake_aws.arguments import IntakeArguments

_HTTPS: Final = 443
_EVERYWHERE: Final = "0.0.0.0/0"


class NetworkEdge(pulumi.ComponentResource):
    """A network with one routed subnet, and a security group that passes nothing but HTTPS."""

    vpc_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:aws:NetworkEdge", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-network",
            cidr_block=arguments.network_cidr,
            enable_dns_hostnames=True,
            tags=arguments.tags_for(f"{name}-network"),
            opts=ours,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-closed",
            vpc_id=vpc.id,
            # Said, not left out: what is left out nobody misses when it comes back.
            ingress=[],
            egress=[],
            tags=arguments.tags_for(f"{name}-closed"),
            opts=ours,
        )
        self.vpc_id = vpc.id
        self.subnet_id = _routed_subnet(name, vpc, arguments, ours).id
        self.security_group_id = _https_only(name, vpc, arguments, ours).id
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "subnetId": self.subnet_id,
                "securityGroupId": self.security_group_id,
            }
        )


def _routed_subnet(
    name: str, vpc: aws.ec2.Vpc, arguments: IntakeArguments, ours: pulumi.ResourceOptions
) -> aws.ec2.Subnet:
    """Return the first sixteenth of the network, with a route to the internet."""
    first = next(ipaddress.IPv4Network(arguments.network_cidr).subnets(prefixlen_diff=4))
    subnet = aws.ec2.Subnet(
        f"{name}-subnet",
        vpc_id=vpc.id,
        cidr_block=str(first),
        # Who needs a public address asks for one.
        map_public_ip_on_launch=False,
        tags=arguments.tags_for(f"{name}-subnet"),
        opts=ours,
    )
    gateway = aws.ec2.InternetGateway(
        f"{name}-gateway", vpc_id=vpc.id, tags=arguments.tags_for(f"{name}-gateway"), opts=ours
    )
    routes = aws.ec2.RouteTable(
        f"{name}-routes",
        vpc_id=vpc.id,
        routes=[aws.ec2.RouteTableRouteArgs(cidr_block=_EVERYWHERE, gateway_id=gateway.id)],
        tags=arguments.tags_for(f"{name}-routes"),
        opts=ours,
    )
    aws.ec2.RouteTableAssociation(
        f"{name}-routed", subnet_id=subnet.id, route_table_id=routes.id, opts=ours
    )
    return subnet


def _https_only(
    name: str, vpc: aws.ec2.Vpc, arguments: IntakeArguments, ours: pulumi.ResourceOptions
) -> aws.ec2.SecurityGroup:
    """Return the group whose whole list of rules is its own: a rule more is a deviation."""
    return aws.ec2.SecurityGroup(
        f"{name}-https",
        description="HTTPS in from those allowed, HTTPS out",
        vpc_id=vpc.id,
        # Rules as resources of their own would not notice a rule that somebody adds.
        ingress=[
            aws.ec2.SecurityGroupIngressArgs(
                description="HTTPS",
                protocol="tcp",
                from_port=_HTTPS,
                to_port=_HTTPS,
                cidr_blocks=list(arguments.allowed_cidrs),
            )
        ],
        egress=[
            aws.ec2.SecurityGroupEgressArgs(
                description="HTTPS to the services we call",
                protocol="tcp",
                from_port=_HTTPS,
                to_port=_HTTPS,
                cidr_blocks=[_EVERYWHERE],
            )
        ],
        tags=arguments.tags_for(f"{name}-https"),
        opts=ours,
    )

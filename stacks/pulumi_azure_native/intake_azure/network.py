"""The way in: a network of its own whose only open port is 443."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_azure_native import network

from intake_azure.arguments import IntakeArguments

_SUBNET: Final = "edge"
_FIRST_PRIORITY: Final = 100
_LAST_PRIORITY: Final = 4096


class NetworkEdge(pulumi.ComponentResource):
    """A network with one subnet, guarded by a security group that passes nothing but HTTPS."""

    network_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        arguments: IntakeArguments,
        *,
        resource_group: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("intake:azure:NetworkEdge", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        guard = network.NetworkSecurityGroup(
            f"{name}-https",
            resource_group_name=resource_group,
            # Rules as resources of their own would not notice a rule that somebody adds.
            security_rules=_https_only(arguments.allowed_cidrs),
            tags=arguments.all_tags(),
            opts=ours,
        )
        whole = network.VirtualNetwork(
            f"{name}-network",
            resource_group_name=resource_group,
            address_space=network.AddressSpaceArgs(address_prefixes=[arguments.network_cidr]),
            # For the same reason the subnet stands inside its network.
            subnets=[_guarded_subnet(arguments.network_cidr, guard)],
            tags=arguments.all_tags(),
            opts=ours,
        )
        self.network_id = whole.id
        self.subnet_id = pulumi.Output.concat(whole.id, "/subnets/", _SUBNET)
        self.security_group_id = guard.id
        self.register_outputs(
            {
                "networkId": self.network_id,
                "subnetId": self.subnet_id,
                "securityGroupId": self.security_group_id,
            }
        )


def _guarded_subnet(cidr: str, guard: network.NetworkSecurityGroup) -> network.SubnetArgs:
    """Return the first sixteenth of the network; it reaches storage without the internet."""
    first = next(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=4))
    return network.SubnetArgs(
        name=_SUBNET,
        address_prefix=str(first),
        default_outbound_access=False,
        network_security_group=network.NetworkSecurityGroupArgs(id=guard.id),
        service_endpoints=[
            network.ServiceEndpointPropertiesFormatArgs(service="Microsoft.Storage")
        ],
    )


def _https_only(allowed_cidrs: Sequence[str]) -> list[network.SecurityRuleArgs]:
    """Return the rules; the last one also closes what Azure opens between its own networks."""
    return [
        network.SecurityRuleArgs(
            name="allow-https",
            description="HTTPS from those allowed",
            priority=_FIRST_PRIORITY,
            direction=network.SecurityRuleDirection.INBOUND,
            access=network.SecurityRuleAccess.ALLOW,
            protocol=network.SecurityRuleProtocol.TCP,
            source_address_prefixes=list(allowed_cidrs),
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range="443",
        ),
        network.SecurityRuleArgs(
            name="refuse-the-rest",
            description="Nothing else comes in",
            priority=_LAST_PRIORITY,
            direction=network.SecurityRuleDirection.INBOUND,
            access=network.SecurityRuleAccess.DENY,
            protocol=network.SecurityRuleProtocol.ASTERISK,
            source_address_prefix="*",
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range="*",
        ),
    ]

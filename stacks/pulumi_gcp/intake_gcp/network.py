"""The way in: a network of its own whose only open port is 443."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_gcp as gcp

from intake_gcp.arguments import IntakeArguments

_EVERYWHERE: Final = "0.0.0.0/0"
_FIRST_PRIORITY: Final = 1000
_LAST_PRIORITY: Final = 65534
EDGE_TAG: Final = "https-edge"
"""The network tag of the machines that HTTPS reaches; the others get nothing at all."""


class NetworkEdge(pulumi.ComponentResource):
    """A network with one subnet, into which nothing but HTTPS comes, and what is refused is logged.

    Google Cloud has no list of rules to own: a rule that somebody adds is a resource of its own.
    """

    network_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:gcp:NetworkEdge", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        network = gcp.compute.Network(f"{name}-network", auto_create_subnetworks=False, opts=ours)
        subnet = gcp.compute.Subnetwork(
            f"{name}-subnet",
            network=network.id,
            region=arguments.region,
            ip_cidr_range=arguments.network_cidr,
            private_ip_google_access=True,
            log_config=gcp.compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_10_MIN", flow_sampling=0.5
            ),
            opts=ours,
        )
        _https_only(name, network, arguments, ours)
        self.network_id = network.id
        self.subnet_id = subnet.id
        self.register_outputs({"networkId": self.network_id, "subnetId": self.subnet_id})


def _https_only(
    name: str,
    network: gcp.compute.Network,
    arguments: IntakeArguments,
    ours: pulumi.ResourceOptions,
) -> None:
    logged = gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA")
    gcp.compute.Firewall(
        f"{name}-https",
        description="HTTPS from those allowed",
        network=network.id,
        direction="INGRESS",
        priority=_FIRST_PRIORITY,
        allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=["443"])],
        source_ranges=list(arguments.allowed_cidrs),
        target_tags=[EDGE_TAG],
        log_config=logged,
        opts=ours,
    )
    gcp.compute.Firewall(
        f"{name}-refuse",
        description="Nothing else comes in",
        network=network.id,
        direction="INGRESS",
        priority=_LAST_PRIORITY,
        denies=[gcp.compute.FirewallDenyArgs(protocol="all")],
        source_ranges=[_EVERYWHERE],
        log_config=logged,
        opts=ours,
    )

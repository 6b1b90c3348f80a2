"""The whole: what comes in by HTTPS is kept in a container and worked off from a queue."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import resources

from intake_azure.arguments import IntakeArguments
from intake_azure.messaging import WorkQueue
from intake_azure.network import NetworkEdge
from intake_azure.storage import PrivateStorage


class Intake(pulumi.ComponentResource):
    """A network edge, a storage account and a queue, in a resource group of their own."""

    resource_group_name: pulumi.Output[str]
    edge: NetworkEdge
    storage: PrivateStorage
    queue: WorkQueue

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:azure:Intake", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        group = resources.ResourceGroup(f"{name}-group", tags=arguments.all_tags(), opts=ours)
        self.resource_group_name = group.name
        self.edge = NetworkEdge(name, arguments, resource_group=group.name, opts=ours)
        self.storage = PrivateStorage(
            name,
            arguments,
            resource_group=group.name,
            subnet_id=self.edge.subnet_id,
            opts=ours,
        )
        self.queue = WorkQueue(name, arguments, resource_group=group.name, opts=ours)
        self.register_outputs(
            {
                "resourceGroupName": self.resource_group_name,
                "networkId": self.edge.network_id,
                "accountName": self.storage.account_name,
                "queueName": self.queue.queue_name,
            }
        )

"""The work that is waiting: a queue that knows its callers by identity, not by a shared key."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import servicebus

from intake_azure.arguments import IntakeArguments

_ATTEMPTS: Final = 5
_MINUTE: Final = "PT1M"
_FORTNIGHT: Final = "P14D"


class WorkQueue(pulumi.ComponentResource):
    """A queue; a message that failed five times, or waited too long, becomes a dead letter."""

    namespace_name: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        arguments: IntakeArguments,
        *,
        resource_group: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("intake:azure:WorkQueue", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        namespace = servicebus.Namespace(
            f"{name}-bus",
            resource_group_name=resource_group,
            sku=servicebus.SBSkuArgs(name=servicebus.SkuName.BASIC, tier=servicebus.SkuTier.BASIC),
            disable_local_auth=True,
            minimum_tls_version=servicebus.TlsVersion.TLS_VERSION_1_2,
            tags=arguments.all_tags(),
            opts=ours,
        )
        queue = servicebus.Queue(
            f"{name}-work",
            resource_group_name=resource_group,
            namespace_name=namespace.name,
            lock_duration=_MINUTE,
            max_delivery_count=_ATTEMPTS,
            default_message_time_to_live=_FORTNIGHT,
            dead_lettering_on_message_expiration=True,
            opts=ours,
        )
        self.namespace_name = namespace.name
        self.queue_name = queue.name
        self.register_outputs({"namespaceName": self.namespace_name, "queueName": self.queue_name})

"""The work that is waiting: a topic, and the subscription it is worked off from."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_gcp as gcp

from intake_gcp.arguments import IntakeArguments

_WEEK: Final = f"{7 * 24 * 3600}s"
_NEVER: Final = ""
_ACKNOWLEDGE_S: Final = 60


class WorkQueue(pulumi.ComponentResource):
    """A topic whose messages stay in our region, and a subscription that does not expire."""

    topic_id: pulumi.Output[str]
    subscription_id: pulumi.Output[str]

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:gcp:WorkQueue", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        topic = gcp.pubsub.Topic(
            f"{name}-work",
            message_retention_duration=_WEEK,
            message_storage_policy=gcp.pubsub.TopicMessageStoragePolicyArgs(
                allowed_persistence_regions=[arguments.region], enforce_in_transit=True
            ),
            labels=arguments.all_labels(),
            opts=ours,
        )
        subscription = gcp.pubsub.Subscription(
            f"{name}-worker",
            topic=topic.id,
            ack_deadline_seconds=_ACKNOWLEDGE_S,
            message_retention_duration=_WEEK,
            expiration_policy=gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl=_NEVER),
            retry_policy=gcp.pubsub.SubscriptionRetryPolicyArgs(
                minimum_backoff="10s", maximum_backoff="600s"
            ),
            labels=arguments.all_labels(),
            opts=ours,
        )
        self.topic_id = topic.id
        self.subscription_id = subscription.id
        self.register_outputs({"topicId": self.topic_id, "subscriptionId": self.subscription_id})

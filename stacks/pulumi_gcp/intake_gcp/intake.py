"""The whole: what comes in by HTTPS is kept in a bucket and worked off from a topic."""

from __future__ import annotations

import pulumi

from intake_gcp.arguments import IntakeArguments
from intake_gcp.messaging import WorkQueue
from intake_gcp.network import NetworkEdge
from intake_gcp.storage import PrivateBucket


class Intake(pulumi.ComponentResource):
    """A network edge, a bucket and a topic."""

    edge: NetworkEdge
    bucket: PrivateBucket
    queue: WorkQueue

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:gcp:Intake", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        self.edge = NetworkEdge(name, arguments, ours)
        self.bucket = PrivateBucket(name, arguments, ours)
        self.queue = WorkQueue(name, arguments, ours)
        self.register_outputs(
            {
                "networkId": self.edge.network_id,
                "bucketName": self.bucket.bucket_name,
                "topicId": self.queue.topic_id,
            }
        )

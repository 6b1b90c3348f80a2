"""The whole: what comes in by HTTPS is kept in a bucket and worked off from a queue."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from intake_aws.arguments import IntakeArguments
from intake_aws.messaging import WorkQueue
from intake_aws.network import NetworkEdge
from intake_aws.storage import PrivateBucket


class Intake(pulumi.ComponentResource):
    """A network edge, a bucket and a queue; one key, renewed yearly, encrypts the latter two."""

    edge: NetworkEdge
    bucket: PrivateBucket
    queue: WorkQueue

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:aws:Intake", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Encrypts the files and messages of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            tags=arguments.tags_for(f"{name}-key"),
            opts=ours,
        )
        self.edge = NetworkEdge(name, arguments, ours)
        self.bucket = PrivateBucket(name, arguments, key_arn=key.arn, opts=ours)
        self.queue = WorkQueue(name, arguments, key_arn=key.arn, opts=ours)
        self.register_outputs(
            {
                "vpcId": self.edge.vpc_id,
                "bucketName": self.bucket.bucket_name,
                "queueUrl": self.queue.queue_url,
            }
        )

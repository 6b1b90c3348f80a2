"""The work that is waiting: a queue, and a second one for what cannot be done."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from intake_aws.arguments import IntakeArguments

_ATTEMPTS: Final = 5
_FORTNIGHT_S: Final = 14 * 24 * 3600
_KEY_REUSE_S: Final = 300
_VISIBILITY_S: Final = 60
_LONG_POLL_S: Final = 20


class WorkQueue(pulumi.ComponentResource):
    """An encrypted queue; a message that failed five times goes to its dead-letter queue."""

    queue_url: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        arguments: IntakeArguments,
        *,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("intake:aws:WorkQueue", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        dead = aws.sqs.Queue(
            f"{name}-dead",
            kms_master_key_id=key_arn,
            kms_data_key_reuse_period_seconds=_KEY_REUSE_S,
            message_retention_seconds=_FORTNIGHT_S,
            tags=arguments.tags_for(f"{name}-dead"),
            opts=ours,
        )
        queue = aws.sqs.Queue(
            f"{name}-work",
            kms_master_key_id=key_arn,
            kms_data_key_reuse_period_seconds=_KEY_REUSE_S,
            visibility_timeout_seconds=_VISIBILITY_S,
            receive_wait_time_seconds=_LONG_POLL_S,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead.arn, "maxReceiveCount": _ATTEMPTS}
            ),
            tags=arguments.tags_for(f"{name}-work"),
            opts=ours,
        )
        self.queue_url = queue.url
        self.dead_letter_url = dead.url
        self.register_outputs({"queueUrl": self.queue_url, "deadLetterUrl": self.dead_letter_url})

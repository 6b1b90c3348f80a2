"""Six things done to the deployed shop behind Terraform's back, and what a scan must say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.worlds.world import Attribute, Call, World


@dataclass(frozen=True, slots=True)
class Breakage:
    """One change made with the cloud's own API; `paths` are the attributes it must show up in."""

    title: str
    address: str
    file: str
    call: Call
    paths: frozenset[str] = frozenset()
    kind: str = "changed"


def six_breakages(stolen_key: str) -> tuple[Breakage, ...]:
    """Return the six; `stolen_key` is what the secret parameter is overwritten with."""
    return (_FIREWALL, _BUCKET, _secret(stolen_key), _ALARM, _TAG, _DELETION)


def break_all(breakages: tuple[Breakage, ...], world: World) -> None:
    """Make every change, in order."""
    for breakage in breakages:
        breakage.call.send(world)


SSH_FROM_ANYWHERE: Final = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}
_FIREWALL: Final = Breakage(
    title="the firewall lets the whole internet in by ssh",
    address="aws_security_group.front",
    file="network.tf",
    paths=frozenset({"ingress"}),
    call=Call(
        "ec2",
        "authorize_security_group_ingress",
        {
            "GroupId": Attribute("aws_security_group.front"),
            "IpPermissions": [SSH_FROM_ANYWHERE],
        },
    ),
)

_BUCKET: Final = Breakage(
    title="the bucket no longer refuses public policies",
    address="aws_s3_bucket_public_access_block.assets",
    file="assets.tf",
    paths=frozenset({"block_public_policy", "restrict_public_buckets"}),
    call=Call(
        "s3",
        "put_public_access_block",
        {
            "Bucket": Attribute("aws_s3_bucket.assets"),
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        },
    ),
)

_ALARM: Final = Breakage(
    title="the alarm on lost orders is off: its threshold is a hundred times higher",
    address="aws_cloudwatch_metric_alarm.backlog",
    file="orders.tf",
    paths=frozenset({"threshold"}),
    call=Call(
        "cloudwatch",
        "put_metric_alarm",
        {
            "AlarmName": "webshop-backlog",
            "AlarmDescription": "orders do not arrive",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 2,
            "MetricName": "NumberOfNotificationsFailed",
            "Namespace": "AWS/SNS",
            "Period": 60,
            "Statistic": "Maximum",
            "Threshold": 30000.0,
            "AlarmActions": [Attribute("aws_sns_topic.shipped", "arn")],
            "Dimensions": [{"Name": "TopicName", "Value": "webshop-orders"}],
        },
    ),
)

_TAG: Final = Breakage(
    title="a tag of the orders table names another team",
    address="aws_dynamodb_table.orders",
    file="orders.tf",
    paths=frozenset({"tags.team"}),
    call=Call(
        "dynamodb",
        "tag_resource",
        {
            "ResourceArn": Attribute("aws_dynamodb_table.orders", "arn"),
            "Tags": [{"Key": "team", "Value": "somebody-else"}],
        },
    ),
)

_DELETION: Final = Breakage(
    title="the worker's log group is deleted",
    address="aws_cloudwatch_log_group.worker",
    file="orders.tf",
    kind="missing",
    call=Call("logs", "delete_log_group", {"logGroupName": "/webshop/worker"}),
)


def _secret(stolen_key: str) -> Breakage:
    return Breakage(
        title="the secret key of the payment partner is overwritten",
        address="aws_ssm_parameter.payment_key",
        file="orders.tf",
        paths=frozenset({"value"}),
        call=Call(
            "ssm",
            "put_parameter",
            {
                "Name": "/webshop/payment-key",
                "Description": "key of the payment partner",
                "Type": "SecureString",
                "Value": stolen_key,
                "Overwrite": True,
            },
        ),
    )

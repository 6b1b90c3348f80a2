"""Changes to buckets, tables, queues and topics."""

from __future__ import annotations

from typing import Any

from tests.worlds.mutations.documents import allow
from tests.worlds.mutations.mutation import Mutation, changed
from tests.worlds.world import Attribute, Call

TABLE = "aws_dynamodb_table.orders"
QUEUE = "aws_sqs_queue.orders"
READ_ASSETS = {
    "Sid": "Read",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::mixed-assets/*",
}


def _bucket(method: str, **settings: Any) -> Call:
    return Call("s3", method, {"Bucket": "mixed-assets"} | settings)


def _bucket_tag(value: str) -> Call:
    return _bucket("put_bucket_tagging", Tagging={"TagSet": [{"Key": "team", "Value": value}]})


def _versioning(status: str) -> Call:
    return _bucket("put_bucket_versioning", VersioningConfiguration={"Status": status})


def _encryption(default: dict[str, Any]) -> Call:
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    return _bucket("put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules})


def _public_access(*, blocked: bool) -> Call:
    configuration = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": blocked,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    return _bucket("put_public_access_block", PublicAccessBlockConfiguration=configuration)


def _ownership(value: str) -> Call:
    return _bucket(
        "put_bucket_ownership_controls",
        OwnershipControls={"Rules": [{"ObjectOwnership": value}]},
    )


def _object_tag(value: str) -> Call:
    return _bucket(
        "put_object_tagging",
        Key="site/index.html",
        Tagging={"TagSet": [{"Key": "team", "Value": value}]},
    )


def _table(method: str, **settings: Any) -> Call:
    return Call("dynamodb", method, {"TableName": "mixed-orders"} | settings)


def _expiry(*, enabled: bool) -> Call:
    return _table(
        "update_time_to_live",
        TimeToLiveSpecification={"Enabled": enabled, "AttributeName": "expires"},
    )


def _table_tag(value: str) -> Call:
    tags = [{"Key": "team", "Value": value}]
    return Call("dynamodb", "tag_resource", {"ResourceArn": Attribute(TABLE, "arn"), "Tags": tags})


def _queue(**attributes: str) -> Call:
    parameters = {"QueueUrl": Attribute(QUEUE), "Attributes": attributes}
    return Call("sqs", "set_queue_attributes", parameters)


def _topic(name: str) -> Call:
    parameters = {
        "TopicArn": Attribute("aws_sns_topic.alerts"),
        "AttributeName": "DisplayName",
        "AttributeValue": name,
    }
    return Call("sns", "set_topic_attributes", parameters)


def _topic_tag(value: str) -> Call:
    tags = [{"Key": "team", "Value": value}]
    parameters = {"ResourceArn": Attribute("aws_sns_topic.alerts"), "Tags": tags}
    return Call("sns", "tag_resource", parameters)


def _raw_delivery(value: str) -> Call:
    parameters = {
        "SubscriptionArn": Attribute("aws_sns_topic_subscription.alerts"),
        "AttributeName": "RawMessageDelivery",
        "AttributeValue": value,
    }
    return Call("sns", "set_subscription_attributes", parameters)


def _database(description: str) -> Call:
    parameters = {
        "Name": "mixed_lake",
        "DatabaseInput": {"Name": "mixed_lake", "Description": description},
    }
    return Call("glue", "update_database", parameters)


KMS = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": Attribute("aws_kms_key.main", "arn")}
OPENED = READ_ASSETS | {"Principal": "*"}

MUTATIONS: tuple[Mutation, ...] = (
    changed("aws_s3_bucket.assets", "tags.team", _bucket_tag("nobody"), _bucket_tag("web")),
    changed(
        "aws_s3_bucket_versioning.assets",
        "versioning_configuration[0].status",
        _versioning("Suspended"),
        _versioning("Enabled"),
    ),
    changed(
        "aws_s3_bucket_server_side_encryption_configuration.assets",
        "rule",
        _encryption({"SSEAlgorithm": "AES256"}),
        _encryption(KMS),
    ),
    changed(
        "aws_s3_bucket_public_access_block.assets",
        "block_public_policy",
        _public_access(blocked=False),
        _public_access(blocked=True),
    ),
    changed(
        "aws_s3_bucket_policy.assets",
        "policy",
        _bucket("put_bucket_policy", Policy=allow(OPENED)),
        _bucket("put_bucket_policy", Policy=allow(READ_ASSETS)),
    ),
    changed(
        "aws_s3_bucket_ownership_controls.assets",
        "rule[0].object_ownership",
        _ownership("ObjectWriter"),
        _ownership("BucketOwnerPreferred"),
    ),
    changed("aws_s3_object.index", "tags.team", _object_tag("nobody"), _object_tag("web")),
    changed(TABLE, "ttl[0].enabled", _expiry(enabled=False), _expiry(enabled=True)),
    changed(TABLE, "tags.team", _table_tag("nobody"), _table_tag("data")),
    changed(
        TABLE,
        "deletion_protection_enabled",
        _table("update_table", DeletionProtectionEnabled=True),
        _table("update_table", DeletionProtectionEnabled=False),
    ),
    changed(
        QUEUE,
        "visibility_timeout_seconds",
        _queue(VisibilityTimeout="99"),
        _queue(VisibilityTimeout="45"),
    ),
    changed(
        QUEUE,
        "message_retention_seconds",
        _queue(MessageRetentionPeriod="60"),
        _queue(MessageRetentionPeriod="86400"),
    ),
    changed("aws_sns_topic.alerts", "display_name", _topic("Noise"), _topic("Alerts")),
    changed("aws_sns_topic.alerts", "tags.team", _topic_tag("nobody"), _topic_tag("platform")),
    changed(
        "aws_sns_topic_subscription.alerts",
        "raw_message_delivery",
        _raw_delivery("false"),
        _raw_delivery("true"),
    ),
    changed(
        "aws_glue_catalog_database.lake", "description", _database("none"), _database("raw events")
    ),
)

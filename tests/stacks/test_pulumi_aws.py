"""The AWS intake, against the real SDK."""

from __future__ import annotations

import json

import pytest

from tests.stacks.program import AWS, Ran

SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture(scope="module")
def changed() -> Ran:
    return AWS.run(
        {
            "environment": "prod",
            "owner": "web team",
            "networkCidr": "172.16.8.0/21",
            "allowedCidrs": ["198.51.100.0/24", "203.0.113.7/32"],
            "keepOldVersionsDays": 7,
            "tags": {"cost-centre": "42"},
        }
    )


def test_it_registers_what_it_promises(aws: Ran) -> None:
    assert aws.types() == {
        "intake:aws:Intake": 1,
        "intake:aws:NetworkEdge": 1,
        "intake:aws:PrivateBucket": 1,
        "intake:aws:WorkQueue": 1,
        "aws:kms/key:Key": 1,
        "aws:ec2/vpc:Vpc": 1,
        "aws:ec2/subnet:Subnet": 1,
        "aws:ec2/internetGateway:InternetGateway": 1,
        "aws:ec2/routeTable:RouteTable": 1,
        "aws:ec2/routeTableAssociation:RouteTableAssociation": 1,
        SECURITY_GROUP: 1,
        DEFAULT_GROUP: 1,
        "aws:s3/bucket:Bucket": 1,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 1,
        "aws:s3/bucketPolicy:BucketPolicy": 1,
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        ): 1,
        "aws:s3/bucketVersioning:BucketVersioning": 1,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
        QUEUE: 2,
    }


def test_the_world_reaches_443_and_nothing_else(aws: Ran) -> None:
    (rule,) = aws.only(SECURITY_GROUP).inputs["ingress"]

    assert (rule["protocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 443, 443)
    assert rule["cidrBlocks"] == ["0.0.0.0/0"]
    assert rule.keys() <= {"protocol", "fromPort", "toPort", "cidrBlocks", "description"}


def test_the_default_group_is_emptied_in_so_many_words(aws: Ran) -> None:
    closed = aws.only(DEFAULT_GROUP).inputs

    assert (closed["ingress"], closed["egress"]) == ([], [])
    assert closed["vpcId"] == aws.outputs["vpcId"]


def test_machines_get_no_public_address_unasked(aws: Ran) -> None:
    assert aws.only("aws:ec2/subnet:Subnet").inputs["mapPublicIpOnLaunch"] is False


def test_the_bucket_is_closed_to_the_public(aws: Ran) -> None:
    block = aws.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    owned = aws.only("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs

    assert {key: value for key, value in block.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert owned["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert "acl" not in aws.only("aws:s3/bucket:Bucket").inputs


def test_the_bucket_refuses_whoever_comes_without_tls(aws: Ran) -> None:
    (statement,) = json.loads(aws.only("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])[
        "Statement"
    ]

    assert (statement["Effect"], statement["Principal"], statement["Action"]) == (
        "Deny",
        "*",
        "s3:*",
    )
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == ["arn:intake-dev-files", "arn:intake-dev-files/*"]


def test_one_renewed_key_encrypts_files_and_messages(aws: Ran) -> None:
    key = aws.only("aws:kms/key:Key")
    (rule,) = aws.only(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    ).inputs["rules"]

    assert key.inputs["enableKeyRotation"] is True
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": f"arn:{key.name}",
    }
    assert {queue.inputs["kmsMasterKeyId"] for queue in aws.all(QUEUE)} == {f"arn:{key.name}"}


def test_what_cannot_be_done_goes_to_the_dead_letter_queue(aws: Ran) -> None:
    dead, work = aws.all(QUEUE)

    assert json.loads(work.inputs["redrivePolicy"]) == {
        "deadLetterTargetArn": f"arn:{dead.name}",
        "maxReceiveCount": 5,
    }


def test_access_is_closed_before_the_policy_and_versions_come_before_their_expiry(
    aws: Ran,
) -> None:
    policy = aws.only("aws:s3/bucketPolicy:BucketPolicy")
    expiry = aws.only("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")

    block = aws.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert block.urn in policy.depends_on
    assert aws.only("aws:s3/bucketVersioning:BucketVersioning").urn in expiry.depends_on


def test_it_exports_where_everything_is(aws: Ran) -> None:
    assert aws.outputs == {
        "vpcId": "intake-dev-network-id",
        "subnetId": "intake-dev-subnet-id",
        "securityGroupId": "intake-dev-https-id",
        "bucketName": "intake-dev-files",
        "queueUrl": "https://intake-dev-work",
        "deadLetterUrl": "https://intake-dev-dead",
    }


def test_every_setting_is_honoured(changed: Ran) -> None:
    (rule,) = changed.only(SECURITY_GROUP).inputs["ingress"]
    (expiry,) = changed.only(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ).inputs["rules"]

    assert changed.error is None
    assert rule["cidrBlocks"] == ["198.51.100.0/24", "203.0.113.7/32"]
    assert changed.only("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "172.16.8.0/21"
    assert changed.only("aws:ec2/subnet:Subnet").inputs["cidrBlock"] == "172.16.8.0/25"
    assert expiry["noncurrentVersionExpiration"] == {"noncurrentDays": 7}


def test_whatever_bears_tags_bears_all_of_them(changed: Ran) -> None:
    tagged = [resource for resource in changed.resources if "tags" in resource.inputs]

    assert len(tagged) == 10
    for resource in tagged:
        assert resource.inputs["tags"] == {
            "Name": resource.name,
            "cost-centre": "42",
            "environment": "prod",
            "managed-by": "pulumi",
            "owner": "web team",
        }


def test_a_bad_setting_is_refused_before_anything_is_registered() -> None:
    refused = AWS.run({"networkCidr": "8.8.0.0/16"})

    assert refused.error == (
        "network_cidr must be a private IPv4 network from /16 to /24, not '8.8.0.0/16'"
    )
    assert refused.resources == ()

"""Where what comes in is kept: a bucket that nobody outside the account can read."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from intake_aws.arguments import IntakeArguments


class PrivateBucket(pulumi.ComponentResource):
    """A versioned bucket: encrypted with `key_arn`, closed to the public, reached by TLS only."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        arguments: IntakeArguments,
        *,
        key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("intake:aws:PrivateBucket", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(f"{name}-files", tags=arguments.tags_for(f"{name}-files"), opts=ours)
        _close(name, bucket, ours)
        _encrypt(name, bucket, key_arn, ours)
        _keep_versions(name, bucket, arguments.keep_old_versions_days, ours)
        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucketName": self.bucket_name, "bucketArn": self.bucket_arn})


def _close(name: str, bucket: aws.s3.Bucket, ours: pulumi.ResourceOptions) -> None:
    """Leave no way in but IAM, and that over TLS."""
    block = aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=ours,
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-owned",
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=ours,
    )
    tls_only = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "RefuseWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    aws.s3.BucketPolicy(
        f"{name}-tls-only",
        bucket=bucket.id,
        policy=pulumi.Output.json_dumps(tls_only),
        # S3 refuses two changes of a bucket's access at one time.
        opts=pulumi.ResourceOptions.merge(ours, pulumi.ResourceOptions(depends_on=[block])),
    )


def _encrypt(
    name: str, bucket: aws.s3.Bucket, key_arn: pulumi.Input[str], ours: pulumi.ResourceOptions
) -> None:
    by_default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=key_arn
        )
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encrypted",
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True
            )
        ],
        opts=ours,
    )


def _keep_versions(
    name: str, bucket: aws.s3.Bucket, days: int, ours: pulumi.ResourceOptions
) -> None:
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioned",
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        opts=ours,
    )
    old_versions = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
        noncurrent_days=days
    )
    unfinished = aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
        days_after_initiation=7
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-expiry",
        bucket=bucket.id,
        rules=[
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id="forget-old-versions",
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                noncurrent_version_expiration=old_versions,
                abort_incomplete_multipart_upload=unfinished,
            )
        ],
        # A rule about old versions is refused where there are none yet.
        opts=pulumi.ResourceOptions.merge(ours, pulumi.ResourceOptions(depends_on=[versioning])),
    )

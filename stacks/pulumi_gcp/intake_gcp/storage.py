"""Where what comes in is kept: a bucket that cannot be made public."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_gcp as gcp

from intake_gcp.arguments import IntakeArguments

_QUARTER: Final = f"{90 * 24 * 3600}s"


class PrivateBucket(pulumi.ComponentResource):
    """A versioned bucket, closed to the public, encrypted with a key renewed every 90 days."""

    bucket_name: pulumi.Output[str]

    def __init__(
        self, name: str, arguments: IntakeArguments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("intake:gcp:PrivateBucket", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        key = _key(name, arguments, ours)
        # Until Storage itself may use the key, a bucket with it is refused.
        usable = gcp.kms.CryptoKeyIAMMember(
            f"{name}-storage-uses-key",
            crypto_key_id=key.id,
            role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
            member=gcp.storage.get_project_service_account_output(
                opts=pulumi.InvokeOutputOptions(parent=self)
            ).member,
            opts=ours,
        )
        bucket = gcp.storage.Bucket(
            f"{name}-files",
            location=arguments.region.upper(),
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=key.id),
            versioning=gcp.storage.BucketVersioningArgs(enabled=True),
            lifecycle_rules=[_forget_after(arguments.keep_old_versions_days)],
            labels=arguments.all_labels(),
            opts=pulumi.ResourceOptions.merge(ours, pulumi.ResourceOptions(depends_on=[usable])),
        )
        self.bucket_name = bucket.name
        self.register_outputs({"bucketName": self.bucket_name})


def _key(name: str, arguments: IntakeArguments, ours: pulumi.ResourceOptions) -> gcp.kms.CryptoKey:
    ring = gcp.kms.KeyRing(f"{name}-keys", location=arguments.region, opts=ours)
    return gcp.kms.CryptoKey(
        f"{name}-files-key",
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=_QUARTER,
        labels=arguments.all_labels(),
        opts=ours,
    )


def _forget_after(days: int) -> gcp.storage.BucketLifecycleRuleArgs:
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(
            days_since_noncurrent_time=days, with_state="ARCHIVED"
        ),
    )

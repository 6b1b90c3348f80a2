"""The children of AWS resources that their parents' own Read does not show.

Measured with provider 5.100.0. What the parent shows itself (the policy of a bucket, a queue or
a topic, the inline policies of a role, the rules of a security group) is compared there.
`docs/children.md` prints this table; a test holds them equal.
"""

from __future__ import annotations

from typing import Final

from iac_adapters.children.rule import ChildRule, Listing
from reconciler.domain.model import Severity
from reconciler.domain.values import Value

_CRITICAL, _HIGH, _MEDIUM, _LOW = (
    Severity.CRITICAL,
    Severity.HIGH,
    Severity.MEDIUM,
    Severity.LOW,
)
_BLOCKED: Final = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}
_ALL_OUT: Final[Value] = {"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}
_ALL_OUT_V6: Final[Value] = {"protocol": "-1", "ipv6_cidr_blocks": ["::/0"]}
_ALL_WITHIN: Final[Value] = {"protocol": "-1", "self": True, "cidr_blocks": []}
_RULE_100: Final[Value] = {"rule_no": 100, "action": "allow", "cidr_block": "0.0.0.0/0"}
_RULE_101: Final[Value] = {"rule_no": 101, "action": "allow", "ipv6_cidr_block": "::/0"}
_OF_GATEWAY: Final[dict[str, Value]] = {
    "filter": [
        {"name": "transit-gateway-id", "values": ["{id}"]},
        # What was deleted is listed for a while.
        {"name": "state", "values": ["available", "pending", "pendingAcceptance"]},
    ]
}


def _policies(owner: str) -> ChildRule:
    child = f"aws_iam_{owner}_policy"
    return ChildRule(
        parent=f"aws_iam_{owner}",
        child=child,
        rank=_CRITICAL,
        id="{name}:{element}",
        counts=("policy",),
        listing=Listing(f"aws_iam_{owner}_policies_exclusive", "policy_names", id="{name}"),
    )


def _attachments(owner: str) -> ChildRule:
    return ChildRule(
        parent=f"aws_iam_{owner}",
        child=f"aws_iam_{owner}_policy_attachment",
        rank=_CRITICAL,
        listing=Listing(
            f"aws_iam_{owner}_policy_attachments_exclusive", "policy_arns", id="{name}"
        ),
        shows={"policy_arn": "{element}"},
        declared_by=("aws_iam_policy_attachment",),
        removed_by="{name}/{element}",
    )


def _in_vpc(
    child: str,
    source: str,
    *,
    rank: Severity,
    filter_name: str = "",
    made_with: tuple[str, ...] = (),
    declared_by: tuple[str, ...] = (),
) -> ChildRule:
    by_filter: dict[str, Value] = {"filter": [{"name": filter_name, "values": ["{id}"]}]}
    return ChildRule(
        parent="aws_vpc",
        child=child,
        rank=rank,
        listing=Listing(
            source,
            "ids",
            arguments=by_filter if filter_name else {"vpc_id": "{id}"},
            made_with=made_with,
        ),
        declared_by=declared_by,
        removed_by="{element}",
        # A network is shared: what other stacks put there is no finding of this one.
        first_look=True,
    )


RULES: Final[tuple[ChildRule, ...]] = (
    # Who may do what.
    _policies("user"),
    _policies("group"),
    _attachments("user"),
    _attachments("group"),
    ChildRule(
        parent="aws_iam_group",
        child="aws_iam_user_group_membership",
        rank=_CRITICAL,
        listing=Listing(
            "aws_iam_group",
            "users",
            key=("user_name",),
            arguments={"group_name": "{name}"},
        ),
        shows={"user": "{element}", "groups": "{name}"},
        declared_by=("aws_iam_group_membership",),
        removed_by="{element}/{name}",
    ),
    ChildRule(
        parent="aws_iam_user",
        child="aws_iam_user_login_profile",
        rank=_CRITICAL,
        id="{name}",
        counts=("user",),
    ),
    ChildRule(
        parent="aws_iam_user",
        child="aws_iam_access_key",
        rank=_CRITICAL,
        listing=Listing(
            "aws_iam_access_keys",
            "access_keys",
            key=("access_key_id",),
            arguments={"user": "{name}"},
        ),
        shows={"user": "{name}"},
    ),
    # Who can reach it.
    ChildRule(
        parent="aws_s3_bucket",
        child="aws_s3_bucket_public_access_block",
        rank=_CRITICAL,
        id="{id}",
        counts=tuple(_BLOCKED),
        untouched=_BLOCKED,
    ),
    ChildRule(
        parent="aws_lambda_function",
        child="aws_lambda_function_url",
        rank=_CRITICAL,
        id="{function_name}",
        counts=("authorization_type", "cors"),
    ),
    *(
        ChildRule(parent=parent, child=child, rank=_CRITICAL, id=name, counts=("policy",))
        for parent, child, name in (
            ("aws_ecr_repository", "aws_ecr_repository_policy", "{name}"),
            ("aws_efs_file_system", "aws_efs_file_system_policy", "{id}"),
            ("aws_cloudwatch_event_bus", "aws_cloudwatch_event_bus_policy", "{name}"),
            ("aws_dynamodb_table", "aws_dynamodb_resource_policy", "{arn}"),
        )
    ),
    ChildRule(
        parent="aws_vpc",
        child="aws_default_security_group",
        rank=_HIGH,
        id="{default_security_group_id}",
        counts=("ingress", "egress"),
        untouched={"ingress": [_ALL_WITHIN], "egress": [_ALL_OUT, _ALL_OUT_V6]},
        declared_by=(
            "aws_security_group_rule",
            "aws_vpc_security_group_ingress_rule",
            "aws_vpc_security_group_egress_rule",
        ),
        removed_by="",
    ),
    ChildRule(
        parent="aws_vpc",
        child="aws_default_network_acl",
        rank=_MEDIUM,
        id="{default_network_acl_id}",
        counts=("ingress", "egress"),
        untouched={
            "ingress": [_RULE_100, _RULE_101],
            "egress": [_RULE_100, _RULE_101],
        },
        declared_by=("aws_network_acl_rule",),
        removed_by="",
    ),
    ChildRule(
        parent="aws_s3_bucket",
        child="aws_s3_bucket_ownership_controls",
        rank=_HIGH,
        id="{id}",
        counts=("rule",),
        untouched={"rule": [{"object_ownership": "BucketOwnerEnforced"}]},
    ),
    # Where its data goes, and what it runs.
    ChildRule(
        parent="aws_s3_bucket",
        child="aws_s3_bucket_notification",
        rank=_HIGH,
        id="{id}",
        counts=("eventbridge", "lambda_function", "queue", "topic"),
        untouched={"eventbridge": False},
    ),
    ChildRule(
        parent="aws_secretsmanager_secret",
        child="aws_secretsmanager_secret_rotation",
        rank=_HIGH,
        id="{id}",
        counts=("rotation_enabled", "rotation_lambda_arn"),
        untouched={"rotation_enabled": False},
    ),
    ChildRule(
        parent="aws_lambda_function",
        child="aws_lambda_function_event_invoke_config",
        rank=_MEDIUM,
        id="{function_name}",
        counts=("destination_config", "maximum_event_age_in_seconds", "maximum_retry_attempts"),
    ),
    ChildRule(
        parent="aws_route53_zone",
        child="aws_route53_record",
        rank=_HIGH,
        listing=Listing(
            "aws_route53_records_exclusive",
            "resource_record_set",
            key=("name", "type"),
            id="{zone_id}",
        ),
        counts=("resource_records", "alias_target", "ttl"),
    ),
    # What stands in it.
    ChildRule(
        parent="aws_ec2_transit_gateway",
        child="aws_ec2_transit_gateway_route_table",
        rank=_MEDIUM,
        listing=Listing(
            "aws_ec2_transit_gateway_route_tables",
            "ids",
            arguments=_OF_GATEWAY,
            made_with=(
                "association_default_route_table_id",
                "propagation_default_route_table_id",
            ),
        ),
        removed_by="{element}",
        first_look=True,
    ),
    ChildRule(
        parent="aws_ec2_transit_gateway",
        child="aws_ec2_transit_gateway_vpc_attachment",
        rank=_HIGH,
        listing=Listing(
            "aws_ec2_transit_gateway_attachments",
            "ids",
            arguments=_OF_GATEWAY,
        ),
        declared_by=(
            "aws_ec2_transit_gateway_peering_attachment",
            "aws_ec2_transit_gateway_connect",
            "aws_vpn_connection",
        ),
        first_look=True,
    ),
    _in_vpc(
        "aws_vpc_peering_connection",
        "aws_vpc_peering_connections",
        rank=_HIGH,
        filter_name="requester-vpc-info.vpc-id",
    ),
    _in_vpc(
        "aws_security_group",
        "aws_security_groups",
        rank=_MEDIUM,
        filter_name="vpc-id",
        made_with=("default_security_group_id",),
        declared_by=("aws_default_security_group",),
    ),
    _in_vpc(
        "aws_route_table",
        "aws_route_tables",
        rank=_MEDIUM,
        made_with=("main_route_table_id", "default_route_table_id"),
        declared_by=("aws_default_route_table",),
    ),
    _in_vpc(
        "aws_network_acl",
        "aws_network_acls",
        rank=_MEDIUM,
        made_with=("default_network_acl_id",),
        declared_by=("aws_default_network_acl",),
    ),
    _in_vpc(
        "aws_subnet",
        "aws_subnets",
        rank=_MEDIUM,
        filter_name="vpc-id",
        declared_by=("aws_default_subnet",),
    ),
    _in_vpc("aws_nat_gateway", "aws_nat_gateways", rank=_LOW),
    ChildRule(
        parent="aws_efs_file_system",
        child="aws_efs_access_point",
        rank=_MEDIUM,
        listing=Listing("aws_efs_access_points", "ids", arguments={"file_system_id": "{id}"}),
        removed_by="{element}",
    ),
    ChildRule(
        parent="aws_cognito_user_pool",
        child="aws_cognito_user_pool_client",
        rank=_HIGH,
        listing=Listing(
            "aws_cognito_user_pool_clients", "client_ids", arguments={"user_pool_id": "{id}"}
        ),
        removed_by="{id}/{element}",
    ),
    ChildRule(
        parent="aws_ecr_repository",
        child="aws_ecr_lifecycle_policy",
        rank=_MEDIUM,
        id="{name}",
        counts=("policy",),
    ),
)

SHOWN_BY_PARENT: Final[frozenset[str]] = frozenset(
    {
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_s3_bucket_accelerate_configuration",
        "aws_s3_bucket_acl",
        "aws_s3_bucket_cors_configuration",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_replication_configuration",
        "aws_s3_bucket_request_payment_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_website_configuration",
        "aws_secretsmanager_secret_policy",
        "aws_security_group_rule",
        "aws_api_gateway_rest_api_policy",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
        "aws_sns_topic_policy",
        "aws_sqs_queue_policy",
        "aws_sqs_queue_redrive_policy",
        "aws_kms_key_policy",
    }
)
"""Children that stand in an attribute of their parent, where its Read shows them."""

BLIND: Final[dict[str, tuple[str, ...]]] = {
    "aws_cloudwatch_log_group": ("aws_cloudwatch_log_subscription_filter",),
    "aws_glue_catalog_database": ("aws_glue_catalog_table",),
    "aws_kms_key": ("aws_kms_alias", "aws_kms_grant"),
    "aws_lambda_function": ("aws_lambda_alias", "aws_lambda_permission"),
    "aws_vpc": ("aws_flow_log", "aws_internet_gateway", "aws_vpc_endpoint"),
}
"""Children that neither an import nor a data source can list by their parent."""

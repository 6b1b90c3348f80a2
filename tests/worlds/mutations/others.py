"""Changes to the small stack, the one made of modules and the one the demo shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.worlds.mutations.mutation import Mutation, changed, missing
from tests.worlds.world import Attribute, Call


def _group_rule(method: str, address: str, port: int, source: str = "0.0.0.0/0") -> Call:
    rule = {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": source}],
    }
    return Call("ec2", method, {"GroupId": Attribute(address), "IpPermissions": [rule]})


def _opened(address: str) -> Mutation:
    return changed(
        address,
        "ingress",
        _group_rule("authorize_security_group_ingress", address, 22),
        _group_rule("revoke_security_group_ingress", address, 22),
    )


def _parameter(name: str, value: str, kind: str = "SecureString", **settings: Any) -> Call:
    parameters = {"Name": name, "Type": kind, "Value": value, "Overwrite": True}
    region = settings.pop("region", "us-east-1")
    return Call("ssm", "put_parameter", parameters | settings, region)


def _secret(address: str, name: str, recorded: str, **settings: Any) -> Mutation:
    return changed(
        address,
        "value",
        _parameter(name, "stolen-value", **settings),
        _parameter(name, recorded, **settings),
    )


def _shown_as(address: str, recorded: str) -> Mutation:
    def shown(name: str) -> Call:
        topic = {"TopicArn": Attribute(address), "AttributeName": "DisplayName"}
        return Call("sns", "set_topic_attributes", topic | {"AttributeValue": name})

    return changed(address, "display_name", shown("Noise"), shown(recorded))


def _kept(address: str, group: str, recorded: int) -> Mutation:
    def days(number: int) -> Call:
        parameters = {"logGroupName": group, "retentionInDays": number}
        return Call("logs", "put_retention_policy", parameters)

    return changed(address, "retention_in_days", days(7), days(recorded))


def _table_tag(address: str, key: str, recorded: str) -> Mutation:
    def tagged(value: str) -> Call:
        tags = [{"Key": key, "Value": value}]
        parameters = {"ResourceArn": Attribute(address, "arn"), "Tags": tags}
        return Call("dynamodb", "tag_resource", parameters)

    return changed(address, f"tags.{key}", tagged("nobody"), tagged(recorded))


def _topic_tags(method: str, **settings: Any) -> Call:
    topic = {"ResourceArn": Attribute("module.replica[0].aws_sns_topic.secondary")}
    return Call("sns", method, topic | settings, "us-west-2")


def _of(stack: str, *mutations: Mutation) -> tuple[Mutation, ...]:
    return tuple(replace(mutation, stack=stack) for mutation in mutations)


FRONT = 'module.service["shop.front"]'
BACK = 'module.service["shop/back"]'
QUOTED = 'module.service["say \\"checkout\\""]'
WORKER = f'{FRONT}.module.worker["orders"]'

SMALL5 = _of(
    "small5",
    _opened("aws_security_group.web"),
    _secret("aws_ssm_parameter.token", "/small/token", "partner-token-1"),
    _shown_as("aws_sns_topic.alerts", "Alerts"),
    _table_tag("aws_dynamodb_table.orders", "team", "data"),
    _kept("aws_cloudwatch_log_group.worker", "/small/worker", 30),
)

MODULES = _of(
    "modules",
    _opened(f"{FRONT}.aws_security_group.this"),
    _shown_as(f"{QUOTED}.aws_sns_topic.events", 'say "checkout"'),
    _kept(f"{WORKER}.aws_cloudwatch_log_group.worker[1]", "/modules-shop-front-orders/1", 14),
    _secret(
        f"{BACK}.aws_ssm_parameter.password",
        "/modules/shop-back/password",
        "correct-horse-battery",
    ),
    _secret(
        "module.replica[1].aws_ssm_parameter.secondary",
        "/modules/replica-1",
        "copy of primary",
        kind="String",
        region="us-west-2",
    ),
    # What `default_tags` of the provider gave, in the region of an alias.
    changed(
        "module.replica[0].aws_sns_topic.secondary",
        "tags_all.owner",
        _topic_tags("untag_resource", TagKeys=["owner"]),
        _topic_tags("tag_resource", Tags=[{"Key": "owner", "Value": "platform"}]),
    ),
)

POLICY_OF_WORKER = {"RoleName": "webshop-worker", "PolicyName": "orders"}

DEMO = _of(
    "demo",
    _opened("aws_security_group.front"),
    _secret(
        "aws_ssm_parameter.payment_key",
        "/webshop/payment-key",
        "payment-key-of-the-demo",
        Description="key of the payment partner",
    ),
    _shown_as("aws_sns_topic.shipped", "Shipped orders"),
    _table_tag("aws_dynamodb_table.orders", "team", "orders"),
    _kept("aws_cloudwatch_log_group.worker", "/webshop/worker", 30),
    missing(
        "aws_iam_role_policy.worker",
        Call("iam", "delete_role_policy", POLICY_OF_WORKER),
        Call(
            "iam",
            "put_role_policy",
            {
                **POLICY_OF_WORKER,
                "PolicyDocument": Attribute("aws_iam_role_policy.worker", "policy"),
            },
        ),
    ),
)

# Out-of-band changes that `ignore_changes` or `write-only` takes away from the code: no drift.
TOLERATED = _of(
    "modules",
    _secret(
        "aws_ssm_parameter.rotated_elsewhere",
        "/modules/rotated-elsewhere",
        "first-value",
        Description="the rotation job owns the value",
    ),
    _kept("aws_cloudwatch_log_group.abandoned", "/modules/abandoned", 30),
    _opened("aws_security_group.opened_elsewhere"),
    _secret("aws_ssm_parameter.write_only", "/modules/write-only", "correct-horse-battery"),
)

"""Changes to the shop in YAML: the real AWS provider behind the bridge."""

from __future__ import annotations

import json
from typing import Any

from tests.worlds.pulumi.mutations.aws import (
    ANYWHERE,
    closed,
    ec2_tag,
    group,
    opened,
    parameter_tag,
    put_parameter,
    rule,
    topic_name,
    topic_tag,
    widened,
)
from tests.worlds.pulumi.mutations.mutation import Mutation, drifted, gone, tolerated
from tests.worlds.world import Attribute, Call

TOKEN = "CANARY-partner-token"
HTTPS = rule(443, "10.0.0.0/8", "https")
HTTP = rule(80, "10.0.0.0/8", "http")


def _token(value: str = TOKEN, description: str = "partner token", **settings: Any) -> Call:
    return put_parameter("/shop/token", value, "SecureString", Description=description, **settings)


def _mode(value: str, **settings: Any) -> Call:
    return put_parameter("/shop/mode", value, "String", **settings)


def _flag(value: str = "off", description: str = "set by hand") -> Call:
    return put_parameter("/shop/flag", value, "String", Description=description)


def _log(method: str, **settings: Any) -> Call:
    return Call("logs", method, {"logGroupName": "/shop/worker", **settings})


def _log_tag(value: str) -> Call:
    return _log("tag_log_group", tags={"team": value})


def _role(method: str, **settings: Any) -> Call:
    return Call("iam", method, {"RoleName": "shop-worker", **settings})


def _session(seconds: int, description: str = "what the worker may do") -> Call:
    return _role("update_role", MaxSessionDuration=seconds, Description=description)


def _role_tag(value: str) -> Call:
    return _role("tag_role", Tags=[{"Key": "team", "Value": value}])


def trust(*services: str, **principal: str) -> str:
    """Return the role's policy document, for other principals than its own."""
    who: dict[str, Any] = {"Service": list(services)} if services else dict(principal)
    statement = {"Principal": who, "Effect": "Allow", "Action": "sts:AssumeRole"}
    return json.dumps({"Statement": [statement], "Version": "2012-10-17"}, indent=2)


def _trusting(document: str) -> Call:
    return _role("update_assume_role_policy", PolicyDocument=document)


TRUSTED = trust("lambda.amazonaws.com", "ec2.amazonaws.com")


def _table(method: str, **settings: Any) -> Call:
    return Call("dynamodb", method, {"TableName": "shop-orders", **settings})


def _table_tag(key: str, value: str | None) -> Call:
    table = {"ResourceArn": Attribute("orders", "arn")}
    if value is None:
        return Call("dynamodb", "untag_resource", {**table, "TagKeys": [key]})
    return Call("dynamodb", "tag_resource", {**table, "Tags": [{"Key": key, "Value": value}]})


def _ends(*, enabled: bool) -> Call:
    setting = {"Enabled": enabled, "AttributeName": "ends"}
    return _table("update_time_to_live", TimeToLiveSpecification=setting)


def _recovery(*, enabled: bool) -> Call:
    setting = {"PointInTimeRecoveryEnabled": enabled}
    return _table("update_continuous_backups", PointInTimeRecoverySpecification=setting)


def _bucket(method: str, **settings: Any) -> Call:
    return Call("s3", method, {"Bucket": "shop-assets", **settings})


def _bucket_tags(**tags: str) -> Call:
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    return _bucket("put_bucket_tagging", Tagging={"TagSet": given})


def _versions(status: str) -> Call:
    return _bucket("put_bucket_versioning", VersioningConfiguration={"Status": status})


WEB = (
    opened("web"),
    closed("web", HTTP),
    widened("web", HTTPS, rule(443, "0.0.0.0/0", "https")),
    drifted(
        "web",
        "egresses",
        group("revoke_security_group_egress", "web", ANYWHERE),
        group("authorize_security_group_egress", "web", ANYWHERE),
    ),
    drifted("web", "tags.team", ec2_tag("web", "team", "x"), ec2_tag("web", "team", "web")),
    drifted(
        "web",
        "tags.team",
        ec2_tag("web", "team", None),
        ec2_tag("web", "team", "web"),
        what="a tag taken away",
    ),
    drifted("web", "tags.added", ec2_tag("web", "added", "x"), ec2_tag("web", "added", None)),
)
PARAMETERS = (
    drifted("token", "value", _token("CANARY-stolen-token"), _token(), what="the secret"),
    drifted("token", "description", _token(description="unused"), _token()),
    drifted(
        "token",
        "tags.team",
        parameter_tag("/shop/token", "team", None),
        parameter_tag("/shop/token", "team", "orders"),
        what="a tag taken away",
    ),
    gone(
        "token",
        Call("ssm", "delete_parameter", {"Name": "/shop/token"}),
        _token(Overwrite=False, Tags=[{"Key": "team", "Value": "orders"}]),
    ),
    drifted("mode", "value", _mode("off"), _mode("on")),
    drifted(
        "mode",
        "tags",
        parameter_tag("/shop/mode", "added", "x"),
        parameter_tag("/shop/mode", "added", None),
        what="a tag where there was none",
    ),
    gone(
        "mode",
        Call("ssm", "delete_parameter", {"Name": "/shop/mode"}),
        _mode("on", Overwrite=False),
    ),
    tolerated("flag", "value", _flag("on"), _flag(), what="an ignored value"),
    drifted("flag", "description", _flag(description="x"), _flag(), what="beside what is ignored"),
)
OTHERS = (
    drifted("alerts", "displayName", topic_name("alerts", "Noise"), topic_name("alerts", "Alerts")),
    drifted(
        "alerts",
        "tags.team",
        topic_tag("alerts", "team", "x"),
        topic_tag("alerts", "team", "platform"),
    ),
    drifted(
        "alerts",
        'tags["cost.center"]',
        topic_tag("alerts", "cost.center", "100"),
        topic_tag("alerts", "cost.center", None),
    ),
    gone(
        "alerts",
        Call("sns", "delete_topic", {"TopicArn": Attribute("alerts")}),
        Call(
            "sns",
            "create_topic",
            {
                "Name": "shop-alerts",
                "Attributes": {"DisplayName": "Alerts"},
                "Tags": [{"Key": "team", "Value": "platform"}],
            },
        ),
    ),
    tolerated(
        "worker",
        "retentionInDays",
        _log("put_retention_policy", retentionInDays=7),
        _log("put_retention_policy", retentionInDays=30),
        what="an ignored number",
    ),
    drifted("worker", "tags.team", _log_tag("x"), _log_tag("web")),
    gone(
        "worker",
        _log("delete_log_group"),
        _log("create_log_group", tags={"team": "web"}),
        _log("put_retention_policy", retentionInDays=30),
    ),
    tolerated(
        "role",
        None,
        _trusting(trust("ec2.amazonaws.com", "lambda.amazonaws.com")),
        _trusting(TRUSTED),
        what="its policy in another order",
    ),
    drifted("role", "assumeRolePolicy", _trusting(trust(AWS="*")), _trusting(TRUSTED)),
    drifted("role", "maxSessionDuration", _session(7200), _session(3600)),
    drifted("role", "description", _session(3600, "whatever"), _session(3600)),
    drifted("role", "tags.team", _role_tag("x"), _role_tag("orders")),
    gone(
        "role",
        _role("delete_role"),
        _role(
            "create_role",
            AssumeRolePolicyDocument=TRUSTED,
            Description="what the worker may do",
            Tags=[{"Key": "team", "Value": "orders"}],
        ),
    ),
    drifted("orders", "tags.team", _table_tag("team", "x"), _table_tag("team", "data")),
    drifted("orders", "tags.added", _table_tag("added", "x"), _table_tag("added", None)),
    drifted("orders", "ttl", _ends(enabled=False), _ends(enabled=True)),
    drifted(
        "orders",
        "deletionProtectionEnabled",
        _table("update_table", DeletionProtectionEnabled=True),
        _table("update_table", DeletionProtectionEnabled=False),
    ),
    tolerated(
        "orders",
        "pointInTimeRecovery",
        _recovery(enabled=True),
        _recovery(enabled=False),
        what="a block the code says nothing of",
    ),
    gone(
        "orders",
        _table("delete_table"),
        _table(
            "create_table",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "team", "Value": "data"}],
        ),
        _ends(enabled=True),
    ),
    drifted("assets", "tags.team", _bucket_tags(team="x"), _bucket_tags(team="web")),
    drifted("assets", "tags.added", _bucket_tags(team="web", added="x"), _bucket_tags(team="web")),
    tolerated(
        "assets",
        "versioning",
        _versions("Enabled"),
        _versions("Suspended"),
        what="a block the code says nothing of",
    ),
    gone(
        "assets",
        _bucket("delete_bucket"),
        _bucket("create_bucket"),
        _bucket_tags(team="web"),
    ),
)
MUTATIONS: tuple[Mutation, ...] = WEB + PARAMETERS + OTHERS

"""Changes to roles, users, keys and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.worlds.mutations.documents import allow
from tests.worlds.mutations.mutation import Mutation, changed, missing
from tests.worlds.world import Attribute, Call

if TYPE_CHECKING:
    from tests.worlds.world import World

ROLE = "aws_iam_role.service"
KEY = "aws_kms_key.main"
TOKEN = "aws_ssm_parameter.token"
POLICY_ARN = Attribute("aws_iam_policy.read", "arn")
LAMBDA_TRUST = {"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ANYONE_TRUST = {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
EVERYTHING = {"Action": "*", "Resource": "*"}
RECEIVE = {"Action": "sqs:ReceiveMessage", "Resource": Attribute("aws_sqs_queue.orders", "arn")}


def iam(method: str, **parameters: Any) -> Call:
    return Call("iam", method, parameters)


def _trust(statement: dict[str, Any]) -> Call:
    return iam(
        "update_assume_role_policy", RoleName="mixed-service", PolicyDocument=allow(statement)
    )


def _role_tag(value: str) -> Call:
    return iam("tag_role", RoleName="mixed-service", Tags=[{"Key": "team", "Value": value}])


def _user_tag(value: str) -> Call:
    return iam("tag_user", UserName="mixed-deploy", Tags=[{"Key": "team", "Value": value}])


def _profile_tag(value: str) -> Call:
    tags = [{"Key": "team", "Value": value}]
    return iam("tag_instance_profile", InstanceProfileName="mixed-web", Tags=tags)


def _user_policy(statement: dict[str, Any]) -> Call:
    return iam(
        "put_user_policy",
        UserName="mixed-deploy",
        PolicyName="deploy",
        PolicyDocument=allow(statement),
    )


def _kms(method: str, **parameters: Any) -> Call:
    return Call("kms", method, {"KeyId": Attribute(KEY)} | parameters)


def _secret(description: str) -> Call:
    parameters = {"SecretId": "mixed/database", "Description": description}
    return Call("secretsmanager", "update_secret", parameters)


def _token(value: str, description: str = "partner token") -> Call:
    parameters = {
        "Name": "/mixed/token",
        "Type": "SecureString",
        "Value": value,
        "Description": description,
        "Overwrite": True,
    }
    return Call("ssm", "put_parameter", parameters)


def _token_tags(method: str, **parameters: Any) -> Call:
    named = {"ResourceType": "Parameter", "ResourceId": "/mixed/token"}
    return Call("ssm", method, named | parameters)


@dataclass(frozen=True, slots=True)
class FirstVersionOnly:
    """Makes the policy's first version the default and deletes every other."""

    def send(self, world: World) -> None:
        """Do it; version numbers are never used twice, so they are asked for."""
        client = world.client("iam")
        arn = world.resolve(POLICY_ARN)
        client.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


ATTACHMENT = {"RoleName": "mixed-service", "PolicyArn": POLICY_ARN}
INLINE = {"RoleName": "mixed-service", "PolicyName": "queue"}
GROUP_POLICY = {"GroupName": "mixed-operators", "PolicyName": "operate"}
ALIAS = {"AliasName": "alias/mixed"}

MUTATIONS: tuple[Mutation, ...] = (
    changed(ROLE, "assume_role_policy", _trust(ANYONE_TRUST), _trust(LAMBDA_TRUST)),
    changed(ROLE, "tags.team", _role_tag("nobody"), _role_tag("platform")),
    Mutation(
        name="aws_iam_policy.read policy",
        address="aws_iam_policy.read",
        paths=frozenset({"policy"}),
        change=(
            iam(
                "create_policy_version",
                PolicyArn=POLICY_ARN,
                PolicyDocument=allow(EVERYTHING),
                SetAsDefault=True,
            ),
        ),
        restore=(FirstVersionOnly(),),
    ),
    missing(
        "aws_iam_role_policy_attachment.read",
        iam("detach_role_policy", **ATTACHMENT),
        iam("attach_role_policy", **ATTACHMENT),
    ),
    changed(
        "aws_iam_role_policy.queue",
        "policy",
        iam("put_role_policy", **INLINE, PolicyDocument=allow(EVERYTHING)),
        iam(
            "put_role_policy",
            **INLINE,
            PolicyDocument=Attribute("aws_iam_role_policy.queue", "policy"),
        ),
    ),
    changed("aws_iam_user.deploy", "tags.team", _user_tag("nobody"), _user_tag("platform")),
    changed(
        "aws_iam_user_policy.deploy",
        "policy",
        _user_policy(EVERYTHING),
        _user_policy({"Action": "s3:PutObject", "Resource": "*"}),
    ),
    missing(
        "aws_iam_group_policy.operators",
        iam("delete_group_policy", **GROUP_POLICY),
        iam(
            "put_group_policy",
            **GROUP_POLICY,
            PolicyDocument=Attribute("aws_iam_group_policy.operators", "policy"),
        ),
    ),
    changed(
        "aws_iam_instance_profile.web", "tags.team", _profile_tag("nobody"), _profile_tag("web")
    ),
    changed(KEY, "enable_key_rotation", _kms("disable_key_rotation"), _kms("enable_key_rotation")),
    changed(
        KEY,
        "description",
        _kms("update_key_description", Description="unused"),
        _kms("update_key_description", Description="assets and secrets"),
    ),
    missing(
        "aws_kms_alias.main",
        Call("kms", "delete_alias", ALIAS),
        Call("kms", "create_alias", {**ALIAS, "TargetKeyId": Attribute(KEY)}),
    ),
    changed(
        "aws_secretsmanager_secret.database",
        "description",
        _secret("unused"),
        _secret("database password"),
    ),
    changed(TOKEN, "value", _token("stolen-token-2"), _token("partner-token-1")),
    changed(
        TOKEN,
        "description",
        _token("partner-token-1", "unused"),
        _token("partner-token-1"),
    ),
    changed(
        TOKEN,
        "tags.team",
        _token_tags("remove_tags_from_resource", TagKeys=["team"]),
        _token_tags("add_tags_to_resource", Tags=[{"Key": "team", "Value": "orders"}]),
    ),
)

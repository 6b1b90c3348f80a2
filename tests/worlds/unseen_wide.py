"""150 changes behind the stack `unseen68`, by a table: for each resource of a block, each way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.worlds.mutations.documents import allow
from tests.worlds.unseen import Injection, Reach
from tests.worlds.world import Attribute, World

EVERYTHING: Final = allow({"Action": "*", "Resource": "*"})
FOR_ANYONE: Final = allow({"Action": "*", "Resource": "*", "Principal": "*"})
_SSH: Final = [
    {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
]
_OUT: Final = [
    {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "9.9.9.9/32"}]}
]
_UNBLOCKED: Final = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
_EXPIRY: Final = (
    '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",'
    '"countNumber":1},"action":{"type":"expire"}}]}'
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to change each resource of a block.

    `place` is the attribute that shows it, or the type of the child that is added. `parameters`
    may hold `{n}` for the resource's number, and `Attribute` with an empty address for its own.
    """

    block: str
    count: int
    reach: Reach
    place: str
    call: str
    parameters: dict[str, Any]
    dangerous: bool = False


def _id(name: str = "id") -> Attribute:
    return Attribute("", name)


def _rules(kind: str, block: str, count: int, way: str, rules: Any, **more: Any) -> Way:
    named = {"GroupId": _id(), "IpPermissions": rules}
    return Way(block, count, "read", kind, f"ec2.authorize_security_group_{way}", named, **more)


def _in_vpc(child: str, call: str, **parameters: Any) -> Way:
    return Way("aws_vpc.net", 2, "data", child, f"ec2.{call}", {"VpcId": _id(), **parameters})


def _bucket(reach: Reach, place: str, call: str, **parameters: Any) -> Way:
    dangerous = bool(parameters.pop("dangerous", False))
    given = {"Bucket": _id("bucket"), **parameters}
    return Way("aws_s3_bucket.data", 8, reach, place, f"s3.{call}", given, dangerous)


def _iam(block: str, count: int, reach: Reach, place: str, call: str, **more: Any) -> Way:
    return Way(block, count, reach, place, f"iam.{call}", more, dangerous=True)


_ROLE: Final = ("aws_iam_role.job", 6)
_USER: Final = ("aws_iam_user.person", 5)
_TEAM: Final = ("aws_iam_group.team", 3)
_READS: Final = Attribute("aws_iam_policy.reads", "arn")

WAYS: Final = (
    Way(
        *("aws_vpc.net", 2, "read", "enable_network_address_usage_metrics"),
        "ec2.modify_vpc_attribute",
        {"VpcId": _id(), "EnableNetworkAddressUsageMetrics": {"Value": True}},
    ),
    Way(
        *("aws_vpc.net", 2, "probe", "aws_default_security_group"),
        "ec2.authorize_security_group_ingress",
        {"GroupId": _id("default_security_group_id"), "IpPermissions": _SSH},
        dangerous=True,
    ),
    _in_vpc("aws_security_group", "create_security_group", GroupName="hand", Description="hand"),
    _in_vpc("aws_route_table", "create_route_table"),
    _in_vpc("aws_network_acl", "create_network_acl"),
    Way(
        *("aws_vpc.net", 2, "data", "aws_subnet"),
        "ec2.create_subnet",
        {"VpcId": _id(), "CidrBlock": "10.8{n}.9.0/24"},
    ),
    Way(
        *("aws_subnet.net", 2, "plan", "map_public_ip_on_launch"),
        "ec2.modify_subnet_attribute",
        {"SubnetId": _id(), "MapPublicIpOnLaunch": {"Value": True}},
    ),
    _rules("ingress", "aws_security_group.web", 6, "ingress", _SSH, dangerous=True),
    _rules("egress", "aws_security_group.web", 6, "egress", _OUT),
    _iam(
        *(*_ROLE, "read", "inline_policy", "put_role_policy"),
        RoleName=_id("name"),
        PolicyName="hand",
        PolicyDocument=EVERYTHING,
    ),
    _iam(
        *(*_ROLE, "read", "managed_policy_arns", "attach_role_policy"),
        RoleName=_id("name"),
        PolicyArn=_READS,
    ),
    Way(
        *(*_ROLE, "plan", "max_session_duration", "iam.update_role"),
        {"RoleName": _id("name"), "MaxSessionDuration": 7200},
    ),
    _bucket("read", "policy", "put_bucket_policy", Policy=FOR_ANYONE, dangerous=True),
    _bucket(
        *("read", "cors_rule", "put_bucket_cors"),
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}]},
    ),
    _bucket(
        *("read", "lifecycle_rule", "put_bucket_lifecycle_configuration"),
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "hand",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "a/"},
                    "Expiration": {"Days": 1},
                }
            ]
        },
    ),
    _bucket("read", "grant", "put_bucket_acl", ACL="public-read", dangerous=True),
    _bucket(
        *("probe", "aws_s3_bucket_public_access_block", "put_public_access_block"),
        PublicAccessBlockConfiguration=_UNBLOCKED,
        dangerous=True,
    ),
    _bucket(
        *("probe", "aws_s3_bucket_ownership_controls", "put_bucket_ownership_controls"),
        OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        dangerous=True,
    ),
    _iam(
        *(*_USER, "probe", "aws_iam_user_policy", "put_user_policy"),
        UserName=_id("name"),
        PolicyName="hand",
        PolicyDocument=EVERYTHING,
    ),
    _iam(
        *(*_USER, "probe", "aws_iam_user_policy_attachment", "attach_user_policy"),
        UserName=_id("name"),
        PolicyArn=_READS,
    ),
    _iam(
        *(*_USER, "probe", "aws_iam_user_login_profile", "create_login_profile"),
        UserName=_id("name"),
        Password="Not-4-anybody",
    ),
    _iam(*(*_USER, "data", "aws_iam_access_key", "create_access_key"), UserName=_id("name")),
    _iam(
        *(*_TEAM, "probe", "aws_iam_group_policy", "put_group_policy"),
        GroupName=_id("name"),
        PolicyName="hand",
        PolicyDocument=EVERYTHING,
    ),
    _iam(
        *(*_TEAM, "probe", "aws_iam_group_policy_attachment", "attach_group_policy"),
        GroupName=_id("name"),
        PolicyArn=_READS,
    ),
    _iam(
        *(*_TEAM, "data", "aws_iam_user_group_membership", "add_user_to_group"),
        GroupName=_id("name"),
        UserName="wide-person-{n}",
    ),
    Way(
        *("aws_sqs_queue.work", 5, "read", "policy", "sqs.set_queue_attributes"),
        {"QueueUrl": _id(), "Attributes": {"Policy": FOR_ANYONE}},
        dangerous=True,
    ),
    Way(
        *("aws_sns_topic.alerts", 3, "read", "policy", "sns.set_topic_attributes"),
        {"TopicArn": _id("arn"), "AttributeName": "Policy", "AttributeValue": FOR_ANYONE},
        dangerous=True,
    ),
    Way(
        *("aws_dynamodb_table.orders", 4, "probe", "aws_dynamodb_resource_policy"),
        "dynamodb.put_resource_policy",
        {"ResourceArn": _id("arn"), "Policy": FOR_ANYONE},
        dangerous=True,
    ),
    Way(
        *("aws_dynamodb_table.orders", 4, "read", "ttl", "dynamodb.update_time_to_live"),
        {
            "TableName": _id("name"),
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ends"},
        },
    ),
    Way(
        *("aws_ecr_repository.images", 3, "probe", "aws_ecr_repository_policy"),
        "ecr.set_repository_policy",
        {"repositoryName": _id("name"), "policyText": FOR_ANYONE},
        dangerous=True,
    ),
    Way(
        *("aws_ecr_repository.images", 3, "probe", "aws_ecr_lifecycle_policy"),
        "ecr.put_lifecycle_policy",
        {"repositoryName": _id("name"), "lifecyclePolicyText": _EXPIRY},
    ),
    Way(
        *("aws_cloudwatch_event_bus.events", 2, "probe", "aws_cloudwatch_event_bus_policy"),
        "events.put_permission",
        {
            "EventBusName": _id("name"),
            "Action": "events:PutEvents",
            "Principal": "999988887777",
            "StatementId": "hand",
        },
        dangerous=True,
    ),
    Way(
        *("aws_route53_zone.names", 1, "probe", "aws_route53_record"),
        "route53.change_resource_record_sets",
        {
            "HostedZoneId": _id("zone_id"),
            "ChangeBatch": {
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": "hand.wide.example",
                            "Type": "A",
                            "TTL": 60,
                            "ResourceRecords": [{"Value": "198.51.100.7"}],
                        },
                    }
                ]
            },
        },
        dangerous=True,
    ),
    Way(
        *("aws_kms_key.disk", 2, "read", "policy", "kms.put_key_policy"),
        {"KeyId": _id("key_id"), "PolicyName": "default", "Policy": FOR_ANYONE},
        dangerous=True,
    ),
    Way(
        *("aws_secretsmanager_secret.token", 2, "read", "policy"),
        "secretsmanager.put_resource_policy",
        {"SecretId": _id("arn"), "ResourcePolicy": FOR_ANYONE},
        dangerous=True,
    ),
)


def _injections() -> Iterator[Injection]:
    for way in WAYS:
        for number in range(way.count):
            address = way.block if way.count == 1 else f"{way.block}[{number}]"
            is_child = way.reach in ("probe", "data")
            yield Injection(
                f"{address} {way.place}",
                address,
                "" if is_child else way.place,
                way.reach,
                _sending(way, address, number),
                way.dangerous,
                child=way.place if is_child else "",
            )


def _sending(way: Way, address: str, number: int) -> Callable[[World], Any]:
    service, _, method = way.call.partition(".")
    return partial(_send, service, method, _own(way.parameters, address, number))


def _send(service: str, method: str, parameters: dict[str, Any], world: World) -> Any:
    return getattr(world.client(service), method)(**world.resolve(parameters))


def _own(value: Any, address: str, number: int) -> Any:
    """Return `value` with what stands for the resource itself put in."""
    match value:
        case Attribute(address=""):
            return Attribute(address, value.name)
        case str():
            return value.replace("{n}", str(number))
        case dict():
            return {name: _own(item, address, number) for name, item in value.items()}
        case list():
            return [_own(item, address, number) for item in value]
        case _:
            return value


INJECTIONS: Final = tuple(_injections())

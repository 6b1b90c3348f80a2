"""Children put by hand under the resources of the stack `children`, and taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tests.worlds.mutations.documents import allow
from tests.worlds.world import Attribute, Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.world import World

EVERYTHING: Final = allow({"Action": "*", "Resource": "*"})
FOR_ANYONE: Final = allow({"Action": "*", "Resource": "*", "Principal": "*"})
_DEFAULT_GROUP: Final = Attribute("aws_vpc.main", "default_security_group_id")
_SSH: Final = [
    {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One child: what a scan must say of it, how it is made, and how it is taken away.

    `undo` is None where only its parent's end takes it away; it may be a function of the world
    where the child's own identity is the cloud's choice.
    """

    parent: str
    child: str
    path: str
    severity: str
    change: Call
    undo: Call | Callable[[World], None]
    listed: bool = False
    """Whether the parent may have several, so that the address names the one."""

    def apply(self, world: World) -> None:
        """Make it."""
        self.change.send(world)

    def remove(self, world: World) -> None:
        """Take it away."""
        if isinstance(self.undo, Call):
            self.undo.send(world)
        else:
            self.undo(world)

    def is_at(self, address: str) -> bool:
        """Whether a finding at `address` is about it."""
        base = f"{self.parent}/{self.child}"
        return address.startswith(f"{base}[") if self.listed else address == base


def _call(service: str, method: str, **parameters: Any) -> Call:
    return Call(service, method, parameters)


def _records(action: str) -> Call:
    record = {
        "Name": "shop.children.example",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "198.51.100.7"}],
    }
    return _call(
        "route53",
        "change_resource_record_sets",
        HostedZoneId=Attribute("aws_route53_zone.names", "zone_id"),
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def _without_keys(world: World) -> None:
    iam = world.client("iam")
    for key in iam.list_access_keys(UserName="children-ana")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="children-ana", AccessKeyId=key["AccessKeyId"])


def _without_clients(world: World) -> None:
    cognito, pool = world.client("cognito-idp"), world.resolve(_POOL)
    for client in cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]:
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=client["ClientId"])


def _without_access_points(world: World) -> None:
    efs = world.client("efs")
    for point in efs.describe_access_points()["AccessPoints"]:
        efs.delete_access_point(AccessPointId=point["AccessPointId"])


def _without_table(world: World) -> None:
    ec2 = world.client("ec2")
    for table in ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]:
        if not table["DefaultAssociationRouteTable"]:
            identity = table["TransitGatewayRouteTableId"]
            ec2.delete_transit_gateway_route_table(TransitGatewayRouteTableId=identity)


def _without_group(world: World) -> None:
    ec2 = world.client("ec2")
    named = [{"Name": "group-name", "Values": ["by-hand"]}]
    for group in ec2.describe_security_groups(Filters=named)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])


_POOL: Final = Attribute("aws_cognito_user_pool.people")
_BUCKET: Final = {"Bucket": "children-reports"}
_READ: Final = {"PolicyArn": Attribute("aws_iam_policy.read", "arn")}
_ANA: Final = {"UserName": "children-ana"}
_ADMINS: Final = {"GroupName": "admins"}

INJECTIONS: Final[tuple[Injection, ...]] = (
    Injection(
        parent="aws_s3_bucket.reports",
        child="aws_s3_bucket_public_access_block",
        path="block_public_acls",
        severity="critical",
        change=_call(
            "s3",
            "put_public_access_block",
            **_BUCKET,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        ),
        undo=_call("s3", "delete_public_access_block", **_BUCKET),
    ),
    Injection(
        parent="aws_s3_bucket.reports",
        child="aws_s3_bucket_ownership_controls",
        path="rule",
        severity="high",
        change=_call(
            "s3",
            "put_bucket_ownership_controls",
            **_BUCKET,
            OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        ),
        undo=_call("s3", "delete_bucket_ownership_controls", **_BUCKET),
    ),
    Injection(
        parent="aws_s3_bucket.reports",
        child="aws_s3_bucket_notification",
        path="lambda_function",
        severity="high",
        change=_call(
            "s3",
            "put_bucket_notification_configuration",
            **_BUCKET,
            NotificationConfiguration={
                "LambdaFunctionConfigurations": [
                    {
                        "LambdaFunctionArn": Attribute("aws_lambda_function.handler", "arn"),
                        "Events": ["s3:ObjectCreated:*"],
                    }
                ]
            },
        ),
        undo=_call(
            "s3", "put_bucket_notification_configuration", **_BUCKET, NotificationConfiguration={}
        ),
    ),
    Injection(
        parent="aws_lambda_function.handler",
        child="aws_lambda_function_url",
        path="authorization_type",
        severity="critical",
        change=_call(
            "lambda",
            "create_function_url_config",
            FunctionName="children-handler",
            AuthType="NONE",
        ),
        undo=_call("lambda", "delete_function_url_config", FunctionName="children-handler"),
    ),
    Injection(
        parent="aws_ecr_repository.images",
        child="aws_ecr_repository_policy",
        path="policy",
        severity="critical",
        change=_call(
            "ecr",
            "set_repository_policy",
            repositoryName="children-images",
            policyText=FOR_ANYONE,
        ),
        undo=_call("ecr", "delete_repository_policy", repositoryName="children-images"),
    ),
    Injection(
        parent="aws_cloudwatch_event_bus.events",
        child="aws_cloudwatch_event_bus_policy",
        path="policy",
        severity="high",
        change=_call(
            "events",
            "put_permission",
            EventBusName="children-events",
            Action="events:PutEvents",
            Principal="999988887777",
            StatementId="by-hand",
        ),
        undo=_call(
            "events",
            "remove_permission",
            EventBusName="children-events",
            StatementId="by-hand",
        ),
    ),
    Injection(
        parent="aws_dynamodb_table.orders",
        child="aws_dynamodb_resource_policy",
        path="policy",
        severity="critical",
        change=_call(
            "dynamodb",
            "put_resource_policy",
            ResourceArn=Attribute("aws_dynamodb_table.orders", "arn"),
            Policy=FOR_ANYONE,
        ),
        undo=_call(
            "dynamodb",
            "delete_resource_policy",
            ResourceArn=Attribute("aws_dynamodb_table.orders", "arn"),
        ),
    ),
    Injection(
        parent="aws_iam_user.ana",
        child="aws_iam_user_login_profile",
        path="user",
        severity="high",
        change=_call("iam", "create_login_profile", **_ANA, Password="Not-4-anybody"),
        undo=_call("iam", "delete_login_profile", **_ANA),
    ),
    Injection(
        parent="aws_iam_user.ana",
        child="aws_iam_access_key",
        path="user",
        severity="high",
        change=_call("iam", "create_access_key", **_ANA),
        undo=_without_keys,
        listed=True,
    ),
    Injection(
        parent="aws_iam_user.ana",
        child="aws_iam_user_policy",
        path="policy",
        severity="critical",
        change=_call(
            "iam", "put_user_policy", **_ANA, PolicyName="by-hand", PolicyDocument=EVERYTHING
        ),
        undo=_call("iam", "delete_user_policy", **_ANA, PolicyName="by-hand"),
        listed=True,
    ),
    Injection(
        parent="aws_iam_user.ana",
        child="aws_iam_user_policy_attachment",
        path="policy_arn",
        severity="high",
        change=_call("iam", "attach_user_policy", **_ANA, **_READ),
        undo=_call("iam", "detach_user_policy", **_ANA, **_READ),
        listed=True,
    ),
    Injection(
        parent="aws_iam_group.admins",
        child="aws_iam_group_policy",
        path="policy",
        severity="critical",
        change=_call(
            "iam", "put_group_policy", **_ADMINS, PolicyName="by-hand", PolicyDocument=EVERYTHING
        ),
        undo=_call("iam", "delete_group_policy", **_ADMINS, PolicyName="by-hand"),
        listed=True,
    ),
    Injection(
        parent="aws_iam_group.admins",
        child="aws_iam_group_policy_attachment",
        path="policy_arn",
        severity="high",
        change=_call("iam", "attach_group_policy", **_ADMINS, **_READ),
        undo=_call("iam", "detach_group_policy", **_ADMINS, **_READ),
        listed=True,
    ),
    Injection(
        parent="aws_iam_group.admins",
        child="aws_iam_user_group_membership",
        path="groups",
        severity="critical",
        change=_call("iam", "add_user_to_group", **_ADMINS, **_ANA),
        undo=_call("iam", "remove_user_from_group", **_ADMINS, **_ANA),
        listed=True,
    ),
    Injection(
        parent="aws_vpc.main",
        child="aws_default_security_group",
        path="ingress",
        severity="critical",
        change=_call(
            "ec2", "authorize_security_group_ingress", GroupId=_DEFAULT_GROUP, IpPermissions=_SSH
        ),
        undo=_call(
            "ec2", "revoke_security_group_ingress", GroupId=_DEFAULT_GROUP, IpPermissions=_SSH
        ),
    ),
    Injection(
        parent="aws_vpc.main",
        child="aws_security_group",
        path="id",
        severity="high",
        change=_call(
            "ec2",
            "create_security_group",
            GroupName="by-hand",
            Description="by hand",
            VpcId=Attribute("aws_vpc.main"),
        ),
        undo=_without_group,
        listed=True,
    ),
    Injection(
        parent="aws_ec2_transit_gateway.hub",
        child="aws_ec2_transit_gateway_route_table",
        path="id",
        severity="medium",
        change=_call(
            "ec2",
            "create_transit_gateway_route_table",
            TransitGatewayId=Attribute("aws_ec2_transit_gateway.hub"),
        ),
        undo=_without_table,
        listed=True,
    ),
    Injection(
        parent="aws_route53_zone.names",
        child="aws_route53_record",
        path="resource_records",
        severity="high",
        change=_records("CREATE"),
        undo=_records("DELETE"),
        listed=True,
    ),
    Injection(
        parent="aws_cognito_user_pool.people",
        child="aws_cognito_user_pool_client",
        path="id",
        severity="high",
        change=_call(
            "cognito-idp", "create_user_pool_client", UserPoolId=_POOL, ClientName="by-hand"
        ),
        undo=_without_clients,
        listed=True,
    ),
    Injection(
        parent="aws_efs_file_system.files",
        child="aws_efs_access_point",
        path="id",
        severity="medium",
        change=_call(
            "efs",
            "create_access_point",
            FileSystemId=Attribute("aws_efs_file_system.files"),
            ClientToken="by-hand",
        ),
        undo=_without_access_points,
        listed=True,
    ),
)

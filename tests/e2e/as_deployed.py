"""What `small5` is right after it was deployed, to be put back without the tool where it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tests.worlds.deploy import Deployed
from tests.worlds.world import World


@dataclass(frozen=True, slots=True)
class AsDeployed:
    """The state that the tool wrote, and the five objects as the cloud tells them."""

    state: bytes
    objects: tuple[Any, ...]

    @classmethod
    def of(cls, stack: Deployed) -> Self:
        """Return what `stack` is now; nobody may have touched it yet."""
        return cls(stack.state_file.read_bytes(), _objects(stack.world()))

    def put_back(self, stack: Deployed) -> bool:
        """Put back the state where the objects are what they were; return whether they are."""
        if _objects(stack.world()) != self.objects:
            return False
        stack.state_file.write_bytes(self.state)
        return True


def _objects(world: World) -> tuple[Any, ...]:
    ec2, sns, logs = (world.client(name) for name in ("ec2", "sns", "logs"))
    ssm, dynamodb = world.client("ssm"), world.client("dynamodb")
    topics = sorted(topic["TopicArn"] for topic in sns.list_topics()["Topics"])
    tables = dynamodb.list_tables()["TableNames"]
    arns = [dynamodb.describe_table(TableName=name)["Table"]["TableArn"] for name in tables]
    groups = logs.describe_log_groups()["logGroups"]
    parameters = ssm.describe_parameters()["Parameters"]
    return (
        ec2.describe_security_groups()["SecurityGroups"],
        [sns.get_topic_attributes(TopicArn=arn)["Attributes"] for arn in topics],
        [sns.list_tags_for_resource(ResourceArn=arn)["Tags"] for arn in topics],
        [dynamodb.describe_table(TableName=name)["Table"] for name in tables],
        [dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] for arn in arns],
        [_policy(dynamodb, arn) for arn in arns],
        groups,
        [logs.list_tags_log_group(logGroupName=one["logGroupName"])["tags"] for one in groups],
        parameters,
        [ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=one["Name"])["TagList"]
         for one in parameters],
    )  # fmt: skip


def _policy(dynamodb: Any, arn: str) -> Any:
    try:
        return dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]
    except dynamodb.exceptions.PolicyNotFoundException:
        return None

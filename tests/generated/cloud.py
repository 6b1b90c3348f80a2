"""The same on the real AWS provider and a simulated cloud. What is changed there stays changed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.generated.code import Scope
from tests.worlds.provider_file import provider_file
from tests.worlds.world import World

_MOST_AT_ONCE: Final = 2


def aws_code_of(seed: int) -> dict[str, str]:
    """Return the files of a root module by name; equal seeds give equal code."""
    chance = random.Random(seed)
    scope = Scope(chance)
    for number in range(chance.randint(8, 12)):
        chance.choice(_KINDS)(scope, f"r{number}", f"s{seed}-{number}")
    head = provider_file(aliases={"west": "us-west-2"}, default_tags={"owner": "platform"})
    return {"main.tf": head + "\n" + "\n".join(scope.blocks)}


def _block(scope: Scope, kind: str, name: str, *lines: str, ignorable: str) -> None:
    chance = scope.chance
    extra = [f"tags = {{ team = {scope.text('red')} }}"] if chance.random() < 0.7 else []
    if chance.random() < 0.3:
        extra.append("provider = aws.west")
    inner = []
    if chance.random() < 0.25:
        inner.append(f"ignore_changes = [{chance.choice(('tags', ignorable))}]")
    if scope.whole and chance.random() < 0.15:
        inner.append(f"replace_triggered_by = [{chance.choice(scope.whole)}]")
    if inner:
        extra.append(f"lifecycle {{\n    {chr(10).join(inner)}\n  }}")
    body = "\n  ".join([*lines, *extra])
    scope.blocks.append(f'resource "{kind}" "{name}" {{\n  {body}\n}}\n')
    scope.whole += [f"{kind}.{name}", f"{kind}.{name}.tags_all"]


def _parameter(scope: Scope, name: str, real: str) -> None:
    value = f"insecure_value = {scope.text('value')}"
    _block(
        scope, "aws_ssm_parameter", name, f'name = "/g/{real}"', 'type = "String"', value,
        ignorable="description",
    )  # fmt: skip
    scope.texts += [
        f"aws_ssm_parameter.{name}.insecure_value",
        f"tostring(aws_ssm_parameter.{name}.version)",
    ]


def _topic(scope: Scope, name: str, real: str) -> None:
    shown = f"display_name = {scope.text('Shown')}"
    _block(scope, "aws_sns_topic", name, f'name = "{real}"', shown, ignorable="display_name")
    scope.texts += [f"aws_sns_topic.{name}.arn", f"aws_sns_topic.{name}.name"]


def _logs(scope: Scope, name: str, real: str) -> None:
    _block(
        scope, "aws_cloudwatch_log_group", name, f'name = "{real}"', "retention_in_days = 30",
        ignorable="retention_in_days",
    )  # fmt: skip
    scope.texts += [
        f"aws_cloudwatch_log_group.{name}.arn",
        f"tostring(aws_cloudwatch_log_group.{name}.retention_in_days)",
    ]


def _role(scope: Scope, name: str, real: str) -> None:
    policy = (
        'assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow",'
        ' Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })'
    )
    _block(
        scope, "aws_iam_role", name, f'name = "{real}"', policy, "max_session_duration = 3600",
        ignorable="max_session_duration",
    )  # fmt: skip
    scope.texts += [f"aws_iam_role.{name}.arn", f"aws_iam_role.{name}.unique_id"]


_KINDS: Final[tuple[Callable[[Scope, str, str], None], ...]] = (
    _parameter, _parameter, _topic, _logs, _role,
)  # fmt: skip


@contextmanager
def aws_drifted(state: Path, endpoint: str, chance: random.Random) -> Iterator[list[str]]:
    """Yield what was changed by calls of the cloud's API; nothing is put back."""
    world = World(endpoint, state)
    yield [_one(world, state, chance) for _ in range(chance.randint(1, _MOST_AT_ONCE))]


def _one(world: World, state: Path, chance: random.Random) -> str:
    resources = [
        (resource["type"], resource["instances"][0]["attributes"])
        for resource in json.loads(state.read_text())["resources"]
        if resource["mode"] == "managed" and resource["type"] in _CHANGES
    ]
    kind, attributes = chance.choice(resources)
    arn = str(attributes["arn"])
    region = arn.split(":")[3] or "us-east-1"
    what, change = chance.choice(_CHANGES[kind])
    try:
        change(lambda service: world.client(service, region), attributes)
    except Exception as error:  # noqa: BLE001 - it may have been deleted by an earlier change
        return f"{kind} {what}: {type(error).__name__}"
    return f"{kind} {attributes['name']}: {what}"


_Clients = Callable[[str], Any]
_Change = Callable[[_Clients, dict[str, Any]], Any]
_TAG: Final = [{"Key": "byhand", "Value": "1"}]
_TEAM: Final = [{"Key": "team", "Value": "by-hand"}]

_CHANGES: Final[dict[str, list[tuple[str, _Change]]]] = {
    "aws_ssm_parameter": [
        (
            "value",
            lambda of, a: of("ssm").put_parameter(
                Name=a["name"], Value="by-hand", Type="String", Overwrite=True
            ),
        ),
        (
            "tag",
            lambda of, a: of("ssm").add_tags_to_resource(
                ResourceType="Parameter", ResourceId=a["name"], Tags=_TAG
            ),
        ),
        ("deleted", lambda of, a: of("ssm").delete_parameter(Name=a["name"])),
    ],
    "aws_sns_topic": [
        (
            "display name",
            lambda of, a: of("sns").set_topic_attributes(
                TopicArn=a["arn"], AttributeName="DisplayName", AttributeValue="By hand"
            ),
        ),
        ("team", lambda of, a: of("sns").tag_resource(ResourceArn=a["arn"], Tags=_TEAM)),
        ("deleted", lambda of, a: of("sns").delete_topic(TopicArn=a["arn"])),
    ],
    "aws_cloudwatch_log_group": [
        (
            "retention",
            lambda of, a: of("logs").put_retention_policy(
                logGroupName=a["name"], retentionInDays=90
            ),
        ),
        ("deleted", lambda of, a: of("logs").delete_log_group(logGroupName=a["name"])),
    ],
    "aws_iam_role": [
        (
            "session",
            lambda of, a: of("iam").update_role(RoleName=a["name"], MaxSessionDuration=7200),
        ),
        ("tag", lambda of, a: of("iam").tag_role(RoleName=a["name"], Tags=_TAG)),
    ],
}

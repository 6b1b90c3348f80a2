"""What a person types to take away what was added at a resource, where no plan can. Pure.

Names come from the cloud, so each is quoted for a shell.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from iac_adapters.shown_children import children_behind
from reconciler.domain.model import Change

Command = Callable[[Mapping[str, str], str], Sequence[str]]
"""The words of a command, of the parent's attributes and the name of what was added."""


def commands_for(
    type_name: str, changes: Sequence[Change], values: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a command for each child that was added, where `changes` are all they did.

    `values` are the parent's attributes. Empty where one of the children has no command.
    """
    commands = []
    for shown, name in children_behind(type_name, changes):
        command = _COMMANDS[shown.type]
        try:
            commands.append(shlex.join(("aws", *command(values, name))))
        except KeyError:
            return ()
    return tuple(commands)


def _rule(values: Mapping[str, str], name: str) -> Sequence[str]:
    direction, protocol, first, last, source = name.split("_", maxsplit=4)
    permission = {"IpProtocol": protocol}
    ports = {} if protocol == "-1" else {"FromPort": int(first), "ToPort": int(last)}
    given = json.dumps([{**permission, **ports, **_source(values, source)}])
    group = values["id"]
    return (
        "ec2",
        f"revoke-security-group-{direction}",
        "--group-id",
        group,
        "--ip-permissions",
        given,
    )


def _source(values: Mapping[str, str], source: str) -> Mapping[str, object]:
    if source == "self":
        return {"UserIdGroupPairs": [{"GroupId": values["id"]}]}
    if source.startswith("pl-"):
        return {"PrefixListIds": [{"PrefixListId": source}]}
    if "sg-" in source:
        return {"UserIdGroupPairs": [{"GroupId": source.rpartition("/")[2]}]}
    if ":" in source:
        return {"Ipv6Ranges": [{"CidrIpv6": source}]}
    return {"IpRanges": [{"CidrIp": source}]}


def _role_policy(values: Mapping[str, str], name: str) -> Sequence[str]:
    role = values["name"]
    return "iam", "delete-role-policy", "--role-name", role, "--policy-name", name


def _attached(values: Mapping[str, str], arn: str) -> Sequence[str]:
    return "iam", "detach-role-policy", "--role-name", values["name"], "--policy-arn", arn


def _bucket_policy(values: Mapping[str, str], _: str) -> Sequence[str]:
    return "s3api", "delete-bucket-policy", "--bucket", values["bucket"]


def _queue_policy(values: Mapping[str, str], _: str) -> Sequence[str]:
    url = values["id"]
    return "sqs", "set-queue-attributes", "--queue-url", url, "--attributes", "Policy="


def _secret_policy(values: Mapping[str, str], _: str) -> Sequence[str]:
    return "secretsmanager", "delete-resource-policy", "--secret-id", values["arn"]


_COMMANDS: Final[Mapping[str, Command]] = {
    "aws_security_group_rule": _rule,
    "aws_iam_role_policy": _role_policy,
    "aws_iam_role_policy_attachment": _attached,
    "aws_s3_bucket_policy": _bucket_policy,
    "aws_sqs_queue_policy": _queue_policy,
    "aws_secretsmanager_secret_policy": _secret_policy,
}

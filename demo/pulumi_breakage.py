"""What is done to the two Pulumi stacks behind Pulumi's back, and what must be found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from demo.pulumi_stage import COURIER, NOTICES, STACK, PulumiStage


@dataclass(frozen=True, slots=True)
class PulumiBreakage:
    """One thing done; `name` is the resource's logical name, `paths` where it must show."""

    title: str
    stack: str
    name: str
    do: Callable[[PulumiStage], None]
    paths: frozenset[str] = frozenset()
    kind: str = "changed"
    file: str | None = None

    def matches(self, address: str) -> bool:
        """Whether a finding's URN is that of the broken resource."""
        return address.startswith(f"urn:pulumi:{STACK}::{self.stack}::") and address.endswith(
            f"::{self.name}"
        )


def five_breakages() -> tuple[PulumiBreakage, ...]:
    """Return the five; the last is a secret, which a person decides about."""
    return (
        PulumiBreakage(
            "the courier's gate lets the whole internet in by ssh",
            COURIER, "courier-gate", _open_gate, frozenset({"ingresses[1]"}),
        ),
        PulumiBreakage(
            "a line of the dispatch table on this machine was edited by hand",
            COURIER, "porto", _edit_table, frozenset({"depot"}),
        ),
        PulumiBreakage(
            "another line of it is gone", COURIER, "faro", _shorten_table, kind="missing",
        ),
        PulumiBreakage(
            "the notices' topic says that it belongs to somebody else",
            NOTICES, "told", _rename_topic, frozenset({"displayName"}),
        ),
        PulumiBreakage(
            "the key of the notices' sender is overwritten",
            NOTICES, "sender", _steal_key, frozenset({"value"}),
        ),
    )  # fmt: skip


def _open_gate(made: PulumiStage) -> None:
    ec2 = made.client("ec2")
    wanted = [{"Name": "group-name", "Values": ["courier-gate"]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    ssh = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[ssh])


def _edit_table(made: PulumiStage) -> None:
    lines = json.loads(made.table.read_text())
    lines["porto"]["depot"] = "elsewhere"
    made.table.write_text(json.dumps(lines))


def _shorten_table(made: PulumiStage) -> None:
    lines = json.loads(made.table.read_text())
    del lines["faro"]
    made.table.write_text(json.dumps(lines))


def _rename_topic(made: PulumiStage) -> None:
    sns = made.client("sns")
    topics = sns.list_topics()["Topics"]
    arn = next(one["TopicArn"] for one in topics if one["TopicArn"].endswith(":notices-told"))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="Nobody")


def _steal_key(made: PulumiStage) -> None:
    made.client("ssm").put_parameter(
        Name="/notices/sender-key", Value=made.secrets[2], Type="SecureString", Overwrite=True
    )


def world_is_right(made: PulumiStage) -> list[str]:
    """Return what is still wrong in the world itself; nothing when all was put back."""
    wrong = []
    wanted = [{"Name": "group-name", "Values": ["courier-gate"]}]
    (group,) = made.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
    if {rule.get("FromPort") for rule in group["IpPermissions"]} != {443}:
        wrong.append("the gate is not as declared")
    lines = json.loads(made.table.read_text())
    if {town: line["depot"] for town, line in lines.items()} != {"porto": "north", "faro": "south"}:
        wrong.append("the dispatch table is not as declared")
    sns = made.client("sns")
    topics = sns.list_topics()["Topics"]
    arn = next(one["TopicArn"] for one in topics if one["TopicArn"].endswith(":notices-told"))
    if sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] != "Notices":
        wrong.append("the topic's name is not as declared")
    found = made.client("ssm").get_parameter(Name="/notices/sender-key", WithDecryption=True)
    if found["Parameter"]["Value"] != made.secrets[1]:
        wrong.append("the sender's key is not as declared")
    return wrong

"""What both shops have on AWS, and how somebody gets at it there."""

from __future__ import annotations

from typing import Any

from tests.worlds.pulumi.mutations.mutation import Mutation, drifted
from tests.worlds.world import Attribute, Call


def rule(port: int, source: str, description: str | None = None) -> dict[str, Any]:
    """Return a TCP rule as EC2 has it."""
    ranges = {"CidrIp": source, **({"Description": description} if description else {})}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [ranges]}


ANYWHERE = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def group(method: str, resource: str, *rules: dict[str, Any]) -> Call:
    """Change the rules of a security group."""
    return Call("ec2", method, {"GroupId": Attribute(resource), "IpPermissions": list(rules)})


def opened(resource: str) -> Mutation:
    """Let everybody in by SSH."""
    ssh = rule(22, "0.0.0.0/0")
    return drifted(
        resource,
        "ingresses",
        group("authorize_security_group_ingress", resource, ssh),
        group("revoke_security_group_ingress", resource, ssh),
        what="one more rule",
    )


def closed(resource: str, known: dict[str, Any]) -> Mutation:
    """Take a rule away."""
    return drifted(
        resource,
        "ingresses",
        group("revoke_security_group_ingress", resource, known),
        group("authorize_security_group_ingress", resource, known),
        what="one rule less",
    )


def widened(resource: str, known: dict[str, Any], wider: dict[str, Any]) -> Mutation:
    """Replace a rule by a wider one."""
    revoke, authorize = "revoke_security_group_ingress", "authorize_security_group_ingress"
    return Mutation(
        name=f"{resource}: one rule changed",
        resource=resource,
        answer="drifted",
        paths=frozenset({"ingresses"}),
        change=(group(revoke, resource, known), group(authorize, resource, wider)),
        restore=(group(revoke, resource, wider), group(authorize, resource, known)),
    )


def ec2_tag(resource: str, key: str, value: str | None) -> Call:
    """Give an EC2 object a tag, or take it away."""
    ids = [Attribute(resource)]
    if value is None:
        return Call("ec2", "delete_tags", {"Resources": ids, "Tags": [{"Key": key}]})
    return Call("ec2", "create_tags", {"Resources": ids, "Tags": [{"Key": key, "Value": value}]})


def put_parameter(name: str, value: str, kind: str, **settings: Any) -> Call:
    """Put a value over a parameter's."""
    settings = {"Overwrite": True, **settings}
    return Call("ssm", "put_parameter", {"Name": name, "Type": kind, "Value": value, **settings})


def parameter_tag(name: str, key: str, value: str | None) -> Call:
    """Give a parameter a tag, or take it away."""
    named = {"ResourceType": "Parameter", "ResourceId": name}
    if value is None:
        return Call("ssm", "remove_tags_from_resource", {**named, "TagKeys": [key]})
    tags = [{"Key": key, "Value": value}]
    return Call("ssm", "add_tags_to_resource", {**named, "Tags": tags})


def topic_name(resource: str, name: str) -> Call:
    """Show a topic by another name."""
    topic = {"TopicArn": Attribute(resource), "AttributeName": "DisplayName"}
    return Call("sns", "set_topic_attributes", {**topic, "AttributeValue": name})


def topic_tag(resource: str, key: str, value: str | None) -> Call:
    """Give a topic a tag, or take it away."""
    topic = {"ResourceArn": Attribute(resource)}
    if value is None:
        return Call("sns", "untag_resource", {**topic, "TagKeys": [key]})
    return Call("sns", "tag_resource", {**topic, "Tags": [{"Key": key, "Value": value}]})

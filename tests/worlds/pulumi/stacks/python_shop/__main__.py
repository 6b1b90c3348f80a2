"""A shop whose front is on AWS, by a bridged Terraform provider, and whose stock is in a file.

It looks a topic up that somebody else manages. The things in stock are those of the project
`things`, whose program lies beside this one as `keeping`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable
from typing import Any

import pulumi
from keeping import declare  # type: ignore[import-not-found] # it is put here at deployment
from pulumi.runtime import register_package

CONFIG = pulumi.Config()
READ_ORDERS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:SendMessage"], "Resource": "*"},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"},
    ],
}


def package() -> Awaitable[str]:
    """Return the AWS provider as a package of the bridge."""
    parameter = json.dumps({"local": {"path": CONFIG.require("provider")}})
    encoded = base64.b64encode(parameter.encode()).decode()
    return register_package("terraform-provider", "3.136.0", "", "aws", "0.0.0", encoded)


class Front(pulumi.ComponentResource):
    """What the shop's customers meet."""

    def __init__(self, name: str, cloud: pulumi.ProviderResource) -> None:
        super().__init__("shop:index:Front", name, {})
        self._options = pulumi.ResourceOptions(parent=self, provider=cloud)
        self._resource(
            "securityGroup",
            "edge",
            {
                "name": "front-edge",
                "description": "the edge",
                "ingresses": [_open(443, "10.0.0.0/8"), _open(8443, "10.1.0.0/16")],
                "tags": {"team": "web"},
            },
        )
        self._resource(
            "ssmParameter",
            "password",
            {
                "name": "/front/password",
                "type": "SecureString",
                "value": CONFIG.require_secret("password"),
            },
        )
        self._resource(
            "snsTopic", "events", {"name": "front-events", "displayName": "Events", "tags": {}}
        )
        self._resource(
            "iamPolicy",
            "orders-policy",
            {"name": "front-orders", "policy": json.dumps(READ_ORDERS), "tags": {"team": "web"}},
        )
        self.register_outputs({})

    def _resource(self, kind: str, name: str, properties: dict[str, Any]) -> None:
        token = f"aws:index/{kind}:{kind[0].upper()}{kind[1:]}"
        pulumi.CustomResource(token, name, properties, self._options, package_ref=package())


def _open(port: int, source: str) -> dict[str, Any]:
    rule = {"fromPort": port, "toPort": port, "protocol": "tcp", "cidrBlocks": [source]}
    return {**rule, "description": f"port {port}"}


settings = {"region": "us-east-1", "maxRetries": 2, "skipMetadataApiCheck": "true"}
cloud = pulumi.ProviderResource("aws", "cloud", settings, package_ref=package())
Front("front", cloud)
pulumi.CustomResource(
    "aws:index/snsTopic:SnsTopic",
    "foreign",
    {},
    pulumi.ResourceOptions(id=CONFIG.require("foreign"), provider=cloud),
    package_ref=package(),
)
declare()
pulumi.export("password", CONFIG.require_secret("password"))

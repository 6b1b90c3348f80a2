"""Declare the bridged AWS resources of `resources.json`: by name a kind and its properties."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable
from pathlib import Path

import pulumi
from pulumi.runtime import register_package


def package() -> Awaitable[str]:
    """Return the AWS provider as a package of the bridge."""
    parameter = json.dumps({"local": {"path": pulumi.Config().require("provider")}})
    encoded = base64.b64encode(parameter.encode()).decode()
    return register_package("terraform-provider", "3.136.0", "", "aws", "0.0.0", encoded)


settings = {"region": "us-east-1", "s3UsePathStyle": True, "skipMetadataApiCheck": "true"}
cloud = pulumi.ResourceOptions(
    provider=pulumi.ProviderResource("aws", "cloud", settings, package_ref=package())
)
for name, (kind, properties) in json.loads(Path("resources.json").read_text()).items():
    token = f"aws:index/{kind}:{kind[0].upper()}{kind[1:]}"
    pulumi.CustomResource(token, name, properties, cloud, package_ref=package())

"""AWS through Terraform's own provider: no generated SDK, and any provider works like this.

Source: `pulumi package add terraform-provider hashicorp/aws` generates the same parameter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import pulumi
from pulumi.runtime import register_package

_BRIDGE: Final = ("terraform-provider", "3.136.0", "")
_VERSION: Final = "5.100.0"
_REMOTE: Final = {"remote": {"url": "registry.opentofu.org/hashicorp/aws", "version": _VERSION}}


class AwsBridge:
    """One configured AWS provider, and resources of any of its types.

    `path` is that of a provider's program, for machines that cannot fetch one.
    """

    def __init__(self, *, region: str, path: str | None = None) -> None:
        where, version = ({"local": {"path": path}}, "0.0.0") if path else (_REMOTE, _VERSION)
        self._parameter = base64.b64encode(json.dumps(where).encode()).decode()
        self._version = version
        self.provider = pulumi.ProviderResource(
            "aws", "cloud", {"region": region}, package_ref=self._package()
        )

    def resource(
        self,
        kind: str,
        name: str,
        properties: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> pulumi.CustomResource:
        """Register `aws_KIND` as Terraform names it, with properties in camel case."""
        camel = "".join(word.capitalize() for word in kind.split("_"))
        token = f"aws:index/{camel[0].lower()}{camel[1:]}:{camel}"
        ours = pulumi.ResourceOptions(provider=self.provider)
        return pulumi.CustomResource(
            token,
            name,
            dict(properties),
            pulumi.ResourceOptions.merge(ours, opts),
            package_ref=self._package(),
        )

    def _package(self) -> Awaitable[str | None]:
        return register_package(*_BRIDGE, "aws", self._version, self._parameter)

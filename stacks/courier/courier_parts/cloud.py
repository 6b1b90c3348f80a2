"""The cloud's part: who may knock, where notices go, what the partner knows us by."""

from __future__ import annotations

from typing import Final

import pulumi

from courier_parts.bridge import AwsBridge

_TAGS: Final = {"service": "courier", "team": "parcels"}


class Courier(pulumi.ComponentResource):
    """A gate that opens for HTTPS from inside only, a topic, a log, and a secret."""

    gate: pulumi.CustomResource
    notices: pulumi.CustomResource

    def __init__(
        self,
        name: str,
        bridge: AwsBridge,
        *,
        partner_key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("courier:index:Courier", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        self.gate = bridge.resource(
            "security_group",
            f"{name}-gate",
            {
                "name": f"{name}-gate",
                "description": "parcels come in here",
                "ingresses": [
                    {
                        "description": "HTTPS from inside",
                        "protocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "cidrBlocks": ["10.0.0.0/8"],
                    }
                ],
                "tags": _TAGS,
            },
            ours,
        )
        self.notices = bridge.resource(
            "sns_topic",
            f"{name}-notices",
            {"name": f"{name}-notices", "displayName": "Courier", "tags": _TAGS},
            ours,
        )
        bridge.resource(
            "cloudwatch_log_group",
            f"{name}-log",
            {"name": f"/{name}/log", "retentionInDays": 30, "tags": _TAGS},
            # Auditors lengthen it now and then, and nobody shall shorten it again.
            pulumi.ResourceOptions.merge(
                ours, pulumi.ResourceOptions(ignore_changes=["retentionInDays"])
            ),
        )
        bridge.resource(
            "ssm_parameter",
            f"{name}-partner-key",
            {"name": f"/{name}/partner-key", "type": "SecureString", "value": partner_key},
            ours,
        )
        self.register_outputs({"gate": self.gate.id, "notices": self.notices.id})

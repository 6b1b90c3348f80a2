# ruff: noqa: INP001 - Pulumi runs this folder; it is no package
"""Deploy the courier: a cloud's part through a bridged Terraform provider, a machine's by hand."""

import pulumi
from courier_parts.bridge import AwsBridge
from courier_parts.cloud import Courier
from courier_parts.dispatch import Route

config = pulumi.Config()
bridge = AwsBridge(region=config.require("region"), path=config.get("provider") or None)
courier = Courier("courier", bridge, partner_key=config.require_secret("partnerKey"))
for town, depot in (("porto", "north"), ("faro", "south")):
    Route(town, table=config.require("table"), depot=depot, capacity=40)

pulumi.export("gate", courier.gate.id)
pulumi.export("topic", courier.notices.id)

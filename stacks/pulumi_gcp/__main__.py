# ruff: noqa: INP001 - Pulumi runs this folder; it is no package
"""Deploy the intake as configured, and say where everything is."""

import pulumi
from intake_gcp.arguments import IntakeArguments
from intake_gcp.intake import Intake

config = pulumi.Config()
try:
    arguments = IntakeArguments(
        region=pulumi.Config("gcp").require("region"),
        environment=config.require("environment"),
        owner=config.require("owner"),
        network_cidr=config.require("networkCidr"),
        allowed_cidrs=config.require_object("allowedCidrs"),
        keep_old_versions_days=config.require_int("keepOldVersionsDays"),
        labels=config.require_object("labels"),
    )
except ValueError as problem:
    # A user's mistake is told in one line, without our stack trace.
    raise pulumi.RunError(str(problem)) from problem

intake = Intake(f"intake-{arguments.environment}", arguments)

pulumi.export("networkId", intake.edge.network_id)
pulumi.export("subnetId", intake.edge.subnet_id)
pulumi.export("bucketName", intake.bucket.bucket_name)
pulumi.export("topicId", intake.queue.topic_id)
pulumi.export("subscriptionId", intake.queue.subscription_id)

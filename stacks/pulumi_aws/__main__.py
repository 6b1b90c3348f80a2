# ruff: noqa: INP001 - Pulumi runs this folder; it is no package
"""Deploy the intake as configured, and say where everything is."""

import pulumi
from intake_aws.arguments import IntakeArguments
from intake_aws.intake import Intake

config = pulumi.Config()
try:
    arguments = IntakeArguments(
        environment=config.require("environment"),
        owner=config.require("owner"),
        network_cidr=config.require("networkCidr"),
        allowed_cidrs=config.require_object("allowedCidrs"),
        keep_old_versions_days=config.require_int("keepOldVersionsDays"),
        tags=config.require_object("tags"),
    )
except ValueError as problem:
    # A user's mistake is told in one line, without our stack trace.
    raise pulumi.RunError(str(problem)) from problem

intake = Intake(f"intake-{arguments.environment}", arguments)

pulumi.export("vpcId", intake.edge.vpc_id)
pulumi.export("subnetId", intake.edge.subnet_id)
pulumi.export("securityGroupId", intake.edge.security_group_id)
pulumi.export("bucketName", intake.bucket.bucket_name)
pulumi.export("queueUrl", intake.queue.queue_url)
pulumi.export("deadLetterUrl", intake.queue.dead_letter_url)

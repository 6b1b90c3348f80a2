"""Changes to machines, load balancers, functions and containers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.worlds.mutations.mutation import Mutation, changed, missing
from tests.worlds.world import Attribute, Call

INSTANCE = "aws_instance.web"
GROUP = "aws_lb_target_group.web"
LAMBDA = "aws_lambda_function.worker"
TARGET = {
    "TargetGroupArn": Attribute(GROUP, "arn"),
    "Targets": [{"Id": Attribute(INSTANCE), "Port": 80}],
}


def _groups(address: str) -> Call:
    parameters = {"InstanceId": Attribute(INSTANCE), "Groups": [Attribute(address)]}
    return Call("ec2", "modify_instance_attribute", parameters)


def _scaling_tag(value: str) -> Call:
    tag = {
        "ResourceId": "mixed-web",
        "ResourceType": "auto-scaling-group",
        "Key": "team",
        "Value": value,
        "PropagateAtLaunch": True,
    }
    return Call("autoscaling", "create_or_update_tags", {"Tags": [tag]})


def _capacity(maximum: int) -> Call:
    parameters = {"AutoScalingGroupName": "mixed-web", "MaxSize": maximum}
    return Call("autoscaling", "update_auto_scaling_group", parameters)


def _balancer(key: str, value: str) -> Call:
    parameters = {
        "LoadBalancerArn": Attribute("aws_lb.web", "arn"),
        "Attributes": [{"Key": key, "Value": value}],
    }
    return Call("elbv2", "modify_load_balancer_attributes", parameters)


def _group(**settings: Any) -> Call:
    return Call("elbv2", "modify_target_group", TARGET_GROUP | settings)


def _listener(port: int) -> Call:
    parameters = {"ListenerArn": Attribute("aws_lb_listener.web", "arn"), "Port": port}
    return Call("elbv2", "modify_listener", parameters)


def _function(**settings: Any) -> Call:
    return Call(
        "lambda", "update_function_configuration", {"FunctionName": "mixed-worker"} | settings
    )


def _level(level: str) -> Call:
    return _function(Environment={"Variables": {"LEVEL": level}})


def _repository(method: str, **settings: Any) -> Call:
    return Call("ecr", method, {"repositoryName": "mixed/web"} | settings)


def _cluster_tag(value: str) -> Call:
    parameters = {
        "resourceArn": Attribute("aws_ecs_cluster.main", "arn"),
        "tags": [{"key": "team", "value": value}],
    }
    return Call("ecs", "tag_resource", parameters)


def _task_tag(value: str) -> Call:
    parameters = {
        "resourceArn": Attribute("aws_ecs_task_definition.web", "arn"),
        "tags": [{"key": "team", "value": value}],
    }
    return Call("ecs", "tag_resource", parameters)


TARGET_GROUP = {"TargetGroupArn": Attribute(GROUP, "arn")}
PERMISSION = {"FunctionName": "mixed-worker", "StatementId": "events"}

SCALING = tuple(
    replace(mutation, echoes=frozenset({"capacity_reservation_specification"}))
    for mutation in (
        changed("aws_autoscaling_group.web", "max_size", _capacity(5), _capacity(2)),
        changed("aws_autoscaling_group.web", "tag", _scaling_tag("nobody"), _scaling_tag("web")),
    )
)

MUTATIONS: tuple[Mutation, ...] = (
    *SCALING,
    changed(
        INSTANCE,
        "vpc_security_group_ids",
        _groups("aws_security_group.database"),
        _groups("aws_security_group.web"),
    ),
    changed(
        "aws_lb.web",
        "idle_timeout",
        _balancer("idle_timeout.timeout_seconds", "120"),
        _balancer("idle_timeout.timeout_seconds", "45"),
    ),
    changed(
        "aws_lb.web",
        "enable_deletion_protection",
        _balancer("deletion_protection.enabled", "true"),
        _balancer("deletion_protection.enabled", "false"),
    ),
    changed(
        GROUP,
        "health_check[0].path",
        _group(HealthCheckPath="/"),
        _group(HealthCheckPath="/healthz"),
    ),
    changed(
        GROUP,
        "health_check[0].interval",
        _group(HealthCheckIntervalSeconds=60),
        _group(HealthCheckIntervalSeconds=15),
    ),
    changed("aws_lb_listener.web", "port", _listener(81), _listener(80)),
    missing(
        "aws_lb_target_group_attachment.web",
        Call("elbv2", "deregister_targets", TARGET),
        Call("elbv2", "register_targets", TARGET),
    ),
    changed(LAMBDA, "timeout", _function(Timeout=60), _function(Timeout=30)),
    changed(LAMBDA, "memory_size", _function(MemorySize=512), _function(MemorySize=256)),
    changed(LAMBDA, "environment[0].variables.LEVEL", _level("debug"), _level("info")),
    missing(
        "aws_lambda_permission.events",
        Call("lambda", "remove_permission", PERMISSION),
        Call(
            "lambda",
            "add_permission",
            {
                **PERMISSION,
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": Attribute("aws_cloudwatch_event_rule.nightly", "arn"),
            },
        ),
    ),
    changed(
        "aws_ecr_repository.web",
        "image_tag_mutability",
        _repository("put_image_tag_mutability", imageTagMutability="MUTABLE"),
        _repository("put_image_tag_mutability", imageTagMutability="IMMUTABLE"),
    ),
    changed(
        "aws_ecr_repository.web",
        "image_scanning_configuration[0].scan_on_push",
        _repository(
            "put_image_scanning_configuration", imageScanningConfiguration={"scanOnPush": False}
        ),
        _repository(
            "put_image_scanning_configuration", imageScanningConfiguration={"scanOnPush": True}
        ),
    ),
    changed("aws_ecs_cluster.main", "tags.team", _cluster_tag("nobody"), _cluster_tag("web")),
    changed("aws_ecs_task_definition.web", "tags.team", _task_tag("x"), _task_tag("web")),
)

"""Changes to logs, alarms, schedules, names and interfaces."""

from __future__ import annotations

import json
from typing import Any

from tests.worlds.mutations.mutation import Mutation, changed, missing
from tests.worlds.world import Attribute, Call

TARGET = "aws_cloudwatch_event_target.nightly"
DASHBOARD = "aws_cloudwatch_dashboard.main"


def _retention(days: int) -> Call:
    parameters = {"logGroupName": "/mixed/worker", "retentionInDays": days}
    return Call("logs", "put_retention_policy", parameters)


def _log_tag(value: str) -> Call:
    parameters = {"logGroupName": "/mixed/worker", "tags": {"team": value}}
    return Call("logs", "tag_log_group", parameters)


def _alarm(threshold: float, periods: int = 2) -> Call:
    parameters = {
        "AlarmName": "mixed-errors",
        "AlarmDescription": "the worker fails",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": periods,
        "MetricName": "Errors",
        "Namespace": "Mixed",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": threshold,
        "ActionsEnabled": True,
        "TreatMissingData": "missing",
        "AlarmActions": [Attribute("aws_sns_topic.alerts")],
        "Tags": [{"Key": "team", "Value": "web"}],
    }
    return Call("cloudwatch", "put_metric_alarm", parameters)


def _rule(method: str) -> Call:
    return Call("events", method, {"Name": "mixed-nightly"})


def _target(mode: str) -> Call:
    target = {
        "Id": "worker",
        "Arn": Attribute("aws_lambda_function.worker", "arn"),
        "Input": json.dumps({"mode": mode}, separators=(",", ":")),
    }
    return Call("events", "put_targets", {"Rule": "mixed-nightly", "Targets": [target]})


def _dashboard(body: Any) -> Call:
    parameters = {"DashboardName": "mixed", "DashboardBody": body}
    return Call("cloudwatch", "put_dashboard", parameters)


def _zone(comment: str) -> Call:
    parameters = {"Id": Attribute("aws_route53_zone.main"), "Comment": comment}
    return Call("route53", "update_hosted_zone_comment", parameters)


def _record(seconds: int, *addresses: str) -> Call:
    record = {
        "Name": "www.mixed.example",
        "Type": "A",
        "TTL": seconds,
        "ResourceRecords": [{"Value": address} for address in addresses],
    }
    parameters = {
        "HostedZoneId": Attribute("aws_route53_zone.main"),
        "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    }
    return Call("route53", "change_resource_record_sets", parameters)


def _shop(description: str) -> Call:
    operation = {"op": "replace", "path": "/description", "value": description}
    parameters = {
        "restApiId": Attribute("aws_api_gateway_rest_api.shop"),
        "patchOperations": [operation],
    }
    return Call("apigateway", "update_rest_api", parameters)


NO_TARGET = Call("events", "remove_targets", {"Rule": "mixed-nightly", "Ids": ["worker"]})

MUTATIONS: tuple[Mutation, ...] = (
    changed("aws_cloudwatch_log_group.worker", "retention_in_days", _retention(7), _retention(30)),
    changed("aws_cloudwatch_log_group.worker", "tags.team", _log_tag("nobody"), _log_tag("web")),
    changed("aws_cloudwatch_metric_alarm.errors", "threshold", _alarm(500), _alarm(5)),
    changed("aws_cloudwatch_metric_alarm.errors", "evaluation_periods", _alarm(5, 9), _alarm(5)),
    changed(
        "aws_cloudwatch_event_rule.nightly", "state", _rule("disable_rule"), _rule("enable_rule")
    ),
    changed(TARGET, "input", _target("none"), _target("full")),
    missing(TARGET, NO_TARGET, _target("full")),
    changed(
        DASHBOARD,
        "dashboard_body",
        _dashboard(json.dumps({"widgets": []})),
        _dashboard(Attribute(DASHBOARD, "dashboard_body")),
    ),
    changed("aws_route53_zone.main", "comment", _zone("unused"), _zone("shop")),
    changed("aws_route53_record.www", "ttl", _record(60, "192.0.2.10"), _record(300, "192.0.2.10")),
    changed(
        "aws_route53_record.www",
        "records",
        _record(300, "198.51.100.66"),
        _record(300, "192.0.2.10"),
    ),
    changed("aws_api_gateway_rest_api.shop", "description", _shop("unused"), _shop("the shop")),
)

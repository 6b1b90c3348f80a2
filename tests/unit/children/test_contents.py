"""What counts of a child, and what an untouched parent has anyway."""

from __future__ import annotations

from typing import Any

import pytest

from iac_adapters.children import aws
from iac_adapters.children.answers import says_absent
from iac_adapters.children.contents import added, plain
from iac_adapters.children.rule import ChildRule, fields_of, filled
from iac_adapters.plugin_host.provider_errors import Cause, ProviderError

OWN_TRAFFIC = {
    "protocol": "-1",
    "self": True,
    "cidr_blocks": [],
    "from_port": 0,
    "to_port": 0,
    "security_groups": [],
}
OUT = {"protocol": "-1", "self": False, "cidr_blocks": ["0.0.0.0/0"], "from_port": 0}
SSH = {"protocol": "tcp", "self": False, "cidr_blocks": ["0.0.0.0/0"], "from_port": 22}


def rule(child: str) -> ChildRule:
    (found,) = [one for one in aws.RULES if one.child == child]
    return found


@pytest.mark.parametrize(
    ("child", "content", "names"),
    [
        ("aws_s3_bucket_public_access_block", {"block_public_acls": True}, set()),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": None}, set()),
        (
            "aws_s3_bucket_public_access_block",
            {"block_public_acls": False, "block_public_policy": True},
            {"block_public_acls"},
        ),
        ("aws_s3_bucket_notification", {"eventbridge": False, "queue": []}, set()),
        ("aws_s3_bucket_notification", {"eventbridge": True}, {"eventbridge"}),
        (
            "aws_s3_bucket_ownership_controls",
            {"rule": [{"object_ownership": "BucketOwnerEnforced"}]},
            set(),
        ),
        (
            "aws_s3_bucket_ownership_controls",
            {"rule": [{"object_ownership": "ObjectWriter"}]},
            {"rule"},
        ),
        ("aws_default_security_group", {"ingress": [OWN_TRAFFIC], "egress": [OUT]}, set()),
        ("aws_default_security_group", {"ingress": [OWN_TRAFFIC, SSH]}, {"ingress"}),
        (
            "aws_default_security_group",
            {"ingress": [{**OWN_TRAFFIC, "security_groups": ["sg-other"]}]},
            {"ingress"},
        ),
        ("aws_secretsmanager_secret_rotation", {"rotation_enabled": False}, set()),
    ],
)
def test_only_what_no_untouched_parent_has_counts(
    child: str, content: dict[str, Any], names: set[str]
) -> None:
    assert set(added(rule(child), content)) == names


def test_of_a_list_only_the_elements_count_that_somebody_added() -> None:
    content: dict[str, Any] = {"ingress": [OWN_TRAFFIC, SSH], "egress": [OUT]}
    assert added(rule("aws_default_security_group"), content) == {"ingress": [SSH]}


@pytest.mark.parametrize(
    ("text", "cause", "absent"),
    [
        ("reading Lambda Function URL (f): couldn't find resource", Cause.OTHER, True),
        ("no matching EC2 Internet Gateway found", Cause.OTHER, True),
        ("Cannot import non-existent remote object", Cause.OTHER, True),
        ("StatusCode: 404, PolicyNotFound: no policy", Cause.OTHER, True),
        ("StatusCode: 404, RequestID: , deserialization failed", Cause.OTHER, False),
        ("AccessDenied: the role was not found", Cause.DENIED, False),
        ("connection refused", Cause.OTHER, False),
        ("Error 404 (not_found): Not Found", Cause.OTHER, True),
        ("open /var/run/token: no such file or directory", Cause.OTHER, False),
        ("failed to retrieve jwt from /var/run/t, not found", Cause.OTHER, False),
        ("process provider error: sh: aws-vault: command not found", Cause.OTHER, False),
        ("get credentials: sh: 1: aws-vault: not found", Cause.OTHER, False),
        ('exec: "aws-vault": executable file not found in $PATH', Cause.OTHER, False),
    ],
)
def test_only_a_plain_no_says_that_there_is_none(text: str, cause: Cause, *, absent: bool) -> None:
    error = ProviderError(text)
    error.cause = cause
    assert says_absent(error) is absent


def test_a_template_is_filled_inside_lists_and_objects() -> None:
    template: Any = {"filter": [{"name": "vpc-id", "values": ["{id}"]}], "all": True}
    assert filled(template, {"id": "vpc-1"}) == {
        "filter": [{"name": "vpc-id", "values": ["vpc-1"]}],
        "all": True,
    }
    assert fields_of("{name}:{element}") == {"name", "element"}


def test_names_of_records_are_compared_as_code_writes_them() -> None:
    assert plain("\\052.example.org.") == "*.example.org"


def test_each_rule_of_the_table_can_be_asked_and_shown() -> None:
    for one in aws.RULES:
        assert one.id or one.listing is not None, one.child
        assert one.listing is None or one.counts or one.shows or not one.id, one.child
        assert one.child not in aws.SHOWN_BY_PARENT

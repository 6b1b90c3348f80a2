from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import Kind, Severity
from reconciler.domain.policy import (
    Act,
    ActionType,
    Below,
    Observe,
    Policy,
    PolicyId,
    Selection,
    Subject,
    action_on,
    decide,
    selects,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
AUTO, MANUAL = ActionType.AUTO_CORRECT, ActionType.MANUAL_REVIEW
SUBJECT = Subject(
    stack="web-eu",
    address='module.net.aws_security_group.web["a"]',
    type="aws_security_group",
    kind=Kind.CHANGED,
    severity=Severity.HIGH,
    score=71,
    paths=("ingress[0].cidr_blocks", "tags.team"),
    templates=frozenset({"t1"}),
    only_undo=True,
    host_groups=("web",),
)


def policy(name: str = "one", action: ActionType = MANUAL, **more: Any) -> Policy:
    return Policy(PolicyId(name), name, action, **more)


@pytest.mark.parametrize(
    ("selection", "met"),
    [
        ({}, True),
        ({"stack": "web-*"}, True),
        ({"stack": "web"}, False),
        ({"stack": "WEB-EU"}, False),
        ({"type": "aws_*"}, True),
        ({"type": "aws:ec2/securityGroup:SecurityGroup"}, False),
        ({"type": "aws_ec2_security_group"}, False),
        ({"type": "azurerm_*"}, False),
        ({"address": "module.net"}, True),
        ({"address": "module.ne"}, False),
        ({"address": '*.web["?"]'}, True),
        ({"path": "ingress"}, True),
        ({"path": "ingress.cidr_blocks"}, True),
        ({"path": "tags.*"}, True),
        ({"path": "egress"}, False),
        ({"kind": Kind.CHANGED}, True),
        ({"kind": Kind.MISSING}, False),
        ({"host_group": "*"}, True),
        ({"host_group": "we?"}, True),
        ({"host_group": "db"}, False),
        ({"min_severity": Severity.HIGH}, True),
        ({"min_severity": Severity.CRITICAL}, False),
        ({"max_severity": Severity.HIGH}, True),
        ({"max_severity": Severity.MEDIUM}, False),
        ({"stack": "web-*", "kind": Kind.MISSING}, False),
    ],
)
def test_every_part_that_is_named_must_hold(selection: dict[str, Any], met: bool) -> None:  # noqa: FBT001
    assert selects(policy(selection=Selection(**selection)), SUBJECT) is met


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("aws_ec2_security_group", "aws:ec2/securityGroup:SecurityGroup"),
        ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/securityGroup:SecurityGroup"),
        ("google_compute_*", "gcp:compute/firewall:Firewall"),
    ],
)
def test_a_type_is_met_in_any_spelling(glob: str, name: str) -> None:
    assert selects(policy(selection=Selection(type=glob)), replace(SUBJECT, type=name))


@pytest.mark.parametrize(("action", "met"), [(AUTO, False), (MANUAL, True)])
def test_what_acts_unasked_must_select_every_attribute(action: ActionType, met: bool) -> None:  # noqa: FBT001
    only_tags = policy(action=action, selection=Selection(path="tags.*"))
    assert selects(only_tags, SUBJECT) is met
    assert selects(only_tags, replace(SUBJECT, paths=("tags.team",)))
    assert not selects(only_tags, replace(SUBJECT, paths=()))


@pytest.mark.parametrize(("template", "met"), [(None, True), ("t1", True), ("t2", False)])
def test_a_policy_of_a_template_is_about_its_resources(template: str | None, met: bool) -> None:  # noqa: FBT001
    assert selects(policy(template_id=template), SUBJECT) is met


@pytest.mark.parametrize(
    ("threshold", "min_score", "acts"),
    [
        (Severity.LOW, 0, True),
        (Severity.HIGH, 71, True),
        (Severity.CRITICAL, 0, False),
        (Severity.LOW, 72, False),
    ],
)
def test_a_policy_acts_from_its_threshold_on(
    threshold: Severity,
    min_score: int,
    acts: bool,  # noqa: FBT001
) -> None:
    one = policy(drift_threshold=threshold, min_score=min_score)
    assert decide(SUBJECT, [one], now=NOW) == (Act(one) if acts else Below(one))


def test_the_first_that_selects_decides_even_below_its_threshold() -> None:
    quiet = policy("quiet", drift_threshold=Severity.CRITICAL, position=1)
    eager = policy("eager", AUTO, position=2)
    assert decide(SUBJECT, [eager, quiet], now=NOW) == Below(quiet)


def test_the_file_is_asked_before_the_api_then_by_position_and_name() -> None:
    late_config = policy("z", source="config", position=9)
    early_api = policy("a", position=0)
    assert decide(SUBJECT, [early_api, late_config], now=NOW) == Act(late_config)
    b, a = policy("b", position=1), policy("a", position=1)
    assert decide(SUBJECT, [b, a], now=NOW) == Act(a)


def test_one_that_has_not_started_is_not_asked() -> None:
    later = policy("later", AUTO, starts_at=NOW + timedelta(seconds=1))
    started = policy("started", starts_at=NOW)
    assert decide(SUBJECT, [later], now=NOW) == Observe()
    assert decide(SUBJECT, [later, started], now=NOW) == Act(started)


def test_one_that_expired_is_not_asked() -> None:
    over = policy("over", AUTO, expires_at=NOW)
    lasting = policy("lasting", expires_at=NOW + timedelta(seconds=1))
    assert decide(SUBJECT, [over], now=NOW) == Observe()
    assert decide(SUBJECT, [over, lasting], now=NOW) == Act(lasting)


@pytest.mark.parametrize(
    ("action", "only_undo", "expected"),
    [(AUTO, True, AUTO), (AUTO, False, MANUAL), (MANUAL, False, MANUAL)],
)
def test_code_nobody_applied_is_never_rolled_out_unasked(
    action: ActionType,
    only_undo: bool,  # noqa: FBT001
    expected: ActionType,
) -> None:
    subject = replace(SUBJECT, only_undo=only_undo)
    assert action_on(Act(policy(action=action)), subject) is expected


@pytest.mark.parametrize("type_", ["output", "pulumi:pulumi:Stack"])
def test_an_output_is_never_applied_unasked(type_: str) -> None:
    subject = replace(SUBJECT, type=type_, only_undo=True)
    assert action_on(Act(policy(action=AUTO)), subject) is MANUAL


@given(st.permutations([policy(name, position=index % 2) for index, name in enumerate("abcde")]))
def test_the_order_policies_are_kept_in_means_nothing(shuffled: list[Policy]) -> None:
    assert decide(SUBJECT, shuffled, now=NOW) == Act(policy("a"))

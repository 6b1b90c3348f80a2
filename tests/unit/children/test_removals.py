"""Which child is destroyed, by what it is imported, and that nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iac_adapters.children import aws
from iac_adapters.children.managed import Managed
from iac_adapters.children.question import Question
from iac_adapters.children.removals import Removal, removals_of
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, Status
from reconciler.engine.folders import drop_plans


def question(child: str, **values: str) -> Question:
    (rule,) = [one for one in aws.RULES if one.child == child]
    parent = Managed(ResourceAddress(f"{rule.parent}.a"), rule.parent, Status.LIVE)
    return Question(rule, parent, values)


def removal(asked: Question, element: str = "") -> Removal:
    (found,) = removals_of([asked.address(element)], [asked])
    return found


@pytest.mark.parametrize(
    ("child", "values", "element", "identity"),
    [
        ("aws_iam_user_policy", {"name": "ana"}, 'a "b"]', 'ana:a "b"]'),
        ("aws_iam_user_group_membership", {"name": "admins"}, "ana", "ana/admins"),
        ("aws_iam_user_policy_attachment", {"name": "ana"}, "arn:1", "ana/arn:1"),
        ("aws_dynamodb_resource_policy", {"arn": "arn:2"}, "", "arn:2"),
        ("aws_subnet", {"id": "vpc-1"}, "subnet-1", "subnet-1"),
    ],
)
def test_a_child_is_imported_by_its_own_identity(
    child: str, values: dict[str, str], element: str, identity: str
) -> None:
    assert removal(question(child, **values), element).identity == identity


@pytest.mark.parametrize(
    ("child", "values"),
    [
        ("aws_default_security_group", {"default_security_group_id": "sg-1"}),
        ("aws_default_network_acl", {"default_network_acl_id": "acl-1"}),
    ],
)
def test_what_destroying_does_not_take_away_is_refused(child: str, values: Any) -> None:
    with pytest.raises(PermanentError, match="does not take it away"):
        _ = removal(question(child, **values)).identity


def test_a_child_that_nobody_asks_for_any_more_is_refused() -> None:
    asked = question("aws_iam_user_policy", name="ana")
    with pytest.raises(PermanentError, match="declares it by now"):
        removals_of([ResourceAddress("aws_iam_user.b/aws_iam_user_policy")], [asked])


def test_the_root_module_apart_goes_with_the_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.scratch" / ".terraform").mkdir(parents=True)
    (tmp_path / "plan.scratch" / "terraform.tfstate").write_text("{}")
    (tmp_path / "plan.bin").write_text("")
    (tmp_path / "log").write_text("")
    drop_plans(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["log"]

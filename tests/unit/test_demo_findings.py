"""The demo believes nothing: a finding too few, too many or wrong ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo.breakage import Breakage, six_breakages
from demo.findings import check_found, declared_line
from demo.narration import StepError
from tests.worlds.deploy import STACKS

DIRECTORY = STACKS / "demo"
SIX = six_breakages("stolen")


def as_found(breakage: Breakage) -> dict[str, Any]:
    line = declared_line(DIRECTORY / breakage.file, breakage)
    return {
        "address": breakage.address,
        "kind": breakage.kind,
        "changes": [{"path": path} for path in breakage.paths],
        "source": {"file": breakage.file, "line": line},
    }


def report(*findings: dict[str, Any]) -> dict[str, Any]:
    return {"findings": list(findings), "unreadable": []}


def test_exactly_the_six_pass() -> None:
    check_found(report(*map(as_found, SIX)), SIX, DIRECTORY)


@pytest.mark.parametrize("left_out", range(6))
def test_one_too_few_fails(left_out: int) -> None:
    found = [as_found(one) for number, one in enumerate(SIX) if number != left_out]

    with pytest.raises(StepError, match="not found"):
        check_found(report(*found), SIX, DIRECTORY)


def test_one_nobody_touched_fails() -> None:
    stranger: dict[str, Any] = {
        "address": "aws_vpc.shop",
        "kind": "changed",
        "changes": [],
        "source": None,
    }

    with pytest.raises(StepError, match="nobody touched it"):
        check_found(report(*map(as_found, SIX), stranger), SIX, DIRECTORY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "unmanaged"},
        {"changes": [{"path": "name"}]},
        {"source": {"file": "main.tf", "line": 1}},
    ],
)
def test_a_wrong_kind_path_or_place_fails(wrong: dict[str, Any]) -> None:
    first, *others = map(as_found, SIX)

    with pytest.raises(StepError, match="not those expected"):
        check_found(report(first | wrong, *others), SIX, DIRECTORY)


def test_an_unreadable_resource_fails() -> None:
    unread = {"findings": [], "unreadable": [{"address": "aws_vpc.shop", "reason": "refused"}]}

    with pytest.raises(StepError, match="unreadable"):
        check_found(unread, (), Path())


def test_the_six_are_six_different_resources_one_deleted_one_secret() -> None:
    assert len({one.address for one in SIX}) == 6
    assert [one.address for one in SIX if one.kind == "missing"] == [
        "aws_cloudwatch_log_group.worker"
    ]
    assert "aws_ssm_parameter.payment_key" in {one.address for one in SIX}

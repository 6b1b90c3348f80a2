"""A child that nobody declared, in a running daemon: found, never undone unasked, accepted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon import Daemon
from tests.e2e.shop import (
    AUTO,
    REVIEW,
    Shop,
    applies,
    findings_of,
    only_remediation,
    until_found,
    until_state,
    until_verified,
)
from tests.worlds.children import FOR_ANYONE
from tests.worlds.mutations.documents import allow

TABLE = "aws_dynamodb_table.orders"
POLICY = f"{TABLE}/aws_dynamodb_resource_policy"
SOMEBODY = {"AWS": "1" * 12}
FOR_SOMEBODY = allow({"Action": "dynamodb:GetItem", "Resource": "*", "Principal": SOMEBODY})


@pytest.fixture
def dynamodb(shop: Shop) -> Any:
    return shop.deployed.world().client("dynamodb")


@pytest.fixture
def arn(dynamodb: Any) -> str:
    found: str = dynamodb.describe_table(TableName="small-orders")["Table"]["TableArn"]
    return found


def until_gone(daemon: Daemon, address: str) -> None:
    daemon.ask("/stacks/shop/scan", {})
    daemon.until(
        f"the end of {address}",
        lambda: all(finding["address"] != address for finding in findings_of(daemon)),
    )


def test_an_added_child_is_found_and_left_to_a_person(shop: Shop, dynamodb: Any, arn: str) -> None:
    with shop.serving(shop.settings(AUTO, stacks='children = "all"')) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=FOR_ANYONE)
        found = until_found(daemon, POLICY)
        assert (found["kind"], found["origin"]) == ("added", "undeclared")
        assert (found["parent"], found["type"]) == (TABLE, "aws_dynamodb_resource_policy")
        assert (found["severity"], found["severity_reason"]) == ("critical", "anyone may use it")
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["addresses"] == [POLICY]
        assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == FOR_ANYONE
        assert applies(daemon) == 0

        reason = {"reason": "the auditors read it", "fingerprint": found["fingerprint"]}
        daemon.ask(f"/findings/{found['id']}/accept", reason)
        until_gone(daemon, POLICY)

        dynamodb.put_resource_policy(ResourceArn=arn, Policy=FOR_SOMEBODY)
        again = until_found(daemon, POLICY)
        assert again["fingerprint"] != found["fingerprint"]

        dynamodb.delete_resource_policy(ResourceArn=arn)
        until_gone(daemon, POLICY)
        assert applies(daemon) == 0


def test_a_child_is_destroyed_after_an_approval_of_exactly_that(
    shop: Shop, dynamodb: Any, arn: str
) -> None:
    before = shop.deployed.state_file.read_bytes()
    with shop.serving(shop.settings(REVIEW, stacks='children = "all"')) as daemon:
        until_verified(daemon)
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=FOR_ANYONE)
        until_found(daemon, POLICY)
        waiting = only_remediation(daemon, "awaiting_approval")
        (planned,) = waiting["plan"]["resources"]
        assert (planned["address"], planned["action"]) == (POLICY, "delete")
        assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == FOR_ANYONE

        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{waiting['id']}/approve", digest)
        until_state(daemon, waiting["id"], "converged")
        with pytest.raises(dynamodb.exceptions.PolicyNotFoundException):
            dynamodb.get_resource_policy(ResourceArn=arn)
        until_gone(daemon, POLICY)
    assert shop.deployed.state_file.read_bytes() == before
    assert list((shop.data_dir / "runs").rglob("plan*")) == []

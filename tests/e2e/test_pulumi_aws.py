"""A Pulumi stack on the real AWS provider behind the bridge: scanned, watched, put right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.daemon import Daemon, RefusedError
from tests.e2e.command import Trueup
from tests.e2e.shop import applies, findings_of, only_remediation, until_state
from tests.e2e.things import AUTO, REVIEW, Things, until_found, until_verified
from tests.parts import require
from tests.worlds.children import FOR_ANYONE
from tests.worlds.pulumi.mutations.aws import opened, put_parameter, topic_name
from tests.worlds.pulumi.session import shops_in
from tests.worlds.pulumi.shop import SECRETS, Shop
from tests.worlds.pulumi.tools import PulumiTools, find_aws_provider

TOKEN = SECRETS["partnerToken"]
EVERYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
LEAKED = "CANARY-somebodys-token"


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    lack = "the real one is looked for in offline mirrors"
    provider = require("aws provider", find_aws_provider(), lack=lack)
    with shops_in(tmp_path_factory.mktemp("shops"), tools=pulumi, provider=provider) as shops:
        yield shops.deployed("yaml_shop")


@pytest.fixture
def aws(deployed: Shop, touched: Event, caches: Path, tmp_path: Path) -> Things:
    """The stack as it was brought up, and a folder for a daemon.

    A test that ends with everything corrected says so; only after another the CLI is asked to.
    """
    if touched.is_set():
        deployed.run("up", "--yes", "--refresh", "--skip-preview")
    touched.set()
    return Things(deployed, tmp_path, caches)


def _urn(shop: Shop, name: str) -> str:
    checkpoint = json.loads(shop.state.read_text())["checkpoint"]
    urns = [one["urn"] for one in checkpoint["latest"]["resources"]]
    (found,) = (urn for urn in urns if urn.endswith(f"::{name}"))
    return str(found)


def _open_ports(shop: Shop) -> set[int]:
    wanted = [{"Name": "group-name", "Values": ["shop-web"]}]
    ec2: Any = shop.world().client("ec2")
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return {rule["FromPort"] for rule in group["IpPermissions"]}


def _token(shop: Shop) -> str:
    ssm: Any = shop.world().client("ssm")
    value = ssm.get_parameter(Name="/shop/token", WithDecryption=True)["Parameter"]["Value"]
    return str(value)


def _drift(shop: Shop) -> None:
    world = shop.world()
    opened("web").apply(world)
    topic_name("alerts", "Somebody").send(world)
    put_parameter("/shop/token", LEAKED, "SecureString").send(world)


@contextmanager
def _added_by_hand(iam: Any) -> Iterator[None]:
    """Put policies on a role and a user, and the user into a group, for as long as the block."""
    policy = {"PolicyName": "by-hand"}
    member = {"GroupName": "shop-admins", "UserName": "shop-ana"}
    iam.put_role_policy(RoleName="shop-worker", **policy, PolicyDocument=EVERYTHING)
    iam.put_user_policy(UserName="shop-ana", **policy, PolicyDocument=EVERYTHING)
    iam.add_user_to_group(**member)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName="shop-worker", **policy)
        iam.delete_user_policy(UserName="shop-ana", **policy)
        iam.remove_user_from_group(**member)


def test_scan_says_what_changed_where_and_nothing_else(deployed: Shop, aws: Things) -> None:
    trueup = Trueup({**aws.environment, **deployed.environment})
    quiet = trueup.run("scan", deployed.directory, "--json")
    assert (quiet.code, quiet.err) == (0, "")
    (report,) = quiet.json["stacks"]
    assert report["findings"] == []

    _drift(deployed)
    iam: Any = deployed.world().client("iam")
    with _added_by_hand(iam):
        before = deployed.state.read_bytes()
        ended = trueup.run("scan", deployed.directory, "--json")
    assert (ended.code, ended.err) == (2, "")
    (report,) = ended.json["stacks"]
    found = {one["address"]: [c["path"] for c in one["changes"]] for one in report["findings"]}
    # No program declares it, and no update would take it away.
    (by_hand_path,) = found.pop(_urn(deployed, "role"))
    assert by_hand_path.startswith("inlinePolicies")
    user = f"{_urn(deployed, 'ana')}/aws:index/iamUserPolicy:IamUserPolicy"
    member = f"{_urn(deployed, 'admins')}/aws:index/iamUserGroupMembership:IamUserGroupMembership"
    assert found == {
        _urn(deployed, "web"): ["ingresses[2]"],
        _urn(deployed, "alerts"): ["displayName"],
        _urn(deployed, "token"): ["value"],
        f'{user}["by-hand"]': ["policy"],
        f'{member}["shop-ana"]': ["groups", "user"],
    }
    assert report["children"]["unseen"] == []
    undeclared = [one for one in report["findings"] if one["origin"] == "undeclared"]
    assert [one["severity"] for one in undeclared] == ["critical"] * 3
    assert deployed.state.read_bytes() == before
    for secret in (TOKEN, LEAKED):
        assert secret not in ended.everything
    assert trueup.wait_until_gone() == []


def test_a_port_opened_to_the_world_is_closed_again_unasked(
    deployed: Shop, aws: Things, touched: Event
) -> None:
    right = _open_ports(deployed)
    with aws.serving(aws.settings(AUTO)) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        opened("web").apply(deployed.world())
        assert 22 in _open_ports(deployed)
        until_found(daemon, _urn(deployed, "web"), unasked=True)
        remediation = only_remediation(daemon, "converged")
        assert remediation["addresses"] == [_urn(deployed, "web")]
        assert _open_ports(deployed) == right
        daemon.until("the finding's end", lambda: not findings_of(daemon))
        assert applies(daemon) == 1
    touched.clear()


def test_a_secret_is_put_back_after_a_yes_to_exactly_this_plan(
    deployed: Shop, aws: Things, touched: Event
) -> None:
    with aws.serving(aws.settings(REVIEW)) as daemon:
        until_verified(daemon)
        put_parameter("/shop/token", LEAKED, "SecureString").send(deployed.world())
        until_found(daemon, _urn(deployed, "token"))
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["addresses"] == [_urn(deployed, "token")]
        approve = f"/remediations/{waiting['id']}/approve"
        with pytest.raises(RefusedError):
            daemon.ask(approve, {"plan_digest": "0" * 64})
        assert _token(deployed) == LEAKED
        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        until_state(daemon, waiting["id"], "converged")
        assert _token(deployed) == TOKEN
    touched.clear()
    assert list(aws.canaries()) == []
    assert "CANARY" not in "\n".join(daemon.lines)


def test_what_was_added_is_found_and_gone_after_an_approval_of_exactly_that(
    deployed: Shop, aws: Things
) -> None:
    iam: Any = deployed.world().client("iam")
    dynamodb: Any = deployed.world().client("dynamodb")
    arn = dynamodb.describe_table(TableName="shop-orders")["Table"]["TableArn"]
    role, table = _urn(deployed, "role"), _urn(deployed, "orders")
    policy = f"{table}/aws:index/dynamodbResourcePolicy:DynamodbResourcePolicy"
    inline = f'{role}/aws:index/iamRolePolicy:IamRolePolicy["by-hand"]'
    with aws.serving(aws.settings(f'children = "all"\n{AUTO}')) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        iam.put_role_policy(RoleName="shop-worker", PolicyName="by-hand", PolicyDocument=EVERYTHING)
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=FOR_ANYONE)
        found = until_found(daemon, role, unasked=True)
        assert (found["kind"], found["origin"]) == ("changed", "undeclared")
        assert (found["severity"], found["added_as"]) == ("critical", [inline])
        added = until_found(daemon, policy)
        assert (added["kind"], added["parent"]) == ("added", table)
        assert added["severity"] == "critical"

        # A refresh takes it into the record; against the kept baseline it stays a finding.
        deployed.run("refresh", "--yes", "--skip-preview")
        daemon.scan("things")
        (again,) = (one for one in findings_of(daemon) if one["address"] == role)
        assert again["fingerprint"] == found["fingerprint"]
        assert iam.list_role_policies(RoleName="shop-worker")["PolicyNames"] == ["by-hand"]
        assert applies(daemon) == 0

        before = deployed.state.read_bytes()
        waiting = daemon.until("its plan", partial(_planned, daemon, role))
        (planned,) = waiting["plan"]["resources"]
        assert (planned["address"], planned["action"]) == (inline, "delete")
        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{waiting['id']}/approve", digest)
        until_state(daemon, waiting["id"], "converged")
        assert iam.list_role_policies(RoleName="shop-worker")["PolicyNames"] == []
        assert dynamodb.get_resource_policy(ResourceArn=arn)["Policy"] == FOR_ANYONE
        dynamodb.delete_resource_policy(ResourceArn=arn)
        daemon.ask("/stacks/things/scan", {})
        daemon.until("the findings' end", lambda: not findings_of(daemon))
    assert deployed.state.read_bytes() == before
    assert list((aws.data_dir / "runs").rglob("plan*")) == []
    assert list(aws.canaries()) == []


def _planned(daemon: Daemon, address: str) -> dict[str, Any] | None:
    """Return the remediation of `address` once a plan of it waits for an approval."""
    waiting = daemon.ask("/remediations?state=awaiting_approval")["items"]
    return next((one for one in waiting if one["addresses"] == [address] and one["plan"]), None)

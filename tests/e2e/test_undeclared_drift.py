"""Port 22 beside rules that are resources of their own, in a running daemon. No plan sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import Daemon
from tests.e2e.shop import (
    AUTO,
    WORLD_OPEN,
    Shop,
    applies,
    findings_of,
    only_remediation,
    until_found,
    until_state,
    until_verified,
)
from tests.simulator import running_simulator
from tests.worlds.deploy import Deployed, deploy

GROUP: Final = "aws_security_group.cache"
RULE: Final = f'{GROUP}/aws_security_group_rule["ingress_tcp_22_22_0.0.0.0/0"]'
pytestmark = pytest.mark.slow


@pytest.fixture
def shop(terraform: Executable, caches: Path, tmp_path: Path) -> Iterator[Shop]:
    with running_simulator() as cloud:
        world = deploy(
            "unseen",
            tmp_path / "unseen",
            simulator_endpoint=cloud.endpoint,
            executable=terraform.path,
        )
        yield Shop(world, tmp_path, caches)


def rules_of(world: Deployed) -> tuple[Any, str, set[int]]:
    """Return the client, the id of the group, and the ports that are open in it."""
    ec2 = world.world().client("ec2")
    wanted = [{"Name": "group-name", "Values": ["lab-cache"]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return ec2, group["GroupId"], {rule["FromPort"] for rule in group["IpPermissions"]}


def apply_something_else(world: Deployed) -> None:
    """Apply a change of one other resource, as a colleague does: its refresh takes all else in."""
    code = world.directory / "main.tf"
    named = code.read_text()
    described = re.sub(r'(name += "lake"\n)', r'\1  description = "by code"\n', named)
    assert described != named
    code.write_text(described)
    world.run("apply", "-auto-approve", "-input=false")


def scanned_again(daemon: Daemon) -> dict[str, Any]:
    """Return the finding after another scan."""
    daemon.scan("shop")
    (found,) = (one for one in findings_of(daemon) if one["address"] == GROUP)
    return found


def test_port_22_beside_separate_rules_is_critical_and_gone_after_an_approval(shop: Shop) -> None:
    ec2, group, _ = rules_of(shop.deployed)
    with shop.serving(shop.settings(AUTO)) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[WORLD_OPEN])

        found = until_found(daemon, GROUP, unasked=True)
        assert (found["kind"], found["origin"]) == ("changed", "undeclared")
        assert (found["severity"], found["severity_reason"]) == (
            "critical",
            "it is open to the whole internet",
        )
        assert found["added_as"] == [RULE]
        assert [finding["address"] for finding in findings_of(daemon)] == [GROUP]

        apply_something_else(shop.deployed)
        assert scanned_again(daemon)["fingerprint"] == found["fingerprint"]
        assert applies(daemon) == 0
        assert rules_of(shop.deployed)[2] == {22, 6379}

        state = shop.deployed.state_file.read_bytes()
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["addresses"] == [GROUP]
        (planned,) = waiting["plan"]["resources"]
        assert (planned["address"], planned["action"]) == (RULE, "delete")
        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{waiting['id']}/approve", digest)
        until_state(daemon, waiting["id"], "converged")
        assert rules_of(shop.deployed)[2] == {6379}
        daemon.ask("/stacks/shop/scan", {})
        daemon.until("its end", lambda: findings_of(daemon) == [])
    assert shop.deployed.state_file.read_bytes() == state
    assert list((shop.data_dir / "runs").rglob("plan*")) == []

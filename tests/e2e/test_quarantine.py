"""Quarantine on a simulated cloud: a target leaves its load balancer, and comes back."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import Daemon
from tests.e2e.command import Ended, Trueup
from tests.e2e.seat import seated
from tests.e2e.shop import (
    WORLD_OPEN,
    Shop,
    findings_of,
    only_remediation,
    remediation_of,
    stack_of,
    until_found,
    until_verified,
)
from tests.simulator import running_simulator
from tests.worlds.deploy import deploy

GROUP: Final = "aws_security_group.web"
VM: Final = "aws_instance.web"
EDGE: Final = "aws_lb_target_group_attachment.web"
POLICY: Final = """
[[policy]]
name = "isolate what is open"
match = {stack = "shop", type = "aws_security_group"}
action_type = "quarantine"
"""
SHORT: Final = '[[guardrail]]\nquarantine_time = "30m"\n'
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Balanced:
    """An instance behind a target group, a daemon beside it, and what the cloud says of both."""

    shop: Shop

    @property
    def targets(self) -> list[str]:
        elb = self.shop.deployed.world().client("elbv2")
        (group,) = elb.describe_target_groups()["TargetGroups"]
        told = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return [one["Target"]["Id"] for one in told["TargetHealthDescriptions"]]

    def open_port(self) -> None:
        self._ec2.authorize_security_group_ingress(GroupId=self._group, IpPermissions=[WORLD_OPEN])

    def close_port(self) -> None:
        self._ec2.revoke_security_group_ingress(GroupId=self._group, IpPermissions=[WORLD_OPEN])

    def run(self, *arguments: str) -> Ended:
        trueup = Trueup({"XDG_CACHE_HOME": str(self.shop.caches)})
        return trueup.run("--config", self.shop.folder / "trueup.toml", *arguments)

    @contextmanager
    def serving(self, more: str = "") -> Iterator[Daemon]:
        with self.shop.serving(self.shop.settings(POLICY + more)) as daemon:
            yield daemon

    @property
    def _ec2(self) -> Any:
        return self.shop.deployed.world().client("ec2")

    @property
    def _group(self) -> str:
        wanted = [{"Name": "group-name", "Values": ["balanced-web"]}]
        (group,) = self._ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        identity: str = group["GroupId"]
        return identity


@pytest.fixture(scope="module")
def balanced(
    terraform: Executable, caches: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balanced]:
    folder = tmp_path_factory.mktemp("balanced")
    with running_simulator() as cloud:
        deployed = deploy(
            "balanced", folder, simulator_endpoint=cloud.endpoint, executable=terraform.path
        )
        yield Balanced(Shop(deployed, tmp_path_factory.mktemp("daemon"), caches))


def by_command(balanced: Balanced, waiting: dict[str, Any]) -> None:
    ended = balanced.run("approve", waiting["id"], "--digest", waiting["plan_digest"], "--wait")
    assert ended.code == 0, ended.everything


def by_keyboard(balanced: Balanced, _waiting: dict[str, Any]) -> None:
    """Approve it in the terminal UI, and follow the run to its end there."""
    with seated(balanced.shop, balanced.shop.folder / "trueup.toml") as screen:
        screen.until("? needs approval")
        screen.press("2")
        screen.until("quarantine")
        screen.press("A", "y")
        screen.until("approve 1 quarantine of shop")
        screen.until("isolate what is open")
        screen.until("scroll to the end to go on")
        screen.press("G")
        screen.until("type shop and enter to approve")
        assert balanced.targets, "two keys typed at once approve nothing"
        screen.press("shop", "Enter")
        screen.until("awaiting approval > queued")
        screen.until("is isolated")


def isolated(
    balanced: Balanced,
    daemon: Daemon,
    approve: Callable[[Balanced, dict[str, Any]], None] = by_command,
) -> dict[str, Any]:
    """Have the policy propose a quarantine, approve it, and return it when it is verified."""
    balanced.open_port()
    until_found(daemon, GROUP)
    waiting = only_remediation(daemon, "awaiting_approval")
    assert waiting["action_type"] == "quarantine"
    assert [(one["address"], one["action"]) for one in waiting["plan"]["resources"]] == [
        (EDGE, "delete")
    ]
    assert balanced.targets, "nothing is detached before the approval"
    approve(balanced, waiting)
    assert balanced.targets == []
    return remediation_of(daemon, waiting["id"])


def scanned_again(daemon: Daemon) -> dict[str, Any]:
    before = stack_of(daemon)["last_scan_at"]
    daemon.ask("/stacks/shop/scan", {})
    return daemon.until(
        "another scan",
        lambda: stack if (stack := stack_of(daemon))["last_scan_at"] != before else None,
    )


def test_a_target_is_isolated_until_its_drift_is_gone(balanced: Balanced) -> None:
    with balanced.serving() as daemon:
        until_verified(daemon)
        quarantine = isolated(balanced, daemon)
        scanned_again(daemon)
        assert findings_of(daemon, "state:open") == []
        (kept,) = findings_of(daemon, "state:quarantined")
        assert kept["address"] == GROUP
        (shown,) = daemon.ask("/quarantines?state=open")["items"]
        assert (shown["state"], shown["isolates"]) == ("active", [VM])
        assert EDGE in balanced.run("quarantines").out
        balanced.close_port()
        daemon.ask("/stacks/shop/scan", {})
        daemon.until("its target being back", lambda: balanced.targets)
        released = daemon.until(
            "its release",
            lambda: (one := daemon.ask("/quarantines")["items"][0])["state"] == "released" and one,
        )
        assert released["id"] == quarantine["id"]
        assert remediation_of(daemon, released["release"])["state"] == "converged"
        assert stack_of(daemon)["counts"]["missing"] == 0
        daemon.until("a stack in sync", lambda: scanned_again(daemon)["health"] == "in_sync")


def half_an_hour_later(data_dir: Path) -> None:
    """Let the time of every quarantine be over, without waiting for it."""
    with closing(sqlite3.connect(data_dir / "trueup.db")) as database, database:
        database.execute("UPDATE quarantines SET expires_at = since")


def test_its_time_releases_it_after_the_daemon_was_killed(balanced: Balanced) -> None:
    with balanced.serving(SHORT) as daemon:
        until_verified(daemon)
        isolated(balanced, daemon, by_keyboard)
        (shown,) = daemon.ask("/quarantines?state=open")["items"]
        since, until = (datetime.fromisoformat(shown[one]) for one in ("since", "expires_at"))
        assert timedelta(minutes=30) <= until - since < timedelta(minutes=31)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    assert balanced.targets == []
    half_an_hour_later(balanced.shop.data_dir)
    with balanced.serving(SHORT) as daemon:
        daemon.until("its target being back", lambda: balanced.targets, within_s=180)
        daemon.until(
            "its release", lambda: daemon.ask("/quarantines")["items"][0]["state"] == "released"
        )
        ended = until_found(daemon, GROUP)
        assert ended["state"] == "open"
        assert len(balanced.targets) == 1
    balanced.close_port()

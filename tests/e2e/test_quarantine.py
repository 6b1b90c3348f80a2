"""Quarantine on a simulated cloud: a target leaves its load balancer, and comes back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import Daemon
from tests.e2e.balanced import EDGE, GROUP, VM, Balanced, let_its_time_be_over, scanned_again
from tests.e2e.capture import Capture
from tests.e2e.seat import seated
from tests.e2e.shop import (
    Shop,
    findings_of,
    only_remediation,
    remediation_of,
    stack_of,
    until_found,
    until_state,
    until_verified,
)
from tests.simulator import running_simulator
from tests.worlds.deploy import deploy

POLICY: Final = """
[[policy]]
name = "isolate what is open"
match = {stack = "shop", type = "aws_security_group"}
action_type = "quarantine"
"""
SHORT: Final = '[[guardrail]]\nquarantine_time = "30m"\n'
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


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
    seen = Capture()
    with seated(balanced.shop, balanced.shop.folder / "trueup.toml") as screen:
        screen.until("? needs approval")
        screen.press("2")
        screen.until("2 Approvals")
        seen.add("2: a quarantine waits", screen.until("? needs approval"))
        screen.press("A", "y")
        screen.until("approve 1 quarantine of shop")
        screen.until("isolate what is open")
        asked = screen.until("scroll to the end to go on")
        seen.add("A: what it would detach; keys typed at once approve nothing", asked)
        screen.press("G")
        seen.add("G: the stack's name says yes", screen.until("type shop and enter to approve"))
        assert balanced.targets, "two keys typed at once approve nothing"
        screen.press("shop", "Enter")
        screen.until("awaiting approval > queued")
        seen.add("followed until it is isolated", screen.until("is isolated"))
        screen.press("1")
        seen.add("1: in the list", screen.until("quarantined"))
        seen.write("tui-quarantine.txt")


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


def test_a_target_is_isolated_until_its_drift_is_gone(balanced: Balanced) -> None:
    with balanced.serving(POLICY) as daemon:
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


def test_its_time_releases_it_after_the_daemon_was_killed(balanced: Balanced) -> None:
    with balanced.serving(POLICY + SHORT) as daemon:
        until_verified(daemon)
        isolated(balanced, daemon, by_keyboard)
        (shown,) = daemon.ask("/quarantines?state=open")["items"]
        since, until = (datetime.fromisoformat(shown[one]) for one in ("since", "expires_at"))
        assert timedelta(minutes=30) <= until - since < timedelta(minutes=31)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    assert balanced.targets == []
    let_its_time_be_over(balanced.shop.data_dir)
    with balanced.serving(POLICY + SHORT) as daemon:
        daemon.until("its target being back", lambda: balanced.targets, within_s=180)
        daemon.until(
            "its release", lambda: daemon.ask("/quarantines")["items"][0]["state"] == "released"
        )
        ended = until_found(daemon, GROUP)
        assert ended["state"] == "open"
        assert len(balanced.targets) == 1
    balanced.close_port()


def swap_policy(group: str) -> str:
    return (
        POLICY.replace("what is open", "by the group")
        + f'driver = "swap"\nisolation_group = "{group}"\n'
    )


@pytest.fixture
def unseen(balanced: Balanced, tmp_path: Path) -> Balanced:
    """The same stack, with a daemon that knows nothing of it yet."""
    return Balanced(Shop(balanced.shop.stack, tmp_path, balanced.shop.caches))


def test_groups_are_swapped_until_the_drift_is_gone(unseen: Balanced) -> None:
    """The daemon is killed as soon as the cloud has them; the next one adopts that."""
    before, isolation = unseen.groups, unseen.isolation_group()
    state = unseen.shop.stack.state_file.read_bytes()
    with unseen.serving(swap_policy(isolation)) as daemon:
        until_verified(daemon)
        unseen.open_port()
        until_found(daemon, GROUP)
        waiting = only_remediation(daemon, "awaiting_approval")
        assert "driver swap" in waiting["note"]
        assert waiting["plan"]["resources"] == [
            {
                "address": VM,
                "type": "aws_instance",
                "action": "update",
                "changes": [
                    {"path": "vpc_security_group_ids", "before": before, "after": [isolation]}
                ],
            }
        ]
        assert unseen.groups == before
        approve = f"/remediations/{waiting['id']}/approve"
        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        daemon.until("its groups being swapped", lambda: unseen.groups == [isolation])
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    with unseen.serving(swap_policy(isolation)) as daemon:
        until_state(daemon, waiting["id"], "converged")
        assert len(unseen.targets) == 1
        assert scanned_again(daemon)["counts"]["not_applicable"] >= 1
        assert findings_of(daemon, "state:open") == []
        assert isolation in unseen.run("quarantines").out
        unseen.close_port()
        daemon.ask("/stacks/shop/scan", {})
        daemon.until("its groups being back", lambda: unseen.groups == before)
        released = daemon.until(
            "its release",
            lambda: (one := daemon.ask("/quarantines")["items"][0])["state"] == "released" and one,
        )
        assert released["driver"] == "swap"
        assert remediation_of(daemon, released["release"])["approvals"] == []
        daemon.until("a stack in sync", lambda: scanned_again(daemon)["health"] == "in_sync")
    assert unseen.shop.stack.state_file.read_bytes() == state

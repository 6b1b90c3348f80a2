"""A policy's script isolates an instance through the cloud's own API, and releases it again."""

from __future__ import annotations

import hashlib
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import Daemon
from tests.e2e.balanced import GROUP, VM, Balanced, let_its_time_be_over, scanned_again
from tests.e2e.shop import (
    Shop,
    findings_of,
    only_remediation,
    remediation_of,
    until_found,
    until_state,
    until_verified,
)
from tests.simulator import running_simulator
from tests.worlds.deploy import deploy

ISOLATE: Final = f"""#!{sys.executable} -I
import json, os, sys
import boto3
given = json.load(sys.stdin)
ec2 = boto3.client("ec2", endpoint_url=os.environ["CLOUD"], region_name="us-east-1",
                   aws_access_key_id="test", aws_secret_access_key=os.environ["CLOUD_SECRET"])

def instances(**wanted):
    filters = [{{"Name": name.replace("_", "-"), "Values": [value]}}
               for name, value in wanted.items()]
    found = ec2.describe_instances(Filters=filters)["Reservations"]
    return [instance for one in found for instance in one["Instances"]]

def regroup(instance, groups):
    for interface in instance["NetworkInterfaces"]:
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=groups)

def isolate(finding):
    name = finding["declared"]["name"]
    groups = ec2.describe_security_groups(Filters=[{{"Name": "group-name", "Values": [name]}}])
    (group,) = groups["SecurityGroups"]
    closed = ec2.describe_security_groups(
        Filters=[{{"Name": "group-name", "Values": ["nothing-in"]}}])["SecurityGroups"]
    alone = closed[0]["GroupId"] if closed else ec2.create_security_group(
        GroupName="nothing-in", Description="isolates", VpcId=group["VpcId"])["GroupId"]
    for instance in instances(instance_state_name="running"):
        held = [one["GroupId"] for one in instance["SecurityGroups"]]
        if group["GroupId"] in held:
            ec2.create_tags(Resources=[instance["InstanceId"]],
                            Tags=[{{"Key": "held-before", "Value": " ".join(held)}}])
            regroup(instance, [alone])
            print("isolated", instance["InstanceId"], "as", os.environ["CLOUD_SECRET"])

def release():
    for instance in instances(tag_key="held-before"):
        (tag,) = (tag for tag in instance["Tags"] if tag["Key"] == "held-before")
        regroup(instance, tag["Value"].split())
        ec2.delete_tags(Resources=[instance["InstanceId"]], Tags=[{{"Key": "held-before"}}])
        print("released", instance["InstanceId"])

if given["action"] == "isolate":
    for finding in given["findings"]:
        isolate(finding)
else:
    release()
"""
SECRET: Final = "cloud-key-4711-abcdef"
SHORT: Final = '[[guardrail]]\nquarantine_time = "30m"\n'
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def deployed(
    terraform: Executable, caches: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balanced]:
    folder = tmp_path_factory.mktemp("balanced")
    with running_simulator() as cloud:
        stack = deploy(
            "balanced", folder, simulator_endpoint=cloud.endpoint, executable=terraform.path
        )
        yield Balanced(Shop(stack, tmp_path_factory.mktemp("daemon"), caches))


@pytest.fixture
def balanced(deployed: Balanced, tmp_path: Path) -> Balanced:
    """The stack with a daemon that knows nothing of it yet, and the script beside that."""
    scripts = tmp_path / "scripts"
    scripts.mkdir(mode=0o700)
    (scripts / "cut-off").write_text(ISOLATE)
    (scripts / "cut-off").chmod(0o755)
    endpoint = deployed.shop.stack.simulator_endpoint
    (tmp_path / "shop.env").write_text(f"CLOUD={endpoint}\nCLOUD_SECRET={SECRET}\n")
    return Balanced(Shop(deployed.shop.stack, tmp_path, deployed.shop.caches))


@contextmanager
def serving(balanced: Balanced, more: str = "") -> Iterator[Daemon]:
    digest = hashlib.sha256(ISOLATE.encode()).hexdigest()
    shop = balanced.shop
    settings = shop.settings(
        f'[[script]]\nname = "cut-off"\nsha256 = "{digest}"\nnetwork = true\nmemory = "1GiB"\n'
        'environment = ["CLOUD", "CLOUD_SECRET"]\n'
        '[[policy]]\nname = "cut off what is open"\naction_type = "quarantine"\n'
        'match = {stack = "shop", type = "aws_security_group"}\n'
        'driver = "script"\nscript = "cut-off"\nedges = ["aws_instance"]\n' + more,
        daemon='scripts = "scripts"\n',
        stacks=f'env_file = "{shop.folder / "shop.env"}"',
    )
    with shop.serving(settings) as daemon:
        yield daemon


def proposed(balanced: Balanced, daemon: Daemon) -> dict[str, Any]:
    until_verified(daemon)
    balanced.open_port()
    until_found(daemon, GROUP)
    waiting = only_remediation(daemon, "awaiting_approval", "needs_human")
    assert waiting["state"] == "awaiting_approval", waiting["note"]
    return waiting


def the_quarantine(daemon: Daemon) -> dict[str, Any]:
    (shown,) = daemon.ask("/quarantines")["items"]
    found: dict[str, Any] = shown
    return found


def test_a_script_isolates_until_the_drift_is_gone(balanced: Balanced) -> None:
    before = balanced.groups
    with serving(balanced) as daemon:
        waiting = proposed(balanced, daemon)
        assert waiting["plan"]["script"]["given"]["action"] == "isolate"
        touched = [(one["address"], one["action"]) for one in waiting["plan"]["resources"]]
        assert touched == [(VM, "script"), (GROUP, "script")]
        assert balanced.groups == before
        assert "driver script: cut-off is told to isolate it" in waiting["note"]
        assert "> runs" in balanced.run("remediation", waiting["id"]).out
        ended = balanced.run("approve", waiting["id"], "--digest", waiting["plan_digest"], "--wait")
        assert ended.code == 0, ended.everything
        isolation = balanced.groups
        assert isolation != before
        assert scanned_again(daemon)["counts"]["not_applicable"] >= 1
        assert findings_of(daemon, "state:open") == []
        assert [one["address"] for one in findings_of(daemon, "state:quarantined")] == [GROUP]
        assert "script cut-off" in balanced.run("quarantines").out
        assert "by script" in balanced.run("status").out

        balanced.tag("owner", "somebody")
        later = until_found(daemon, VM)
        assert [change["path"] for change in later["changes"]] == ["tags.owner"]
        balanced.untag("owner")
        scanned_again(daemon)
        assert the_quarantine(daemon)["reconnected_at"] is None

        balanced.close_port()
        daemon.ask("/stacks/shop/scan", {})
        daemon.until("its groups being back", lambda: balanced.groups == before)
        released = daemon.until(
            "its release",
            lambda: one if (one := the_quarantine(daemon))["state"] == "released" else None,
        )
        assert (released["driver"], released["script"]) == ("script", "cut-off")
        assert remediation_of(daemon, released["release"])["approvals"] == []
        daemon.until("a stack in sync", lambda: scanned_again(daemon)["health"] == "in_sync")
        done = remediation_of(daemon, waiting["id"])
        log = daemon.ask(f"/runs/{done['run_id']}/log")["items"]
        assert "isolated" in log[0]["text"]
        assert SECRET not in str(log) + str(done) + "\n".join(daemon.lines)


def test_its_time_releases_it_after_the_daemon_was_killed(balanced: Balanced) -> None:
    before = balanced.groups
    with serving(balanced, SHORT) as daemon:
        waiting = proposed(balanced, daemon)
        approve = f"/remediations/{waiting['id']}/approve"
        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        until_state(daemon, waiting["id"], "converged")
        isolation = balanced.groups
        assert isolation != before
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    assert balanced.groups == isolation
    let_its_time_be_over(balanced.shop.data_dir)
    with serving(balanced, SHORT) as daemon:
        daemon.until("its groups being back", lambda: balanced.groups == before, within_s=180)
        daemon.until("its release", lambda: the_quarantine(daemon)["state"] == "released")
        assert until_found(daemon, GROUP)["state"] == "open"
        assert findings_of(daemon, f"address:{VM}") == []
    balanced.close_port()

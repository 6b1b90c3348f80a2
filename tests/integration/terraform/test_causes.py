"""Causes stay causes on the real AWS provider, and what follows from them is found elsewhere."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from reconciler.domain.model import Origin
from tests.integration.terraform.expectation import quiet
from tests.integration.terraform.scanner import copied, scanner
from tests.worlds.oracle import of_a_plan, plan_actions

if TYPE_CHECKING:
    from pathlib import Path

    from iac_adapters.terraform.executable import Executable
    from reconciler.domain.model import Finding, StackReport
    from tests.worlds.session import Worlds
    from tests.worlds.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_each_cause_is_shown_and_what_follows_is_tied_to_it(
    deployed_worlds: Worlds, terraform: Executable, tmp_path: Path
) -> None:
    """Rows T8, U2, U3 and U4."""
    deployed = copied(deployed_worlds.deployed("followed", terraform), tmp_path / "code")
    world = deployed.world()
    async with scanner(deployed, tmp_path / "cache") as ours:
        assert quiet(await ours.scan())

        _make_a_template_version(world)
        _give_another_address(world)
        report = await ours.scan()
        planned = plan_actions(
            deployed.directory, deployed.attached_environment, deployed.executable
        )

        assert {str(finding.address) for finding in of_a_plan(report)} == planned.keys()
        group = _of(report, "aws_autoscaling_group.web")
        assert group.consequence_of == "aws_launch_template.web"
        for name in ("aws_route53_record.web", "aws_ssm_parameter.address"):
            assert _of(report, name).consequence_of == "aws_instance.web"
            assert _of(report, name).reason == "follows aws_instance.web (public_ip)"
            assert _of(report, name).origin is Origin.OUT_OF_BAND
        assert "aws_instance.web" not in planned

        _change_the_user_data(world)
        alone = _of(await ours.scan(), "aws_instance.web")
        _tag(world)
        beside = _of(await ours.scan(), "aws_instance.web")

        assert [change.path for change in alone.changes] == ["user_data"]
        assert [change.path for change in beside.changes] == ["tags.byhand", "user_data"]
        assert "tags_all.byhand" in {change.path for change in beside.consequences}
        assert beside.severity >= alone.severity

        _switch_to_on_demand(world)
        report = await ours.scan()

    stream = _of(report, "aws_kinesis_stream.orders")
    assert report.unreadable == ()
    assert {change.path for change in stream.changes} == {
        "shard_count",
        "stream_mode_details[0].stream_mode",
    }
    assert stream.reason is not None
    assert "shard_count must not be set when stream_mode is ON_DEMAND" in stream.reason
    assert _of(report, "aws_route53_record.web").consequence_of == "aws_instance.web"


def _of(report: StackReport, address: str) -> Finding:
    return next(finding for finding in of_a_plan(report) if finding.address == address)


def _make_a_template_version(world: World) -> None:
    world.client("ec2").create_launch_template_version(
        LaunchTemplateName="followed-web",
        VersionDescription="by hand",
        LaunchTemplateData={"InstanceType": "t3.large"},
    )


def _instance(world: World) -> str:
    found = world.client("ec2").describe_instances()["Reservations"]
    return str(found[0]["Instances"][0]["InstanceId"])


def _give_another_address(world: World) -> None:
    ec2 = world.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(InstanceId=_instance(world), AllocationId=address)


def _change_the_user_data(world: World) -> None:
    ec2, instance = world.client("ec2"), _instance(world)
    script = {"Value": base64.b64encode(b"echo by hand")}
    ec2.modify_instance_attribute(InstanceId=instance, UserData=script)


def _tag(world: World) -> None:
    tags = [{"Key": "byhand", "Value": "1"}]
    world.client("ec2").create_tags(Resources=[_instance(world)], Tags=tags)


def _switch_to_on_demand(world: World) -> None:
    kinesis = world.client("kinesis")
    arn = kinesis.describe_stream(StreamName="followed-orders")["StreamDescription"]["StreamARN"]
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})

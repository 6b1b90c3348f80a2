"""Other security groups for running instances, planned apart from a stack by the real tool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.edges import Edge
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan, PlannedChange
from reconciler.domain.swaps import Regrouping, giving_back, is_swapped, isolating_by
from reconciler.engine.folders import make_private
from reconciler.ports import Done, StackReference, Swapping
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector_of
from tests.simulator import apply, running_simulator, tool_environment
from tests.worlds.provider_file import REQUIRED, provider_file

MODULE: Final = """
resource "aws_vpc" "net" { cidr_block = "10.70.0.0/16" }
resource "aws_subnet" "net" {
  vpc_id     = aws_vpc.net.id
  cidr_block = "10.70.1.0/24"
}
resource "aws_security_group" "web" {
  name   = "fleet-web"
  vpc_id = aws_vpc.net.id
}
resource "aws_instance" "web" {
  for_each               = toset(["a", "b"])
  ami                    = "ami-12c6146b"
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.net.id
  vpc_security_group_ids = [aws_security_group.web.id]
  user_data              = "CANARY-data $${HOME}"
  tags                   = { Name = "fleet-${each.key}" }
}
"""
ROOT: Final = """
module "fleet" {
  source    = "./fleet"
  count     = 1
  providers = { aws = aws.west }
}
"""
GROUP: Final = ResourceAddress("module.fleet[0].aws_security_group.web")
VM_A, VM_B = (ResourceAddress(f'module.fleet[0].aws_instance.web["{key}"]') for key in "ab")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two instances of a module in another region, and the cloud that they are in."""

    reference: StackReference
    directory: Path
    folder: Path
    ec2: Any

    def opened(self, name: str) -> AbstractAsyncContextManager[Corrector]:
        (self.folder / name).mkdir()
        return corrector_of(self.reference, cache=self.folder / "cache", folder=self.folder / name)

    @property
    def state(self) -> bytes:
        return (self.directory / "terraform.tfstate").read_bytes()

    def instance(self, key: str) -> Any:
        (instance,) = self.running(f"fleet-{key}")
        return instance

    def running(self, name: str | None = None) -> list[Any]:
        wanted = [{"Name": "instance-state-name", "Values": ["running"]}]
        if name is not None:
            wanted.append({"Name": "tag:Name", "Values": [name]})
        reservations = self.ec2.describe_instances(Filters=wanted)["Reservations"]
        return [instance for made in reservations for instance in made["Instances"]]

    def groups(self, key: str) -> list[str]:
        return sorted(group["GroupId"] for group in self.instance(key)["SecurityGroups"])

    def make_group(self, name: str) -> str:
        vpc = self.instance("a")["VpcId"]
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)[
            "GroupId"
        ]
        return made


@pytest.fixture(scope="module")
def fleet(tofu: Executable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    directory = folder / "code"
    (directory / "fleet").mkdir(parents=True)
    (directory / "fleet" / "main.tf").write_text(REQUIRED + MODULE)
    tags = {"owner": "platform"}
    provider = provider_file(aliases={"west": "us-west-2"}, default_tags=tags)
    (directory / "main.tf").write_text(provider + ROOT)
    with running_simulator() as cloud:
        environment = tool_environment(tofu.name, endpoint=cloud.endpoint, folder=folder)
        apply(tofu.path, directory, environment=environment)
        reference = StackReference(
            name=StackName("fleet"),
            directory=directory,
            tool="terraform",
            environment={**environment, "TRUEUP_TERRAFORM": str(tofu.path)},
        )
        ec2 = boto3.client(
            "ec2",
            endpoint_url=cloud.endpoint,
            region_name="us-west-2",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        yield Fleet(reference, directory, folder, ec2)


async def planned(
    ours: Corrector, regroupings: tuple[Regrouping, ...], name: str
) -> tuple[Plan, Swapping]:
    snapshot = await ours.adapter.load(ours.reference)
    make_private(ours.run_folder(name))
    assert isinstance(ours.adapter, Swapping)
    plan = await ours.adapter.plan_swapping(snapshot, regroupings, folder=ours.run_folder(name))
    return plan, ours.adapter


async def found(ours: Corrector, isolation: str) -> tuple[Edge, ...]:
    snapshot = await ours.adapter.load(ours.reference)
    assert isinstance(ours.adapter, Swapping)
    return await ours.adapter.swaps(snapshot, [GROUP], group=isolation)


def swaps_in(plan: Plan) -> dict[str, tuple[Action, tuple[PlannedChange, ...]]]:
    return {one.address: (one.action, one.changes) for one in plan.resources}


async def test_exactly_the_groups_give_way_and_come_back(fleet: Fleet) -> None:
    before, isolation = fleet.groups("a"), fleet.make_group("alone")
    state = fleet.state
    drifted = fleet.instance("b")["InstanceId"]
    fleet.ec2.create_tags(Resources=[drifted], Tags=[{"Key": "extra", "Value": "by hand"}])
    fleet.ec2.delete_tags(Resources=[drifted], Tags=[{"Key": "owner"}])
    async with fleet.opened("both") as ours:
        edges = await found(ours, isolation)
        assert [edge.address for edge in edges] == [VM_A, VM_B]
        plan, _ = await planned(ours, isolating_by(edges), "swap")
        assert "CANARY" not in repr(plan)
        change = PlannedChange(edges[0].attribute, before, [isolation])  # type: ignore[arg-type]
        assert swaps_in(plan) == {
            VM_A: (Action.UPDATE, (change,)),
            VM_B: (Action.UPDATE, (change,)),
        }
        (remark,) = plan.remarks
        assert remark.startswith(f"{isolation} is the group 'alone' of vpc-")
        snapshot = await ours.adapter.load(ours.reference)
        assert isinstance(await ours.apply(snapshot, "swap"), Done)
        assert fleet.groups("a") == fleet.groups("b") == [isolation]
        report = await ours.scan()
        assert all(is_swapped(edge, report) for edge in edges)
        assert {tag["Key"] for tag in fleet.instance("b")["Tags"]} == {"Name", "extra"}

        undo = {str(edge.address): {str(edge.attribute): before} for edge in edges}
        back, _ = await planned(ours, giving_back(edges, undo), "back")
        assert {one.action for one in back.resources} == {Action.UPDATE}
        assert isinstance(await ours.apply(snapshot, "back"), Done)
        assert fleet.groups("a") == fleet.groups("b") == before
    assert fleet.state == state


async def test_a_group_that_is_gone_and_an_instance_that_is_gone(fleet: Fleet) -> None:
    gone = fleet.make_group("gone")
    fleet.ec2.delete_security_group(GroupId=gone)
    isolation = fleet.make_group("other")
    async with fleet.opened("gone") as ours:
        edges = await found(ours, gone)
        with pytest.raises(PermanentError, match=r"(?s)apart from the stack.*Security Group"):
            await planned(ours, isolating_by(edges), "refused")
        fleet.ec2.terminate_instances(InstanceIds=[fleet.instance("a")["InstanceId"]])
        edges = await found(ours, isolation)
        plan, _ = await planned(ours, isolating_by(edges), "left")
        assert [one.address for one in plan.resources] == [VM_B]
        snapshot = await ours.adapter.load(ours.reference)
        assert isinstance(await ours.apply(snapshot, "left"), Done)
        assert fleet.groups("b") == [isolation]
        assert len(fleet.running()) == 1

"""A deployed instance behind a load balancer, a daemon beside it, and what a test asks of both."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.daemon import Daemon
from tests.e2e.command import Ended, Trueup
from tests.e2e.shop import WORLD_OPEN, Shop

GROUP: Final = "aws_security_group.web"
VM: Final = "aws_instance.web"
EDGE: Final = "aws_lb_target_group_attachment.web"


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
    def serving(self, policies: str) -> Iterator[Daemon]:
        with self.shop.serving(self.shop.settings(policies)) as daemon:
            yield daemon

    @property
    def groups(self) -> list[str]:
        """The security groups that the instance holds now."""
        return [group["GroupId"] for group in self._instance["SecurityGroups"]]

    def tag(self, key: str, value: str) -> None:
        """Tag the instance behind the stack's back."""
        self._ec2.create_tags(Resources=[self._id], Tags=[{"Key": key, "Value": value}])

    def untag(self, key: str) -> None:
        self._ec2.delete_tags(Resources=[self._id], Tags=[{"Key": key}])

    @property
    def _id(self) -> str:
        identity: str = self._instance["InstanceId"]
        return identity

    @property
    def _instance(self) -> dict[str, Any]:
        (reservation,) = self._ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
        )["Reservations"]
        instance: dict[str, Any]
        (instance,) = reservation["Instances"]
        return instance

    def isolation_group(self) -> str:
        """Make the group that isolates: nothing goes in."""
        (vpc,) = self._ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.60.0.0/16"]}])[
            "Vpcs"
        ]
        made: str = self._ec2.create_security_group(
            GroupName="isolation", Description="nothing in", VpcId=vpc["VpcId"]
        )["GroupId"]
        return made

    @property
    def _ec2(self) -> Any:
        return self.shop.deployed.world().client("ec2")

    @property
    def _group(self) -> str:
        wanted = [{"Name": "group-name", "Values": ["balanced-web"]}]
        (group,) = self._ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        identity: str = group["GroupId"]
        return identity


def scanned_again(daemon: Daemon) -> dict[str, Any]:
    """Have the stack scanned, and return it as it is then."""
    (stack,) = daemon.scan("shop")
    return stack


def let_its_time_be_over(data_dir: Path) -> None:
    """Let the time of every quarantine be over, without waiting for it."""
    with closing(sqlite3.connect(data_dir / "trueup.db")) as database, database:
        database.execute("UPDATE quarantines SET expires_at = since")

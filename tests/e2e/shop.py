"""A deployed stack with a daemon beside it, and what a test asks of both."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final
from urllib.parse import quote

from tests.daemon import UNLIMITED, Daemon, serving
from tests.e2e.as_deployed import AsDeployed
from tests.ports import free_port
from tests.worlds.deploy import Deployed

GROUP: Final = "aws_security_group.web"
TOPIC: Final = "aws_sns_topic.alerts"
RESOURCE: Final = f"shop/{GROUP}"
WORLD_OPEN: Final = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
}
AUTO: Final = (
    """
[[policy]]
name = "put back"
match = {stack = "shop"}
action_type = "auto_correct"
"""
    + UNLIMITED
)
REVIEW: Final = """
[[policy]]
name = "look"
match = {stack = "shop"}
action_type = "manual_review"
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """The deployed stack, and a daemon's folder of a test's own."""

    stack: Deployed
    folder: Path
    caches: Path
    port: int = field(default_factory=free_port)
    touched: Event = field(default_factory=Event)
    """Set once the stack may be other than it was deployed."""
    before: AsDeployed | None = None

    @property
    def deployed(self) -> Deployed:
        """The stack, to be changed: whoever asks for it is taken to have done so."""
        self.touched.set()
        return self.stack

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.stack.environment,
            "XDG_CACHE_HOME": str(self.caches),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }

    def settings(self, policies: str = "", *, stacks: str = "", daemon: str = "") -> Path:
        file = self.folder / "trueup.toml"
        file.write_text(
            f'[daemon]\nlisten = "127.0.0.1:{self.port}"\ndata_dir = "data"\n'
            f'confirm_after = "1s"\n{daemon}\n'
            f'[[stack]]\nname = "shop"\ndirectory = "{self.stack.directory}"\n'
            f'interval = "10s"\n{stacks}\n{policies}'
        )
        return file

    def serving(self, settings: Path) -> AbstractContextManager[Daemon]:
        return serving(
            settings, data_dir=self.data_dir, environment=self.environment, directory=self.folder
        )

    def open_to_the_world(self) -> None:
        self.touched.set()
        self._ec2.authorize_security_group_ingress(
            GroupId=self._group["GroupId"], IpPermissions=[WORLD_OPEN]
        )

    @property
    def open_ports(self) -> set[int]:
        return {rule["FromPort"] for rule in self._group["IpPermissions"]}

    @property
    def topic_name(self) -> str:
        sns = self.stack.world().client("sns")
        arn = next(t["TopicArn"] for t in sns.list_topics()["Topics"] if "small-" in t["TopicArn"])
        name: str = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"]
        return name

    @property
    def _ec2(self) -> Any:
        return self.stack.world().client("ec2")

    @property
    def _group(self) -> dict[str, Any]:
        wanted = [{"Name": "group-name", "Values": ["small-web"]}]
        (group,) = self._ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        made: dict[str, Any] = group
        return made

    def put_right(self) -> None:
        """Leave the stack as it was deployed; what nobody touched is left as it is."""
        if not self.touched.is_set():
            return
        if 22 in self.open_ports:
            self._ec2.revoke_security_group_ingress(
                GroupId=self._group["GroupId"], IpPermissions=[WORLD_OPEN]
            )
        if self.before is None or not self.before.put_back(self.stack):
            self.stack.run("apply", "-auto-approve", "-input=false")
        self.touched.clear()


def stack_of(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask("/stacks/shop")
    return found


def until_verified(daemon: Daemon) -> dict[str, Any]:
    return daemon.until(
        "a complete scan", lambda: stack if (stack := stack_of(daemon))["verified_at"] else None
    )


def findings_of(daemon: Daemon, wanted: str = "state:open") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.ask(f"/findings?filter={quote(wanted)}")["items"]
    return items


def until_found(daemon: Daemon, address: str = GROUP, *, unasked: bool = False) -> dict[str, Any]:
    """Wait for a finding; unless it must come `unasked`, a scan is asked for to save time.

    What is corrected unasked as well may be healed before anybody looks.
    """
    wanted = "state:all" if unasked else "state:open"
    if not unasked:
        daemon.ask("/stacks/shop/scan", {})

    def look() -> dict[str, Any] | None:
        return next((one for one in findings_of(daemon, wanted) if one["address"] == address), None)

    return daemon.until(f"{address} being found", look)


def remediation_of(daemon: Daemon, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask(f"/remediations/{identity}")
    return found


def until_state(daemon: Daemon, identity: str, *states: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = remediation_of(daemon, identity)
        return found if found["state"] in states else None

    return daemon.until(f"remediation {identity} in {states}", look)


def only_remediation(daemon: Daemon, *states: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        items = [one for one in daemon.ask("/remediations")["items"] if one["state"] in states]
        return items[0] if items else None

    return daemon.until(f"a remediation in {states}", look)


def applies(daemon: Daemon) -> int:
    return len(daemon.ask("/runs")["items"])

"""What is done to the courier behind Pulumi's back, and what must be found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from demo.narration import StepError
from demo.pulumi_stage import STACK, PulumiStage
from demo.stage import COURIER
from tests.worlds.mutations.mutation import paths_match


@dataclass(frozen=True, slots=True)
class PulumiBreakage:
    """One thing done; `name` is the resource's logical name, `paths` where it must show."""

    title: str
    name: str
    do: Callable[[PulumiStage], None]
    paths: frozenset[str] = frozenset()
    kind: str = "changed"

    def matches(self, address: str) -> bool:
        """Whether a finding's URN is that of the broken resource."""
        return address.startswith(f"urn:pulumi:{STACK}::{COURIER}::") and address.endswith(
            f"::{self.name}"
        )


def three_breakages() -> tuple[PulumiBreakage, ...]:
    """Return the three: one in the cloud, two in a file on this machine."""
    return (
        PulumiBreakage(
            "the courier's gate lets the whole internet in by ssh",
            "courier-gate", _open_gate, frozenset({"ingresses[1]"}),
        ),
        PulumiBreakage(
            "a line of the dispatch table on this machine is edited by hand",
            "porto", _edit_table, frozenset({"depot"}),
        ),
        PulumiBreakage("another line of it is gone", "faro", _shorten_table, kind="missing"),
    )  # fmt: skip


def check_found(found: Iterable[dict[str, Any]]) -> None:
    """Do nothing when exactly the three were found, in kind and path.

    Raises:
        StepError: one is missing, wrong or one too many; the message names all of them.
    """
    items = list(found)
    wrong = [
        f"{breakage.name}: not found"
        for breakage in three_breakages()
        if not any(breakage.matches(item["address"]) for item in items)
    ]
    for finding in items:
        breakage_of = (
            breakage for breakage in three_breakages() if breakage.matches(finding["address"])
        )
        if (done := next(breakage_of, None)) is None:
            wrong.append(f"{finding['address']}: nobody touched it")
            continue
        paths = {change["path"] for change in finding["changes"]}
        if finding["kind"] != done.kind or not paths_match(done.paths, paths):
            wrong.append(f"{finding['address']}: {finding['kind']} {sorted(paths)}")
    if wrong:
        raise StepError("the findings are not those expected:\n" + "\n".join(wrong))


def _open_gate(made: PulumiStage) -> None:
    ec2 = made.client("ec2")
    wanted = [{"Name": "group-name", "Values": ["courier-gate"]}]
    (group,) = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    ssh = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[ssh])


def _edit_table(made: PulumiStage) -> None:
    lines = json.loads(made.table.read_text())
    lines["porto"]["depot"] = "elsewhere"
    made.table.write_text(json.dumps(lines))


def _shorten_table(made: PulumiStage) -> None:
    lines = json.loads(made.table.read_text())
    del lines["faro"]
    made.table.write_text(json.dumps(lines))


def still_wrong(made: PulumiStage) -> list[str]:
    """Return what is still wrong in the world itself; nothing when all was put back."""
    wrong = []
    wanted = [{"Name": "group-name", "Values": ["courier-gate"]}]
    (group,) = made.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
    if {rule.get("FromPort") for rule in group["IpPermissions"]} != {443}:
        wrong.append("the gate is not as declared")
    lines = json.loads(made.table.read_text())
    if {town: line["depot"] for town, line in lines.items()} != {"porto": "north", "faro": "south"}:
        wrong.append("the dispatch table is not as declared")
    return wrong

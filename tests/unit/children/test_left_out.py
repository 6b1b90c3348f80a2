"""What a stack leaves out is not asked for, whichever tool's name of the type it says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from iac_adapters.children.managed import Managed
from iac_adapters.children.memory import ChildMemory
from iac_adapters.children.observing import ChildOptions, ChildScan, StackChildren
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.model import Added, ResourceAddress, Status
from reconciler.domain.values import Attributes, Value

USER = ResourceAddress("urn:pulumi:dev::shop::aws:iam/user:User::ana")
POLICY = f'{USER}/aws:iam/userPolicy:UserPolicy["admin"]'
KEY = b"k" * 32


@dataclass
class Bridge:
    """A provider with Pulumi's names, and a user who has one policy; it notes what is asked."""

    digest: str = "digest"
    is_aws: bool = True
    asked: list[str] = field(default_factory=list)

    def called(self, type_name: str) -> str:
        return "aws:iam/userPolicy:UserPolicy" if type_name == "aws_iam_user_policy" else type_name

    def spelled(self, name: str, value: Value) -> tuple[str, Value]:
        return name, value

    def settable(self, type_name: str) -> Sequence[str]:
        del type_name
        return ()

    types_below = settable

    def secrets_of(self, type_name: str) -> SecretPaths | None:
        del type_name
        return None

    async def imported(
        self, type_name: str, identity: str, *, timeout_s: float
    ) -> Attributes | None:
        del timeout_s
        self.asked.append(type_name)
        if type_name == "aws_iam_user_policies_exclusive":
            return {"policy_names": ["admin"]}
        return {"policy": "{}"} if identity == "ana:admin" else None

    async def data(
        self, source: str, arguments: Mapping[str, Value], *, timeout_s: float
    ) -> Attributes | None:
        del arguments, timeout_s
        self.asked.append(source)
        return None


def found(folder: Path, bridge: Bridge, *left_out: str) -> list[str]:
    """Return the addresses of the children that a scan finds."""
    user = Managed(USER, "aws_iam_user", Status.LIVE, lambda: {"name": "ana"}, provider=bridge)
    scan = ChildScan(
        children=StackChildren({USER: user}),
        reads=lambda _parent: bridge,
        memory=ChildMemory(folder, key=KEY),
        name="stack",
        options=ChildOptions("all", left_out),
        digester=SecretDigester(KEY),
    )

    async def addresses() -> list[str]:
        seen = [one async for one in scan.observed({}, None)]
        return [one.address for one in seen if isinstance(one.verdict, Added)]

    return asyncio.run(addresses())


def test_a_child_is_named_as_its_stacks_tool_names_it(tmp_path: Path) -> None:
    assert found(tmp_path, Bridge()) == [POLICY]


@pytest.mark.parametrize("glob", ["aws_iam_user_policy", "aws:iam/userPolicy:*", "aws_iam_*policy"])
def test_a_type_is_left_out_by_either_name(tmp_path: Path, glob: str) -> None:
    bridge = Bridge()
    assert found(tmp_path, bridge, glob) == []
    assert "aws_iam_user_policies_exclusive" not in bridge.asked
    assert bridge.asked  # the others have their turn

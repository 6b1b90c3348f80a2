"""A bridged provider with one user, who has one policy; and scans that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iac_adapters.children.managed import Managed
from iac_adapters.children.memory import child_memory
from iac_adapters.children.observing import ChildOptions, ChildScan, StackChildren
from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.model import Observed, ResourceAddress, Status, Verdict
from reconciler.domain.values import Attributes, Value

USER = ResourceAddress("urn:pulumi:dev::shop::aws:iam/user:User::ana")
POLICY = ResourceAddress(f'{USER}/aws:iam/userPolicy:UserPolicy["admin"]')
KEY = b"k" * 32


@dataclass
class Bridge:
    """A provider with Pulumi's names; it notes what is asked, and may fail for a reason."""

    digest: str = "digest"
    is_aws: bool = True
    asked: list[str] = field(default_factory=list)
    failure: str = ""
    policies: tuple[str, ...] = ("admin",)

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
        if self.failure:
            raise ProviderError(self.failure)
        if type_name == "aws_iam_user_policies_exclusive":
            return {"policy_names": list(self.policies)}
        names = {f"ana:{name}" for name in self.policies}
        return {"policy": "{}"} if identity in names else None

    async def data(
        self, source: str, arguments: Mapping[str, Value], *, timeout_s: float
    ) -> Attributes | None:
        del arguments, timeout_s
        self.asked.append(source)
        if self.failure:
            raise ProviderError(self.failure)
        return None


def user(bridge: Bridge) -> Managed:
    return Managed(USER, "aws_iam_user", Status.LIVE, lambda: {"name": "ana"}, provider=bridge)


def scanned(
    folder: Path,
    bridge: Bridge,
    *resources: Managed,
    found: Mapping[ResourceAddress, Verdict] | None = None,
    wanted: Collection[ResourceAddress] | None = None,
    left_out: tuple[str, ...] = (),
    silent: Mapping[ResourceAddress, str] | None = None,
) -> dict[ResourceAddress, Verdict]:
    """Return what a scan says of the children of `resources`, of the user unless there are any."""
    managed = {resource.address: resource for resource in resources or (user(bridge),)}
    scan = ChildScan(
        children=StackChildren(managed),
        reads=lambda _parent: bridge,
        memory=child_memory(folder, key=KEY),
        name="stack",
        options=ChildOptions("all", left_out),
        digester=SecretDigester(KEY),
        silent=silent or {},
    )

    async def seen() -> list[Observed]:
        return [observed async for observed in scan.observed(found or {}, wanted)]

    return {observed.address: observed.verdict for observed in asyncio.run(seen())}

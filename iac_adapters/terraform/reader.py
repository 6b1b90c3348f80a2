"""The questions a Terraform stack's resources are read and judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from iac_adapters.plugin_host.deadlines import READ_S
from iac_adapters.plugin_host.reading import CONCURRENT_READS, StackReader
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.loaded import LoadedResource, ProviderKey
from iac_adapters.terraform.observe import (
    LiveState,
    came_about,
    judge_by_plan,
    read,
    settled,
    without_plan,
)
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.providers import Providers
from reconciler.domain.model import Drifted, InSync, Noise, ResourceAddress, Verdict

TerraformReader: TypeAlias = StackReader[LoadedResource, ProviderKey, Provider, LiveState]


def terraform_reader(  # noqa: PLR0913 - what it is told, all by name
    providers: Providers,
    digester: SecretDigester,
    *,
    drifted: dict[ResourceAddress, bytes] | None = None,
    brought_about: set[ResourceAddress] | None = None,
    live: dict[ResourceAddress, LiveState] | None = None,
    have_read: set[ResourceAddress] | None = None,
    read_deadline_s: float = READ_S,
    concurrency: int = CONCURRENT_READS,
) -> TerraformReader:
    """Return a reader of one Terraform or OpenTofu stack.

    `drifted` is told what has moved, `live` what was read of it, `brought_about` what is by now
    as the code has it, and `have_read` all that was read.
    """
    return StackReader(
        providers,
        TerraformQuestions(
            digester,
            {} if drifted is None else drifted,
            {} if live is None else live,
            set() if brought_about is None else brought_about,
            set() if have_read is None else have_read,
        ),
        read_deadline_s=read_deadline_s,
        concurrency=concurrency,
    )


@dataclass(frozen=True, slots=True)
class TerraformQuestions:
    """Implements `plugin_host.questions.Questions`."""

    digester: SecretDigester
    drifted: dict[ResourceAddress, bytes] = field(default_factory=dict)
    """The state in which each object was last read that was judged to have drifted."""
    live: dict[ResourceAddress, LiveState] = field(default_factory=dict)
    """What was last read of each object that is not byte for byte as it was recorded."""
    brought_about: set[ResourceAddress] = field(default_factory=set)
    """What the code's plan would change, and somebody has changed by now."""
    have_read: set[ResourceAddress] = field(default_factory=set)
    """Every object that was read, whatever was read of it."""

    def address(self, resource: LoadedResource) -> ResourceAddress:
        """Return its address in the state or the code."""
        return resource.recorded.address

    def settled(self, resource: LoadedResource) -> Verdict | None:
        """Return the verdict that needs no read."""
        if resource.planned_change is not None:
            from iac_adapters.terraform.cli_verdict import planned_verdict  # noqa: PLC0415

            return planned_verdict(resource, resource.planned_change, digester=self.digester)
        return settled(resource)

    def key(self, resource: LoadedResource) -> ProviderKey:
        """Return the provider configuration it belongs to."""
        assert resource.provider is not None  # noqa: S101 - settled() answers without one
        return resource.provider

    async def read(
        self, resource: LoadedResource, provider: Provider, *, deadline_s: float
    ) -> LiveState:
        """Return what ReadResource answers."""
        return await read(resource, provider, deadline_s=deadline_s)

    def evident(self, resource: LoadedResource, live: LiveState) -> Verdict | None:
        """Return what needs no plan: gone, byte-equal, or not to be judged at all."""
        assert resource.wire is not None  # noqa: S101 - settled() answers without one
        self.have_read.add(resource.recorded.address)
        if live.state == resource.wire.upgraded:
            self.live.pop(resource.recorded.address, None)
        else:
            self.live[resource.recorded.address] = live
        return without_plan(resource, live)

    def basis(self, resource: LoadedResource) -> object:
        """Return the recording of it."""
        return resource.wire

    async def judge(
        self, resource: LoadedResource, live: LiveState, provider: Provider, *, deadline_s: float
    ) -> Verdict:
        """Let the provider plan the live object against the recorded configuration."""
        verdict = await judge_by_plan(
            resource, live, provider, digester=self.digester, deadline_s=deadline_s
        )
        address = resource.recorded.address
        if isinstance(verdict, Drifted):
            self.drifted[address] = live.state
        self.brought_about.discard(address)
        if isinstance(verdict, InSync | Noise) and came_about(resource, live):
            self.brought_about.add(address)
        return verdict

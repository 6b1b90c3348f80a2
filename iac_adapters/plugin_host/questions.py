"""How one tool's resources are asked about: what the scan of a stack leaves to the tool."""

from __future__ import annotations

from typing import Protocol, TypeVar

from iac_adapters.plugin_host.configured import Configuration
from iac_adapters.plugin_host.pool import Pooled
from reconciler.domain.model import ResourceAddress, Verdict

Live = TypeVar("Live")
_ResourceT_contra = TypeVar("_ResourceT_contra", contravariant=True)
_KeyT_co = TypeVar("_KeyT_co", bound=Configuration, covariant=True)
_ProviderT_contra = TypeVar("_ProviderT_contra", bound="Asked", contravariant=True)


class Asked(Pooled, Protocol):
    """What a scan needs of a process."""

    async def responds(self, *, timeout_s: float) -> bool:
        """Whether the process still answers calls at all, whatever they are about."""
        ...


class Questions(Protocol[_ResourceT_contra, _KeyT_co, _ProviderT_contra, Live]):
    """How one tool's resources are asked about, one at a time. Nothing here changes anything."""

    def address(self, resource: _ResourceT_contra) -> ResourceAddress:
        """Return its address."""
        ...

    def settled(self, resource: _ResourceT_contra) -> Verdict | None:
        """Return the verdict that needs no read; None when the object must be read."""
        ...

    def key(self, resource: _ResourceT_contra) -> _KeyT_co:
        """Return whom to ask about a resource that is not settled."""
        ...

    async def read(
        self, resource: _ResourceT_contra, provider: _ProviderT_contra, *, deadline_s: float
    ) -> Live:
        """Return the live object, or that it is gone."""
        ...

    def evident(self, resource: _ResourceT_contra, live: Live) -> Verdict | None:
        """Return the verdict that needs no judging; None when the provider must be asked."""
        ...

    def basis(self, resource: _ResourceT_contra) -> object:
        """Return the very object that a verdict rests on beside what was read."""
        ...

    async def judge(
        self,
        resource: _ResourceT_contra,
        live: Live,
        provider: _ProviderT_contra,
        *,
        deadline_s: float,
    ) -> Verdict:
        """Let the provider say what the live object means."""
        ...

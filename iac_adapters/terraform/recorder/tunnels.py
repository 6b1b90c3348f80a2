"""The tunnels of one plan: opened for its providers, closed with those that nobody keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.errors import PluginStartError, PluginTimeout
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.head_start import HeadStart, OnDemand
from iac_adapters.terraform.recorder.tunnel import Answers, Connection, Tunnel, reattachment
from iac_adapters.terraform.schema_store import SchemaStore
from reconciler.domain.errors import RetryableError

_OF_DEATH: Final = "run the scan again; if it dies again, report it to the provider"
_OF_SILENCE: Final = (
    "check that the endpoint it is configured for answers; TRUEUP_CONFIGURE_DEADLINE gives it"
    " more seconds"
)


async def open_tunnel(
    folder: Path,
    source: str,
    schema: bytes,
    providers: HeadStart | OnDemand,
    *,
    configure_deadline_s: float,
    answers: Answers | None = None,
) -> Tunnel:
    """Return a tunnel that listens in `folder`, which is made."""
    await asyncio.to_thread(folder.mkdir, 0o700)
    tunnel = Tunnel(
        source,
        folder=folder,
        schema=schema,
        providers=providers,
        configure_deadline_s=configure_deadline_s,
        answers=answers,
    )
    await tunnel.open()
    return tunnel


async def reattach(
    tunnels: Sequence[Tunnel], providers: Sequence[InstalledProvider], schemas: SchemaStore
) -> str:
    """Return what leads terraform to the tunnels, which are those of the `providers`."""
    protocols = [(await schemas.schema(installed)).protocol for installed in providers]
    return reattachment(zip(tunnels, protocols, strict=True))


def numbered(
    connections: Sequence[Connection],
) -> tuple[list[ConnectionCapture], dict[int, Provider]]:
    """Number the connections that matter across all sources, and keep their providers."""
    captures: list[ConnectionCapture] = []
    warm: dict[int, Provider] = {}
    for connection in connections:
        capture = connection.capture
        if capture.configure is None and not capture.upgrades:
            continue
        capture.index = len(captures)
        captures.append(capture)
        if capture.configured and connection.provider is not None:
            warm[capture.index] = connection.provider
    return captures, warm


async def clear(tunnels: Sequence[Tunnel], *, keep: Collection[Provider] = ()) -> None:
    """Close the tunnels and every provider but those that were lent or are to `keep`."""
    kept = {id(provider) for provider in keep}
    idle = [
        connection.provider
        for tunnel in tunnels
        for connection in tunnel.connections
        if connection.provider is not None
        and not connection.lent
        and id(connection.provider) not in kept
    ]
    await asyncio.gather(*(tunnel.close() for tunnel in tunnels), return_exceptions=True)
    await asyncio.gather(*(provider.close() for provider in idle), return_exceptions=True)


def raise_when_provider_died(tunnels: Sequence[Tunnel]) -> None:
    """Raise what ended a provider while the tool planned, if one ended.

    Raises:
        PluginStartError: it could not be started.
        RetryableError: it died, or was silent for too long.
    """
    for tunnel in tunnels:
        for connection in tunnel.connections:
            if isinstance(connection.failure, PluginStartError):
                raise connection.failure
            if connection.failure is not None:
                message = f"provider {tunnel.source}: {connection.failure}"
                remedy = _OF_SILENCE if isinstance(connection.failure, PluginTimeout) else _OF_DEATH
                raise RetryableError(message, remedy=remedy)

"""Providers that the tool is led to in place of those it would start, for one command.

Alone, each command starts every provider and decodes all of its schema: of the AWS provider
that is three seconds of a processor each time. A stack has few of its types, and a scan has left
the provider running, configured as the command would configure it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.plugin_host.private_folder import private_folder
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import Validation, filter_schema
from iac_adapters.terraform.recorder.head_start import OnDemand
from iac_adapters.terraform.recorder.tunnel import Answers, Tunnel, reattachment
from iac_adapters.terraform.recorder.tunnels import clear, open_tunnel
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.errors import ReconcilerError

StartSource: TypeAlias = Callable[[str], Awaitable[Provider]]
"""Starts the provider of a source, not configured yet."""
LendProvider: TypeAlias = Callable[[str, bytes], Awaitable[Provider | None]]
"""Returns the running provider of a source that was configured with a request, if there is one."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where a command gets providers from: lent where one is configured alike, else started."""

    lend: LendProvider
    start: StartSource


@dataclass(frozen=True, slots=True)
class Served:
    """The variables that lead the tool to the tunnels, and the private folder of these."""

    variables: Mapping[str, str]
    folder: Path


class AsConfigured:
    """Implements `tunnel.Answers`: the provider answers everything, and runs already if it can."""

    validation = Validation.TOLD

    def __init__(self, lend: LendProvider) -> None:
        self._lend = lend

    def known(self, rpc: Rpc | None, request: bytes) -> bytes | None:
        """Return None: nothing is known in the provider's place."""
        del rpc, request
        return None

    async def configured(self, source: str, request: bytes) -> Provider | None:
        """Return a provider that was configured with this very request, if one can be had.

        What keeps one from being had is told by the provider that is started for the plan.
        """
        try:
            return await self._lend(source, request)
        except ReconcilerError:
            return None

    def tolerated(self, rpc: Rpc | None, request: bytes, response: bytes) -> bytes:
        """Return the answer as it is."""
        del rpc, request
        return response


@contextlib.asynccontextmanager
async def served_providers(
    schemas: Mapping[str, ProviderSchema],
    *,
    types: Collection[str] | None,
    start: StartSource,
    answers: Answers | None = None,
    configure_deadline_s: float = CONFIGURE_S,
) -> AsyncIterator[Served]:
    """Answer for the providers of `schemas`, by source, during the block.

    Their schemas are of `types` alone, unless that is None. What was started for it is ended at the
    end; what was lent goes on.

    Raises:
        OSError: nothing can be served: on a full disk, say.
        DecodeError: a schema is no schema.
    """
    tunnels: list[Tunnel] = []
    wanted = None if types is None else frozenset(types)
    async with private_folder() as folder:
        try:
            for number, (source, schema) in enumerate(schemas.items()):
                tunnel = await open_tunnel(
                    folder / str(number),
                    source,
                    await asyncio.to_thread(filter_schema, schema.raw, types=wanted),
                    OnDemand(partial(start, source)),
                    configure_deadline_s=configure_deadline_s,
                    answers=answers,
                )
                tunnels.append(tunnel)
            protocols = (schema.protocol for schema in schemas.values())
            attached = reattachment(zip(tunnels, protocols, strict=True))
            yield Served({"TF_REATTACH_PROVIDERS": attached}, folder)
        finally:
            await asyncio.shield(clear(tunnels))

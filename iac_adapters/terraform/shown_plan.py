"""A saved plan as JSON, by the tool's `show`, with the schemas that are known already.

Alone, `show` starts each provider for its schema and decodes all of it: of the AWS provider that
is 3 s of a processor for each plan, and its own start. A stack has few of its types.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from google.protobuf.message import DecodeError

from iac_adapters.plugin_host.socket_folder import short_base
from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.recorder.answers import filter_schema
from iac_adapters.terraform.recorder.head_start import OnDemand
from iac_adapters.terraform.recorder.tunnel import Tunnel, reattachment
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.errors import PermanentError

RunTool: TypeAlias = Callable[[Sequence[str], Mapping[str, str]], Awaitable[ToolRun]]
"""Runs the tool with arguments and with variables on top of its environment."""


async def show_plan(
    run: RunTool, file: Path, *, schemas: Mapping[str, ProviderSchema], types: Collection[str]
) -> ToolRun:
    """Return what `show -json` says of the plan saved in `file`; nothing is asked of a provider.

    `schemas` are by source. Where the plan is about others than `types`, or the schemas are not
    those that it was made with, the tool asks the providers itself. So it does where nothing can
    be served: on a full disk, say.
    """
    asked = ("show", "-json", str(file))
    with contextlib.suppress(OSError, DecodeError):
        async with _served(schemas, frozenset(types)) as variables:
            shown = await run(asked, variables)
        if shown.exit_code == 0:
            return shown
    return await run(asked, {})


@contextlib.asynccontextmanager
async def _served(
    schemas: Mapping[str, ProviderSchema], types: frozenset[str]
) -> AsyncIterator[Mapping[str, str]]:
    """Answer for the providers, with nothing but the schemas of `types`."""
    folder = Path(tempfile.mkdtemp(prefix="tu-", dir=short_base()))
    tunnels: list[Tunnel] = []
    try:
        for number, (source, schema) in enumerate(schemas.items()):
            place = folder / str(number)
            place.mkdir(0o700)
            answer = await asyncio.to_thread(filter_schema, schema.raw, types=types)
            tunnel = Tunnel(source, folder=place, schema=answer, providers=OnDemand(_refused))
            tunnels.append(tunnel)
            await tunnel.open()
        protocols = (schema.protocol for schema in schemas.values())
        attached = reattachment(zip(tunnels, protocols, strict=True))
        yield {"TF_REATTACH_PROVIDERS": attached}
    finally:
        await asyncio.gather(*(tunnel.close() for tunnel in tunnels), return_exceptions=True)
        shutil.rmtree(folder, ignore_errors=True)


async def _refused() -> NoReturn:
    raise PermanentError("a plan is shown without asking a provider")

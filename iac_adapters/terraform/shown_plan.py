"""A saved plan as JSON, by the tool's `show`, with the schemas that are known already."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from google.protobuf.message import DecodeError

from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.exact_json import exact_loads
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.served_providers import served_providers
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
        async with served_providers(schemas, types=types, start=_refused) as served:
            shown = await run(asked, served.variables)
        if shown.exit_code == 0:
            return shown
    return await run(asked, {})


def document_in(shown: ToolRun) -> dict[str, Any] | None:
    """Return the document that `show -json` printed; None where it failed or printed none."""
    if shown.exit_code != 0:
        return None
    try:
        document = exact_loads(shown.stdout)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


async def _refused(source: str) -> NoReturn:
    del source
    raise PermanentError("a plan is shown without asking a provider")

"""A saved plan as `show -json` prints it, read once for all that is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from iac_adapters.terraform.command import run_tool
from iac_adapters.terraform.diagnostics_text import plain_text
from iac_adapters.terraform.recorder.order import RecordingOrder
from iac_adapters.terraform.shown_plan import document_in
from reconciler.domain.errors import RetryableError

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_TIMEOUT_S: Final = 900.0


async def shown_plan(
    order: RecordingOrder, file: Path, environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return the document; `NOTHING` where a plan that failed was not saved.

    Raises:
        RetryableError: the tool did not show it. Which outputs the code would change and
            which new values are secret stands there alone, so the scan cannot go on without.
    """
    if not file.exists():  # noqa: ASYNC240 - in a private folder of this process
        return NOTHING
    run = await run_tool(
        order.executable,
        ["show", "-json", str(file)],
        directory=order.directory,
        called_from=order.called_from,
        environment=environment,
        timeout_s=_TIMEOUT_S,
    )
    document = document_in(run)
    if document is None:
        said = plain_text(run.stderr) or f"exit code {run.exit_code}, and no document"
        raise RetryableError(
            f"{order.directory}: `{order.executable.name} show` of a plan failed\n{said}",
            remedy="look for a full disk on the machine; the scan may be repeated",
        )
    return document

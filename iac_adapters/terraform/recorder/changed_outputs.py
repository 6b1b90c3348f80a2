"""The outputs that a plan would change, with what the code's own files say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from iac_adapters.terraform.local_references import local_references
from iac_adapters.terraform.recorder.planned_outputs import (
    PlannedOutput,
    holds_changed_outputs,
    planned_outputs,
)
from reconciler.bounded_files import apart


async def changed_outputs(
    document: Mapping[str, Any], files: Sequence[Path], *, place: Path
) -> tuple[PlannedOutput, ...]:
    """Return what a plan, as `show -json` prints it, would change; `files` are the code's.

    Raises:
        RetryableError: the files at `place` could not be read in time.
    """
    if not holds_changed_outputs(document):
        return ()
    locals_ = await apart(lambda: local_references(files), place=place)
    return planned_outputs(document, locals_)

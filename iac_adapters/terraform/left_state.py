"""A state that the tool could not write where it belongs, and left beside the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, Protocol

from reconciler.bounded_files import read_bytes
from reconciler.domain.model import ProviderDoubt

ERRORED_STATE: Final = "errored.tfstate"
_MOST_BYTES: Final = 512 * 2**20


class Known(Protocol):
    """The state that the backend has."""

    @property
    def lineage(self) -> str:
        """Which state it is."""
        ...

    @property
    def serial(self) -> int:
        """How often it was written."""
        ...


def left_state(directory: Path, known: Known, *, tool: str) -> tuple[ProviderDoubt, ...]:
    """Return the doubt about a stack whose backend lacks what an apply did; none usually is.

    A file that was put back already, or that belongs to another state, says nothing. One that
    cannot be read counts: what it holds may be the only record of what was made.
    """
    file = directory / ERRORED_STATE
    if not file.is_file() or _is_known(file, known):
        return ()
    return (
        ProviderDoubt(
            "",
            f"an apply could not keep its state and left it in {file}: `{tool} state push"
            f" {ERRORED_STATE}` in that directory puts it back; then remove the file",
        ),
    )


def _is_known(file: Path, known: Known) -> bool:
    try:
        left = json.loads(read_bytes(file, most=_MOST_BYTES))
        lineage, serial = str(left["lineage"]), int(left["serial"])
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return lineage != known.lineage or serial <= known.serial

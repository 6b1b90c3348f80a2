"""A state that the tool could not write where it belongs, and left beside the code."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from iac_adapters.terraform.state import StateFile, parse_state
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ProviderDoubt

ERRORED_STATE: Final = "errored.tfstate"
_MOST_BYTES: Final = 512 * 2**20


def left_state(directory: Path, known: StateFile, *, tool: str) -> tuple[ProviderDoubt, ...]:
    """Return the doubt about a stack whose state, `known`, lacks what an apply did.

    There is none where no such file is, where it is of another state, and where the state holds
    just what the file does. A higher serial of the state alone proves nothing: another apply
    writes one as well. A file that cannot be read counts: what it holds may be the only record
    of what was made.
    """
    file = directory / ERRORED_STATE
    if not file.is_file():
        return ()
    left = _read(file)
    if left is not None and (_is_another(left, known) or left.instances == known.instances):
        return ()
    return (
        ProviderDoubt(
            "",
            f"an apply could not keep its state and left it in {file}: {_way(left, known, tool)}",
        ),
    )


def _way(left: StateFile | None, known: StateFile, tool: str) -> str:
    if left is not None and left.serial <= known.serial:
        return (
            f"the state was written since and holds something else; compare it with `{tool} state"
            " pull`, import what only the file records, then remove the file"
        )
    return (
        f"`{tool} state push {ERRORED_STATE}` in that directory puts it back; then remove the file"
    )


def _is_another(left: StateFile, known: StateFile) -> bool:
    # A state that was never written has no lineage yet: the file may be of its first apply.
    return bool(left.lineage and known.lineage) and left.lineage != known.lineage


def _read(file: Path) -> StateFile | None:
    try:
        return parse_state(read_bytes(file, most=_MOST_BYTES), origin=str(file))
    except (OSError, PermanentError):
        return None

"""What was done to a stack, newest first, and what each operation left behind.

Source: pkg/backend/diy/state.go of pulumi/pulumi 3.259: `STACK-NANOSECONDS.history.json` beside
`STACK-NANOSECONDS.checkpoint.json`, either gzipped.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.cli import Cli
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError

_CLI_S: Final = 120.0
_ENDINGS: Final = (".history.json", ".history.json.gz")
# Nothing of the stack's objects comes from the code in these.
REFRESHING: Final = frozenset({"refresh", "Refresh"})
CORRECTION: Final = "trueup: correction of drift"
"""What an update of ours is called in the history."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation: `update`, `refresh`, `destroy`, `import`, ... and when it was written.

    `checkpoint` is what it left, where that can be read. `vain` says that it was a correction
    of ours, and failed.
    """

    kind: str
    written_ns: int
    checkpoint: Path | None = None
    vain: bool = False


def history_of(place: Place) -> Iterator[Entry]:
    """Yield what was done, newest first; what cannot be read is passed over."""
    folder = place.history_folder
    if folder is None or not folder.is_dir():
        return
    files = [file for file in folder.iterdir() if file.name.endswith(_ENDINGS)]
    for file in sorted(files, key=_written_ns, reverse=True):
        try:
            content = read_bytes(file)
            entry = orjson.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
            kind = entry["kind"]
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            continue
        checkpoint = file.with_name(file.name.replace(".history.json", ".checkpoint.json"))
        yield Entry(str(kind), _written_ns(file), checkpoint, vain=_is_vain(entry))


async def history_by_cli(cli: Cli) -> tuple[Entry, ...]:
    """Return the last operations as the CLI tells them, newest first. Raises what it fails with."""
    run = await cli.run(
        "stack", "history", "--json", "--page-size", "20", "--page", "1", timeout_s=_CLI_S
    )
    if run.exit_code != 0:
        raise cli.failure(run, "its history could not be read")
    try:
        entries = orjson.loads(run.stdout or b"[]")
        found = [
            Entry(str(entry["kind"]), _ended_ns(str(entry["endTime"])), vain=_is_vain(entry))
            for entry in entries
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentError(
            f"{cli.directory}: `pulumi stack history` says what trueup cannot read",
            remedy="update trueup, or name an older CLI with TRUEUP_PULUMI",
        ) from error
    return tuple(sorted(found, key=lambda item: item.written_ns, reverse=True))


def _is_vain(entry: Mapping[str, Any]) -> bool:
    return entry.get("message") == CORRECTION and entry.get("result") == "failed"


def _ended_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1e9)


def _written_ns(file: Path) -> int:
    stamp = file.name.partition(".history.json")[0].rpartition("-")[2]
    return int(stamp) if stamp.isdigit() else 0

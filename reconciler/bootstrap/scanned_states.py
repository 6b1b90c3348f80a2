"""Which state of a stack the last `trueup scan` read: no daemon remembers it for a scan.

One small file per state, in the data directory. An older copy of one is said at each scan, until
a newer one is there or the file is removed. A workspace that was selected meanwhile has a state
of its own, so another state is no news here.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from pathlib import Path
from typing import Final

from reconciler.bootstrap.instance import private_folder, write_secret
from reconciler.bounded_files import read_text
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.state_lineage import StateMark, lack_of
from reconciler.ports import StackReference

_FOLDER: Final = "scanned"
_MOST_BYTES: Final = 4096


class ScannedStates:
    """The states that were read last, by directory and lineage."""

    def __init__(self, data_dir: Path, *, key: bytes) -> None:
        self._folder = data_dir / _FOLDER
        self._key = key

    def warning(self, reference: StackReference, now: StateMark) -> str | None:
        """Keep `now` as the state that was read last; or return why it cannot follow that one."""
        if not now.lineage:
            return None
        file = self._file(reference, now.lineage)
        known = _read(file)
        lack = lack_of(known, now)
        if lack is not None:
            return f"{lack}; put the right one back, or remove {file} where this is the right one"
        if now != known:
            self._keep(file, now)
        return None

    def _file(self, reference: StackReference, lineage: str) -> Path:
        parts = (reference.tool, str(reference.directory.absolute()), lineage)
        name = hmac.digest(self._key, json.dumps(parts).encode(), hashlib.sha256).hex()
        return self._folder / f"{name[:32]}.json"

    def _keep(self, file: Path, mark: StateMark) -> None:
        # A scan whose memory cannot be written is still a scan.
        with contextlib.suppress(OSError, ReconcilerError):
            private_folder(self._folder)
            write_secret(file, json.dumps({"lineage": mark.lineage, "serial": mark.serial}))


def _read(file: Path) -> StateMark:
    try:
        kept = json.loads(read_text(file, most=_MOST_BYTES))
        serial = kept["serial"]
        return StateMark(str(kept["lineage"]), None if serial is None else int(serial))
    except (OSError, ValueError, KeyError, TypeError):
        return StateMark()

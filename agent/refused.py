"""Reports that the server refused for good, kept with the reason so that a person can look."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.private_files import private_folder, write_private

MOST_KEPT = 20
MOST_BYTES = 16 * 2**20
_REASON = ".reason"
_LONGEST_DETAIL = 1000
_LATEST_S = 2.0**38


@dataclass(frozen=True)
class RefusedReport:
    """One report; `at` is when it was captured, in seconds since 1970."""

    file: Path
    at: float
    code: str
    detail: str

    def __str__(self) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(min(max(self.at, 0.0), _LATEST_S)))
        kept = f"it is kept as {self.file}" if self.file.exists() else "it is not kept"
        return f"the report of {when} was refused ({self.code}): {self.detail}; {kept}"


class RefusedReports:
    """The newest of them, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, file: Path, *, at: float, code: str, detail: str) -> RefusedReport:
        """Move `file` here with the reason; the oldest go where there are too many.

        Where they are too large together, the oldest go and their reasons stay.
        """
        private_folder(self._folder)
        numbers = [int(kept.stem) for kept in self._reasons()]
        kept = self._folder / f"{max(numbers, default=0) + 1:08}"
        detail = detail[:_LONGEST_DETAIL]
        report = RefusedReport(kept, at, code, detail)
        reason = json.dumps({"at": at, "code": code, "detail": detail})
        # The reason first: a report without one would never be shown, nor removed.
        write_private(kept.with_suffix(_REASON), reason.encode(), durable=True)
        file.replace(kept)
        self._trim()
        return report

    def all(self) -> Iterator[RefusedReport]:
        """Yield what is kept, oldest first; one whose reason cannot be read says so."""
        for file in self._reasons():
            try:
                said = json.loads(file.read_text(encoding="utf-8"))
                at, code, detail = float(said["at"]), str(said["code"]), str(said["detail"])
            except (OSError, ValueError, KeyError, TypeError):
                at, code, detail = 0.0, "unknown", f"{file} cannot be read"
            yield RefusedReport(file.with_suffix(""), at, code, detail)

    def _trim(self) -> None:
        reasons = self._reasons()
        for reason in reasons[:-MOST_KEPT]:
            reason.with_suffix("").unlink(missing_ok=True)
            reason.unlink(missing_ok=True)
        left = MOST_BYTES
        for reason in reversed(reasons[-MOST_KEPT:]):
            left -= _size(reason.with_suffix(""))
            if left < 0:
                reason.with_suffix("").unlink(missing_ok=True)

    def _reasons(self) -> list[Path]:
        return sorted(file for file in self._folder.glob(f"*{_REASON}") if file.stem.isdigit())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0

"""The clock, the severities, and what adapters are opened with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler.domain.report import Judging
from reconciler.domain.severity import Rulebook, SeverityRule, override_rule
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.domain.xdg_folders import cache_home
from reconciler.ports import AdapterSetup
from reconciler.settings import Settings


class SystemClock:
    """The computer's own time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(UTC)


def adapter_setup(
    *,
    data_dir: Path,
    key: bytes,
    progress: Callable[[str], None] | None = None,
    plugin_memory_bytes: int | None = None,
    repeats: bool = True,
) -> AdapterSetup:
    """Return what adapters are opened with here; their caches are the user's own."""
    return AdapterSetup(
        data_dir=data_dir,
        cache_dir=cache_home(os.environ),
        key=key,
        progress=progress,
        plugin_memory_bytes=plugin_memory_bytes,
        repeats=repeats,
    )


def severity_overrides(settings: Settings) -> tuple[SeverityRule, ...]:
    """Return the rules of `[[severity]]`, in the order they are written."""
    return tuple(
        override_rule(
            entry.severity,
            type=entry.match.type,
            path=entry.match.path,
            kind=entry.match.kind,
            reason=entry.reason,
        )
        for entry in settings.severities
    )


def judging(key: bytes, overrides: Sequence[SeverityRule] = ()) -> Judging:
    """Return the shipped catalogue with the user's rules before it."""
    return Judging(Rulebook(overrides=tuple(overrides), catalogue=CATALOGUE), key=key)

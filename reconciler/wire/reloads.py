"""Settings that were read anew, on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.wire.model import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded(Wire):
    """What changed in the settings: in force now, or not before a restart."""

    taken: list[str]
    needs_restart: list[str]

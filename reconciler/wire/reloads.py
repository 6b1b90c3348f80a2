"""Settings that were read anew, on the wire."""

from __future__ import annotations

from reconciler.wire.model import Wire, model


@model
class Reloaded(Wire):
    """What changed in the settings: in force now, or not before a restart."""

    taken: list[str]
    needs_restart: list[str]

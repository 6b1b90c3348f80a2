"""Settings that were read anew, on the wire."""

from __future__ import annotations

from dataclasses import field

from reconciler.wire.model import Wire, model


@model
class Reloaded(Wire):
    """What changed in the settings: in force now, or not before a restart.

    `notes` say what a person has to do about it, such as about what a removed channel left open.
    """

    taken: list[str]
    needs_restart: list[str]
    notes: list[str] = field(default_factory=list)

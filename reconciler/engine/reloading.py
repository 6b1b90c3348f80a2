"""What is told of new settings: taken in, or refused as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.events import (
    SETTINGS_REFUSED,
    SETTINGS_RELOADED,
    Body,
    SettingsRefused,
    SettingsReloaded,
)
from reconciler.engine.journal import audit, emit
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire import mapping
from reconciler.wire.model import encode

SUBJECT: Final = "trueup.toml"


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What changed: in force now, or not before a restart; `notes` are for a person to act on."""

    taken: tuple[str, ...]
    needs_restart: tuple[str, ...]
    notes: tuple[str, ...] = ()


async def tell_reloaded(service: Service, reloaded: Reloaded, *, actor: str) -> None:
    """Write who had the settings read anew, and what they changed."""
    body = mapping.shown(SettingsReloaded, reloaded)
    await _tell(service, SETTINGS_RELOADED, body, actor=actor)


async def tell_refused(service: Service, error: ReconcilerError, *, actor: str) -> None:
    """Write that new settings were refused, and that those before stay in force."""
    body = SettingsRefused(reason=str(error), remedy=error.remedy)
    await _tell(service, SETTINGS_REFUSED, body, actor=actor)


async def _tell(service: Service, what: str, body: Body, *, actor: str) -> None:
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        audit(tx, what, SUBJECT, at=at, actor=actor, details=encode(body))
        emit(tx, what, SUBJECT, body, at=at)

    await service.store.transact(work)

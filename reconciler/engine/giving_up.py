"""When a message that failed is tried no more, and what is given up with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.domain.alerts import GIVE_UP_AFTER, AlertId, AlertState, Delivery, retry_at
from reconciler.domain.errors import PermanentError, ReconcilerError
from reconciler.engine.defects import DefectError
from reconciler.engine.losing import note_failure, note_taken
from reconciler.engine.moves import sentence
from reconciler.engine.owed_messages import waiting_of
from reconciler.engine.service import Service
from reconciler.ports import ChannelBusyError, PartlyShownError
from reconciler.stores import Transaction


def gives_up(error: ReconcilerError, *, since: datetime, at: datetime) -> bool:
    """Whether a message that fails since then is tried no more."""
    return is_final(error) or at - since >= GIVE_UP_AFTER


def is_final(error: ReconcilerError) -> bool:
    """Whether it fails for good; a defect of ours may be gone with the next try or version."""
    return isinstance(error, PermanentError) and not isinstance(error, DefectError)


def is_taken(error: ReconcilerError) -> bool:
    """Whether the channel took the message all the same, if not for everybody."""
    return isinstance(error, PartlyShownError) and error.tries > 0


def is_past(delivery: Delivery, *, at: datetime) -> bool:
    """Whether it fails for so long that one more failure is its last."""
    since = delivery.failing_since
    return since is not None and at - since >= GIVE_UP_AFTER


def untold(delivery: Delivery) -> Delivery:
    """Return what is given up without a loss: nobody was told of it, and it is over."""
    return replace(delivery, given_up=True, error=None)


async def note_failed(
    service: Service,
    delivery: Delivery,
    error: ReconcilerError,
    *,
    at: datetime,
    behind: Sequence[Delivery] = (),
) -> None:
    """Note that a message failed, and when it is tried again, if it is.

    Where its channel failed for a day, what waits `behind` it for as long is given up with it.

    Raises:
        StorageError: the database cannot be used.
    """
    failed = _failed(delivery, error, at=at)
    of_channel = not is_final(error) and not isinstance(error, ChannelBusyError)
    ids = {each.alert_id for each in behind if is_past(each, at=at)}

    def work(tx: Transaction) -> None:
        with_it = _lost_with(tx, failed, ids) if failed.given_up and of_channel else []
        tx.alerts.put_deliveries([failed, *with_it])
        for each in (failed, *with_it):
            note_failure(tx, each, at=at)
        if is_taken(error):
            note_taken(tx, failed.channel, at=at)

    await service.store.transact(work)


def _failed(delivery: Delivery, error: ReconcilerError, *, at: datetime) -> Delivery:
    if isinstance(error, PartlyShownError) and error.tries:
        return _partly_taken(delivery, error, at=at)
    since = delivery.failing_since or at
    after = error.after if isinstance(error, ChannelBusyError) else None
    # Asked to wait at its first try, it only waited so far.
    only_waited = isinstance(error, ChannelBusyError) and not delivery.attempts
    return replace(
        delivery,
        receipt=error.receipt if isinstance(error, PartlyShownError) else delivery.receipt,
        attempts=delivery.attempts + 1,
        failing_since=since,
        error=sentence(error),
        next_at=retry_at(delivery.attempts + 1, at=at, after=after),
        given_up=not only_waited and gives_up(error, since=since, at=at),
    )


def _partly_taken(delivery: Delivery, error: PartlyShownError, *, at: datetime) -> Delivery:
    """Return it with whom to try again: who could be reached has it, so it is never given up.

    An outage, before or since, is over: those left would be tried at its pauses, an hour apart.
    """
    since = delivery.failing_since if delivery.partly else None
    return replace(
        delivery,
        receipt=error.receipt,
        sent_at=at,
        attempts=error.tries,
        failing_since=since or at,
        error=sentence(error),
        next_at=retry_at(error.tries, at=at),
    )


def _lost_with(tx: Transaction, failed: Delivery, ids: Collection[AlertId]) -> list[Delivery]:
    """Return as given up what waits for the channel as long: each try would fail as this did."""
    alerts = tx.alerts.get_many(ids)
    return [
        replace(each, given_up=True, error=failed.error)
        for each in waiting_of(tx, failed.channel, ids)
        # What nobody saw and is over is no loss.
        if each.may_be_seen or alerts[each.alert_id].state is AlertState.OPEN
    ]

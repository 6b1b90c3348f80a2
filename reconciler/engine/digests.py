"""Several alerts in one message, for channels that gather what is not urgent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from reconciler.domain.alerts import AlertState, Delivery
from reconciler.domain.notices import MOST_MEMBERS, Notice, NoticeKind, NoticeMember
from reconciler.domain.records import FindingState
from reconciler.domain.subscriptions import DIGEST
from reconciler.ports import Notifier

_ORDER = ("critical", "high", "medium", "low")


async def show_digest(
    notifier: Notifier, shown: Sequence[tuple[Delivery, Notice]], *, at: datetime
) -> tuple[Delivery, ...]:
    """Show `told` in one message; return the deliveries as they stand then.

    Raises:
        RetryableError: see `Notifier.show`.
        PermanentError: see `Notifier.show`.
    """
    notice = digest_of([notice for _, notice in shown], at=at)
    await notifier.show(notice, {})
    return tuple(
        delivery.taken(of_it.revision, {DIGEST: notice.alert_id}, at=at)
        for delivery, of_it in shown
    )


def digest_of(notices: Sequence[Notice], *, at: datetime) -> Notice:
    """Return one notice of several alerts, open and severe ones first.

    The same alerts at the same revisions have the same id, so a digest that is sent again is
    known as such.
    """
    ordered = sorted(notices, key=lambda notice: (notice.is_over, _ORDER.index(notice.severity)))
    open_now = [notice for notice in ordered if not notice.is_over]
    ignored = sum(notice.is_ignored for notice in notices)
    resolved = f"{len(ordered) - len(open_now) - ignored} resolved"
    ended = f"{resolved}, {ignored} ignored" if ignored else resolved
    several = "1 alert" if len(open_now) == 1 else f"{len(open_now)} alerts"
    named = ",".join(sorted(f"{notice.alert_id}.{notice.revision}" for notice in notices))
    return Notice(
        alert_id=f"digest-{hashlib.sha256(named.encode()).hexdigest()[:20]}",
        revision=1,
        state=AlertState.OPEN if open_now else AlertState.RESOLVED,
        severity=ordered[0].severity,
        title=f"digest: {several} open, {ended}",
        opened_at=min(notice.opened_at for notice in notices),
        changed_at=at,
        total=len(ordered),
        still_open=len(open_now),
        stacks=tuple(sorted({stack for notice in notices for stack in notice.stacks})),
        ignored=ignored,
        members=tuple(map(_line, ordered[:MOST_MEMBERS])),
        commands=tuple(command for notice in open_now[:3] for command in notice.commands),
        kind=NoticeKind.DIGEST,
    )


def _line(notice: Notice) -> NoticeMember:
    first = notice.members[0] if notice.members else None
    return NoticeMember(
        stack=notice.title,
        address="",
        type=first.type if first else "drift",
        kind=f"{notice.still_open} of {notice.total}",
        severity=notice.severity,
        state=FindingState.IGNORED.value if notice.is_ignored else notice.state.value,
        reason=first.reason if first else None,
        finding_id=first.finding_id if first else None,
        changes=first.changes if first and notice.total == 1 else (),
    )

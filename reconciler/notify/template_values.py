"""What a template of a message is given: plain words of a notice, and notices to try it with. Pure.

Nothing but texts, numbers, lists and mappings, so that a template reaches no object of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from reconciler.domain.alerts import AlertState
from reconciler.domain.notices import ChangeLine, Link, Notice, NoticeKind, NoticeMember
from reconciler.notify.text import headline, lines, member_name, safe

_AT: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)


class MessageEvent(StrEnum):
    """What a message is about; the value is the key in `[channel.templates]`."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"
    DIGEST = "digest"
    HEARTBEAT = "heartbeat"


def event_of(notice: Notice, *, is_first: bool) -> MessageEvent:
    """Return what the message of `notice` is about."""
    if notice.kind is not NoticeKind.ALERT:
        return MessageEvent(notice.kind.value)
    if notice.is_over:
        return MessageEvent.RESOLVED
    return MessageEvent.OPENED if is_first else MessageEvent.CHANGED


def values_of(notice: Notice, channel: str) -> dict[str, Any]:
    """Return the variables of a template; every text of others is on one line and cut."""
    return {
        "channel": channel,
        "alert_id": notice.alert_id,
        "revision": notice.revision,
        "state": notice.state.value,
        "severity": notice.severity,
        "title": safe(notice.title),
        "headline": headline(notice),
        "text": "\n".join(lines(notice)),
        "opened_at": notice.opened_at.isoformat(),
        "changed_at": notice.changed_at.isoformat(),
        "total": notice.total,
        "still_open": notice.still_open,
        "more": notice.total - len(notice.members),
        "stacks": [safe(stack) for stack in notice.stacks],
        "members": [_member(member) for member in notice.members],
        "links": [{"text": safe(link.text), "href": link.href} for link in notice.links],
        "commands": [safe(command) for command in notice.commands],
    }


FIELDS: Final = frozenset(NoticeMember.__dataclass_fields__) - {"awaiting", "command"} | frozenset(
    {"name", *ChangeLine.__dataclass_fields__, *Link.__dataclass_fields__}
)
"""What members, their changes and links have."""


def samples(event: MessageEvent) -> Iterator[Notice]:
    """Yield notices that a template of `event` must be able to render: of each sort there is."""
    drifted = Notice(
        alert_id="sample",
        revision=2,
        state=AlertState.OPEN,
        severity="high",
        title="shop: aws_security_group.web drifted",
        opened_at=_AT,
        changed_at=_AT,
        total=1,
        still_open=1,
        stacks=("shop",),
        members=(_DRIFTED,),
        commands=("trueup show 3f9c21ab",),
        links=(Link("runbooks.example.com", "https://runbooks.example.com/aws_security_group"),),
    )
    if event is MessageEvent.HEARTBEAT:
        yield replace(
            drifted,
            kind=NoticeKind.HEARTBEAT,
            members=(),
            stacks=(),
            total=0,
            links=(),
            commands=(),
        )
        return
    if event is MessageEvent.DIGEST:
        drifted = replace(drifted, kind=NoticeKind.DIGEST, links=())
    if event is MessageEvent.RESOLVED:
        drifted = replace(drifted, state=AlertState.RESOLVED, still_open=0, links=())
    yield drifted
    yield replace(drifted, members=(_GONE, _DRIFTED), stacks=("shop", "blog"), total=40)
    yield replace(drifted, members=(_UNVERIFIED,), commands=("trueup status blog",))
    yield replace(
        drifted, members=(_FAILING,), stacks=("trueup",), commands=("trueup channel test ops",)
    )
    yield replace(drifted, members=(), stacks=(), commands=(), links=())


_DRIFTED: Final = NoticeMember(
    stack="shop",
    address="aws_security_group.web",
    type="aws_security_group",
    kind="changed",
    severity="high",
    state="open",
    reason="port 22 is open to everybody",
    finding_id="3f9c21ab",
    changes=(ChangeLine("ingress[0].from_port", "443", "22"),),
    more_changes=1,
    remediation="awaiting approval (7d1e)",
    next_step="trueup changes nothing by itself: no policy selects it",
)
_GONE: Final = NoticeMember(
    stack="blog",
    address="aws_sqs_queue.orders",
    type="aws_sqs_queue",
    kind="missing",
    severity="medium",
    state="healed",
    finding_id="5e0c11d2",
)
_UNVERIFIED: Final = NoticeMember(
    stack="blog", address="", type="stack", kind="unverified", severity="high", state="error",
    reason="the state cannot be read",
)  # fmt: skip
_FAILING: Final = NoticeMember(
    stack="trueup", address="ops", type="channel", kind="failing", severity="high", state="open",
    reason="1 message was given up since 2026-01-31 12:00 UTC: the key is refused",
)  # fmt: skip


def _member(member: NoticeMember) -> Mapping[str, Any]:
    """Return a member with an empty text for what it does not have, as `{% if %}` reads best."""
    return {
        "name": member_name(member),
        "stack": safe(member.stack),
        "address": safe(member.address),
        "type": safe(member.type),
        "kind": member.kind,
        "severity": member.severity,
        "state": member.state,
        "reason": safe(member.reason or ""),
        "finding_id": member.finding_id or "",
        "changes": [
            {"path": safe(line.path), "recorded": safe(line.recorded), "live": safe(line.live)}
            for line in member.changes
        ],
        "more_changes": member.more_changes,
        "remediation": safe(member.remediation or ""),
        "acknowledged_by": safe(member.acknowledged_by or ""),
        "next_step": safe(member.next_step or ""),
    }

"""A notice as plain text: what every channel builds its own form from. Pure."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.domain.notices import Deed, Notice, NoticeKind, NoticeMember

_LONGEST_NAME: Final = 300
_MOST_DEEDS: Final = 5
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def safe(text: str, *, longest: int = _LONGEST_NAME) -> str:
    """Return `text` on one line, without what steers a terminal or turns reading direction.

    Names come from tags and resources that others may have written.
    """
    shown = "".join(" " if unicodedata.category(char) in _HIDDEN else char for char in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def headline(notice: Notice) -> str:
    """Return one line: how severe, and what."""
    if notice.kind is NoticeKind.HEARTBEAT:
        return f"[ok] {safe(notice.title)}"
    mark = _end_of(notice) if notice.is_over else notice.severity
    return f"[{mark}] {safe(notice.title)}"


def lines(notice: Notice) -> Iterator[str]:
    """Yield the body, line by line."""
    if notice.text is not None:
        yield from notice.text
        return
    if notice.kind is not NoticeKind.ALERT:
        yield f"At {notice.changed_at:%Y-%m-%d %H:%M} UTC."
    elif notice.is_over:
        end = _end_of(notice).capitalize()
        yield f"{end} at {notice.changed_at:%Y-%m-%d %H:%M} UTC. It began at" + _since(notice)
        if notice.ignored:
            yield _left(notice.ignored)
    else:
        yield "Since" + _since(notice)
    if notice.total > 1 and notice.kind is NoticeKind.ALERT and not notice.is_ignored:
        yield f"{notice.still_open} of {notice.total} still drift, in {_stacks(notice)}."
    yield from _members(notice)
    if notice.total > len(notice.members):
        yield ""
        yield f"... and {notice.total - len(notice.members)} more"
    if notice.deeds:
        yield ""
        yield from (_deed(deed) for deed in notice.deeds[-_MOST_DEEDS:])
    if notice.commands and not notice.is_over:
        yield ""
        yield from (safe(command) for command in notice.commands)


def _end_of(notice: Notice) -> str:
    return "ignored" if notice.is_ignored else "resolved"


def _left(ignored: int) -> str:
    if ignored == 1:
        return "1 is ignored, not corrected: its drift is still there."
    return f"{ignored} are ignored, not corrected: their drift is still there."


def link_lines(notice: Notice, form: str = "{text}: {href}") -> list[str]:
    """Return a line for each link of an open alert."""
    if notice.is_over:
        return []
    return [form.format(text=safe(link.text), href=link.href) for link in notice.links]


def _members(notice: Notice) -> Iterator[str]:
    """Yield the members; what is true of each of several is said once, before them."""
    shared = _shared(notice.members)
    if shared:
        yield ""
        yield "In each of them:"
        yield from shared
    for number, member in enumerate(notice.members):
        details = [*_change_lines(member), *_step_lines(member)]
        own = [line for line in details if line not in shared]
        own += _standing_lines(member)
        if own or number == 0 or not shared:
            yield ""
        yield f"{member_name(member)}  [{member.severity}] {member.kind}, {member.state}"
        yield from own


def _shared(members: Sequence[NoticeMember]) -> Sequence[str]:
    """Return the lines that all of several members have in common; none without a change."""
    if len(members) == 1:
        return ()
    changes = {tuple(_change_lines(member)) for member in members}
    if len(changes) != 1 or changes == {()}:
        return ()
    steps = {tuple(_step_lines(member)) for member in members} - {()}
    return (*changes.pop(), *(steps.pop() if len(steps) == 1 else ()))


def _change_lines(member: NoticeMember) -> Iterator[str]:
    if member.reason:
        yield f"  why: {safe(member.reason)}"
    for change in member.changes:
        yield f"  {safe(change.path)}: {safe(change.recorded)} -> {safe(change.live)}"
    if member.more_changes:
        yield f"  ... and {member.more_changes} more attributes"


def _step_lines(member: NoticeMember) -> Iterator[str]:
    if member.next_step:
        yield f"  next: {safe(member.next_step)}"


def _standing_lines(member: NoticeMember) -> Iterator[str]:
    if member.remediation:
        yield f"  remediation: {safe(member.remediation)}"
    if member.acknowledged_by:
        yield f"  acknowledged by {safe(member.acknowledged_by)}"


def member_name(member: NoticeMember) -> str:
    """Return the stack and the address of a member."""
    return safe(f"{member.stack}: {member.address}" if member.address else member.stack)


def worth_telling(notice: Notice) -> str:
    """Return a digest of what is worth a message of its own; other values are not."""
    said: list[object] = [
        notice.state.value,
        notice.severity,
        notice.still_open,
        notice.total,
        [
            (member.stack, member.address, member.kind, member.state, member.remediation)
            for member in notice.members
        ],
        [[change.path for change in member.changes] for member in notice.members],
    ]
    acknowledged = [member.acknowledged_by for member in notice.members if member.acknowledged_by]
    said += [acknowledged] if acknowledged else []
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def _deed(deed: Deed) -> str:
    return f"{deed.at:%Y-%m-%d %H:%M} UTC: {safe(deed.summary)}"


def _since(notice: Notice) -> str:
    return f" {notice.opened_at:%Y-%m-%d %H:%M} UTC."


def _stacks(notice: Notice) -> str:
    if len(notice.stacks) == 1:
        return f"stack {safe(notice.stacks[0])}"
    return f"{len(notice.stacks)} stacks"

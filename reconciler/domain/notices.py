"""What a channel shows of an alert, in words and plain values; no secret is in it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from reconciler.domain.alerts import Alert, AlertState, Delivery, is_test
from reconciler.domain.channel_losses import severity_of
from reconciler.domain.model import StackName
from reconciler.domain.records import FindingRecord, FindingState, Remediation, StackRecord
from reconciler.domain.remediation_states import RemediationState

MOST_MEMBERS: Final = 20
MOST_CHANGES: Final = 5
MOST_APPROVALS: Final = 3
LONGEST_VALUE: Final = 120
_SAID: Final = {
    "missing": ("is gone", "are gone"),
    "unmanaged": ("is not in the code any more", "are not in the code any more"),
    "unreadable": ("cannot be read", "cannot be read"),
    "added": ("was added outside the code", "were added outside the code"),
}
"""What is said of one and of several, by kind."""
SECRET: Final = "(secret)"  # noqa: S105 - what is shown instead of one


class NoticeKind(StrEnum):
    """What it tells: of one alert, of several at once, or that all is well."""

    ALERT = "alert"
    DIGEST = "digest"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One attribute, with both sides as text that is short enough for a message."""

    path: str
    recorded: str
    live: str


@dataclass(frozen=True, slots=True)
class NoticeMember:
    """One finding of an alert, or what else it is about: a stack, a channel, a release."""

    stack: str
    address: str
    type: str
    kind: str
    severity: str
    state: str
    reason: str | None = None
    finding_id: str | None = None
    changes: tuple[ChangeLine, ...] = ()
    more_changes: int = 0
    remediation: str | None = None
    """Where the open remediation of it stands, and what it waits for."""
    awaiting: tuple[str, str] | None = None
    """The remediation that awaits an approval, and the digest of its plan."""
    asked: tuple[str, ...] = ()
    """What such an approval is for: what the plan does, and each reason to look at it."""
    acknowledged_by: str | None = None
    """Who takes care of it: who acknowledged it, or approved its plan."""
    command: str | None = None
    """What to type next, where it is no finding to show."""
    next_step: str | None = None
    """What happens by itself, where no remediation says so."""


@dataclass(frozen=True, slots=True)
class Link:
    """A web address that a message offers: no character of it ends a link in any markup."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done about an alert: an approval, or a correction that helped; `key` is its own."""

    key: str
    stack: str
    summary: str
    at: datetime
    remediation_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert at one revision. `members` are at most twenty of the `total`, open ones first.

    `ignored` of the `total` are ignored; of a digest, it is alerts that ended by that.
    """

    alert_id: str
    revision: int
    state: AlertState
    severity: str
    title: str
    opened_at: datetime
    changed_at: datetime
    total: int
    still_open: int
    stacks: tuple[str, ...]
    ignored: int = 0
    members: tuple[NoticeMember, ...] = ()
    commands: tuple[str, ...] = field(default=())
    cause: str = ""
    """What it has in common with a later alert of the same drift."""
    kind: NoticeKind = NoticeKind.ALERT
    text: tuple[str, ...] | None = None
    """The lines that a template wrote, instead of the built-in ones."""
    links: tuple[Link, ...] = ()
    deeds: tuple[Deed, ...] = ()
    """What was done about it since it began, oldest first."""

    @property
    def is_over(self) -> bool:
        """Whether the cause is gone."""
        return self.state is AlertState.RESOLVED

    @property
    def is_ignored(self) -> bool:
        """Whether it ended because all of its drift is ignored: none of it was resolved."""
        return self.is_over and 0 < self.ignored == self.total

    @property
    def is_tried_again(self) -> bool:
        """Whether whom it does not reach now is to have it later; a test is tried once."""
        return self.kind is NoticeKind.ALERT and not is_test(self.cause)

    @property
    def acknowledged_by(self) -> str | None:
        """Who takes care of it, as far as anybody said so of what is open."""
        names = [
            member.acknowledged_by
            for member in self.members
            if member.acknowledged_by and member.state != FindingState.HEALED.value
        ]
        return names[0] if names else None


def finding_member(
    record: FindingRecord,
    remediation: Remediation | None,
    *,
    acknowledged_by: str | None = None,
    next_step: str | None = None,
) -> NoticeMember:
    """Return what is shown of a finding."""
    changes: Sequence[Mapping[str, Any]] = record.details.get("changes") or ()
    return NoticeMember(
        stack=record.stack,
        address=record.address,
        type=record.type,
        kind=record.kind.value,
        severity=record.severity.word,
        state=record.state.value,
        reason=record.details.get("severity_reason"),
        finding_id=record.id,
        changes=tuple(
            ChangeLine(
                str(change.get("path")), shown(change.get("recorded")), shown(change.get("live"))
            )
            for change in changes[:MOST_CHANGES]
        ),
        more_changes=max(0, len(changes) - MOST_CHANGES),
        remediation=None if remediation is None else _standing(remediation),
        awaiting=None if remediation is None else _awaiting(remediation),
        asked=() if remediation is None else _asked(remediation),
        acknowledged_by=acknowledged_by
        or (None if remediation is None else _approver(remediation)),
        next_step=next_step if remediation is None else None,
    )


def deeds_of(remediation: Remediation, *, since: datetime) -> Iterator[Deed]:
    """Yield each approval of a remediation since then, and that it helped."""
    name, stack = remediation.id, remediation.stack
    plan = (remediation.plan or {}).get("summary")
    for approval in remediation.approvals:
        if approval.at >= since:
            key = _key(name, approval.plan_digest, approval.person)
            said = f"{approval.person} approved a correction of {stack}: {plan or name}"
            yield Deed(key, stack, said, approval.at, name)
    if remediation.state is RemediationState.CONVERGED and remediation.run_id is not None:
        first, *more = remediation.addresses
        what = f"{first} and {len(more)} more" if more else first
        said = f"trueup corrected {what} in {stack}"
        yield Deed(_key(name, "corrected"), stack, said, remediation.updated_at, name)


def stack_member(stack: StackRecord) -> NoticeMember:
    """Return what is shown of a stack that cannot be verified."""
    return NoticeMember(
        stack=stack.name,
        address="",
        type="stack",
        kind="unverified",
        severity="high",
        state=stack.health.value,
        reason=_unverified(stack),
        command=f"trueup status {stack.name}",
        next_step="it is scanned again by itself",
    )


def removed_stack_member(name: str) -> NoticeMember:
    """Return what is shown of a stack that could not be verified and was removed since."""
    return NoticeMember(
        stack=name,
        address="",
        type="stack",
        kind="unverified",
        severity="high",
        state=FindingState.HEALED.value,
        reason="the stack was removed from trueup",
    )


def _unverified(stack: StackRecord) -> str:
    why = stack.error or "no scan has verified it for three of its intervals"
    last = stack.verified_at
    return f"{why} (last verified {last:%Y-%m-%d %H:%M} UTC)" if last else f"{why} (never verified)"


def release_member(release: Remediation) -> NoticeMember:
    """Return what is shown of a release from quarantine that waits for a person."""
    first, *more = release.addresses or (release.stack,)
    return NoticeMember(
        stack=release.stack,
        address=f"{first} and {len(more)} more" if more else first,
        type="quarantine",
        kind="unreleased",
        severity="high",
        state=release.state.value,
        reason=release.note,
        remediation=_standing(release),
        awaiting=_awaiting(release),
        asked=_asked(release),
        acknowledged_by=_approver(release),
        command=f"trueup remediation {release.id}",
    )


def channel_member(channel: str, loss: Delivery | None) -> NoticeMember:
    """Return what is shown of a channel that gave messages up; `loss` is None once it is over."""
    if loss is None:
        reason = "it takes messages again, or is not configured any more"
    else:
        since = f"{loss.failing_since:%Y-%m-%d %H:%M} UTC" if loss.failing_since else "then"
        several = "1 message was" if loss.attempts == 1 else f"{loss.attempts} messages were"
        reason = f"{several} given up since {since}: {loss.error}"
    return NoticeMember(
        stack="trueup",
        address=channel,
        type="channel",
        kind="failing",
        severity="high" if loss is None else severity_of(loss).word,
        state="open" if loss else FindingState.HEALED.value,
        reason=reason,
        command=f"trueup channel test {channel}",
        next_step=None
        if loss is None
        else "they are sent again after a reload, a restart or a test that succeeds",
    )


def test_member(channel: str, *, state: AlertState) -> NoticeMember:
    """Return what is shown where somebody tries a channel; `state` is that of the test's alert."""
    return NoticeMember(
        stack="trueup",
        address="",
        type="channel",
        kind="test",
        severity="low",
        state=state.value,
        reason=f"somebody tries the channel {channel}; nothing has drifted",
        command="trueup channel list",
    )


def notice_of(
    alert: Alert,
    members: Sequence[NoticeMember],
    *,
    total: int,
    still_open: int,
    ignored: int = 0,
    stacks: Sequence[StackName] = (),
) -> Notice:
    """Return the notice of an alert; the counts and `stacks` are of all its members."""
    members = sorted(members, key=_place)
    every = tuple(sorted({*stacks, *(member.stack for member in members)}))
    return Notice(
        alert_id=alert.id,
        revision=alert.revision,
        state=alert.state,
        severity=alert.severity.word,
        title=_title(members, every, total),
        opened_at=alert.opened_at,
        changed_at=alert.changed_at,
        total=total,
        still_open=still_open,
        stacks=every,
        ignored=ignored,
        members=tuple(members[:MOST_MEMBERS]),
        commands=_commands(members),
        cause=alert.cause,
    )


def shown(value: Any) -> str:
    """Return a value as short text; a digest stands for a secret and is not worth reading."""
    match value:
        case None:
            return "(not set)"
        case {"digest": str()} if len(value) == 1:
            return SECRET
        case {"unknown": True} if len(value) == 1:
            return "(known after apply)"
        case str():
            text = value
        case _:
            text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _place(member: NoticeMember) -> tuple[bool, str, str]:
    return member.state == FindingState.HEALED.value, member.stack, member.address


def _title(members: Sequence[NoticeMember], stacks: Sequence[str], total: int) -> str:
    if not members:
        return "drift that is not there any more"
    first = members[0]
    if first.kind == "test":
        return "this is a test"
    if first.kind == "failing":
        return f"the channel {first.address} shows no alerts"
    if first.kind == "unreleased":
        return f"{first.stack}: {first.address} is not released from quarantine"
    if first.kind == "unverified":
        return f"{first.stack} cannot be verified"
    alone, several = _SAID.get(first.kind, ("drifted", "drifted"))
    if total == 1:
        return f"{first.stack}: {first.address} {alone}"
    where = first.stack if len(stacks) == 1 else f"{len(stacks)} stacks"
    return f"{where}: {total} {first.type} {several}"


def _commands(members: Sequence[NoticeMember]) -> tuple[str, ...]:
    ids = [member.finding_id for member in members if member.finding_id]
    if ids:
        waiting = dict.fromkeys(member.awaiting[0] for member in members if member.awaiting)
        return (
            f"trueup show {ids[0]}",
            *(f"trueup approve {name}" for name in list(waiting)[:MOST_APPROVALS]),
        )
    return tuple(member.command for member in members[:1] if member.command)


def _awaiting(remediation: Remediation) -> tuple[str, str] | None:
    if remediation.state is not RemediationState.AWAITING_APPROVAL or not remediation.plan_digest:
        return None
    return remediation.id, remediation.plan_digest


def _asked(remediation: Remediation) -> tuple[str, ...]:
    if remediation.plan is None or _awaiting(remediation) is None:
        return ()
    action = remediation.action_type.value.replace("_", " ")
    return (f"{action}: {remediation.plan.get('summary')}", *remediation.plan.get("concerns", ()))


def _approver(remediation: Remediation) -> str | None:
    if remediation.state is RemediationState.AWAITING_APPROVAL or not remediation.approvals:
        return None
    return remediation.approvals[-1].person


def _key(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _standing(remediation: Remediation) -> str:
    words = remediation.state.value.replace("_", " ")
    note = remediation.hold_reason or remediation.note
    return f"{words}: {note} ({remediation.id})" if note else f"{words} ({remediation.id})"

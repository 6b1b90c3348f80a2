"""What an alert says now: its members, links and what was done about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.domain.alerts import (
    CHANNEL,
    FINDING,
    RELEASE,
    TEST,
    Alert,
    AlertState,
    Delivery,
    read_subject,
)
from reconciler.domain.model import StackName
from reconciler.domain.notice_links import api_path, links_of
from reconciler.domain.notices import (
    MOST_MEMBERS,
    Deed,
    Notice,
    NoticeMember,
    channel_member,
    deeds_of,
    finding_member,
    notice_of,
    release_member,
    removed_stack_member,
    stack_member,
    test_member,
)
from reconciler.domain.records import FindingId, FindingState, Remediation, RemediationId
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.losing import losses
from reconciler.engine.next_steps import next_steps
from reconciler.stores import Transaction


@dataclass(frozen=True, slots=True)
class ToShow:
    """One delivery as it stands when it is sent: `notice` is None when nothing is to be told."""

    delivery: Delivery
    muted: bool
    notice: Notice | None


def to_show(view: Transaction, delivery: Delivery) -> ToShow:
    """Look once more: a person may have muted the alert since its delivery came due."""
    alert = view.alerts.get_many([delivery.alert_id]).get(delivery.alert_id)
    if alert is not None and alert.muted_at is not None and alert.state is AlertState.OPEN:
        return ToShow(delivery, muted=True, notice=None)
    # What failed may have been taken, and only its answer lost: then nothing else would end it.
    if alert is None or (alert.state is AlertState.RESOLVED and not delivery.may_be_seen):
        return ToShow(delivery, muted=False, notice=None)
    notice = notice_now(view, alert)
    notice = replace(notice, deeds=_deeds(view, notice))
    return ToShow(delivery, muted=False, notice=notice)


def _deeds(view: Transaction, notice: Notice) -> tuple[Deed, ...]:
    """Return what was done about the members of an alert since it began, oldest first."""
    found: dict[RemediationId, Remediation] = {}
    addresses = {(member.stack, member.address) for member in notice.members if member.finding_id}
    for stack in {stack for stack, _ in addresses}:
        name = StackName(stack)
        ended = view.remediations.corrected(name, since=notice.opened_at)
        ids = [
            correction.remediation_id
            for correction in ended
            if any((stack, address) in addresses for address in correction.addresses)
        ]
        about = (view.remediations.get(remediation_id) for remediation_id in ids)
        found |= {each.id: each for each in about if each is not None}
    for member in notice.members:
        if member.finding_id is not None:
            of_it = view.remediations.open_with(FindingId(member.finding_id))
            found |= {} if of_it is None else {of_it.id: of_it}
    every = [deed for each in found.values() for deed in deeds_of(each, since=notice.opened_at)]
    return tuple(sorted(every, key=lambda deed: (deed.at, deed.key)))


def notice_now(view: Transaction, alert: Alert) -> Notice:
    """Return an alert with its members as they are."""
    shown: list[NoticeMember] = []
    subjects = [
        read_subject(member.subject)
        for member in view.alerts.members_of(alert.id, limit=MOST_MEMBERS)
    ]
    findings = [FindingId(name) for kind, name in subjects if kind == FINDING]
    acknowledged = view.audit.acknowledged(findings, since=alert.opened_at)
    records = {record.id: record for record in view.findings.get_many(findings)}
    steps = next_steps(view, tuple(records.values()), at=alert.changed_at)
    for kind, name in subjects:
        if kind == TEST:
            tried = view.alerts.deliveries_of([alert.id])
            shown.extend(test_member(each.channel, state=alert.state) for each in tried)
        elif kind == CHANNEL:
            shown.append(channel_member(name, losses(view).get(name)))
        elif kind == RELEASE:
            release = view.remediations.get(RemediationId(name))
            if release is not None:
                shown.append(release_member(release))
        elif kind == FINDING:
            record = records.get(FindingId(name))
            if record is not None:
                open_now = record.state is not FindingState.HEALED
                of_it = view.remediations.open_with(record.id) if open_now else None
                by, step = acknowledged.get(record.id), steps.get(record.id)
                shown.append(finding_member(record, of_it, acknowledged_by=by, next_step=step))
        else:
            stack = view.stacks.get(StackName(name))
            shown.append(removed_stack_member(name) if stack is None else stack_member(stack))
    counts = view.alerts.member_counts([alert.id])[alert.id]
    # Of all of them: the members here are the first twenty.
    stacks = view.alerts.stacks_of(alert.id) if counts.total > MOST_MEMBERS else ()
    return notice_of(
        alert,
        shown,
        total=counts.total,
        still_open=counts.open,
        ignored=view.alerts.ignored_in(alert.id),
        stacks=stacks,
    )


def linked(notice: Notice, wanted: Subscription) -> Notice:
    """Return an open alert's notice with its links; without an address, with the API's path."""
    if notice.is_over:
        return notice
    links = links_of(notice, template=wanted.link, public_url=wanted.public_url)
    path = () if wanted.public_url else (f"API: GET {api_path(notice)}",)
    return replace(notice, links=links, commands=(*notice.commands, *path))

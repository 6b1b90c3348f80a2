"""Decisions as they are sent: one call per target, each with its own result.

A call that was not answered is repeated under the same key by the client, never as a new one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, cast

from reconciler.client.errors import ReconcilerError
from reconciler.wire import routes
from reconciler.wire.baselines import AcceptBody
from reconciler.wire.findings import Finding
from reconciler.wire.remediations import DecisionBody, RemediationBody
from tui.sending import Done, Sending, send
from tui.session import Session
from tui.store.store import Store
from tui.verbs import (
    Asked,
    Seen,
    Target,
    drifted_on,
    has_changed,
    has_moved,
    isolated_no_more,
)

Action = Literal["auto_correct", "quarantine", "manual_review"]
NoteKind = Literal["comment", "ack", "assign"]
Cover = Literal["critical", "missing"]
_DECISIONS: Final = {
    "reject": routes.REJECT_REMEDIATION,
    "retry": routes.RETRY_REMEDIATION,
    "suppress": routes.SUPPRESS_REMEDIATION,
    "cancel": routes.CANCEL_REMEDIATION,
}
_DOING: Final = {
    "reject": "rejecting", "retry": "retrying", "suppress": "ignoring", "cancel": "cancelling",
}  # fmt: skip
_OLDER: Final = (
    "the daemon is older than this program and cannot check that it is as it was seen, so it"
    " was left alone; look at it again, then type: trueup {verb} {id} --reason '...'"
)
CHANGED: Final = "changed since you looked, so it was left alone; look at it again"


async def approve(session: Session, asked: Asked) -> Done:
    """Approve each target by the digest that was looked at; the daemon refuses any other."""
    done = Done()
    for target in asked.targets:
        await send(
            done,
            target.id,
            partial(session.client.remediations.approve, target.id, plan_digest=target.plan_digest),
            sending=Sending(session.store, "remediations", "approving"),
        )
    return done


async def divide(session: Session, parts: Mapping[str, Sequence[str]]) -> Done:
    """Give the addresses of each remediation in `parts` one of their own."""
    done = Done()
    for each, addresses in parts.items():
        work = partial(session.client.remediations.split, each, addresses=addresses)
        await send(done, each, work, sending=Sending(session.store, "remediations", "dividing"))
    return done


async def decide(session: Session, verb: str, targets: Sequence[Target], reason: str) -> Done:
    """Do `verb` to each remediation: reject, retry or suppress the plan that was seen, or cancel.

    Another plan is left alone: here where that is known, and by the daemon where it is not yet.
    """
    done = Done()
    for target in targets:
        if verb != "cancel" and has_moved(target, session.store):
            done.failed.append((target.id, CHANGED))
            continue
        decision = DecisionBody(reason=reason, plan_digest=target.plan_digest or None)
        body = decision.as_json() if verb != "cancel" else None
        work = partial(session.client.calls.ask, _DECISIONS[verb], target.id, body=body)
        sending = Sending(session.store, "remediations", _DOING[verb])
        older = _OLDER.format(verb=verb, id=target.id)
        await send(done, target.id, work, older=older, sending=sending)
    return done


async def request(session: Session, findings: Sequence[Seen], action: str) -> Done:
    """Request a remediation of the drift of each finding, where it is what was seen."""
    done = Done()
    for seen in unchanged(session, findings, done):
        body = RemediationBody(report_id=seen.report_id, action_type=cast("Action", action))
        sending = Sending(session.store, "findings", "requesting")
        work = partial(_request, session, body, done)
        await send(done, seen.id, work, sending=sending)
    return done


async def _request(session: Session, body: RemediationBody, done: Done, *, key: str) -> None:
    made = await session.client.remediations.request(body, key=key)
    if made.note and body.action_type == "quarantine":
        done.notes.append(made.note)  # the correction that was cancelled for it


def unchanged(
    session: Session,
    findings: Sequence[Seen],
    done: Done,
    *,
    other: Callable[[Seen, Store], bool] = has_changed,
) -> Iterator[Seen]:
    """Yield the findings that are as they were seen, each when it is its turn.

    `done` says of the others that they were left alone; `other` says which those are.
    """
    for seen in findings:
        if other(seen, session.store):
            done.failed.append((seen.address, CHANGED))
        else:
            yield seen


async def release(session: Session, findings: Sequence[Seen]) -> Done:
    """Have each quarantine of these findings released."""
    done = Done()
    wanted = {seen.id for seen in unchanged(session, findings, done, other=isolated_no_more)}
    try:
        known = [
            each.id
            async for each in session.client.quarantines.each(state="open")
            if wanted & {*each.finding_ids}
        ]
    except ReconcilerError as error:
        done.failed.append(("quarantines", str(error)))
        return done
    sending = Sending(session.store, "findings", "releasing")
    for name in wanted:
        sending.begin(name)
    for each in known:
        await send(done, each, partial(session.client.remediations.release, each))
    for name in wanted:
        sending.answered(name, known=not done.unsent)
    return done


async def scan(session: Session, stacks: Sequence[str]) -> Done:
    """Have stacks scanned now."""
    done = Done()
    for name in stacks:
        work = partial(_without_key, session.client.stacks.scan, name)
        await send(done, name, work, sending=Sending(session.store, "stacks", "checking"))
    return done


async def ignore(
    session: Session,
    findings: Sequence[Seen],
    reason: str,
    *,
    until: datetime | None = None,
    covers: Sequence[Cover] = (),
) -> Done:
    """Ignore findings as they were seen until their drift changes, or until a time.

    The daemon refuses what may not be ignored so, and what is critical or missing where `covers`
    does not say it.
    """
    done = Done()
    for seen in unchanged(session, findings, done, other=drifted_on):
        work = partial(
            session.client.findings.ignore,
            seen.id,
            reason=reason,
            until=until,
            covers=covers,
            report_id=seen.report_id,
        )
        sending = Sending(session.store, "findings", "ignoring")
        older = _OLDER.format(verb="ignore", id=seen.id)
        await send(done, seen.id, work, older=older, sending=sending)
    _read_again(session, [seen.id for seen in findings])
    return done


async def note(session: Session, kind: NoteKind, ids: Sequence[str], text: str) -> Done:
    """Keep in the audit log what somebody says of findings."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.note, each, kind=kind, text=text)
        await send(done, each, work)
    return done


def _read_again(session: Session, finding_ids: Sequence[str]) -> None:
    # An older daemon tells in no event that a person took a finding off the list.
    session.store.unread.findings |= set(finding_ids)


async def list_again(session: Session, ids: Sequence[str]) -> Done:
    """Make ignored findings open again."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.unsuppress, each)
        await send(done, each, work)
    _read_again(session, ids)
    return done


async def accept(session: Session, finding: Finding, reason: str) -> Done:
    """Accept exactly the drift that was looked at."""
    done = Done()
    body = AcceptBody(reason=reason, fingerprint=finding.fingerprint)
    work = partial(session.client.findings.accept, finding.id, body)
    await send(done, finding.id, work, sending=Sending(session.store, "findings", "accepting"))
    _read_again(session, [finding.id])
    return done


async def undo_accept(session: Session, ids: Sequence[str]) -> Done:
    """Take the acceptance of findings back."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.undo_accept, each)
        await send(done, each, work)
    _read_again(session, ids)
    return done


async def hold(session: Session, reason: str) -> Done:
    """Pause all corrections."""
    done = Done()
    pull = partial(session.client.hold.pull, reason=reason)
    await send(done, "hold", partial(_without_key, pull))
    return done


async def resume(session: Session) -> Done:
    """Let corrections go on."""
    done = Done()
    await send(done, "hold", partial(_without_key, session.client.hold.release))
    return done


async def _without_key(work: Callable[..., Awaitable[Any]], *arguments: str, key: str) -> Any:
    # To scan, hold or resume twice is to do it once.
    del key
    return await work(*arguments)

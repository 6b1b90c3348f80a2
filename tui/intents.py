"""Decisions as they are sent: one call per target, each with its own result.

A call that was not answered is repeated under the same key by the client, never as a new one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, cast

from reconciler.client.errors import ReconcilerError, UnreachableError
from reconciler.client.exchange import new_key
from reconciler.wire import routes
from reconciler.wire.baselines import AcceptBody
from reconciler.wire.findings import Finding
from reconciler.wire.remediations import DecisionBody, RemediationBody
from tui.session import Session
from tui.store.store import Store
from tui.verbs import Asked, Seen, Target, drifted_on, has_changed, has_moved

Action = Literal["auto_correct", "quarantine", "manual_review"]
NoteKind = Literal["comment", "ack", "assign"]
Cover = Literal["critical", "missing"]
_DECISIONS: Final = {
    "reject": routes.REJECT_REMEDIATION,
    "retry": routes.RETRY_REMEDIATION,
    "suppress": routes.SUPPRESS_REMEDIATION,
    "cancel": routes.CANCEL_REMEDIATION,
}
CHANGED: Final = "changed since you looked, so it was left alone; look at it again"


@dataclass(slots=True)
class Done:
    """What came of a decision, by target: done, or refused and why.

    `unsent` are those that failed because the daemon was away.
    """

    ok: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)


async def approve(session: Session, asked: Asked) -> Done:
    """Approve each target by the digest that was looked at; the daemon refuses any other."""
    done = Done()
    for target in asked.targets:
        await _do(
            done,
            target.id,
            partial(session.client.remediations.approve, target.id, plan_digest=target.plan_digest),
        )
    return done


async def divide(session: Session, parts: Mapping[str, Sequence[str]]) -> Done:
    """Give the addresses of each remediation in `parts` one of their own."""
    done = Done()
    for each, addresses in parts.items():
        await _do(done, each, partial(session.client.remediations.split, each, addresses=addresses))
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
        body = _decision(reason, target) if verb != "cancel" else None
        work = partial(session.client.calls.ask, _DECISIONS[verb], target.id, body=body)
        await _do(done, target.id, work)
    return done


def _decision(reason: str, target: Target) -> Mapping[str, Any]:
    body = DecisionBody(reason=reason, plan_digest=target.plan_digest or None).as_json()
    # An older daemon refuses a key that it does not know.
    return {name: value for name, value in body.items() if value is not None}


async def request(session: Session, findings: Sequence[Seen], action: str) -> Done:
    """Request a remediation of the drift of each finding, where it is what was seen."""
    done = Done()
    for seen in unchanged(session, findings, done):
        body = RemediationBody(report_id=seen.report_id, action_type=cast("Action", action))
        await _do(done, seen.id, partial(session.client.remediations.request, body))
    return done


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
    wanted = {seen.id for seen in unchanged(session, findings, done)}
    try:
        known = [
            each.id
            async for each in session.client.quarantines.each(state="open")
            if wanted & {*each.finding_ids}
        ]
    except ReconcilerError as error:
        done.failed.append(("quarantines", str(error)))
        return done
    for each in known:
        await _do(done, each, partial(session.client.remediations.release, each))
    return done


async def scan(session: Session, stacks: Sequence[str]) -> Done:
    """Have stacks scanned now."""
    done = Done()
    for name in stacks:
        await _do(done, name, partial(_without_key, session.client.stacks.scan, name))
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
            session.client.findings.ignore, seen.id, reason=reason, until=until, covers=covers
        )
        await _do(done, seen.id, work)
    _read_again(session, [seen.id for seen in findings])
    return done


async def note(session: Session, kind: NoteKind, ids: Sequence[str], text: str) -> Done:
    """Keep in the audit log what somebody says of findings."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.note, each, kind=kind, text=text)
        await _do(done, each, work)
    return done


def _read_again(session: Session, finding_ids: Sequence[str]) -> None:
    # That a person took a finding off the list, or put it back, is told by no event of drift.
    session.store.unread.findings |= set(finding_ids)


async def list_again(session: Session, ids: Sequence[str]) -> Done:
    """Make ignored findings open again."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.unsuppress, each)
        await _do(done, each, work)
    _read_again(session, ids)
    return done


async def accept(session: Session, finding: Finding, reason: str) -> Done:
    """Accept exactly the drift that was looked at."""
    done = Done()
    body = AcceptBody(reason=reason, fingerprint=finding.fingerprint)
    work = partial(session.client.findings.accept, finding.id, body)
    await _do(done, finding.id, work)
    _read_again(session, [finding.id])
    return done


async def undo_accept(session: Session, ids: Sequence[str]) -> Done:
    """Take the acceptance of findings back."""
    done = Done()
    for each in ids:
        work = partial(session.client.findings.undo_accept, each)
        await _do(done, each, work)
    _read_again(session, ids)
    return done


async def hold(session: Session, reason: str) -> Done:
    """Pause all corrections."""
    done = Done()
    pull = partial(session.client.hold.pull, reason=reason)
    await _do(done, "hold", partial(_without_key, pull))
    return done


async def resume(session: Session) -> Done:
    """Let corrections go on."""
    done = Done()
    await _do(done, "hold", partial(_without_key, session.client.hold.release))
    return done


async def _do(done: Done, target: str, work: Callable[..., Awaitable[Any]]) -> None:
    try:
        await work(key=new_key())
    except ReconcilerError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        done.failed.append((target, f"{error}{remedy}"))
        if isinstance(error, UnreachableError):
            done.unsent.append(target)
    else:
        done.ok.append(target)


async def _without_key(work: Callable[..., Awaitable[Any]], *arguments: str, key: str) -> Any:
    # To scan, hold or resume twice is to do it once.
    del key
    return await work(*arguments)

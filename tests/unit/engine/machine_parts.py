"""What the model of correcting puts in place of a daemon's parts: they die, refuse and watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from reconciler.domain.policy import ActionType
from reconciler.domain.records import Remediation, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.wakeups import WakeUp
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.situation import Situation
from reconciler.ports import RunnerJob, RunnerProcess
from reconciler.stores import Store, Transaction
from tests.fake_world import WorldRunner
from tests.unit.engine.house import AUTO

T = TypeVar("T")
NEVER = ("frozen",)
NEVER_UNASKED = ("observe", "ask", "no budget", "no resources", "protected", "another's")


@dataclass
class Fickle:
    """One more guard, which answers otherwise now and then, or breaks."""

    answer: Answer | Exception = field(default_factory=Open)
    limits: str = "none"

    def ask(self, situation: Situation) -> Answer:
        if isinstance(self.answer, Exception):
            raise self.answer
        about = getattr(self.answer, "about", None)
        if about and not about & {one.address for one in situation.findings}:
            return Open()
        return self.answer

    def forbids(self, known: Remediation) -> bool:
        about = getattr(self.answer, "about", None)
        if about and not about & set(known.addresses):
            return False
        if isinstance(self.answer, NeedsApproval):
            approved = self.answer.approved_by(known.approvals, known.plan_digest)
            return len(approved) < self.answer.count
        return not isinstance(self.answer, Open)


class Died(BaseException):
    """The daemon was killed here."""


class DyingStore:
    """A store, in a daemon that dies before or after one of its next commits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits_left: int | None = None
        self.keeps_last = False
        self.dead = False
        self.dies_in: RemediationState | None = None
        """It dies right after the commit that brought a remediation into this state."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        if self.dead:
            raise Died
        if self.commits_left is not None:
            self.commits_left -= 1
            if self.commits_left < 0:
                self.commits_left, self.dead = None, True
                if self.keeps_last:
                    await self._store.transact(work)
                raise Died
        result = await self._store.transact(work)
        if self.dies_in is not None and await self._is_one_in(self.dies_in):
            self.dead = True
            raise Died
        return result

    async def _is_one_in(self, state: RemediationState) -> bool:
        return bool(await self._store.read(lambda view: view.remediations.in_states((state,))))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        return self._store.on_event(listener)

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        return self._store.on_wake(listener)

    async def close(self) -> None:
        await self._store.close()


class WatchedRunner(WorldRunner):
    """Looks, when an apply begins, whether it may."""

    store: Store
    broken: list[str]
    fickle: Fickle

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        self.broken += await self.store.read(
            lambda view: _broken_at_start(view, folder.name, self.fickle)
        )
        return await super().start(job, folder, holding=holding)


def _broken_at_start(view: Transaction, run_id: str, fickle: Fickle) -> list[str]:
    run = next((one for one in view.runs.started() if one.id == run_id), None)
    if run is None:
        return [f"{run_id} began without a committed intent"]
    found = view.remediations.get(run.remediation_id)
    assert found is not None
    broken = []
    if found.state is not RemediationState.APPLYING or found.run_id != run_id:
        broken.append(f"{run_id} began while its remediation is {found.state}")
    if fickle.forbids(found):
        broken.append(f"{run_id} began though a guard answered {fickle.answer!r}")
    if any(run.unasked or not hold.unasked for hold in view.holds.all()):
        broken.append(f"{run_id} began under a hold")
    if run.unasked is not found.unasked:
        broken.append(f"{run_id} says wrongly whether a person decided on it")
    broken += [
        f"{run_id} began though its limits say {limits}"
        for limits in (fickle.limits,)
        if limits in NEVER or (run.unasked and limits in NEVER_UNASKED)
    ]
    approved = run.plan_digest in {approval.plan_digest for approval in found.approvals}
    auto = found.action_type is ActionType.AUTO_CORRECT and not found.approvals
    if found.action_type is ActionType.RELEASE:  # it only gives back what was approved to go
        auto = approved = True
    if not approved and not (auto and view.policies.get(AUTO.policy_id)):
        broken.append(f"{run_id} began with a plan that nobody allowed")
    before = view.runs.page(remediation_id=found.id).items
    doubtful = [one for one in before if one.state is RunState.IN_DOUBT]
    retried = [
        entry
        for entry in view.audit.page(subject=found.id, limit=500).items
        if entry.actor == "ann" and entry.action == "remediation.queued"
    ]
    if doubtful and not retried:
        broken.append(f"{run_id} began blindly after one in doubt")
    return broken

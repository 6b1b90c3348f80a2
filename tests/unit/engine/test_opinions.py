"""A scan asks the policies while no transaction waits, and acts by the policies of its commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from reconciler.domain.lifecycle import subject_of, subject_of_finding
from reconciler.domain.policy import ActionType, Policy
from reconciler.domain.records import FindingState
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.decisions import suppress
from reconciler.engine.scanned import Scanned, scan
from reconciler.stores import Store, Transaction
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, B, C, House, selecting

T = TypeVar("T")


@dataclass
class Unasked:
    """The store, in whose writing transactions nobody may read all policies."""

    store: Store
    before_next: Callable[[Transaction], object] | None = None
    """What somebody else commits right before the next transaction."""
    asked: int = 0

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        if self.before_next is not None:
            happens, self.before_next = self.before_next, None
            await self.store.transact(happens)
        return await self.store.transact(lambda tx: work(self._watched(tx)))

    def _watched(self, tx: Any) -> Transaction:
        watched: Transaction = replace(tx, policies=Counted(tx.policies, self))
        return watched

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.store.read(work)


@dataclass
class Counted:
    policies: Any
    store: Unasked

    def all(self) -> tuple[Policy, ...]:
        self.store.asked += 1
        asked: tuple[Policy, ...] = self.policies.all()
        return asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policies, name)


def watched(house: House) -> Unasked:
    store = Unasked(house.service.store)
    house.service = replace(house.service, store=store)  # type: ignore[arg-type]
    return store


async def test_no_policy_is_asked_in_the_transactions_of_a_scan_and_a_correction(
    house: House,
) -> None:
    await house.put(selecting(AUTO, address=A), replace(selecting(MANUAL, address=B), position=1))
    store = watched(house)
    house.world.live[A] = house.world.live[B] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)
    assert house.world.live[A] == {"size": 1}
    assert (await house.the_open()).state is RemediationState.AWAITING_APPROVAL
    assert store.asked == 0


async def test_a_policy_that_is_written_while_a_scan_ends_is_asked_by_it(house: House) -> None:
    store = watched(house)
    store.before_next = lambda tx: tx.policies.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    assert (await house.the_open()).policy_id == MANUAL.policy_id


async def test_a_policy_that_is_taken_back_while_a_scan_ends_opens_nothing(house: House) -> None:
    await house.put(MANUAL)
    store = watched(house)
    store.before_next = lambda tx: tx.policies.remove(MANUAL.policy_id)
    house.world.live[A] = {"size": 9}
    await house.scan()
    assert await house.remediations() == ()
    (finding,) = await house.findings()
    assert finding.acted_on is False


async def test_an_ignored_finding_is_no_policys_business(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    await suppress(house.service, one.id, reason="fine", actor="ann")
    await house.scan()
    (finding,) = await house.findings()
    assert (finding.state, finding.acted_on) == (FindingState.IGNORED, False)


async def test_a_changed_finding_is_asked_about_as_it_is_now(house: House) -> None:
    await house.put(selecting(AUTO, path="size"), replace(MANUAL, position=1))
    house.world.live[A] = {"size": 9}
    await house.scan()
    assert (await house.the_open()).action_type is ActionType.AUTO_CORRECT
    house.world.live[A] = {"size": 9, "team": 3}
    await house.scan()
    assert (await house.the_open()).action_type is ActionType.MANUAL_REVIEW


async def test_a_finding_is_asked_about_as_its_record_will_be(house: House) -> None:
    """What is decided before the record exists must be what its record would have got."""
    house.world.live[A] = {"size": 9, "team": 3}
    house.world.declared[B] = {"size": 5}
    del house.world.live[C]
    seen = await scan(house.service, await house.stack())
    assert isinstance(seen, Scanned)
    await house.scan()
    records = {record.address: record for record in await house.findings()}
    assert len(seen.report.findings) == len(records) == 3
    for finding in seen.report.findings:
        assert subject_of_finding(SHOP, finding) == subject_of(records[finding.address])

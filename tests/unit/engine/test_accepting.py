"""What no plan acts on goes to a person, who keeps it or takes that back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.errors import ConflictError
from reconciler.domain.model import Kind, Origin
from reconciler.domain.records import FindingRecord
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.accepting import accept, declaration, undo
from reconciler.engine.admission.guards.undeclared import WHY
from tests.unit.engine.house import AUTO, A, B, House


async def undeclared(house: House, live: int = 2, recorded: int = 1) -> FindingRecord:
    """Let somebody change what no code declares of A, after a first scan of it."""
    house.world.beyond[A] = ({"port": 1}, {"port": 1})
    await house.scan()
    house.world.beyond[A] = ({"port": recorded}, {"port": live})
    await house.scan()
    (finding,) = await house.findings()
    return finding


async def test_an_undeclared_change_goes_to_a_person_whatever_the_policy(house: House) -> None:
    await house.put(AUTO)
    finding = await undeclared(house)

    assert finding.origin is Origin.UNDECLARED
    await house.scan(minutes=5)
    waiting = await house.the_open()
    assert (waiting.state, waiting.note) == (RemediationState.AWAITING_APPROVAL, WHY)
    assert waiting.plan_digest is None
    assert house.world.effects == []


async def test_it_stays_beside_a_drift_that_is_corrected(house: House) -> None:
    await house.put(AUTO)
    await undeclared(house)
    house.world.live[A] = {**house.world.live[A], "size": 9}
    for _ in range(4):
        await house.scan(minutes=5)

    (left,) = await house.findings()
    assert left.origin is Origin.UNDECLARED
    assert len(house.world.effects) == 1
    assert RemediationState.CONVERGED in {one.state for one in await house.remediations()}


async def test_a_refresh_by_somebody_else_keeps_it_a_finding(house: House) -> None:
    finding = await undeclared(house)
    house.world.beyond[A] = ({"port": 2}, {"port": 2})
    house.world.serial += 1
    await house.scan()

    (still,) = await house.findings()
    assert (still.id, still.fingerprint) == (finding.id, finding.fingerprint)


async def test_it_heals_when_it_is_undone_and_not_when_it_could_not_be_read(house: House) -> None:
    await undeclared(house)
    house.world.unreadable.add(A)
    await house.scan()
    assert len(await house.findings()) == 1
    house.world.unreadable.clear()
    house.world.beyond[A] = ({"port": 1}, {"port": 1})
    await house.scan()

    assert await house.findings() == ()


async def test_what_is_accepted_is_quiet_until_it_moves_again(house: House) -> None:
    finding = await undeclared(house)
    made = await accept(
        house.service, finding.id, reason="wanted", fingerprint=finding.fingerprint, actor="ann"
    )
    assert (made.accepted_by, made.reason) == ("ann", "wanted")
    await house.scan()
    assert await house.findings() == ()
    assert "finding.accepted" in await house.actions()

    house.world.beyond[A] = ({"port": 1}, {"port": 3})
    await house.scan()
    (again,) = await house.findings()
    change = again.details["changes"][0]
    assert (change["recorded"], change["live"]) == (2, 3)


async def test_an_acceptance_is_taken_back(house: House) -> None:
    finding = await undeclared(house)
    await accept(house.service, finding.id, reason="wanted", fingerprint=None, actor="ann")
    await house.scan()

    undone = await undo(house.service, finding.id, actor="bob")

    assert (undone.undone_by, undone.accepted_by) == ("bob", "ann")
    await house.scan()
    (again,) = await house.findings()
    assert again.details["changes"][0]["recorded"] == 1
    with pytest.raises(ConflictError) as caught:
        await undo(house.service, finding.id, actor="bob")
    assert caught.value.code == "not-accepted"


async def test_accepting_is_refused_by_name(house: House) -> None:
    finding = await undeclared(house)
    with pytest.raises(ConflictError) as caught:
        await accept(house.service, finding.id, reason="r", fingerprint="other", actor="ann")
    assert caught.value.code == "drift-changed"
    await accept(house.service, finding.id, reason="r", fingerprint=None, actor="ann")
    with pytest.raises(ConflictError) as caught:
        await accept(house.service, finding.id, reason="r", fingerprint=None, actor="ann")
    assert caught.value.code == "already-accepted"
    house.world.live[B] = {**house.world.live[B], "size": 9}
    await house.scan()
    (declared,) = await house.findings()
    with pytest.raises(ConflictError) as caught:
        await accept(house.service, declared.id, reason="r", fingerprint=None, actor="ann")
    assert caught.value.code == "not-undeclared"
    assert str(caught.value.remedy).endswith(f"trueup ignore {declared.id[:8]} --reason WHY")
    gone = replace(declared, kind=Kind.MISSING)
    await house.service.store.transact(lambda tx: tx.findings.put_many([gone]))
    with pytest.raises(ConflictError) as caught:
        await declaration(house.service, declared.id)
    assert str(caught.value.remedy).endswith(
        f"trueup ignore {declared.id[:8]} --covers missing --reason WHY"
    )


async def test_the_code_that_would_declare_it_is_told(house: House) -> None:
    finding = await undeclared(house)

    told = await declaration(house.service, finding.id)

    assert told["language"] == "hcl"
    assert "  port = 2\n" in told["text"]


async def test_a_stack_that_is_moved_away_takes_its_baselines_along(house: House) -> None:
    await undeclared(house)
    stack = replace(await house.stack(), source="api")
    await house.service.store.transact(lambda tx: tx.baselines.remove_stack(stack.name))

    assert not await house.read(lambda view: view.baselines.of_stack(stack.name))

"""One edited byte of the audit is found, wherever it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.domain.audit_chain import Verified
from reconciler.engine.auditing import verify
from reconciler.engine.journal import audit
from tests.unit.engine.house import AUTO, A, House

_UNGUARDED = ("audit_is_never_changed", "audit_is_kept", "audit_is_never_replaced")


@pytest.fixture
async def told(house: House) -> House:
    """Give a house with a correction from its drift to its end in the audit."""
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan(seconds=1)
    await house.scan(seconds=31)
    return house


def edited(house: House, *statements: str) -> None:
    """Do to the file what no trigger lets pass, as somebody with an editor could."""
    path: Path = house.service.runs.parent / "trueup.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for name in _UNGUARDED:
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount == 1


async def test_an_audit_that_nobody_touched_holds(told: House) -> None:
    found = await verify(told.service)
    assert (found.broken, found.first, found.entries) == (None, 1, found.last.seq)
    assert found.entries > 5
    assert await verify(told.service) == found


async def test_an_empty_audit_holds(house: House) -> None:
    assert await verify(house.service) == Verified()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'Trueup' WHERE seq = 3", 3),
        ("UPDATE audit SET action = action || ' ' WHERE seq = 3", 3),
        ("UPDATE audit SET subject = 'x' WHERE seq = 1", 1),
        ("UPDATE audit SET details = replace(details, ':', ': ') WHERE seq = 4", 4),
        ("UPDATE audit SET at = replace(at, '10:', '11:') WHERE seq = 2", 2),
        ("UPDATE audit SET at = 'never' WHERE seq = 2", 2),
        ("UPDATE audit SET actor_kind = 'king' WHERE seq = 2", 2),
        ("UPDATE audit SET actor_kind = NULL WHERE seq = 2", 2),
        ("UPDATE audit SET digest = '0' || substr(digest, 2) || 'x' WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 3", 4),
        ("DELETE FROM audit WHERE seq = 1", 2),
    ],
)
async def test_what_was_edited_is_named(told: House, statement: str, broken: int) -> None:
    edited(told, statement)
    found = await verify(told.service)
    assert found.broken == broken
    assert found.entries < broken
    assert found.why


async def test_a_second_row_with_a_digest_of_its_own_does_not_mend_it(told: House) -> None:
    edited(
        told,
        "UPDATE audit SET actor = 'eve' WHERE seq = 3",
        "UPDATE audit SET digest = (SELECT digest FROM audit WHERE seq = 2) WHERE seq = 3",
    )
    assert (await verify(told.service)).broken == 3


async def test_what_is_let_go_with_time_breaks_nothing(told: House) -> None:
    at = told.clock.now()
    kept = await verify(told.service)
    told.clock.move(days=300)
    now = told.clock.now()
    await told.service.store.transact(lambda tx: audit(tx, "daemon.started", "daemon", at=now))
    told.clock.move(days=200)
    later = told.clock.now()
    await told.service.store.transact(lambda tx: tx.retention.prune(now=later))
    found = await verify(told.service)
    assert (found.broken, found.entries, found.first) == (None, 1, kept.last.seq + 1)
    # A clock that was set back leaves no hole: only the beginning of the audit goes.
    await told.service.store.transact(lambda tx: audit(tx, "clock.back", "x", at=at))
    await told.service.store.transact(lambda tx: tx.retention.prune(now=later))
    assert (await verify(told.service)).entries == 2


async def test_a_decision_names_its_policy_its_version_and_what_it_was_asked_of(
    told: House,
) -> None:
    entries = await told.read(lambda view: view.audit.page(limit=100))
    (decided,) = [one for one in entries.items if one.action == "remediation.decided"]
    assert decided.details["policy_id"] == "auto"
    assert decided.details["policies"] == {"auto": 1}
    assert len(decided.details["inputs"]) == 64

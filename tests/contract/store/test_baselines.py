from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from reconciler.domain.kept_baseline import Acceptance, KeptBaseline, Moves
from reconciler.domain.model import StackName
from reconciler.domain.values import Sensitive
from reconciler.stores import Store
from tests.contract.store.records import HOUR, NOW, WEBSHOP

OTHER = StackName("other")
KEPT = KeptBaseline(
    key="aws_s3_bucket.reports",
    identity="i1",
    mark="m1",
    values={
        "policy": "{}",
        "password": Sensitive("abc"),
        "size": Decimal("1.10"),
        "$k": {"$": 2**80},
    },
    kept_at=NOW,
    configured="c1",
    moves={"etag": Moves(2, "d1")},
)


async def test_a_baseline_comes_back_as_it_was_kept(store: Store) -> None:
    await store.transact(lambda tx: tx.baselines.put_many(WEBSHOP, [KEPT]))

    found = await store.read(lambda view: view.baselines.of_stack(WEBSHOP))

    assert dict(found) == {KEPT.key: KEPT}
    assert await store.read(lambda view: view.baselines.get(WEBSHOP, KEPT.key)) == KEPT
    assert await store.read(lambda view: view.baselines.get(OTHER, KEPT.key)) is None


async def test_a_baseline_is_written_over_the_one_of_the_same_key(store: Store) -> None:
    later = replace(KEPT, mark="m2", accepted_by="ana", reason="wanted", kept_at=NOW + HOUR)
    await store.transact(lambda tx: tx.baselines.put_many(WEBSHOP, [KEPT]))
    await store.transact(lambda tx: tx.baselines.put_many(WEBSHOP, [later]))
    await store.transact(lambda tx: tx.baselines.put_many(OTHER, [KEPT]))

    assert dict(await store.read(lambda view: view.baselines.of_stack(WEBSHOP))) == {
        KEPT.key: later
    }


async def test_baselines_of_a_stack_go_with_it_and_no_others(store: Store) -> None:
    await store.transact(lambda tx: tx.baselines.put_many(WEBSHOP, [KEPT]))
    await store.transact(lambda tx: tx.baselines.put_many(OTHER, [KEPT]))

    assert await store.transact(lambda tx: tx.baselines.remove_stack(WEBSHOP)) == 1
    assert not await store.read(lambda view: view.baselines.of_stack(WEBSHOP))
    assert await store.transact(lambda tx: tx.baselines.remove_many(OTHER, [KEPT.key, "x"])) == 1


async def test_what_was_accepted_is_kept_with_what_was_before(store: Store) -> None:
    first = Acceptance("a1", WEBSHOP, "f1", None, KEPT, "fp", "ana", "wanted", NOW)
    second = replace(first, id="a2", before=KEPT, accepted_at=NOW + HOUR)
    await store.transact(lambda tx: tx.baselines.note(first))
    await store.transact(lambda tx: tx.baselines.note(second))
    await store.transact(lambda tx: tx.baselines.undone("a2", by="bo", at=NOW + HOUR))

    undone = replace(second, undone_by="bo", undone_at=NOW + HOUR)
    assert await store.read(lambda view: view.baselines.acceptances("f1")) == (undone, first)
    of_object = await store.read(lambda view: view.baselines.acceptances_of(WEBSHOP, KEPT.key))
    assert of_object == (undone, first)

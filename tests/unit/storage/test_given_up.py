"""What of alerts is looked at anew: what a channel gave up, and members that are open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.domain.alerts import Alert, AlertId, AlertState, Delivery, Member
from reconciler.domain.model import Severity
from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.contract.store.records import NOW


async def test_what_was_given_up_of_open_or_shown_alerts_is_found(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "trueup.db")
    over = AlertState.RESOLVED

    def put(transaction: Transaction) -> None:
        for name, state, sent in (("a", AlertState.OPEN, 0), ("b", over, 1), ("c", over, 0)):
            alert = Alert(AlertId(name), name, state, 2, Severity.HIGH, NOW, NOW)
            transaction.alerts.put_many([alert])
            lost = Delivery("ops", alert.id, NOW, sent_revision=sent, given_up=True)
            others = (replace(lost, channel="gone"), replace(lost, channel="fine", given_up=False))
            transaction.alerts.put_deliveries([lost, *others])

    await store.transact(put)
    found = await store.read(lambda t: t.alerts.given_up(["ops", "fine"]))
    assert {(one.channel, one.alert_id) for one in found} == {("ops", "a"), ("ops", "b")}
    assert await store.read(lambda t: t.alerts.given_up([])) == ()
    await store.close()


async def test_members_that_are_open_are_found_whatever_they_are(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "trueup.db")
    alert = AlertId("a")
    members = [Member("stack:s", alert), Member("finding:f", alert), Member("finding:g", alert)]
    assert await store.read(lambda t: t.alerts.open_subjects()) == ()
    await store.transact(lambda t: t.alerts.put_members(members))
    await store.transact(lambda t: t.alerts.put_members([replace(members[2], open=False)]))
    assert await store.read(lambda t: t.alerts.open_subjects()) == ("finding:f", "stack:s")
    await store.close()

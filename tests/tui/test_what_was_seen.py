"""A decision is about what was seen when its key was pressed, and about nothing that came since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.records import RemediationId
from reconciler.stores import Transaction
from reconciler.wire.findings import Finding
from tests.client.conftest import Served
from tests.tui.conftest import seated
from tests.tui.drifting import drifted
from tests.unit.engine.house import A, B
from tests.unit.tui.told import refused
from tui.screens import finding_reads
from tui.screens.finding import FindingPage
from tui.session import Options
from tui.store.rows import row_of


async def _planned_anew(served: Served) -> str:
    """Give the remediation that waits another plan, of which no event has told yet."""
    (waiting,) = await served.desk.house.remediations()

    def work(tx: Transaction) -> None:
        known = tx.remediations.get(RemediationId(waiting.id))
        assert known is not None
        tx.remediations.save(replace(known, plan_digest="f" * 64))

    await served.desk.house.service.store.transact(work)
    return waiting.id


@pytest.mark.parametrize(("page", "key", "verb"), [("1", "X", "reject"), ("2", "i", "suppress")])
async def test_another_plan_than_the_one_on_the_screen_is_not_decided_about(
    page: str, key: str, verb: str, served: Served
) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press(page)
        await seat.until("1 of 1")
        await seat.press(key)
        await seat.until(f"{verb} 1: why?")
        await _planned_anew(served)
        await seat.press(*"wrong", "enter")
        await seat.until("is asked about")
    (still,) = await served.desk.house.remediations()
    assert still.state == "awaiting_approval"


async def test_what_is_known_to_have_changed_is_not_even_sent(served: Served) -> None:
    house = served.desk.house
    await drifted(served)
    (first,) = await house.remediations()
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("X")
        await seat.until("reject 1: why?")
        house.world.live[A] = {"size": 7}
        await house.scan()
        known = seat.app.session.store.remediations
        await seat.until(lambda: known[first.id].state != "awaiting_approval")
        await seat.press(*"wrong", "enter")
        await seat.until("changed since you looked, so it was left alone")
    assert "rejected" not in {each.state for each in await house.remediations()}


@pytest.mark.parametrize("key", ["C", "Q"])
async def test_drift_that_changes_while_the_name_is_typed_is_not_requested(
    key: str, served: Served
) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live |= {A: {"size": 99}, B: {"size": 99}}
    await house.scan()
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("2 of 2")
        await seat.press("a", key)
        await seat.until("type shop and enter to request")
        await seat.armed()
        house.world.live[A] = {"size": 7}
        await house.scan()
        await seat.until(f"1 of 2 changed since you looked; esc, then look again: {A}")
        await seat.press(*"shop", "enter")
        await seat.until("1 of 2 changed since you looked")
        await seat.press("escape")
    assert await house.remediations() == ()


async def test_drift_that_changes_while_the_reason_is_typed_is_not_ignored(served: Served) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        rows = seat.app.session.store.rows
        ((key, row),) = rows.items()
        before = row.report_id
        await seat.press("i", "enter")
        await seat.until("until the drift changes: why?")
        house.world.live[A] = {"size": 7}
        await house.scan()
        await seat.until(lambda: rows[key].report_id != before)
        await seat.press(*"known", "enter")
        await seat.until("changed since you looked, so it was left alone")
    (finding,) = await house.findings()
    assert finding.state == "open"


@pytest.mark.parametrize("key", ["i", "C", "Q"])
async def test_what_the_page_does_not_show_yet_is_not_decided_about(
    key: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        rows = seat.app.session.store.rows
        ((name, row),) = rows.items()
        before = row.report_id
        await seat.press("enter")
        await seat.until("99")
        with monkeypatch.context() as patch:
            patch.setattr(seat.app.session.client.findings, "get", _busy)
            house.world.live[A] = {"size": 7}
            await house.scan()
            await seat.until(lambda: rows[name].report_id != before)
            await seat.press(key)
            await seat.until("changed since it was shown; reading it again")
        assert await house.remediations() == ()


async def _busy(_name: str) -> Finding:
    raise refused(503)


async def test_a_page_asks_again_for_what_it_was_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_reads, "LATER_S", 2.0)  # longer than a read rests
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("1 of 1")
        session = seat.app.session
        ((name, row),) = session.store.rows.items()
        real = session.client.findings.get
        await seat.press("enter")
        await seat.until("99")
        page = seat.app.screen
        assert isinstance(page, FindingPage)

        async def finding(name: str) -> None:
            session.store.put_row(row_of(await real(name)))

        monkeypatch.setattr(session.pump._reads, "finding", finding)
        with monkeypatch.context() as patch:
            patch.setattr(session.client.findings, "get", _busy)
            house.world.live[A] = {"size": 7}
            await house.scan()
            await seat.until(lambda: session.store.rows[name].signature != row.signature)
            await seat.until(lambda: page.error and not page._reading._runs)
        await seat.until(lambda: not page.error and "99" not in seat.screen)

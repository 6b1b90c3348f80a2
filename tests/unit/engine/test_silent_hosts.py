"""Hosts that fall silent: one is a finding, many at once are held, and whoever speaks is heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.domain.agents import Agent, AgentState
from reconciler.domain.host_baselines import HostBaseline
from reconciler.domain.model import Kind
from reconciler.domain.records import FindingFilter, FindingState
from reconciler.domain.silence import silence_of
from reconciler.engine.silent_hosts import SilentHosts
from tests.unit.engine.house import House

AT = datetime(2026, 11, 1, tzinfo=UTC)


def agents(count: int, *, at: datetime = AT) -> list[Agent]:
    return [
        Agent(f"a{number}", f"web-{number}", AgentState.ACTIVE, "i" * 32, at, 300, last_seen_at=at)
        for number in range(count)
    ]


def test_three_missed_reports_are_a_silence() -> None:
    for minutes, overdue in ((15, 0), (17, 1)):
        now = AT + timedelta(minutes=minutes)
        assert len(silence_of(agents(1), listening_since=AT, now=now).overdue) == overdue


def test_nobody_is_overdue_whom_nobody_could_hear() -> None:
    now = AT + timedelta(days=3)
    since = now - timedelta(minutes=5)
    assert silence_of(agents(9), listening_since=since, now=now).overdue == ()


def test_many_at_once_are_probably_us_and_a_few_are_not() -> None:
    now = AT + timedelta(hours=1)
    well = [one._replace(last_seen_at=now, agent_id=f"w{one.agent_id}") for one in agents(40)]
    assert silence_of(agents(10) + well, listening_since=AT, now=now).probably_us
    assert not silence_of(agents(4) + well, listening_since=AT, now=now).probably_us
    assert not silence_of(agents(7) + well, listening_since=AT, now=now).probably_us


def test_a_revoked_agent_is_not_waited_for() -> None:
    revoked = [one._replace(state=AgentState.REVOKED) for one in agents(1)]
    assert silence_of(revoked, listening_since=AT, now=AT + timedelta(days=1)).overdue == ()


async def enrolled(house: House, count: int) -> None:
    at = house.clock.now()
    baselines = [
        HostBaseline(f"shop/thing.web_{number}", f"web-{number}", "terraform_data", (), {})
        for number in range(count)
    ]
    await house.service.store.transact(lambda tx: tx.agents.put_many(agents(count, at=at)))
    await house.service.store.transact(lambda tx: tx.agents.put_baselines(baselines))


async def findings(house: House) -> list[tuple[str, str, str]]:
    wanted = FindingFilter(state=FindingState.OPEN)
    page = await house.read(lambda view: view.findings.page(wanted))
    return [(one.address, one.kind.value, one.seen_by) for one in page.items]


async def test_a_silent_host_is_a_finding_until_it_speaks(house: House) -> None:
    await enrolled(house, 2)
    watch = SilentHosts(house.service)
    house.clock.move(minutes=17)
    now = house.clock.now()
    heard = agents(2)[1]._replace(last_seen_at=now)
    await house.service.store.transact(lambda tx: tx.agents.put_many([heard]))
    for _ in range(2):
        await watch.look()
    assert await findings(house) == [("thing.web_0", Kind.UNREADABLE.value, "watch:a0")]
    spoke = agents(2)[0]._replace(last_seen_at=house.clock.now())
    await house.service.store.transact(lambda tx: tx.agents.put_many([spoke]))
    await watch.look()
    assert await findings(house) == []


async def test_a_mass_silence_opens_nothing(house: House) -> None:
    await enrolled(house, 8)
    watch = SilentHosts(house.service)
    house.clock.move(hours=1)
    await watch.look()
    assert await findings(house) == []

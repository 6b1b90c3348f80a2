"""What a pager is told: acknowledgements, approvals and corrections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.domain.model import Severity
from reconciler.domain.notices import Notice
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.decisions import approve
from reconciler.engine.service import Channel
from reconciler.engine.suppression import note
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import PartlyShownError
from tests.receivers.http import Pager, receiving
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import MANUAL, A, B, House


@asynccontextmanager
async def paged(house: House, **wanted: Any) -> AsyncIterator[Pager]:
    """A real channel to a pager as strict as PagerDuty."""
    pager = Pager()
    with receiving(pager) as at:
        address = ChannelAddress("pager", f"pagerduty+http://{pager.routing_key}@{at}")
        subscription = replace(Subscription("pager"), **wanted)
        channel = Channel(subscription, open_channel(address))
        house.service.channels = {**house.service.channels, "pager": channel}
        yield pager
        await channel.notifier.close()


async def test_an_acknowledgement_reaches_the_pager_and_opens_no_alert(house: House) -> None:
    board = listen(house)
    async with paged(house, min_severity=Severity.LOW) as pager:
        await drift(house, B, size=7)
        await begin(house)
        await drift(house)
        await tell(house)
        await tell(house)
        before, seen = sorted(await house.findings(), key=lambda record: record.address == A)
        assert (len(pager.open), pager.acknowledged) == (1, set())
        for record in (before, seen):
            await note(house.service, record.id, kind="ack", text=None, actor="ana")
            await note(house.service, record.id, kind="comment", text="hm", actor="bob")
        await tell(house, minutes=2)
        assert pager.acknowledged == set(pager.open)
        (notice,) = board.open
        assert notice.acknowledged_by == "ana"
        assert len(pager.open) == 1, "what drifted before there were channels is no news"
        house.world.live[A] = {"size": 1}
        await house.scan()
        await tell(house)
        await drift(house)
        await tell(house)
        await tell(house)
        assert (len(pager.open), pager.acknowledged) == (1, set()), "another alert"


async def test_a_phone_that_rings_does_not_wait_for_the_acknowledgement(house: House) -> None:
    board = listen(house, update_every=timedelta(seconds=3))
    async with paged(house) as pager:
        await begin(house)
        await drift(house)
        await tell(house)
        await tell(house)
        assert (len(pager.open), board.posted) == (1, 1)
        (seen,) = await house.findings()
        await note(house.service, seen.id, kind="ack", text=None, actor="ana")
        await tell(house)
        assert (pager.acknowledged, board.posted) == (set(pager.open), 2)
        for actor in ("bob", "eve"):
            await note(house.service, seen.id, kind="ack", text=None, actor=actor)
            await tell(house, seconds=1)
        assert board.posted == 2, "of many at once, not each is a message"


async def test_what_somebody_takes_care_of_is_escalated_later_and_not_forgotten(
    house: House,
) -> None:
    async with paged(house, after=timedelta(minutes=2)) as pager:
        await begin(house)
        await drift(house)
        await drift(house, B, size=7)
        await tell(house, seconds=1)
        seen = next(each for each in await house.findings() if each.address == A)
        await tell(house, minutes=1)
        await note(house.service, seen.id, kind="ack", text=None, actor="ana")
        await tell(house, seconds=1)
        await tell(house, minutes=1)
        assert len(pager.paged) == 1, "B, of which nobody takes care"
        await tell(house, minutes=1)
        assert len(pager.paged) == 2, "A is still there two minutes later"


async def test_an_approval_acknowledges_and_a_correction_is_told_without_paging(
    house: House,
) -> None:
    async with paged(house) as pager:
        await begin(house)
        await house.put(MANUAL)
        await drift(house)
        await tell(house)
        await tell(house)
        (waiting,) = await house.remediations(RemediationState.AWAITING_APPROVAL)
        await approve(house.service, waiting.id, plan_digest=waiting.plan_digest or "", actor="ana")
        await tell(house, minutes=2)
        assert pager.acknowledged == set(pager.open)
        assert [change["summary"].partition(":")[0] for change in pager.changes] == [
            "ana approved a correction of shop"
        ]
        await house.settle()
        await house.later()
        await tell(house, minutes=2)
        assert (len(pager.open), len(pager.resolved), len(pager.paged)) == (0, 1, 1)
        assert pager.changes[-1]["summary"] == "trueup corrected thing.a in shop"
        assert len(pager.changes) == 2


async def test_a_channel_that_took_a_part_goes_on_where_it_failed(house: House) -> None:
    board = listen(house)
    board.failures = [PartlyShownError("away", receipt={"place": "half"})]
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    given: list[Mapping[str, str]] = []

    async def noted(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        given.append(receipt)
        return {"place": notice.alert_id}

    board.show = noted  # type: ignore[method-assign]
    await tell(house, seconds=31)
    assert given == [{"place": "half"}]

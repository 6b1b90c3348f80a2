"""PagerDuty: acknowledgements, change events, its limits and how it throttles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.notices import ChangeLine, Deed
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import ChannelBusyError, PartlyShownError
from tests.receivers.http import Answer, Fickle, Pager, receiving
from tests.unit.notify.notices import AT, MEMBER, notice, over
from tests.unit.notify.places import pager

OK: Answer = (202, {}, b'{"status": "success"}')


DEED = Deed("k1", "shop", "ana approved a correction of shop: 1 to change", AT, "r1")


async def test_a_pager_is_acknowledged_once_and_told_of_changes_that_page_nobody() -> None:
    service = Pager()
    line = Fickle(service)
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        receipt = await channel.show(notice(), {})
        assert service.acknowledged == set()
        seen = notice(2, members=(replace(MEMBER, acknowledged_by="ana"),), deeds=(DEED,))
        # The change was taken, and its answer lost: it comes again, and rings no phone.
        line.failures = [(OK, True), (OK, True), ((504, {}, b""), True)]
        with pytest.raises(RetryableError):
            await channel.show(seen, receipt)
        receipt = await channel.show(seen, receipt)
        receipt = await channel.show(replace(seen, revision=3), receipt)
        assert service.acknowledged == {"a1"}
        assert [change["summary"] for change in service.changes] == [DEED.summary] * 2
        corrected = replace(DEED, key="k2", summary="trueup corrected aws_security_group.web")
        receipt = await channel.show(replace(over(4), deeds=(DEED, corrected)), receipt)
        assert service.changes[-1]["summary"] == corrected.summary
        assert len(service.changes) == 3
        assert (service.resolved, service.paged) == (["a1"], ["a1"])
        await channel.show(notice(5, alert_id="a2"), {})
        assert service.paged == ["a1", "a2"]
        await channel.close()


async def test_a_pager_is_told_of_each_change_once_however_many_there_are() -> None:
    service = Pager()
    line = Fickle(service)
    deeds = tuple(
        replace(
            DEED, key=f"k{number:02}", at=AT + timedelta(seconds=number // 2), summary=str(number)
        )
        for number in range(60)
    )
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        line.failures = [(OK, True)] * 6 + [((429, {}, b""), False)]
        with pytest.raises(PartlyShownError) as busy:
            await channel.show(notice(deeds=deeds[:30]), {})
        assert busy.value.after == timedelta(minutes=2)
        receipt = await channel.show(notice(deeds=deeds[:30]), busy.value.receipt)
        assert [change["summary"] for change in service.changes] == list(map(str, range(30)))
        for revision in range(2, 4):
            receipt = await channel.show(notice(revision, deeds=deeds), receipt)
        assert [change["summary"] for change in service.changes] == list(map(str, range(60)))
        await channel.show(notice(deeds=deeds, alert_id="a2"), {})
        assert [change["summary"] for change in service.changes[60:]] == list(
            map(str, range(20, 60))
        )
        await channel.close()


async def test_a_change_event_that_is_refused_leaves_the_incident_as_it_should_be() -> None:
    service = Pager()
    line = Fickle(service, [(OK, True), ((404, {}, b""), False)])
    with receiving(line) as at:
        channel = open_channel(
            ChannelAddress("ops", f"pagerduty+http://{service.routing_key}@{at}")
        )
        receipt = await channel.show(notice(deeds=(DEED,)), {})
        await channel.show(replace(over(), deeds=(DEED,)), receipt)
        assert (service.resolved, service.changes) == (["a1"], [])
        await channel.close()


@pytest.mark.parametrize("given", [None, "30"])
async def test_a_pager_that_throttles_is_left_alone_for_minutes(given: str | None) -> None:
    headers = {} if given is None else {"retry-after": given}
    with receiving(Fickle(Pager(), [((429, headers, b""), False)])) as at:
        channel = open_channel(ChannelAddress("ops", f"pagerduty+http://{'R' * 32}@{at}"))
        with pytest.raises(ChannelBusyError) as busy:
            await channel.show(notice(), {})
        assert busy.value.after == timedelta(minutes=2)
        await channel.close()


async def test_a_pager_takes_the_longest_alert_there_can_be(tmp_path: Path) -> None:
    wide = "\U0001f525" * 300
    change = ChangeLine(wide, wide, wide)
    member = replace(MEMBER, address=wide, reason=wide, changes=(change,) * 5, remediation=wide)
    with pager(tmp_path) as place:
        channel = open_channel(place.address())
        huge = notice(title=wide * 9, members=(member,) * 20, total=20, stacks=(wide,) * 99)
        await channel.show(huge, {})
        await channel.show(replace(huge, text=(wide * 3 + "x" * 100,) * 200), {})
        assert place.open() == 1
        await channel.close()

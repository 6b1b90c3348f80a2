"""Alerts and their tickets, through the API."""

from __future__ import annotations

from reconciler.domain.alerts import alerting_events
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events
from reconciler.engine.delivering import deliver_due
from reconciler.engine.service import Channel
from reconciler.notify.addresses import ChannelAddress, open_channel
from tests.api.desk import V1, Desk
from tests.receivers.http import receiving
from tests.receivers.trackers import GitHubDesk
from tests.unit.engine.house import MANUAL, A, B


async def follow(desk: Desk) -> None:
    desk.house.clock.move(seconds=61)
    while await follow_events(desk.house.service):
        pass
    while await deliver_due(desk.house.service):
        pass


async def test_manual_review_opens_a_ticket_that_is_named_and_closed_when_it_converged(
    desk: Desk,
) -> None:
    tracker = GitHubDesk()
    house = desk.house
    with receiving(tracker) as at:
        url = f"github+http://{tracker.key}@{at}/acme/infra"
        address = ChannelAddress("desk", url)
        events = alerting_events((), default=address.default_events)
        notifier = open_channel(address)
        house.service.channels = {"desk": Channel(Subscription("desk", events=events), notifier)}
        await follow(desk)
        house.world.live[B] = {"size": 7}
        await house.scan()
        await follow(desk)
        assert tracker.issues == [], "no policy asks a person about it"

        await house.put(MANUAL)
        house.world.live[A] = {"size": 99}
        await house.scan()
        for _ in range(2):
            await follow(desk)
        issue = next(issue for issue in tracker.issues if "thing.a" in issue.text)
        assert "awaiting approval" in issue.text

        listed = (await desk.viewer.get(f"{V1}/findings")).json()["items"]
        finding_id = next(item["id"] for item in listed if item["address"] == A)
        finding = (await desk.viewer.get(f"{V1}/findings/{finding_id}")).json()
        url = f"https://github.example/acme/infra/issues/{issue.number}"
        ticket = {"channel": "desk", "key": str(issue.number), "url": url}
        assert finding["tickets"] == [ticket]
        alerts = (await desk.viewer.get(f"{V1}/alerts", params={"state": "open"})).json()["items"]
        alert = next(alert for alert in alerts if finding_id in alert["finding_ids"])
        assert [(on["state"], on["ticket"]) for on in alert["shown_on"]] == [("shown", ticket)]
        assert tracker.key not in str(alerts)

        house.world.live |= {A: {"size": 1}, B: {"size": 1}}
        await house.scan()
        await follow(desk)
        assert not issue.is_open
        one = (await desk.viewer.get(f"{V1}/alerts/{alert['id']}")).json()
        assert (one["state"], one["still_open"]) == ("resolved", 0)
        missing = await desk.viewer.get(f"{V1}/alerts/nothing")
        assert missing.status_code == 404
        await notifier.close()

"""A report through the API, and the page that is made of it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

from reconciler.cli.report_page import page
from reconciler.domain.records import FindingState
from reconciler.engine.decisions import approve
from reconciler.wire.decoding import decode
from reconciler.wire.fleet_reports import FleetReport
from tests.api.desk import V1, Desk
from tests.unit.engine.house import AUTO, MANUAL, A, B

HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x"> \u202e'


async def test_a_report_tells_what_was_found_and_healed_and_by_which_rule(desk: Desk) -> None:
    house = desk.house
    await house.put(AUTO)
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan(minutes=10)
    await house.later(minutes=1)
    await house.scan(minutes=10)
    house.world.live[B] = {"size": 5}
    body = (await desk.viewer.get(f"{V1}/report")).json()
    assert (body["found"], body["open"] + body["healed"]) == (1, 1)
    assert body["mean_to_detect_s"] == 600
    assert [row["name"] for row in body["by_stack"]] == ["shop"]
    assert [(rule["name"], rule["kind"]) for rule in body["rules"]] == [("auto", "policy")]
    for days, status in ((90, 200), (91, 422)):
        since = (house.clock.now() - timedelta(days=days, seconds=1)).isoformat()
        answer = await desk.viewer.get(f"{V1}/report", params={"since": since})
        assert answer.status_code == status, "what healed before is not kept"
    _check_page({**body, "by_stack": [{**body["by_stack"][0], "name": HOSTILE}]})


async def test_drift_that_went_away_by_itself_is_no_correction(desk: Desk) -> None:
    house = desk.house
    await house.put(MANUAL)
    await house.scan()
    for place in (A, B):
        house.world.live[place] = {"size": 99}
        await house.scan()
        if place == B:
            waiting = await house.the_open()
            digest = waiting.plan_digest or ""
            await approve(house.service, waiting.id, plan_digest=digest, actor="ann")
            await house.settle()
        house.world.live[place] = {"size": 1}
        await house.scan()
    (rule,) = (await desk.viewer.get(f"{V1}/report")).json()["rules"]
    assert (rule["times"], rule["converged"], rule["gone"]) == (2, 1, 1)


async def test_a_deleted_policy_is_shown_by_its_name(desk: Desk) -> None:
    house = desk.house
    body = {"name": "by hand", "action_type": "manual_review", "match": {}}
    made = (await desk.admin.post(f"{V1}/policies", json=body)).json()
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    await desk.admin.delete(f"{V1}/policies/{made['policy_id']}")
    (rule,) = (await desk.viewer.get(f"{V1}/report")).json()["rules"]
    assert (rule["name"], rule["times"]) == ("by hand (deleted)", 1)


async def test_what_is_set_apart_is_open_still(desk: Desk) -> None:
    house = desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    (found,) = await house.findings()
    apart = replace(found, state=FindingState.QUARANTINED)
    await house.service.store.transact(lambda tx: tx.findings.put_many([apart]))
    house.clock.move(days=30)
    body = (await desk.viewer.get(f"{V1}/report")).json()
    assert (body["found"], body["open"]) == (0, 1)
    assert [row["open"] for row in body["by_stack"]] == [1]


async def test_drift_of_any_age_has_the_owner_of_its_policy(desk: Desk) -> None:
    house = desk.house
    await house.put(replace(MANUAL, owner="team-net"))
    await house.scan()
    house.world.live[A] = house.world.live[B] = {"size": 99}
    await house.scan()
    house.clock.move(days=30)
    house.world.live[B] = {"size": 1}
    await house.scan()
    body = (await desk.viewer.get(f"{V1}/report")).json()
    owners = [(row["name"], row["healed"], row["open"]) for row in body["by_owner"]]
    assert owners == [("team-net", 1, 1)]
    assert body["rules"] == [], "what the policy made was before the span"
    since = (house.clock.now() - timedelta(days=60)).isoformat()
    body = (await desk.viewer.get(f"{V1}/report", params={"since": since})).json()
    assert [rule["name"] for rule in body["rules"]] == ["manual"]


def _check_page(body: dict[str, object]) -> None:
    """Hold the page against what any browser needs: one whole document, and nothing to load."""
    text = page(decode(FleetReport, body))
    balance = _Balance()
    balance.feed(text)
    assert balance.open == []
    assert "script" not in balance.seen
    assert "<script" not in text
    assert "\u202e" not in text
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", text.replace("src=&quot;", ""))
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert {"svg", "rect", "table"} <= balance.seen


class _Balance(HTMLParser):
    """Which elements are open, and which were there at all."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        del attrs
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

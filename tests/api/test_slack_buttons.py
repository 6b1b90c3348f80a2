"""Buttons in Slack: what Slack signed decides, in the name of who may; everything else does not."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest

from reconciler.bootstrap.channels import open_channels
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ProviderDoubt
from reconciler.engine.alerting import follow_events
from reconciler.engine.delivering import deliver_due
from reconciler.engine.holding import hold, resume
from reconciler.engine.stacks import accept_state
from reconciler.section_reading import validated
from reconciler.settings import Settings
from reconciler.wire.problems import PROBLEM
from tests.api.desk import V1, Desk
from tests.receivers.http import ChatRoom, receiving
from tests.unit.engine.house import MANUAL, SHOP, A

SECRET = "slack-signing-CANARY"


@dataclass
class Room:
    """A chat room whose messages have buttons, and a Slack that presses them."""

    desk: Desk
    chat: ChatRoom

    async def follow(self) -> None:
        for _ in range(2):
            self.desk.house.clock.move(seconds=61)
            while await follow_events(self.desk.house.service):
                pass
            while await deliver_due(self.desk.house.service):
                pass

    def buttons(self) -> dict[str, str]:
        """Return the values of the newest message's buttons, by their action."""
        newest = list(self.chat.messages.values())[-1]
        rows = [block["elements"] for block in newest["blocks"] if block["type"] == "actions"]
        return {button["action_id"]: button["value"] for row in rows for button in row}

    async def press(
        self, value: str, *, action: str = "trueup_approve", user: str = "U1",
        secret: str = SECRET, age_s: int = 0, channel: str = "chat",
    ) -> httpx.Response:  # fmt: skip
        pressed = {"user": {"id": user}, "actions": [{"action_id": action, "value": value}]}
        body = urlencode({"payload": json.dumps({"type": "block_actions", **pressed})})
        return await self.send(body, secret=secret, age_s=age_s, channel=channel)

    async def send(
        self, body: str, *, secret: str = SECRET, age_s: int = 0, channel: str = "chat"
    ) -> httpx.Response:
        moment = str(int(self.desk.house.clock.now().timestamp()) - age_s)
        signed = hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256)
        return await self.desk.anonymous.post(
            f"{V1}/channels/{channel}/slack",
            content=body,
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "x-slack-request-timestamp": moment,
                "x-slack-signature": f"v0={signed.hexdigest()}",
            },
        )

    async def state(self) -> str:
        listed = (await self.desk.viewer.get(f"{V1}/remediations")).json()["items"]
        return str(listed[0]["state"])


@pytest.fixture
async def room(desk: Desk) -> AsyncIterator[Room]:
    chat = ChatRoom()
    with receiving(chat) as at:
        written = {
            "name": "chat",
            "url": f"slack+http://{chat.token}@{at}/%23ops",
            "signing_secret": SECRET,
            "approvers": {"U1": "approver at the desk", "U2": "viewer at the desk", "U3": "gone"},
        }
        channels = open_channels(validated(Settings, {"channel": [written]}))
        desk.house.service.channels = channels
        made = Room(desk, chat)
        await desk.house.put(MANUAL)
        await desk.house.scan()
        await made.follow()
        desk.house.world.live[A] = {"size": 99}
        await desk.house.scan()
        await made.follow()
        assert await made.state() == "awaiting_approval"
        yield made
        await channels["chat"].notifier.close()


async def test_a_press_approves_the_plan_of_the_message_in_the_name_of_its_approver(
    room: Room,
) -> None:
    value = room.buttons()["trueup_approve"]
    answer = await room.press(value)
    assert (answer.status_code, answer.content) == (200, b"")
    await room.desk.house.settle()
    room.desk.house.clock.move(seconds=1)
    await room.desk.house.settle()
    assert await room.state() == "converged"
    assert room.desk.house.world.live[A] == {"size": 1}
    audit = (await room.desk.viewer.get(f"{V1}/audit")).json()["items"]
    decided = next(entry for entry in audit if entry["action"] == "channel.decided")
    assert decided["actor"] == "approver at the desk"
    assert decided["details"]["slack_user"] == "U1"
    await room.follow()
    assert room.buttons() == {}, "what is decided has no buttons"
    assert SECRET not in str(room.chat.messages)


@pytest.mark.parametrize("old", ["press", "command"])
async def test_an_old_message_approves_nothing_that_it_did_not_show(room: Room, old: str) -> None:
    """Approved, held, and not certain any more: the same plan is asked about with a reason."""
    value = room.buttons()["trueup_approve"]
    remediation_id, digest, _mark = value.split(".")
    house = room.desk.house
    await hold(house.service, by="ann", stack=SHOP)
    assert (await room.press(value)).status_code == 200
    await house.settle()
    house.world.doubts = (ProviderDoubt("", "region is another one by now"),)
    await resume(house.service, by="ann", stack=SHOP)
    await house.later(minutes=2)
    if old == "press":
        answer = await room.press(value)
    else:
        url = f"{V1}/remediations/{remediation_id}/approve"
        answer = await room.desk.approver.post(url, json={"plan_digest": digest})
    assert (answer.status_code, answer.json()["type"]) == (409, f"{PROBLEM}plan-digest-mismatch")
    assert "region is another one by now" in answer.json()["detail"]
    await house.settle()
    assert (await room.state(), house.world.effects) == ("awaiting_approval", [])
    await room.follow()
    assert "region is another one by now" in str(list(room.chat.messages.values())[-1])
    assert (await room.press(room.buttons()["trueup_approve"])).status_code == 200
    await house.settle()
    assert await room.state() == "converged"


async def test_a_button_stands_beside_every_reason_that_it_approves(room: Room) -> None:
    """The sentence of the guard that asks tells none of them: a policy that asks, two approvers."""
    house = room.desk.house
    house.limit(approvals=2)
    house.world.doubts = (ProviderDoubt("", "region is <another> one by now"),)
    for moved in range(2):
        old = room.buttons()["trueup_approve"]
        await accept_state(house.service, SHOP, actor="ann")
        await house.settle()
        await room.follow()
        told = str(list(room.chat.messages.values())[-1]["blocks"])
        assert "region is &lt;another&gt; one by now" in told, moved
        assert room.buttons()["trueup_approve"] != old
        assert (await room.press(old)).status_code == 409
    # What does not fit into a message is not approved in it.
    house.world.doubts = (ProviderDoubt("", "x" * 4000),)
    await accept_state(house.service, SHOP, actor="ann")
    await house.settle()
    await room.follow()
    assert [*room.buttons()] == ["trueup_reject"]


async def test_a_press_rejects(room: Room) -> None:
    answer = await room.press(room.buttons()["trueup_reject"], action="trueup_reject")
    assert answer.status_code == 200
    assert await room.state() == "rejected"
    assert room.desk.house.world.live[A] == {"size": 99}


async def test_forged_old_and_repeated_presses_decide_nothing(room: Room) -> None:
    value = room.buttons()["trueup_approve"]
    remediation_id, digest, mark = value.split(".")
    assert (await room.press(value, secret="another")).status_code == 401
    assert (await room.press(value, age_s=301)).status_code == 401
    assert (await room.press(value, age_s=-301)).status_code == 401
    assert (await room.press(value, user="U9")).status_code == 403
    assert (await room.press(value, user="U2")).status_code == 403, "a viewer decides nothing"
    assert (await room.press(value, user="U3")).status_code == 403, "there is no such token"
    assert (await room.press(f"{remediation_id}.{'0' * 64}.{mark}")).status_code == 422
    assert (await room.press(f"other.{digest}.{mark}")).status_code == 422
    assert (await room.press(value, action="trueup_destroy")).status_code == 422
    assert (await room.press(value, channel="nobody")).status_code == 404
    for body in ("", "payload=", "payload=[]", "payload=%7B", "x=1", "payload=%00\u00e9"):
        assert (await room.send(body)).status_code == 422, body
    halves = json.dumps("\ud800")[1:-1]
    for spoiled in (f"{remediation_id}.{digest}.{halves}", f"{halves}.{digest}.{mark}"):
        assert (await room.press(json.loads(f'"{spoiled}"'))).status_code == 422
    assert (await room.press(value, user="\ud800")).status_code == 422
    assert await room.state() == "awaiting_approval"
    rejected = await room.press(value, action="trueup_reject")
    assert rejected.status_code == 200
    again = await room.press(value, action="trueup_reject")
    assert again.status_code == 401, "the same signed request"
    room.desk.house.clock.move(seconds=2)
    assert (await room.press(value)).status_code == 409, "it awaits nothing any more"


async def test_a_button_of_another_plan_is_refused(room: Room) -> None:
    buttons = room.desk.house.service.channels["chat"].buttons
    assert buttons is not None
    remediation_id, _, _ = room.buttons()["trueup_approve"].split(".")
    stale = buttons.value_of(remediation_id, "0" * 64)
    for action in ("trueup_approve", "trueup_reject"):
        refused = await room.press(stale, action=action)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("plan-digest-mismatch")
    assert await room.state() == "awaiting_approval"


@pytest.mark.parametrize(
    "given",
    [
        {"url": "slack://xoxb/%23ops", "signing_secret": "x"},
        {"url": "slack://xoxb/%23ops", "approvers": {"U1": "ana"}},
        {"url": "https://h/x", "signing_secret": "x", "approvers": {"U1": "ana"}},
    ],
)
def test_buttons_that_could_not_work_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(PermanentError, match="signing_secret"):
        open_channels(validated(Settings, {"channel": [{"name": "chat", **given}]}))


def test_buttons_of_a_channel_that_no_route_names_are_refused() -> None:
    given = {"url": "slack://xoxb/%23ops", "signing_secret": "x", "approvers": {"U1": "ana"}}
    with pytest.raises(PermanentError, match="'on call' has buttons"):
        open_channels(validated(Settings, {"channel": [{"name": "on call", **given}]}))

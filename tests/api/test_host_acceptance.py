"""What a person takes as right of a host, and golden hosts."""

from __future__ import annotations

from agent.protocol.tree import Section
from tests.api.declared_hosts import DRIFTED, FORM, PLAIN, RIGHT, declared, findings
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import SpeakingAgent, code_of, root_of


async def test_what_a_host_is_now_is_right_until_it_or_the_code_says_otherwise(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, FORM)
    path = f"{V1}/agents/{agent.agent_id}"
    early = await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    assert (early.status_code, code_of(early)) == (409, "not-reported")

    async def tell(sections: dict[str, Section], scope: str) -> None:
        await agent.send(agent.report(sections, scope=scope))
        agent.held = sections

    await tell(DRIFTED, epoch)
    assert len(await findings(desk)) == 1
    some = await desk.approver.post(
        f"{path}/accept", json={"reason": "as it is", "sections": ["packages"]}
    )
    assert some.json()["accepted"] == 1
    assert {change["path"] for change in (await findings(desk))[0]["changes"]} == {
        'files["/etc/motd"].sha256', 'files["/etc/x"]',
    }  # fmt: skip
    await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    assert await findings(desk) == []

    moved = {**DRIFTED, "packages": Section("ok", {"telnetd": {"version": "2"}})}
    await tell(moved, epoch)
    assert [change["path"] for change in (await findings(desk))[0]["changes"]] == [
        'packages["telnetd"]'
    ]
    await tell(DRIFTED, epoch)
    assert await findings(desk) == []
    other = {**FORM, "files": [{"path": "/etc/motd", "sha256": "3"}]}
    again = await declared(desk, other)
    await tell(DRIFTED, again)
    assert [change["path"] for change in (await findings(desk))[0]["changes"]] == [
        'files["/etc/motd"].sha256'
    ]
    undone = await desk.approver.post(f"{path}/undo-accept", json={})
    assert undone.status_code == 200
    assert len((await findings(desk))[0]["changes"]) == 3


async def test_an_acceptance_ends_once_its_place_is_as_declared(
    agent: SpeakingAgent, desk: Desk
) -> None:
    epoch = await declared(desk, FORM)

    async def tell(sections: dict[str, Section]) -> None:
        await agent.send(agent.report(sections, scope=epoch))
        agent.held = sections

    await tell(DRIFTED)
    assert (await agent.standing())["accepted"] is None
    path = f"{V1}/agents/{agent.agent_id}"
    count = (await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})).json()
    shown = (await agent.standing())["accepted"]
    assert (shown["places"], shown["by"]) == (count["accepted"], ["approver at the desk"])
    assert shown["since"] is not None

    await tell({**DRIFTED, "packages": RIGHT["packages"]})
    assert (await agent.standing())["accepted"]["places"] == count["accepted"] - 1
    await tell(DRIFTED)
    (found,) = await findings(desk)
    assert [change["path"] for change in found["changes"]] == ['packages["telnetd"]']


async def test_what_cannot_be_read_stays_accepted(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(DRIFTED, scope=epoch))
    agent.held = DRIFTED
    path = f"{V1}/agents/{agent.agent_id}"
    await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    for status in ("denied", "ok"):
        told = {name: Section(status, section.leaves if status == "ok" else {})
                for name, section in DRIFTED.items()}  # fmt: skip
        await agent.send(agent.report(told, scope=epoch))
        agent.held = told
    assert await findings(desk) == []


async def test_an_acceptance_ends_with_its_agent(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(DRIFTED, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}"
    await desk.approver.post(f"{path}/accept", json={"reason": "as it is"})
    assert await findings(desk) == []
    assert (await desk.admin.delete(path)).status_code == 204
    (gone,) = (await desk.viewer.get(f"{V1}/agents")).json()["items"]
    assert (gone["state"], gone["accepted"]) == ("revoked", None)

    fresh = await SpeakingAgent.enrolled(desk)
    await fresh.send(fresh.report(DRIFTED, scope=epoch))
    assert (await fresh.standing())["accepted"] is None
    assert len((await findings(desk))[0]["changes"]) == 3


async def test_only_who_decides_accepts_and_only_a_host_that_is_declared(
    agent: SpeakingAgent, desk: Desk
) -> None:
    path = f"{V1}/agents/{agent.agent_id}/accept"
    assert (await desk.operator.post(path, json={"reason": "x"})).status_code == 403
    lone = await desk.approver.post(path, json={"reason": "x"})
    assert (lone.status_code, code_of(lone)) == (409, "no-baseline")
    wrong = await desk.approver.post(path, json={"reason": "x", "sections": ["users"]})
    assert (wrong.status_code, "cannot be declared" in wrong.text) == (422, True)


async def test_only_what_a_person_saw_is_accepted(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(RIGHT, scope=epoch))
    agent.held = RIGHT
    seen = (await agent.standing())["root"]
    await agent.send(agent.report(DRIFTED, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}/accept"
    late = await desk.approver.post(path, json={"reason": "x", "root": seen})
    assert (late.status_code, code_of(late)) == (409, "host-changed")
    assert len(await findings(desk)) == 1
    now = {"reason": "x", "root": root_of(DRIFTED)}
    assert (await desk.approver.post(path, json=now)).status_code == 200
    assert await findings(desk) == []
    agent.incarnation = "b" * 32
    await agent.send(agent.report(DRIFTED, scope=epoch))
    agent.incarnation = "a" * 32
    await agent.send(agent.report(DRIFTED, scope=epoch))
    cloned = await desk.approver.post(path, json=now)
    assert (cloned.status_code, code_of(cloned)) == (409, "cloned")


async def test_what_could_not_be_read_is_never_accepted(agent: SpeakingAgent, desk: Desk) -> None:
    epoch = await declared(desk, FORM)
    denied = {"files": Section("denied"), "packages": Section()}
    await agent.send(agent.report(denied, scope=epoch))
    path = f"{V1}/agents/{agent.agent_id}/accept"
    made = (await desk.approver.post(path, json={"reason": "x"})).json()
    assert (made["accepted"], made["unreadable"]) == (0, ["files"])
    assert len(await findings(desk)) == 1


async def test_a_golden_host_is_the_template_that_it_meets_itself(
    agent: SpeakingAgent, desk: Desk
) -> None:
    secret = {**PLAIN, "keyed_sha256": "9"}
    del secret["sha256"]
    golden = {
        "files": Section("ok", {"/etc/a": PLAIN, "/etc/secret": secret, "/opt/b": PLAIN}),
        "packages": Section("ok", {"nginx": {"version": "1"}}),
        "services": Section("denied"),
    }
    await agent.tell(golden)
    path = f"{V1}/agents/{agent.agent_id}/template"
    form = (await desk.viewer.get(path)).json()["trueup_host"]
    assert [entry["path"] for entry in form["files"]] == ["/etc/a", "/opt/b"]
    assert "services" not in form
    epoch = await declared(desk, form)
    await agent.send(agent.report(golden, scope=epoch))
    assert await findings(desk) == []
    some = (await desk.viewer.get(f"{path}?sections=files&paths=/etc/*")).json()["trueup_host"]
    assert some == {"host": "web-1", "files": [form["files"][0]]}

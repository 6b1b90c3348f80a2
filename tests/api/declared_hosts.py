"""A host that a stack declares, in the forms that tests compare it in."""

from __future__ import annotations

from typing import Any

from agent.protocol.tree import Section
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.engine.host_drift import adopt
from reconciler.ports import Declaration
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import SpeakingAgent
from tests.unit.engine.house import stack_record

FORM: dict[str, Any] = {"host": "web-1", "claims": ["files", "packages"], "groups": ["web"],
        "files": [{"path": "/etc/motd", "sha256": "1"}]}  # fmt: skip
PLAIN = {"type": "file", "sha256": "1", "mode": "0644", "owner": "root", "group": "root"}
RIGHT = {"files": Section("ok", {"/etc/motd": PLAIN}), "packages": Section()}
DRIFTED = {
    "files": Section("ok", {"/etc/motd": {**PLAIN, "sha256": "2"}, "/etc/x": PLAIN}),
    "packages": Section("ok", {"telnetd": {"version": "1"}}),
}


async def declared(desk: Desk, form: dict[str, Any]) -> str:
    """Let a stack declare the host; return the name of the baselines."""
    said = Declaration(
        address=ResourceAddress("terraform_data.web"),
        type="terraform_data",
        baseline_hash="",
        definition={"input": {"trueup_host": form}},
    )
    service = desk.house.service
    key, at = service.judging.key, service.clock.now()
    await service.store.transact(lambda tx: tx.stacks.put(stack_record(StackName("hosts"))))
    await service.store.transact(lambda tx: adopt(tx, StackName("hosts"), [said], at=at, key=key))
    return await service.store.read(lambda view: view.agents.of_host("web-1")[0].epoch)


async def drifts(agent: SpeakingAgent, desk: Desk) -> str:
    """Declare the agent's host, and have it report something else; return what it looked for."""
    epoch = await declared(desk, FORM)
    await agent.send(agent.report(DRIFTED, scope=epoch))
    return epoch


async def findings(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.admin.get(f"{V1}/findings")).json()["items"]
    return found

"""The client against the real daemon: every operation, and every way to fail."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TypeVar

import httpx
import pytest

from reconciler.api.table import OPERATIONS
from reconciler.client import Client, Daemon, RefusedError, UnreachableError, resources
from reconciler.client.errors import DeniedError
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError, PermanentError
from reconciler.domain.principals import Role
from reconciler.wire import models as wire
from reconciler.wire.route import PREFIX
from tests.client.conftest import Served
from tests.unit.engine.house import A, B

T = TypeVar("T")
TAGS = wire.PolicyBody(name="tags", match=wire.Match(path="tags.*"), min_score=10)
GROUP = wire.TemplateBody(
    resource_type="aws_security_group", template_definition={"ingress": []}, applies_to=["web/*"]
)


_OTHERWISE = {"/events", "/agents/enroll", "/agents/reports", "/channels/{name}/slack"}
"""What is followed, and what a host's agent asks in its own protocol."""


async def gathered(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


async def test_every_operation_is_called_and_its_answer_understood(
    served: Served, client: Client
) -> None:
    asked = set[tuple[str, str]]()

    async def seen(request: httpx.Request) -> None:
        asked.add((request.method, request.url.path))

    client.calls._client.event_hooks = {"request": [seen], "response": []}

    await _policies(client)
    await _templates(client)
    plan = await _stacks_and_findings(served, client)
    await _remediations(served, client, plan)
    await _others(client)
    await _refused(client)
    assert not [
        f"{operation.method} {operation.path}"
        for operation in OPERATIONS
        if operation.path not in _OTHERWISE
        and not any(_is(operation.method, operation.path, *it) for it in asked)
    ]


async def _policies(client: Client) -> None:
    policy = await client.policies.create(TAGS)
    assert (policy.min_score, policy.match.path, policy.version) == (10, "tags.*", 1)
    assert await client.policies.get(policy.policy_id) == policy
    changed = await client.policies.replace(policy.policy_id, wire.PolicyBody(name="all"))
    assert (changed.name, changed.version) == ("all", 2)
    assert await gathered(client.policies.each()) == [changed]
    await client.policies.remove(policy.policy_id)


async def _templates(client: Client) -> None:
    template = await client.templates.create(GROUP)
    again = await client.templates.replace(template.template_id, GROUP)
    assert (await client.templates.get(template.template_id)).applies_to == ["web/*"]
    revisions = await client.templates.revisions(template.template_id)
    assert [revision.revision for revision in revisions] == sorted(
        {template.revision, again.revision}, reverse=True
    )
    assert template.template_id in {
        one.template_id async for one in client.templates.each(resource_type="aws_security_group")
    }
    await client.templates.remove(template.template_id)


async def _stacks_and_findings(served: Served, client: Client) -> wire.Plan:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    (stack,) = await gathered(client.stacks.each())
    assert stack == await client.stacks.get("shop")
    assert (stack.health, stack.findings.low + stack.findings.medium) == ("drifted", 1)
    assert stack.counts is not None
    assert (await client.stacks.scan("shop")).queued
    assert (await client.stacks.accept_state("shop")).name == "shop"
    (finding,) = await gathered(client.findings.each(filter="stack:shop"))
    assert await gathered(client.stacks.findings("shop")) == [finding]
    assert await client.findings.get(finding.id) == finding
    assert (finding.changes[0].declared, finding.changes[0].live) == (1, 99)
    plan = await client.findings.plan(finding.id)
    assert (await client.stacks.plan("shop")).targets == plan.targets == [A]
    return plan


async def _remediations(served: Served, client: Client, plan: wire.Plan) -> None:
    house = served.desk.house
    (finding,) = await gathered(client.findings.each())
    body = wire.RemediationBody(report_id=finding.report_id)
    remediation = await client.remediations.request(body)
    await house.settle()
    waiting = await client.remediations.get(remediation.id)
    assert (waiting.state, waiting.plan_digest) == ("awaiting_approval", plan.digest)
    assert waiting.plan is not None
    await client.remediations.approve(remediation.id, plan_digest=plan.digest)
    served.desk.clock.move(seconds=1)
    await house.settle()
    (ended,) = await gathered(client.remediations.each(stack="shop"))
    assert (ended.state, ended.approvals[0].plan_digest) == ("converged", plan.digest)
    (run,) = await gathered(client.runs.each(remediation_id=remediation.id))
    assert await client.runs.get(run.id) == run
    assert (await client.runs.log(run.id)).next_offset > 0


async def _others(client: Client) -> None:
    report = await client.reports.submit(
        wire.ReportBody(resource_id=f"shop/{B}", drift_details={"changes": []}, severity="high")
    )
    assert await client.reports.get(report.report_id) == report
    assert report in await gathered(client.reports.each(resource_id=f"shop/{B}"))

    pulled = await client.hold.pull(reason="look first")
    assert await client.hold.get() == pulled
    await client.hold.release()
    assert await client.hold.get() is None
    await client.hold.pull(stack="shop", address=B)
    (held,) = await client.hold.all()
    assert (held.stack, held.address, held.unasked) == ("shop", B, False)
    await client.hold.release(stack="shop", address=B)
    assert await client.hold.all() == []
    verified = await client.audit.verify()
    assert (verified.broken, len(verified.digest)) == (None, 64)
    assert await gathered(client.ignores.each()) == []
    assert (await client.report()).found >= 1

    token = await client.tokens.create(wire.TokenBody(name="eve", role="viewer", expires_in="90d"))
    assert token.token_id in {one.token_id async for one in client.tokens.each()}
    await client.tokens.remove(token.token_id)
    assert "hold.set" in {one.action async for one in client.audit.each(subject="hold")}
    assert (await client.whoami()).role == "admin"
    enrolling = await client.agents.enroll_token(wire.EnrollTokenBody(host="web-1"))
    assert (enrolling.host, bool(enrolling.token)) == ("web-1", True)
    assert await gathered(client.agents.each()) == []
    assert await gathered(client.channels.each()) == []
    assert await gathered(client.alerts.each(state="open")) == []
    assert await gathered(client.quarantines.each(state="open")) == []
    assert await gathered(client.ignores.each()) == []
    assert (await client.audit.verify()).broken is None
    watched = await client.stacks.create(wire.StackBody(directory="/none/there", name="other"))
    changed = wire.StackBody(directory="/none/there", interval="30m")
    assert (await client.stacks.replace(watched.name, changed)).interval_s == 1800
    await client.stacks.remove(watched.name)


async def _refused(client: Client) -> None:
    """Call what only some states take."""
    for call in (
        client.remediations.reject("none", reason="r"),
        client.remediations.retry("none", reason="r"),
        client.remediations.suppress("none", reason="r"),
        client.remediations.cancel("none"),
        client.remediations.release("none"),
        client.remediations.split("none", addresses=["a.b"]),
        client.findings.unsuppress("none"),
        client.findings.ignore("none", reason="r", covers=["missing"]),
        client.findings.note("none", kind="comment", text="seen"),
        client.findings.accept("none", wire.AcceptBody(reason="r")),
        client.findings.undo_accept("none"),
        client.findings.declaration("none"),
        client.agents.revoke("none"),
        client.agents.rotate("none"),
        client.agents.accept("none", wire.AcceptHostBody(reason="r")),
        client.agents.undo_accept("none"),
        client.agents.template("none", sections=["files"]),
        client.channels.test("none"),
        client.alerts.get("none"),
        client.alerts.mute("none", reason="x"),
        client.alerts.unmute("none"),
        client.reload(),
    ):
        with pytest.raises(RefusedError):
            await call


def _is(method: str, pattern: str, asked_method: str, asked_path: str) -> bool:
    path = re.sub(r"\{\w+\}", "[^/]+", PREFIX + pattern)
    return method == asked_method and re.fullmatch(path, asked_path) is not None


async def test_a_list_is_read_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        await client.policies.create(wire.PolicyBody(name=f"p{number}"))
    monkeypatch.setattr(resources, "LARGEST_PAGE", 2)
    names = [one.name async for one in client.policies.each()]
    assert names == ["p0", "p1", "p2", "p3", "p4"]
    first = await client.policies.page(limit=3)
    second = await client.policies.page(limit=3, cursor=first.next)
    assert [one.name for one in (*first.items, *second.items)] == names
    assert second.next is None


async def test_a_refusal_says_why_and_is_the_domain_s_error(served: Served, client: Client) -> None:
    with pytest.raises(NotFoundError) as unknown:
        await client.policies.get("none")
    assert isinstance(unknown.value, RefusedError)
    assert unknown.value.problem.type == "urn:trueup:problem:not-found"
    await client.policies.create(TAGS)
    with pytest.raises(ConflictError) as taken:
        await client.policies.create(TAGS)
    assert taken.value.code == "name-taken"
    with pytest.raises(InvalidError) as invalid:
        await client.findings.page(filter="no:such:term")
    assert invalid.value.remedy or str(invalid.value)
    with pytest.raises(InvalidError) as wrong:
        await client.policies.create(wire.PolicyBody(name="x", min_score=101))
    assert isinstance(wrong.value, RefusedError)
    assert [error.field for error in wrong.value.problem.errors] == ["body.min_score"]
    async with served.client(Role.VIEWER) as viewer:
        with pytest.raises(DeniedError):
            await viewer.hold.pull()
    async with served.client(token="tu_none.secret") as stranger:
        with pytest.raises(DeniedError) as denied:
            await stranger.hold.get()
    assert isinstance(denied.value, RefusedError)
    assert denied.value.status == 401


async def test_nobody_there_is_no_refusal(served: Served, client: Client) -> None:
    served.cable.cut()
    with pytest.raises(UnreachableError) as broken:
        await client.hold.get()
    assert not isinstance(broken.value, RefusedError)
    async with Client(Daemon("http://127.0.0.1:1", "tu_x.y")) as nowhere:
        with pytest.raises(UnreachableError, match="no daemon runs at") as absent:
            await nowhere.policies.create(TAGS)
    assert absent.value.never_sent


async def test_a_lost_answer_is_asked_for_again_and_done_once(
    served: Served, client: Client
) -> None:
    await client.hold.get()  # it is connected now
    served.cable.lose_answers(1)
    made = await client.policies.create(TAGS)
    assert await gathered(client.policies.each()) == [made]


async def test_the_same_key_is_answered_again_and_not_done_again(client: Client) -> None:
    first = await client.policies.create(TAGS, key="one")
    assert await client.policies.create(TAGS, key="one") == first
    with pytest.raises(RefusedError):
        await client.policies.create(wire.PolicyBody(name="other"), key="one")
    assert len(await gathered(client.policies.each())) == 1


async def test_what_is_shown_once_is_not_asked_for_again(served: Served, client: Client) -> None:
    await client.hold.get()
    served.cable.lose_answers(1)
    with pytest.raises(UnreachableError):
        await client.tokens.create(wire.TokenBody(name="eve", role="viewer"))


def test_a_token_is_not_sent_unencrypted_to_another_host() -> None:
    with pytest.raises(PermanentError, match="not sent unencrypted"):
        Client(Daemon("http://10.0.0.1:8427", "tu_x.y"))


async def test_another_program_is_told(served: Served) -> None:
    def page(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>")

    daemon = Daemon(served.cable.address, "tu_x.y")
    async with Client(daemon, transport=httpx.MockTransport(page)) as client:
        with pytest.raises(PermanentError, match="is not trueup"):
            await client.hold.get()

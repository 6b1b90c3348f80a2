"""An older daemon refuses every key that it does not know."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final, cast

import httpx
import pytest

from reconciler.client import Client, Daemon
from reconciler.client.api import Findings
from reconciler.client.errors import InvalidError, refusal
from reconciler.wire import routes
from reconciler.wire.problems import PROBLEM
from tests.unit.tui.test_filters import ROW
from tests.unit.tui.test_store import remediation
from tests.unit.tui.told import URL
from tui import intents
from tui.session import Session
from tui.store.store import Store
from tui.verbs import Target, seen_of, target_of

_FINDINGS: Final = (routes.LIST_FINDINGS, routes.READ_FINDING)


def unknown(key: str) -> dict[str, Any]:
    """Return what is answered where a daemon does not know a key."""
    return {
        "type": f"{PROBLEM}invalid-request", "title": "t", "status": 422,
        "detail": f"the request does not fit: {key}",
        "errors": [{"field": key, "message": "Unexpected keyword argument"}],
    }  # fmt: skip


def _target(store: Store, digest: str) -> Target:
    known = remediation("m", "awaiting_approval", "a")
    store.put_remediation(known)
    target = target_of(known)
    return Target(target.id, target.stack, target.revision, digest, target.state)


@pytest.mark.parametrize("verb", ["reject", "retry", "suppress"])
async def test_the_client_sends_no_digest_that_nobody_gave(verb: str) -> None:
    sent: list[bytes] = []

    def answered(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        problem = {"type": f"{PROBLEM}moved-on", "title": "t", "status": 422, "detail": "d"}
        return httpx.Response(422, json=problem)

    transport = httpx.MockTransport(answered)
    async with Client(Daemon(URL, "trueup_x"), transport=transport) as client:
        with pytest.raises(InvalidError):
            await getattr(client.remediations, verb)("m", reason="wrong")
    assert b"plan_digest" not in sent[0]
    assert b"until" not in sent[0]


async def test_a_plan_that_an_older_daemon_cannot_check_is_not_decided_about() -> None:
    async def ask(*_asked: object, body: dict[str, Any], **_more: object) -> None:
        assert body["plan_digest"] == "d" * 64
        raise refusal(URL, 422, unknown("body.plan_digest"))

    store = Store()
    target = _target(store, "d" * 64)
    known = store.remediations["m"]
    store.remediations["m"] = SimpleNamespace(  # type: ignore[assignment] # as far as it is asked
        finding_ids=["f"], plan_digest="d" * 64, state=known.state
    )
    client = SimpleNamespace(calls=SimpleNamespace(ask=ask))
    session = cast("Session", SimpleNamespace(store=store, client=client))
    done = await intents.decide(session, "reject", [target], "wrong")
    ((failed, why),) = done.failed
    assert failed == "m"
    assert "the daemon is older than this program and cannot check that it is as it was seen" in why
    assert "type: trueup reject m --reason" in why


async def test_an_older_daemon_that_cannot_check_the_drift_is_named() -> None:
    store = Store()
    store.put_row(replace(ROW, id="a", report_id="seen"))

    async def ask(*_asked: object, body: dict[str, Any], **_more: object) -> None:
        assert body == {"reason": "known", "covers": [], "report_id": "seen"}
        raise refusal(URL, 422, unknown("body.report_id"))

    calls = SimpleNamespace(ask=ask)
    client = SimpleNamespace(findings=Findings(cast("Any", calls), *_FINDINGS))
    session = cast("Session", SimpleNamespace(store=store, client=client))
    done = await intents.ignore(session, [seen_of(store.rows["a"])], "known")
    ((failed, why),) = done.failed
    assert failed == "a"
    assert "type: trueup ignore a --reason" in why

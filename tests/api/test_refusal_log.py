"""What the daemon's log says of refused reports."""

from __future__ import annotations

from structlog.testing import capture_logs

from reconciler.api.refusal_log import RefusalLog
from reconciler.engine.agent_refusals import AgentRefusedError
from tests.api.speaking_agent import SpeakingAgent


def test_the_first_of_a_reason_is_told_and_the_next_one_a_minute_later() -> None:
    now = 100.0
    log = RefusalLog(lambda: now)
    with capture_logs() as lines:
        for agent, reason, at in (
            ("a", "replayed", 100.0),
            ("b", "replayed", 159.0),
            ("b", "cloned", 159.0),
            ("c", "replayed", 160.0),
            ("c", "replayed", 220.0),
        ):
            now = at
            log.note(agent, AgentRefusedError(reason, "what is said"))
        log.note("d", {"held": {}})
        log.note("d", ValueError("another one"))
    assert [(line["agent"], line["reason"], line["untold"]) for line in lines] == [
        ("a", "replayed", 0), ("b", "cloned", 0), ("c", "replayed", 1), ("c", "replayed", 0),
    ]  # fmt: skip


async def test_a_refused_report_is_told_with_its_agent(agent: SpeakingAgent) -> None:
    with capture_logs() as lines:
        await agent.post(b"{")
        await agent.post(b"{}", signature="Bearer x")
    told = [line for line in lines if line["event"] == "agent_report_refused"]
    assert [(line["agent"], line["reason"]) for line in told] == [
        (agent.agent_id, "not-json"), ("", "unauthorized"),
    ]  # fmt: skip

"""One grep for a remediation's id tells its story."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from structlog.testing import capture_logs

from reconciler.domain.events import CATALOGUE
from reconciler.domain.records import EventEntry
from reconciler.engine import decisions
from reconciler.engine.story import log_event
from reconciler.wire.events import body_of, event_of
from tests.unit.engine.house import MANUAL, A, House

AT = datetime(2026, 5, 1, tzinfo=UTC)


async def _corrected(house: House) -> tuple[EventEntry, ...]:
    await house.put(MANUAL)
    await house.scan()
    house.world.live[A] = {"size": 9}
    await house.scan()
    (waiting,) = await house.remediations()
    await decisions.approve(
        house.service, waiting.id, plan_digest=str(waiting.plan_digest), actor="ann"
    )
    await house.settle()
    return await house.read(lambda view: view.events.after(0, limit=1000))


async def test_a_remediation_is_followed_by_its_id(house: House) -> None:
    entries = await _corrected(house)
    with capture_logs() as lines:
        for entry in entries:
            log_event(entry)
    (remediation,) = await house.remediations()
    told = [line for line in lines if remediation.id in orjson.dumps(line).decode()]
    states = [line["state"] for line in told if line["event"].startswith("remediation.")]
    assert states[-4:] == ["planning", "applying", "verifying", "converged"]
    causes = [line["cause"] for line in told if line["event"] == "remediation.queued"]
    assert causes == ["admitted", "approved"]
    runs = [line for line in told if line["event"].startswith("run.")]
    assert {line["remediation"] for line in runs} == {remediation.id}
    assert [line["event"] for line in runs if line["log_level"] == "info"] == [
        "run.started",
        "run.ended",
    ]
    # Each of them once.
    assert len({line["seq"] for line in lines}) == len(lines) == len(entries)


async def test_every_event_of_a_correction_is_decoded_as_its_type(house: House) -> None:
    for entry in await _corrected(house):
        assert type(body_of(event_of(entry))) is CATALOGUE[entry.type].body


def test_what_an_older_version_wrote_is_not_logged() -> None:
    with capture_logs() as lines:
        log_event(EventEntry(AT, "run.progress", "r1", {"id": "r1"}))
        log_event(EventEntry(AT, "gone.by", "x", {}))
    assert lines == []

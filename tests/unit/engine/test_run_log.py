from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.model import StackName
from reconciler.domain.records import RunState
from reconciler.engine.run_log import RunTail, read_progress
from tests.fake_world import WorldAdapter
from tests.unit.engine.house import AUTO, A, House

ADAPTER = WorldAdapter({})


def line(step: str) -> bytes:
    return json.dumps({"address": A, "step": step}).encode() + b"\n"


def test_a_log_is_read_line_by_line_from_where_one_left_off(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert read_progress(log, 0, ADAPTER) == ((), 0)
    log.write_bytes(line("updating") + b"noise\n" + line("done")[:-5])
    seen, offset = read_progress(log, 0, ADAPTER)
    assert [one.step for one in seen] == ["updating"]
    log.write_bytes(line("updating") + b"noise\n" + line("done"))
    seen, end = read_progress(log, offset, ADAPTER)
    assert [one.step for one in seen] == ["done"]
    assert read_progress(log, end, ADAPTER) == ((), end)


def test_a_line_without_end_is_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 250 + b"\n" + line("done"))
    offset, steps = 0, []
    while offset < log.stat().st_size:
        seen, offset = read_progress(log, offset, ADAPTER, most_bytes=100)
        steps += [one.step for one in seen]
    assert steps == ["done"]


def test_a_carriage_return_begins_no_line_of_the_tool(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"script: said\r" + line("done"))
    (only,), _ = read_progress(log, 0, ADAPTER, stack=StackName("shop"))
    assert only.step is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(["updating", "done", "failed"]), max_size=6), data=st.data())
def test_no_line_is_lost_however_the_log_grows(
    tmp_path: Path, parts: list[str], data: st.DataObject
) -> None:
    log, whole = tmp_path / "log", b"".join(map(line, parts))
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=4))
    offset, steps = 0, []
    for cut in [*sorted(cuts), len(whole)]:
        log.write_bytes(whole[:cut])
        seen, offset = read_progress(log, offset, ADAPTER)
        steps += [str(one.step) for one in seen]
    assert steps == parts


async def test_progress_of_a_run_that_ended_is_not_written_any_more(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)
    (run,) = await house.runs()
    before = await house.events()
    await RunTail(house.service, run, house.adapter).catch_up()
    assert [one.state for one in await house.runs()] == [RunState.FINISHED]
    assert await house.events() == before

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reconciler.bootstrap.adapters import judging
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Missing, ResourceAddress, StackName, Unreadable
from reconciler.domain.selection import select_addresses
from reconciler.engine.defects import DefectError
from reconciler.engine.fleet import AT_ONCE, scan_fleet, scan_repeatedly
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import StackReference
from tests.fakes import FakeAdapter, FakeClock, recorded

A, B = ResourceAddress("aws_sqs_queue.a"), ResourceAddress("aws_sqs_queue.b")
BOTH = (recorded(A), recorded(B))


def reference(name: str = "shop") -> StackReference:
    return StackReference(StackName(name), Path(name), "terraform")


def scanning(adapter: FakeAdapter) -> Scanning:
    return Scanning(adapter=adapter, clock=FakeClock(), judging=judging(b"k" * 32))


async def test_a_pass_gives_a_report_whose_times_add_up() -> None:
    adapter = FakeAdapter(resources=BOTH, verdicts={A: Missing()}, delay_s=0.002)
    report = await scan_stack(reference(), scanning=scanning(adapter))
    assert (report.counts.missing, report.counts.in_sync) == (1, 1)
    assert report.observed_at == FakeClock().now()
    assert report.timing_ms["load"] == 4.0
    assert report.timing_ms["judge"] > 0
    assert report.timing_ms["read"] > 0
    assert report.timing_ms["read"] + report.timing_ms["judge"] <= report.timing_ms["total"] + 0.2


async def test_a_silent_adapter_is_not_taken_for_in_sync() -> None:
    adapter = FakeAdapter(resources=BOTH, silent=frozenset({B}))
    report = await scan_stack(reference(), scanning=scanning(adapter))
    assert [address for address, _ in report.unreadable] == [B]
    assert report.counts.in_sync == 1


async def test_only_the_addresses_asked_for_are_read() -> None:
    adapter = FakeAdapter(resources=BOTH)
    report = await scan_stack(reference(), scanning=scanning(adapter), addresses=[B])
    assert adapter.live_reads == [B]
    assert report.counts.resources == 1


async def test_a_wrong_address_is_refused_before_anything_is_read() -> None:
    adapter = FakeAdapter(resources=BOTH)
    with pytest.raises(PermanentError) as caught:
        await scan_stack(reference(), scanning=scanning(adapter), addresses=["aws_sqs_queu.a"])
    assert "aws_sqs_queue.a" in (caught.value.remedy or "")
    assert adapter.live_reads == []


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("a.x", ["a.x"]),
        ("a.y", ['a.y["k"]', "a.y[0]"]),
        ("a.y[0]", ["a.y[0]"]),
        ("module.m", ["module.m.a.x", "module.m[1].a.x"]),
        ("module.m[1]", ["module.m[1].a.x"]),
        ("T::queue", ["urn:pulumi:dev::p::T::queue"]),
    ],
)
def test_an_address_covers_what_terraform_target_covers(wanted: str, expected: list[str]) -> None:
    known = [
        ResourceAddress(name)
        for name in (
            "a.x",
            "a.xx",
            "a.y[0]",
            'a.y["k"]',
            "module.m.a.x",
            "module.m[1].a.x",
            "module.mm.a.x",
            "urn:pulumi:dev::p::T::queue",
        )
    ]
    assert sorted(select_addresses([wanted], known=known)) == sorted(expected)


async def test_a_cancelled_pass_ends_its_reads() -> None:
    adapter = FakeAdapter(resources=BOTH, delay_s=0.01)
    task = asyncio.create_task(scan_stack(reference(), scanning=scanning(adapter)))
    while not adapter.live_reads:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert adapter.streams_closed == 1


async def test_one_failure_silences_no_other_stack() -> None:
    adapters = {
        "good": FakeAdapter(resources=BOTH, verdicts={A: Unreadable("denied")}),
        "far": FakeAdapter(refuses=RetryableError("backend away")),
        "broken": FakeAdapter(refuses=ValueError("password=hunter2")),
    }
    done = await scan_fleet(
        [reference(name) for name in adapters],
        scanning_for=lambda one: scanning(adapters[one.name]),
    )
    assert [report.stack for report in done.reports] == ["good"]
    failures = dict(done.failures)
    assert str(failures[StackName("far")]) == "backend away"
    assert isinstance(failures[StackName("broken")], DefectError)
    assert "hunter2" not in str(failures[StackName("broken")])


async def test_few_stacks_are_scanned_at_once() -> None:
    adapter = FakeAdapter(resources=BOTH, delay_s=0.005)
    names = [reference(f"s{index}") for index in range(5)]
    done = await scan_fleet(names, scanning_for=lambda _: scanning(adapter))
    assert [report.stack for report in done.reports] == [name.name for name in names]
    assert adapter.most_at_once == AT_ONCE


async def test_repeating_loads_anew_each_time() -> None:
    adapter = FakeAdapter(resources=BOTH)
    passes = scan_repeatedly(
        [reference()], scanning_for=lambda _: scanning(adapter), scans=3, every_s=0.0
    )
    reports = [done.reports[0] async for done in passes]
    assert adapter.loads == len(reports) == 3

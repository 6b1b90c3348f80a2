"""`python -m tests.bench.store [FOLDER]`: what the store writes and reads in a second.

The database lies in FOLDER (default: the system's temporary one); its disk counts, since
each transaction is durable when it is counted.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.domain.model import Kind, Severity, StackName
from reconciler.domain.records import FindingFilter, FindingRecord, FindingState
from reconciler.storage.sqlite import open_store
from reconciler.stores import Store, Transaction
from tests.contract.store.records import (
    NOW,
    a_derived_template,
    a_finding,
    a_report,
    an_event,
)

RESOURCES_PER_SECOND: Final = 5_000
_STACKS: Final = 200
_OF_A_STACK: Final = 500
_READS: Final = 300
_DETAILS: Final = {
    "changes": [
        {"path": f"tags.key{number}", "declared": "a" * 20, "recorded": "a" * 20, "live": "b" * 20}
        for number in range(5)
    ],
    "source": {"file": "main.tf", "line": 12},
}


async def main(folder: Path) -> None:
    """Fill a database with 100,000 findings, then read pages of it; print both."""
    store = await open_store(folder / "trueup.db")
    try:
        await _writing(store)
        await _reading(store)
    finally:
        await store.close()


async def _writing(store: Store) -> None:
    passes = [_pass(number) for number in range(_STACKS)]
    started = time.perf_counter()
    times = [await _timed(store.transact, work) for work in passes]
    taken = time.perf_counter() - started
    resources = _STACKS * _OF_A_STACK
    print(
        f"finding, report, template and event of {resources} resources,"
        f" {_OF_A_STACK} in a transaction: {resources / taken:,.0f} resources/s"
        f" (at least {RESOURCES_PER_SECOND:,}); {_spread(times)}"
    )
    ids = [f"f{number % _STACKS}-{number // _STACKS}" for number in range(_OF_A_STACK)]
    touching = [
        await _timed(store.transact, lambda t: t.findings.touch_many(ids, seen_at=NOW))
        for _ in range(50)
    ]
    print(f"{_OF_A_STACK} findings seen again: {_spread(touching)}")
    small = [
        await _timed(store.transact, lambda t: t.events.append(an_event())) for _ in range(200)
    ]
    print(f"one event: {_spread(small)}")


async def _reading(store: Store) -> None:
    open_ones = FindingState.OPEN
    pages = {
        "no filter": FindingFilter(),
        "open": FindingFilter(state=open_ones),
        "open, of a stack": FindingFilter(stack="stack7", state=open_ones),
        "at least high": FindingFilter(min_severity=Severity.HIGH),
        "a kind that is rare": FindingFilter(kind=Kind.UNREADABLE, state=open_ones),
        "text of some": FindingFilter(text="queue.f7-7"),
        "text of none": FindingFilter(text="nowhere"),
    }
    for name, wanted in pages.items():
        await _report(store, f"100 findings, {name}", _page(wanted))
    deep = await store.read(_walked)
    await _report(store, "100 findings, 20,000 down", _page(FindingFilter(), cursor=deep))
    await _report(store, "100 reports", lambda t: t.reports.page())
    resource = "stack7/aws_sqs_queue.f7-7"
    await _report(store, "reports of a resource", lambda t: t.reports.page(resource_id=resource))
    await _report(store, "tally", lambda t: t.findings.tally())
    seven = StackName("stack7")
    await _report(store, f"all {_OF_A_STACK} of a stack", lambda t: t.findings.unhealed(seven))
    await _report(store, "all templates of it", lambda t: t.templates.of_stack(seven))


def _walked(transaction: Transaction) -> str | None:
    cursor = None
    for _ in range(20):
        cursor = transaction.findings.page(FindingFilter(), cursor=cursor, limit=1_000).next
    return cursor


def _page(wanted: FindingFilter, cursor: str | None = None) -> Callable[[Transaction], Any]:
    return lambda transaction: transaction.findings.page(wanted, cursor=cursor)


async def _report(store: Store, what: str, work: Callable[[Transaction], Any]) -> None:
    times = [await _timed(store.read, work) for _ in range(_READS)]
    print(f"{what}: {_spread(times)}")


async def _timed(run: Callable[[Callable[[Transaction], Any]], Any], work: Any) -> float:
    started = time.perf_counter()
    await run(work)
    return (time.perf_counter() - started) * 1000


def _spread(times: Sequence[float]) -> str:
    hundredths = statistics.quantiles(times, n=100)
    return f"p50 {statistics.median(times):.1f} ms, p99 {hundredths[98]:.1f} ms"


def _pass(number: int) -> Callable[[Transaction], None]:
    findings = [_finding(number, index) for index in range(_OF_A_STACK)]
    reports = [
        a_report(
            finding.report_id,
            resource_id=f"{finding.stack}/{finding.address}",
            timestamp=finding.first_seen,
            stack=finding.stack,
            drift_details=_DETAILS,
        )
        for finding in findings
    ]
    templates = [
        a_derived_template(finding.address, finding.stack, template_definition=_DETAILS)
        for finding in findings
    ]

    def work(transaction: Transaction) -> None:
        transaction.templates.put_many(templates)
        transaction.reports.put_many(reports)
        transaction.findings.put_many(findings)
        for finding in findings:
            transaction.events.append(an_event(finding.id))

    return work


def _finding(stack: int, index: int) -> FindingRecord:
    severity = Severity(index % 4 + 1)
    seen = NOW + timedelta(seconds=stack * _OF_A_STACK + index)
    return a_finding(
        f"f{stack}-{index}",
        stack=StackName(f"stack{stack}"),
        severity=severity,
        score=severity.value * 20 + index % 9,
        first_seen=seen,
        last_seen=seen,
        kind=Kind.UNREADABLE if index == stack == 0 else Kind.CHANGED,
        details=_DETAILS,
    )


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as place:
        asyncio.run(main(Path(place) / "data"))

"""Runs of the past, newest first, as the store gives them."""

from __future__ import annotations

from datetime import timedelta

from reconciler.domain.activity import Activity, PastRun
from reconciler.domain.model import Fingerprint
from reconciler.domain.records import RemediationId, RunId, RunState
from tests.unit.engine.admission.situations import MINUTE, NOW, A

F, D, OK = RunState.FAILED, RunState.IN_DOUBT, RunState.FINISHED


def run(
    minutes_ago: float, state: RunState = F, *, helped: bool | None = None, drift: str = "ab"
) -> PastRun:
    began = NOW - minutes_ago * MINUTE
    helped = (state is OK) if helped is None else helped
    return PastRun(
        RunId(f"r{minutes_ago}"), RemediationId("m"), state, began, began + timedelta(seconds=30),
        helped, (A,), (Fingerprint(drift),),
    )  # fmt: skip


def past(*runs: PastRun, **parts: object) -> Activity:
    return Activity(runs=runs, **parts)  # type: ignore[arg-type]

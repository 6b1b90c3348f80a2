"""Whatever the tool would do is shown: held against every verdict there is."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Observed,
    Origin,
    ResourceAddress,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.noise import GONE, STALE, UNCHANGED
from reconciler.domain.paths import AttributePath
from reconciler.domain.self_check import ToolStep, held_against

A: Final = ResourceAddress("thing.a")
QUIET: Final = (
    InSync(),
    NotApplicable("there is no remote object"),
    Noise((NoiseItem(AttributePath("size"), UNCHANGED),)),
)
SPEAKING: Final = (
    Drifted((), reason="tainted"),
    Missing(),
    Unmanaged(),
    Unreadable("no answer"),
    Noise((NoiseItem(AttributePath("size"), STALE),)),
    Noise((NoiseItem(AttributePath(""), GONE),)),
)
verdicts = st.sampled_from((*QUIET, *SPEAKING))


@given(verdict=verdicts, step=st.sampled_from(ToolStep))
def test_a_step_is_shown_by_every_verdict_and_nothing_else_is_touched(
    verdict: Verdict, step: ToolStep
) -> None:
    observed = Observed(A, verdict, read_ms=1.5)
    held = held_against(step, observed)
    if step is ToolStep.NOTHING or verdict in SPEAKING:
        assert held is observed
        return
    assert isinstance(held.verdict, Drifted)
    assert held.verdict.reason == f"the plan of the code would {step} it; this is not applied"
    assert held.verdict.origin is Origin.UNAPPLIED
    assert held.verdict.requires_replace is (step is ToolStep.REPLACE)
    assert held.verdict.noise == (verdict.items if isinstance(verdict, Noise) else ())
    assert held.read_ms == observed.read_ms


@given(verdict=verdicts, step=st.sampled_from(ToolStep))
def test_holding_twice_equals_holding_once(verdict: Verdict, step: ToolStep) -> None:
    once = held_against(step, Observed(A, verdict))
    assert held_against(step, once) is once


def test_the_scan_says_what_nothing_explains() -> None:
    held = held_against(ToolStep.UPDATE, Observed(A, InSync()))
    assert held.remark == (
        "thing.a: the plan would update it, and the scan does not see why;"
        " this is a defect of trueup; please report it"
    )

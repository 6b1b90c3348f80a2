"""Hold the tool's own evaluation against a verdict. Pure.

Whatever the tool would do about a resource is shown: by a verdict that says what differs, or,
where nothing explains the step, by one that says just that. A step that no verdict shows is a
defect of trueup, and the scan reports it.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final

from reconciler.domain.model import (
    Drifted,
    InSync,
    Noise,
    NoiseItem,
    NotApplicable,
    Observed,
    Origin,
    ResourceAddress,
    Verdict,
)
from reconciler.domain.noise import GONE, INTERNAL, STALE

# What was already done by hand explains a step that has nothing left to do.
_EXPLAINING: Final = frozenset({STALE, GONE, INTERNAL})


class ToolStep(StrEnum):
    """What the tool's own evaluation does about one resource."""

    NOTHING = "nothing"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"
    CHANGE = "change"


def held_against(step: ToolStep, observed: Observed) -> Observed:
    """Return `observed`, or one that shows `step` where its verdict shows nothing of it."""
    verdict = observed.verdict
    if step is ToolStep.NOTHING or not _is_silent(verdict):
        return observed
    noise = verdict.items if isinstance(verdict, Noise) else ()
    shown = unexplained(observed.address, step, noise=noise)
    return replace(observed, verdict=shown.verdict, remark=shown.remark)


def unexplained(
    address: ResourceAddress, step: str, *, noise: tuple[NoiseItem, ...] = ()
) -> Observed:
    """Return what shows that the tool would do `step` to `address`, and that nothing says why."""
    verdict = Drifted(
        (),
        noise=noise,
        requires_replace=step == ToolStep.REPLACE,
        reason=f"the plan of the code would {step} it; this is not applied",
        origin=Origin.UNAPPLIED,
    )
    remark = (
        f"{address}: the plan would {step} it, and the scan does not see why;"
        " this is a defect of trueup; please report it"
    )
    return Observed(address, verdict, remark=remark)


def _is_silent(verdict: Verdict) -> bool:
    if isinstance(verdict, Noise):
        return not any(item.reason in _EXPLAINING for item in verdict.items)
    return isinstance(verdict, InSync | NotApplicable)
